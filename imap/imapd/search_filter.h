/* search_filter.h - named searches: annotations of the server that hold search keys (RFC 5466)
 *
 * "/private/filters/values/<name>" of the user, or else "/shared/filters/values/<name>".  Names have no case.
 */
#ifndef IMAPD_SEARCH_FILTER_H
#define IMAPD_SEARCH_FILTER_H

#include "imap/imapd/imapd.h"

/* Text of the keys, in the command arena.  ERR_NOTFOUND: there is no such filter. */
err_t search_filter_find(struct session *, struct slice name, struct slice *text_out) NODISCARD;

/* What an entry of the server (without "/shared" or "/private") has to do with filters. */
enum search_filter_entry { FILTER_NONE, FILTER_VALUE, FILTER_DESCRIPTION, FILTER_BAD_NAME };
enum search_filter_entry search_filter_entry(struct slice name);

/* Are these full and correct search keys?  Filters that they name need not exist yet. */
bool search_filter_is_sound(struct session *, struct slice text);

#endif
