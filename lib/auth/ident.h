/* ident.h - who somebody is: canonical user id and groups
 *
 * The module is chosen by auth_mech; "unix" looks groups up in the name service when
 * unix_group_enable is on: when a group is first asked for, not at login; kept per identity, and
 * per process for a minute.
 */
#ifndef AUTH_IDENT_H
#define AUTH_IDENT_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct ident;

enum { IDENT_MAX = 256 };                       /* bytes of a userid */

/* Is the configured auth_mech there?  ERR_UNSUPPORTED and one sentence in *why if not. */
err_t ident_start(struct buf *why) NODISCARD;

/* virtdomains: on - the domain of the address a client connected to, for names without one; ""
 * for none.  Copied; holds until the next call. */
void ident_set_local_domain(struct slice domain);

/* Canonical form of a login name into *out: blanks around it removed, case (username_tolower),
 * default domain dropped under virtdomains, "%" as "@" there.  ERR_BADNAME: characters or length
 * not permitted (empty, over IDENT_MAX bytes, control characters, 8-bit, any of / % & * : ?, an
 * empty part beside "@", ".", "..", and the words that mean something in ACLs: "anyone",
 * "anonymous").  ERR_DENIED: a realm that loginrealms does not name.  *out is replaced. */
err_t ident_canonify(struct slice userid, struct buf *out) NODISCARD;

struct ident *ident_new(struct slice canonical_userid);
struct ident *ident_new_anonymous(void);        /* identifier "anonymous" */
void ident_free(struct ident **);

struct slice ident_userid(const struct ident *);
bool ident_is_anonymous(const struct ident *);

/* Does the ACL identifier (without its leading '-') denote this identity?  0 no; 1 "anyone";
 * 2 a group; 3 the user itself. */
int ident_matches(const struct ident *, struct slice identifier);

bool ident_is_admin(const struct ident *);      /* admins, for this service */
/* Among the words of an option like admins: users and groups ("group:staff"). */
bool ident_in_option(const struct ident *, int conf_id);
bool ident_in_words(const struct ident *, const char *words);   /* such a list as text; NULL: no */

/* Domain part of a userid ("" if none) and local part. */
struct slice ident_domain(struct slice userid);
struct slice ident_local(struct slice userid);

#endif
