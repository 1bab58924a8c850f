/* catenate.c - see catenate.h
 *
 * Literals stand between the pieces, and with each the tokeniser begins anew: parentheses are
 * looked at as they are.
 */
#include "imap/imapd/catenate.h"

#include "imap/imapd/url_message.h"
#include "imap/imapd/view.h"
#include "lib/text/ascii.h"

struct catenation {
    struct append_run *r;
    struct stage *stage;
    bool binary;
};

static enum catenate_result bad(struct catenation *c, err_t err)
{
    args_bad(c->r->s, err);
    return CATENATE_REFUSED;
}

static enum catenate_result bad_words(struct catenation *c, const char *why)
{
    c->r->s->tok.why = why;
    return bad(c, ERR_SYNTAX);
}

/* May so many bytes more come? */
static bool fits(struct catenation *c, uint64_t more)
{
    err_t err = more ? append_may_add(c->r, stage_size(c->stage) + more) : ERR_OK;

    if (err)
        append_refuse_size(c->r->s, err);
    return !err;
}

/* ---- TEXT ---- */

static enum catenate_result take_text(struct catenation *c)
{
    struct session *s = c->r->s;
    struct imaptok_literal lit;
    err_t store_err = ERR_OK, err = imaptok_literal_head(&s->tok, &lit);

    if (err)
        return bad(c, err);
    if (!fits(c, lit.size))
        return CATENATE_REFUSED;
    c->binary |= lit.binary;
    if (append_receive(s, &lit, c->stage, &store_err) != ERR_OK)
        return CATENATE_CLOSED;
    if (!store_err)
        return CATENATE_DONE;
    reply_err(s, store_err);
    return CATENATE_REFUSED;
}

/* UTF8 (~{n} ...) (RFC 6855 4) */
static enum catenate_result take_utf8(struct catenation *c)
{
    struct imaptok *t = &c->r->s->tok;

    if (!imaptok_accept_sp(t) || !imaptok_accept(t, '(') || imaptok_peek(t) != '~')
        return bad_words(c, "literal8 expected");
    enum catenate_result result = take_text(c);
    if (result == CATENATE_DONE && !imaptok_accept(&c->r->s->tok, ')'))
        return bad_words(c, "Missing close parenthesis");
    return result;
}

/* ---- URL ---- */

/* A literal; its octets are here, the text behind it is in the tokeniser. */
static enum catenate_result take_url_literal(struct catenation *c, struct slice *url)
{
    struct session *s = c->r->s;
    struct imaptok_literal lit;
    struct buf bytes = BUF_INIT;
    err_t err = imaptok_literal_head(&s->tok, &lit);

    if (err)
        return bad(c, err);
    if (lit.size > IMAPURL_MAX)
        return bad_words(c, "URL too long");
    if (!lit.nonsync)
        stream_puts(out(s), "+ go ahead\r\n");
    err = stream_exact(out(s), (size_t)lit.size, &bytes);
    *url = arena_dup(s->base->command, buf_slice(&bytes));
    buf_fini(&bytes);
    return err || args_continue(s) != ERR_OK ? CATENATE_CLOSED : CATENATE_DONE;
}

static enum catenate_result take_url(struct catenation *c, struct slice *url)
{
    struct session *s = c->r->s;

    if (imaptok_peek(&s->tok) == '{' || imaptok_peek(&s->tok) == '~')
        return take_url_literal(c, url);
    err_t err = imaptok_astring(&s->tok, url);
    return err ? bad(c, err) : CATENATE_DONE;
}

/* Internal name of the mailbox that is meant; without one it is the selected mailbox. */
static const char *mailbox_of(struct session *s, const struct imapurl *u, struct slice *intname)
{
    struct buf name = BUF_INIT;

    if (u->has_server)
        return "Only relative URLs are supported";
    if (u->mailbox.n == 0) {
        if (!s->view)
            return "No mailbox selected";
        *intname = mailbox_name(view_mailbox(s->view));
        return NULL;
    }
    err_t err = namespace_utf8_to_internal(s->ns, u->mailbox, &name);
    if (!err)
        *intname = arena_dup(s->base->command, buf_slice(&name));
    buf_fini(&name);
    return err ? "Mailbox does not exist" : NULL;
}

/* Can it stand in a response code between quotes as it is? */
static bool may_repeat(struct slice url)
{
    for (size_t i = 0; i < url.n; i++)
        if ((!ascii_is_graph(url.p[i]) && url.p[i] != ' ') || url.p[i] == '"' || url.p[i] == '\\' || url.p[i] == ']')
            return false;
    return true;
}

static enum catenate_result refuse_url(struct session *s, struct slice url, const char *why)
{
    struct buf code = BUF_INIT;

    buf_addf(&code, "BADURL \"%.*s\"", SLICE_ARG(may_repeat(url) ? url : SLICE_NULL));
    reply_no(s, buf_cstr(&code), why);
    buf_fini(&code);
    return CATENATE_REFUSED;
}

static enum catenate_result add_url(struct catenation *c, struct slice url)
{
    struct session *s = c->r->s;
    struct url_message m;
    struct imapurl u;
    struct slice intname;
    const char *why = imapurl_parse(url, s->base->command, &u) ? "Invalid URL" : mailbox_of(s, &u, &intname);

    if (why)
        return refuse_url(s, url, why);
    why = url_message_open(s, &s->actor, intname, &u, &m);
    enum catenate_result result = CATENATE_DONE;
    if (why) {
        result = refuse_url(s, url, why);
    } else if (!fits(c, m.bytes.n)) {
        result = CATENATE_REFUSED;
    } else {
        err_t err = stage_push(c->stage, m.bytes.p, m.bytes.n);
        if (err) {
            reply_err(s, err);
            result = CATENATE_REFUSED;
        }
    }
    url_message_fini(&m);
    return result;
}

/* ---- the list ---- */

static enum catenate_result take_piece(struct catenation *c)
{
    struct imaptok *t = &c->r->s->tok;
    struct slice url;

    if (imaptok_accept_word(t, "TEXT"))
        return imaptok_accept_sp(t) ? take_text(c) : bad_words(c, "Missing message part data");
    if (imaptok_accept_word(t, "UTF8"))
        return take_utf8(c);
    if (!imaptok_accept_word(t, "URL"))
        return bad_words(c, "Invalid message part type");
    if (!imaptok_accept_sp(t))
        return bad_words(c, "Missing message part data");
    enum catenate_result result = take_url(c, &url);
    return result == CATENATE_DONE ? add_url(c, url) : result;
}

enum catenate_result catenate_take(struct append_run *r, struct stage *stage)
{
    struct catenation c = { .r = r, .stage = stage };
    struct imaptok *t = &r->s->tok;
    enum catenate_result result;

    if (!imaptok_accept_sp(t) || !imaptok_accept(t, '('))
        return bad_words(&c, "Missing message parts");
    do {
        result = take_piece(&c);
        if (result != CATENATE_DONE)
            return result;
    } while (imaptok_accept_sp(t));
    if (!imaptok_accept(t, ')'))
        return bad_words(&c, "Missing close parenthesis");
    if (stage_size(stage) == 0) {
        append_refuse_size(r->s, ERR_SYNTAX);
        return CATENATE_REFUSED;
    }
    return c.binary ? CATENATE_BINARY : CATENATE_DONE;
}
