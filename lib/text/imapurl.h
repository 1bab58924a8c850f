/* imapurl.h - IMAP URLs (RFC 5092), with the authorization of RFC 4467
 *
 *   imap://user;AUTH=mech@host:port/mailbox;UIDVALIDITY=n/;UID=n/;SECTION=s/;PARTIAL=o.n;EXPIRE=t;URLAUTH=a:m:token
 *
 * or a relative one that begins with "/mailbox", with "mailbox" or with ";UID=".  Percent escapes are
 * undone; the mailbox name is UTF-8, not the form of the protocol.  Linear in the text.
 */
#ifndef TEXT_IMAPURL_H
#define TEXT_IMAPURL_H

#include <stdint.h>
#include <time.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

enum { IMAPURL_MAX = 8192 };            /* octets */

/* Who may use a URL (RFC 4467 3). */
enum imapurl_access {
    IMAPURL_NO_ACCESS,                  /* no URLAUTH */
    IMAPURL_SUBMIT,                     /* submit+user */
    IMAPURL_USER,                       /* user+user */
    IMAPURL_AUTHUSER,
    IMAPURL_ANONYMOUS
};

struct imapurl {
    bool has_server;                    /* imap://... */
    struct slice user, auth;            /* of the server part; empty: not given */
    struct slice host;                  /* with the port, as written */
    bool from_root;                     /* the path begins with "/" */
    struct slice mailbox;               /* empty: none */
    uint32_t uidvalidity, uid;          /* 0: not given */
    struct slice section;               /* empty: none */
    bool has_partial;
    uint32_t start, count;              /* count 0: to the end */
    bool has_expire;
    time_t expire;
    enum imapurl_access access;
    struct slice access_user;           /* of submit+ and user+ */
    size_t rump;                        /* octets up to the end of the access: what is authorized */
    struct slice mech, token;           /* behind it; empty: not given */
};

/* Slices point into the text or into the arena.  ERR_SYNTAX; ERR_LIMIT: longer than IMAPURL_MAX. */
err_t imapurl_parse(struct slice text, struct arena *, struct imapurl *out) NODISCARD;

#endif
