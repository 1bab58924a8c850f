/* acl.h - access control lists: text, bits, effective rights (RFC 4314; features AC-*)
 *
 * Text form: "identifier TAB rights TAB identifier TAB rights TAB".  Negative ones start with '-'.
 */
#ifndef STORE_ACL_H
#define STORE_ACL_H

#include <stdint.h>

#include "lib/auth/ident.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

typedef uint32_t rights_t;
enum acl_right {
    /* clang-format off */
    ACL_L = 1 << 0, ACL_R = 1 << 1, ACL_S = 1 << 2, ACL_W = 1 << 3, ACL_I = 1 << 4,
    ACL_P = 1 << 5, ACL_K = 1 << 6, ACL_X = 1 << 7, ACL_T = 1 << 8, ACL_E = 1 << 9,
    ACL_C = 1 << 10, ACL_D = 1 << 11, ACL_A = 1 << 12, ACL_N = 1 << 13,
    /* clang-format on */
    ACL_0 = 1 << 14, /* ... user rights '0'..'9' = ACL_0 << digit */
    ACL_ALL = (1 << 24) - 1,
    ACL_FULL = (1 << 14) - 1 /* lrswipkxtecdan */
};

/* Letters to bits; 'c' and 'd' also set their parts (kx / et).  ERR_SYNTAX: *bad is the letter. */
err_t acl_parse_rights(struct slice letters, rights_t *out, char *bad) NODISCARD;
/* Bits to letters in Cyrus's order, with c and d when their parts are held. */
void acl_rights_text(rights_t, struct buf *out);

/* Union of positives minus union of negatives for an identity, from the text alone. */
rights_t acl_text_rights(struct slice acl, const struct ident *);

/* mode: SET replaces, ADD, REMOVE.  Removing the last right removes the entry.  Works on "-id" too.
 * ERR_BADNAME: an identifier that cannot be stored (empty, control characters, too long);
 * ERR_LIMIT: the list would be longer than ACL_TEXT_MAX. */
enum { ACL_IDENTIFIER_MAX = 1024, ACL_TEXT_MAX = 64 * 1024 };
enum acl_mode { ACL_MODE_SET, ACL_MODE_ADD, ACL_MODE_REMOVE };
err_t acl_change(struct buf *acl, struct slice identifier, enum acl_mode, rights_t) NODISCARD;

/* Walk: size_t pos = 0; while (acl_next(acl, &pos, &id, &rights)). */
bool acl_next(struct slice acl, size_t *pos, struct slice *id, struct slice *rights);

/* Do two lists give the same rights to the same identifiers, in whatever order and spelling? */
bool acl_same(struct slice, struct slice);

/* Effective rights on a mailbox: text plus implicit rights of owner (implicit_owner_rights) and
 * administrators (l a), domain rules of domain admins and crossdomains. The one place that answers
 * "what are this user's rights here". */
rights_t acl_effective(struct slice intname, struct slice acl, const struct ident *, bool is_admin);

/* Is an administrator with this identity one for the mailbox?  Those of a virtual domain are only
 * there (NS-21). */
bool acl_admin_covers(struct slice intname, const struct ident *);

/* What an identifier has on a mailbox whatever the ACL says (LISTRIGHTS: the required set). */
rights_t acl_implicit_rights(struct slice intname, struct slice identifier);

/* Default ACL of a new mailbox without parent: user trees get all rights for the owner, others
 * defaultacl. */
void acl_default(struct slice intname, struct buf *acl);

#endif
