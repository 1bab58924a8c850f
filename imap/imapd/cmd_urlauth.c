/* cmd_urlauth.c - GENURLAUTH, URLFETCH, RESETKEY (RFC 4467 7) */
#include "imap/imapd/imapd.h"

#include "imap/imapd/url_auth.h"
#include "imap/imapd/url_message.h"
#include "imap/store/urlkey.h"
#include "lib/text/imapout.h"

/* ---- GENURLAUTH ---- */

/* One pair of URL and mechanism; false: the answer is out. */
static bool authorize_one(struct session *s, struct buf *b)
{
    struct slice url, mech;
    err_t err = imaptok_sp(&s->tok);

    if (!err)
        err = imaptok_astring(&s->tok, &url);
    if (!err)
        err = imaptok_sp(&s->tok);
    if (!err)
        err = imaptok_astring(&s->tok, &mech);
    if (err) {
        args_bad(s, err);
        return false;
    }
    if (!slice_eqs_nocase(mech, "INTERNAL")) {
        reply_bad(s, "Unknown auth mechanism to Genurlauth");
        return false;
    }
    struct buf made = BUF_INIT;
    const char *why = url_auth_make(s, url, &made);
    if (!why) {
        buf_addc(b, ' ');
        imapout_string(b, buf_slice(&made), 0);
    } else if (slice_starts(slice_cstr(why), SLICE_LIT("System"))) {
        reply_err(s, ERR_IO);
    } else {
        reply_bad(s, why);
    }
    buf_fini(&made);
    return !why;
}

void cmd_genurlauth(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct buf b = BUF_INIT;

    buf_adds(&b, "* GENURLAUTH");
    do {
        if (!authorize_one(s, &b)) {
            buf_fini(&b);
            return;
        }
    } while (!imaptok_at_end(&s->tok));
    buf_adds(&b, "\r\n");
    stream_put_slice(out(s), buf_slice(&b));
    buf_fini(&b);
    reply_ok(s, "Completed");
}

/* ---- URLFETCH ---- */

/* The data with the rights of the owner, as they are now: what is authorized is the URL, not the access. */
static bool put_data(struct session *s, struct slice url, struct buf *b)
{
    struct imapurl u;
    struct ident *owner;
    struct slice intname;
    struct url_message m;

    if (imapurl_parse(url, s->base->command, &u) || !url_auth_check(s, url, &u, &owner, &intname))
        return false;
    const struct actor who = { .ident = owner };
    const bool found = url_message_open(s, &who, intname, &u, &m) == NULL;
    if (found) {
        imapout_literal_head(b, m.bytes.n, false, 0);
        stream_put_slice(out(s), buf_slice(b));
        buf_reset(b);
        stream_put_large(out(s), m.bytes);
    }
    url_message_fini(&m);
    ident_free(&owner);
    return found;
}

static void fetch_one(struct session *s, struct slice url)
{
    struct buf b = BUF_INIT;

    buf_addc(&b, ' ');
    imapout_string(&b, url, 0);
    buf_addc(&b, ' ');
    if (!put_data(s, url, &b))
        buf_adds(&b, "NIL");
    stream_put_slice(out(s), buf_slice(&b));
    buf_fini(&b);
}

void cmd_urlfetch(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct vec urls = VEC_INIT(struct slice);
    err_t err;

    do {
        err = imaptok_sp(&s->tok);
        if (!err)
            err = imaptok_astring(&s->tok, VEC_PUSH(&urls, struct slice));
    } while (!err && !imaptok_at_end(&s->tok));
    if (err) {
        args_bad(s, err);
    } else {
        stream_puts(out(s), "* URLFETCH");
        for (size_t i = 0; i < urls.n; i++)
            fetch_one(s, *VEC_AT(&urls, struct slice, i));
        stream_puts(out(s), "\r\n");
        reply_ok(s, "Completed");
    }
    vec_fini(&urls);
}

/* ---- RESETKEY ---- */

static err_t forget(struct session *s, struct slice intname)
{
    return urlkey_forget(s->base->store, ident_userid(s->base->ident), intname);
}

/* Of one mailbox, which must be there; names of mechanisms may follow, and there is but one. */
static void reset_one(struct session *s)
{
    struct mbentry entry;
    struct slice name, mech;
    err_t err = imaptok_sp(&s->tok);

    if (err) {
        args_bad(s, err);
        return;
    }
    if (args_mailbox(s, &name) != ERR_OK)
        return;
    while (!err && imaptok_accept_sp(&s->tok))
        err = imaptok_astring(&s->tok, &mech);
    if (err) {
        args_bad(s, err);
        return;
    }
    if (args_end(s) != ERR_OK)
        return;
    mbentry_init(&entry);
    if (session_access(s, name, OP_LOOKUP, &entry, NULL) == ERR_OK) {
        err = forget(s, name);
        if (err)
            reply_err(s, err);
        else
            reply_ok_code(s, "URLMECH INTERNAL", "key removed");
    }
    mbentry_fini(&entry);
}

void cmd_resetkey(void *session, const struct command *cmd)
{
    struct session *s = session;

    if (!imaptok_at_end(&s->tok)) {
        reset_one(s);
        return;
    }
    err_t err = forget(s, SLICE_NULL);
    if (err)
        reply_err(s, err);
    else
        reply_ok(s, "All keys removed");
}
