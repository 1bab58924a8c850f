/* stage.h - a message being received, then immutable
 *
 * Digest and structure are computed while the bytes come in (facts.h); no lock is held meanwhile.  A
 * small message stays in memory, for the journal and for its file in the spool: no staged file is
 * made for it unless somebody asks for one.  A large one, and any when there is no journal, is written
 * to "<partition>/stage./<pid>-<time>-<n>" and durable after stage_finish(); names are given and
 * made durable by the commit.
 */
#ifndef STORE_STAGE_H
#define STORE_STAGE_H

#include "imap/store/facts.h"
#include "imap/store/store.h"

struct stage;

/* Larger messages are made durable by themselves: written once, not twice. */
enum { STAGE_CONTENT_MAX = 256 * 1024 };

/* partition: of the first target.  ERR_UNSUPPORTED: no such partition. */
err_t stage_begin(struct store *, struct slice partition, struct stage **out) NODISCARD;
/* Message bytes exactly as they are to be stored (CRLF line ends). ERR_NOSPACE, ERR_IO. */
err_t stage_push(struct stage *, const void *, size_t) NODISCARD;
/* Bytes pushed so far. */
uint64_t stage_size(const struct stage *);
/* No more bytes.  facts are available afterwards. */
err_t stage_finish(struct stage *) NODISCARD;
/* The bytes, if they are in memory: a commit puts them into its journal record. */
bool stage_content(const struct stage *, struct slice *out);
/* Are the bytes durable in the staged file? */
bool stage_is_durable(const struct stage *);
/* Has it been given to more than one commit?  Then one file serves them all. */
bool stage_is_shared(const struct stage *);
/* Give the memory up: the bytes go to the staged file, which a sync of the file system must make
 * durable before a commit relies on it. */
err_t stage_write_out(struct stage *) NODISCARD;
/* NULL before stage_finish(). */
const struct facts *stage_facts(const struct stage *);
/* The bytes, mapped read-only while the stage lives. */
err_t stage_map(struct stage *, struct slice *out) NODISCARD;
/* Path of the staged file on that partition, made if there is none; on another one than the stage's
 * own a copy, made once and durable if the original is.  Used by commit. */
err_t stage_on_partition(struct stage *, struct slice partition, const char **path_out) NODISCARD;
/* One more owner: each ends with stage_free(). */
struct stage *stage_hold(struct stage *);
/* The last owner removes the staged names.  NULL is fine. */
void stage_free(struct stage **);

#endif
