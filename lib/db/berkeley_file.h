/* berkeley_file.h - one Berkeley DB file through libdb, without libdb's names
 *
 * (<db.h> of that library uses the same words as ours for other things.)  Built when the
 * library is there.  Every descriptor that is closed drops the locks of this process on the
 * file, see lib/os/lock.h.
 */
#ifndef DB_BERKELEY_FILE_H
#define DB_BERKELEY_FILE_H

#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/db/order.h"

struct berkeley_file;

/* Open for reading: btree, or hash (its records are read into memory, for the order).
 * ERR_CORRUPT (logged): libdb refuses it. */
err_t berkeley_file_open(const char *path, order_fn *, struct berkeley_file **out) NODISCARD;

/* Make an empty file that is there a btree to put records into. */
err_t berkeley_file_fill(const char *path, order_fn *, struct berkeley_file **out) NODISCARD;
err_t berkeley_file_put(struct berkeley_file *, struct slice key, struct slice value) NODISCARD;

/* Close; a new file is complete on ERR_OK (but not synced).  NULL is fine. */
err_t berkeley_file_close(struct berkeley_file **) NODISCARD;

/* First record not before `from` (inclusive) or behind it; empty: the first of all.  Then those
 * that follow.  Bytes are borrowed until the next call.  ERR_NOTFOUND at the end. */
err_t berkeley_file_seek(struct berkeley_file *, struct slice from, bool inclusive,
                         struct slice *key, struct slice *value) NODISCARD;
err_t berkeley_file_next(struct berkeley_file *, struct slice *key, struct slice *value) NODISCARD;

#endif
