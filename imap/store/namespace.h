/* namespace.h - what one user sees of the names (RFC 2342; features NS-02..NS-26)
 *
 * Made at login from altnamespace, unixhierarchysep, userprefix, sharedprefix, altprefix,
 * virtdomains, crossdomains and the user's rank.  Admins always see internal-like names with
 * the configured separator.
 */
#ifndef STORE_NAMESPACE_H
#define STORE_NAMESPACE_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct namespace;

struct namespace *namespace_new(struct slice userid, bool is_admin);   /* userid "" for nobody */
void namespace_free(struct namespace **);
char namespace_sep(const struct namespace *);
/* From now on external names are UTF-8, and so are patterns (RFC 6855 3). */
void namespace_use_utf8(struct namespace *);

/* Internal name of the user's INBOX; empty for nobody.  Borrowed. */
struct slice namespace_inbox(const struct namespace *);

/* External name as the client wrote it (modified UTF-7 bytes, or UTF-8) to internal.  "INBOX" in any
 * case.  ERR_BADNAME for what can be no name here: empty levels, the other separator, another domain,
 * deleted mailboxes (administrators only), control characters in UTF-8.  Does not check existence or rights. */
err_t namespace_to_internal(const struct namespace *, struct slice ext,
                            struct buf *intname) NODISCARD;
/* The same with a name in UTF-8, whatever the client has enabled: from an IMAP URL (RFC 5092 8). */
err_t namespace_utf8_to_internal(const struct namespace *, struct slice utf8,
                                 struct buf *intname) NODISCARD;
/* Internal to external for this user; empty when there is no way to name it (another domain without
 * crossdomains, a deleted mailbox).  What it gives is read back by namespace_to_internal(). */
void namespace_to_external(const struct namespace *, struct slice intname, struct buf *ext);

/* Is the name in a part of the tree that LIST does not show (disable_user_namespace,
 * disable_shared_namespace; never so for administrators)? */
bool namespace_hides(const struct namespace *, struct slice intname);

/* LIST's reference and pattern as one pattern (NS-11): "cmu." with ".comp.x" or "comp.x" gives
 * "cmu.comp.x"; an empty reference leaves the pattern as it is. */
void namespace_pattern(const struct namespace *, struct slice reference, struct slice pattern,
                       struct buf *out);

/* Prefixes for NAMESPACE: text with its trailing separator; has_* false = NIL.  For an
 * administrator the personal part is only right when namespace_inbox() exists (NS-16). */
struct namespace_view {
    bool has_personal, has_other, has_shared;
    struct slice personal, other, shared;       /* borrowed; "" is a legal prefix */
};
void namespace_describe(const struct namespace *, struct namespace_view *out);

/* For LIST: the internal names at or below which the wanted external pattern can match, so that
 * only those ranges of the mailbox list are walked: the own tree first, then other users, then
 * shared.
 * "" is everything, "dom!" everything of a domain.  fixed: literal bytes of the pattern before its
 * first wildcard.  Up to max slices (borrowed from *store_bytes); returns their count; 0 =
 * everything. Three are enough. */
size_t namespace_scan_ranges(const struct namespace *, struct slice fixed, struct buf *store_bytes,
                             struct slice *out, size_t max);

#endif
