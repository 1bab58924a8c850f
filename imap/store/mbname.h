/* mbname.h - one mailbox name and its spellings (pure: no I/O but constant options)
 *
 * Internal name: [domain!]comp.comp..., a literal dot in a component is '^', characters in
 * modified UTF-7, at most MBNAME_MAX bytes (formats/mailbox-store.md 1).  The internal name of a
 * user's INBOX is "user.<local part>".  Other spellings: external (namespace.h), database
 * key ("dbname": domain GS comp US comp, dots unescaped), lock and quota names.
 */
#ifndef STORE_MBNAME_H
#define STORE_MBNAME_H

#include <stdbool.h>
#include <time.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

#define MBNAME_MAX 490

/* May a mailbox be created with this internal name?  ERR_BADNAME: empty level, forbidden character
 * (8-bit, control, '*', '%', bad modified UTF-7 ...: features NS-04 NS-05, decisions.md), the bare
 * name "user", anything at or below deletedprefix; ERR_LIMIT: too long. */
err_t mbname_check_new(struct slice intname) NODISCARD;

void mbname_to_db(struct slice intname, struct buf *dbname);
void mbname_from_db(struct slice dbname, struct buf *intname);

/* "user.fred" of a userid ("fred", "ann@dom.example"; dots become '^').  Default domain omitted. */
void mbname_inbox(struct slice userid, struct buf *intname);

/* Userid that owns the name, false if it is not below "user." (DELETED.user.x.* counts as x's). */
bool mbname_owner(struct slice intname, struct buf *userid);
bool mbname_is_inbox(struct slice intname);             /* user.NAME itself */
bool mbname_owned_by(struct slice intname, struct slice userid);

struct slice mbname_domain(struct slice intname);       /* without '!'; empty for none */
struct slice mbname_local(struct slice intname);        /* behind "domain!" */
struct slice mbname_parent(struct slice intname);       /* empty: no parent */
struct slice mbname_last(struct slice intname);         /* last component */
/* Strictly below?  "" is above every name, "dom!" above all names of that domain. */
bool mbname_is_below(struct slice intname, struct slice ancestor);

/* DELETED.<name>.<HEX>; and recognition. */
bool mbname_is_deleted(struct slice intname);
void mbname_make_deleted(struct slice intname, time_t, struct buf *out);

#endif
