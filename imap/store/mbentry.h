/* mbentry.h - one entry of the mailbox list <-> the bytes stored for it
 *
 * Key and value of the two records of a mailbox:
 *   N <dbname>     %(T type I uniqueid P partition S server V uidvalidity C createdmodseq
 *                    F foldermodseq M mtime A %(identifier rights ...))
 *   I <uniqueid>   %(T type N dbname P S V C F M A H (history ...))
 * Absent or zero fields are left out (formats/mailbox-store.md 2).  Lists older than 3.6 have the
 * bare internal name as key, and one of two value forms: a keyed list as above, or
 * "[(uniqueid X [specialuse Y]) ]<type number> [server!]partition[ acl]".
 */
#ifndef STORE_MBENTRY_H
#define STORE_MBENTRY_H

#include "imap/store/mblist.h"
#include "lib/base/vec.h"

/* A name the mailbox had before. */
struct mbhistory {                              /* owned; mbhistory_fini() */
    struct buf name;                            /* internal */
    struct buf partition;
    uint32_t type;
    uint32_t uidvalidity;
    uint64_t createdmodseq, foldermodseq;
    time_t mtime;
};
void mbhistory_fini(struct mbhistory *);
/* vec of struct mbhistory */
void mbhistory_free_all(struct vec *);

void mbentry_copy(struct mbentry *dst, const struct mbentry *src);
void mbentry_reset(struct mbentry *);           /* empties, keeps memory */

/* "e", "edl": kind, then d m r z i l. */
void mbentry_type_text(uint32_t type, struct buf *out);
/* ERR_SYNTAX: an unknown letter. */
err_t mbentry_type_parse(struct slice, uint32_t *out) NODISCARD;

/* Append the value of the N record; of the I record (history newest first, may be NULL). */
void mbentry_put_name_value(const struct mbentry *, struct buf *out);
void mbentry_put_id_value(const struct mbentry *, const struct vec *history, struct buf *out);

/* Read a value; the name comes from the key: dbname without its 'N', or uniqueid without its 'I'.
 * ERR_CORRUPT: not such a value.  *out and *history (may be NULL; appended to) are owned by the
 * caller in either case. */
err_t mbentry_parse_name_record(struct slice dbname, struct slice value,
                                struct mbentry *out) NODISCARD;
err_t mbentry_parse_id_record(struct slice uniqueid, struct slice value, struct mbentry *out,
                              struct vec *history) NODISCARD;
/* Record of a list older than 3.6: the key is the internal name.  The entry gets MBTYPE_LEGACY. */
err_t mbentry_parse_old_record(struct slice intname, struct slice value,
                               struct mbentry *out) NODISCARD;

/* May the ACL inside a raw N value name this user, "anyone" or a group?  False is certain; true
 * means that the value must be parsed. */
bool mbentry_may_concern(struct slice value, struct slice userid);

#endif
