/* cmd_urlauth.c - GENURLAUTH, URLFETCH, RESETKEY (RFC 4467 7, RFC 5524) */
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

/* What is wanted of one URL (RFC 5524 4). */
enum url_item { URL_BODY = 1, URL_BINARY = 2, URL_STRUCTURE = 4 };

struct url_want {
    struct slice url;
    unsigned items;                             /* 0: the bytes alone, as RFC 4467 has it */
};

static void put_bytes(struct session *s, struct slice bytes, bool may_be_binary, struct buf *b)
{
    imapout_literal_head(b, bytes.n, may_be_binary && slice_find(bytes, '\0') >= 0, 0);
    stream_put_slice(out(s), buf_slice(b));
    buf_reset(b);
    stream_put_large(out(s), bytes);
}

/* The items of what was found; false: the section has no such item, nothing was put. */
static bool put_items(struct session *s, unsigned items, const struct imapurl *u, struct url_message *m, struct buf *b)
{
    const size_t start = b->n;
    struct slice bytes = m->bytes;
    bool unknown = false;

    if ((items & URL_BINARY) && !url_message_decode(m, u, &bytes, &unknown))
        return false;
    if (items & URL_STRUCTURE) {
        buf_adds(b, "(BODYPARTSTRUCTURE ");
        if (!url_message_structure(m, b)) {
            buf_truncate(b, start);
            return false;
        }
        buf_addc(b, ')');
    }
    if (!(items & (URL_BODY | URL_BINARY)))
        return true;
    buf_adds(b, b->n > start ? " (" : "(");
    buf_adds(b, items & URL_BINARY ? "BINARY " : "BODY ");
    if (unknown)
        buf_adds(b, "NIL");
    else
        put_bytes(s, bytes, items & URL_BINARY, b);
    buf_addc(b, ')');
    return true;
}

/* The data with the rights of the owner, as they are now: what is authorized is the URL, not the access. */
static bool put_data(struct session *s, const struct url_want *w, struct buf *b)
{
    struct imapurl u;
    struct ident *owner;
    struct slice intname;
    struct url_message m;

    if (imapurl_parse(w->url, s->base->command, &u) || !url_auth_check(s, w->url, &u, &owner, &intname))
        return false;
    const struct actor who = { .ident = owner };
    bool found = url_message_open(s, &who, intname, &u, &m) == NULL;
    if (found && w->items)
        found = put_items(s, w->items, &u, &m, b);
    else if (found)
        put_bytes(s, m.bytes, false, b);
    stream_put_slice(out(s), buf_slice(b));
    buf_reset(b);
    url_message_fini(&m);
    ident_free(&owner);
    return found;
}

static void fetch_one(struct session *s, const struct url_want *w)
{
    struct buf b = BUF_INIT;

    buf_addc(&b, ' ');
    imapout_string(&b, w->url, 0);
    buf_addc(&b, ' ');
    if (!put_data(s, w, &b))
        buf_adds(&b, "NIL");
    stream_put_slice(out(s), buf_slice(&b));
    buf_fini(&b);
}

static err_t read_item(struct session *s, struct url_want *w)
{
    static const struct {
        const char *word;
        unsigned item, excludes;
    } items[] = {
        { "BODY", URL_BODY, URL_BODY | URL_BINARY },
        { "BINARY", URL_BINARY, URL_BODY | URL_BINARY },
        { "BODYPARTSTRUCTURE", URL_STRUCTURE, URL_STRUCTURE },
    };
    struct slice word;
    err_t err = imaptok_atom(&s->tok, &word);

    s->tok.why = "Invalid extended URLFETCH parameters";
    for (size_t i = 0; i < sizeof items / sizeof *items && !err; i++) {
        if (!slice_eqs_nocase(word, items[i].word) || (w->items & items[i].excludes))
            continue;
        w->items |= items[i].item;
        return ERR_OK;
    }
    return err ? err : ERR_SYNTAX;
}

/* url / "(" url *(SP item) ")" */
static err_t read_want(struct session *s, struct url_want *w)
{
    bool more;

    if (imaptok_peek(&s->tok) != '(')
        return imaptok_astring(&s->tok, &w->url);
    err_t err = imaptok_open(&s->tok);
    if (!err)
        err = imaptok_astring(&s->tok, &w->url);
    while (!err && (err = imaptok_more(&s->tok, &more)) == ERR_OK && more)
        err = read_item(s, w);
    return err;
}

void cmd_urlfetch(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct vec wants = VEC_INIT(struct url_want);
    err_t err;

    do {
        err = imaptok_sp(&s->tok);
        if (!err)
            err = read_want(s, VEC_PUSH(&wants, struct url_want));
    } while (!err && !imaptok_at_end(&s->tok));
    if (err) {
        args_bad(s, err);
    } else {
        stream_puts(out(s), "* URLFETCH");
        for (size_t i = 0; i < wants.n; i++)
            fetch_one(s, VEC_AT(&wants, struct url_want, i));
        stream_puts(out(s), "\r\n");
        reply_ok(s, "Completed");
    }
    vec_fini(&wants);
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
