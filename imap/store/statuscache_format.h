/* statuscache_format.h - the records of statuscache.db (formats/databases.md 10)
 *
 *   <internal name>%             I 8 (<messages> <uidnext> <uidvalidity> <options> <size>
 *                                     <createdmodseq> <highestmodseq>)
 *   <internal name>%%<userid>    S 8 (<recent> <unseen> <highestmodseq>)
 *
 * 8 is the version of the format.  Records of other versions are no records.
 */
#ifndef STORE_STATUSCACHE_FORMAT_H
#define STORE_STATUSCACHE_FORMAT_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

#define STATUSCACHE_VERSION 8

struct statuscache_index {
    uint32_t messages, uidnext, uidvalidity, options;
    uint64_t size, createdmodseq, highestmodseq;
};

struct statuscache_user {
    uint32_t recent, unseen;
    uint64_t highestmodseq;             /* it belongs to the I record that has the same */
};

/* ERR_CORRUPT: another version, or not such a value at all; *out is then zero. */
err_t statuscache_parse_index(struct slice value, struct statuscache_index *out) NODISCARD;
err_t statuscache_parse_user(struct slice value, struct statuscache_user *out) NODISCARD;

/* Append the value. */
void statuscache_format_index(const struct statuscache_index *, struct buf *out);
void statuscache_format_user(const struct statuscache_user *, struct buf *out);

#endif
