/* db_quotalegacy_impl.h - shared by the files of the quotalegacy engine
 *
 *   db_quotalegacy.c        engine table, locked files, transactions
 *   db_quotalegacy_names.c  keys to paths, and the list of all keys
 */
#ifndef DB_DB_QUOTALEGACY_IMPL_H
#define DB_DB_QUOTALEGACY_IMPL_H

#include "lib/base/buf.h"
#include "lib/db/ordmap.h"

/* Path of the file of a key below base (the directory of the database path).  ERR_BADNAME
 * if the key cannot be part of a path. */
err_t ql_path(const char *base, struct slice key, struct buf *out) NODISCARD;

/* Put the names of all files that are there into the map, as keys without values. */
err_t ql_list(const char *base, struct ordmap *out) NODISCARD;

#endif
