/* msgfile.h - message files: paths, links, maps (formats/mailbox-store.md 3.5, 11)
 *
 * "<directory>/<uid>." holds exactly the message's octets, CRLF line ends; its modification time is
 * the internal date.  Archived messages (FLAG_INT_ARCHIVED) are below the archive root of the
 * partition.
 */
#ifndef STORE_MSGFILE_H
#define STORE_MSGFILE_H

#include "imap/store/mblist.h"
#include "imap/store/record.h"
#include "lib/os/map.h"

enum { MSGFILE_NAME_MAX = 12 };         /* "4294967295." and NUL */

/* "<uid>." */
void msgfile_name(uint32_t uid, char out[MSGFILE_NAME_MAX]);
/* UID of such a name: decimal, no leading zero, trailing dot.  0: another file. */
uint32_t msgfile_uid(const char *name);

/* Directory of the messages; of the archived ones (ERR_NOTFOUND: no archive partition is
 * configured). */
err_t msgfile_dir(const struct mbentry *, bool archived, struct buf *out) NODISCARD;
/* Full path for a record. */
err_t msgfile_path(const struct mbentry *, const struct record *, struct buf *out) NODISCARD;

/* Map the message of a record.  ERR_NOTFOUND: gone; ERR_CORRUPT: size differs (logged). */
err_t msgfile_map(const struct mbentry *, const struct record *, struct filemap *out) NODISCARD;
/* Descriptor, read-only, same errors. */
err_t msgfile_open(const struct mbentry *, const struct record *, int *fd_out) NODISCARD;

#endif
