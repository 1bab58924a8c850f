/* stage.h - a message being received, then immutable
 *
 * Bytes are written to "<partition>/stage./<pid>-<time>-<n>" while digest and structure are
 * computed in the same pass (facts.h).  No lock is held meanwhile.  After stage_finish() either the
 * file's data is durable, or the stage is small and has its bytes at hand for the journal
 * (stage_content()); names are given and made durable by the commit.
 */
#ifndef STORE_STAGE_H
#define STORE_STAGE_H

#include "imap/store/facts.h"
#include "imap/store/store.h"

struct stage;

/* Larger messages are made durable by themselves: written once, not twice. */
enum { STAGE_CONTENT_MAX = 256 * 1024 };

/* partition: of the first target.  ERR_UNSUPPORTED: no such partition; ERR_NOSPACE, ERR_IO. */
err_t stage_begin(struct store *, struct slice partition, struct stage **out) NODISCARD;
/* Message bytes exactly as they are to be stored (CRLF line ends). ERR_NOSPACE, ERR_IO. */
err_t stage_push(struct stage *, const void *, size_t) NODISCARD;
/* Bytes pushed so far. */
uint64_t stage_size(const struct stage *);
/* No more bytes.  facts are available afterwards. */
err_t stage_finish(struct stage *) NODISCARD;
/* The bytes of a message whose file is not durable: a commit puts them into its journal record.
 * NULL: the file is durable. */
const struct slice *stage_content(const struct stage *);
/* Make the file durable by itself after all. */
err_t stage_sync(struct stage *) NODISCARD;
/* NULL before stage_finish(). */
const struct facts *stage_facts(const struct stage *);
/* The bytes, mapped read-only while the stage lives. */
err_t stage_map(struct stage *, struct slice *out) NODISCARD;
/* Path of the staged file on that partition; on another one than the stage's own a copy, made once
 * and durable if the original is. Used by commit. */
err_t stage_on_partition(struct stage *, struct slice partition, const char **path_out) NODISCARD;
/* One more owner: each ends with stage_free(). */
struct stage *stage_hold(struct stage *);
/* The last owner removes the staged names.  NULL is fine. */
void stage_free(struct stage **);

#endif
