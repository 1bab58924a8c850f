/* cmd_append.c - APPEND of one message or several (RFC 3501 6.3.11, 3502, 4315 3): each goes from the
 * wire to its stage in one pass, all into the mailbox by one commit (append.h)
 *
 * Whatever is refused is answered at once; octets that come unasked are read and dropped, up to the
 * end of the command, so that they are not taken for commands.
 */
#include "imap/imapd/append.h"

#include <inttypes.h>

#include "imap/serve/limits.h"
#include "lib/base/log.h"

/* A literal above the limit that comes unasked is read and dropped when it is at most this much
 * above; a longer one ends the connection (RFC 7888 4). */
enum { DISCARD_MAX = 16 << 20 };

/* ---- what is not taken ---- */

static void end_session(struct session *s)
{
    s->state = ST_LOGOUT;
}

/* Does the text of the command end with the head of a literal? */
static bool ends_with_literal(const struct session *s, struct imaptok_literal *lit)
{
    struct slice text = slice_make(s->tok.start, (size_t)(s->tok.end - s->tok.start));

    while (text.n && (text.p[text.n - 1] == '\r' || text.p[text.n - 1] == '\n'))
        text.n--;
    return imaptok_line_literal(text, lit);
}

/* What comes unasked from here on to the end of the command. */
static void drain(struct session *s)
{
    struct imaptok_literal lit;
    err_t err = ERR_OK;

    while (!err && ends_with_literal(s, &lit) && lit.nonsync) {
        if (lit.size > limit_value(LIMIT_MESSAGE) + DISCARD_MAX) {
            log_notice("message of %" PRIu64 " bytes refused from %s", lit.size, s->base->client);
            reply_bye(s, "[TOOBIG] Message size exceeds fixed limit");
            return;
        }
        err = stream_discard(out(s), lit.size);
        if (!err)
            err = args_continue(s);
    }
    if (err)
        end_session(s);
}

static void refuse(struct append_run *r, err_t err)
{
    if (err == ERR_NOTFOUND)
        reply_no(r->s, "TRYCREATE", "Mailbox does not exist");
    else
        reply_err(r->s, err);
}

/* Why append_may_add() does not want it. */
static void refuse_message(struct append_run *r, err_t err)
{
    if (err == ERR_LIMIT)
        reply_no(r->s, "TOOBIG", limit_answer(LIMIT_MESSAGE, LIMIT_P_IMAP));
    else if (err == ERR_SYNTAX)
        reply_no(r->s, "CANNOT", "Zero-length message literal");
    else
        reply_err(r->s, err);
}

/* ---- one message ---- */

static err_t read_flags(struct session *s, struct flag_words *out)
{
    struct slice *words;
    size_t n;
    err_t err = imaptok_flags(&s->tok, false, &words, &n);

    if (!err)
        err = flag_words_sort(words, n, out);
    /* the text of the command moves when the line behind the literal is read */
    for (size_t i = 0; i < out->nkeywords && !err; i++)
        out->keywords[i] = arena_dup(s->base->command, out->keywords[i]);
    return err ? err : imaptok_sp(&s->tok);
}

/* SP [flags SP] [date SP] in front of the message. */
static err_t read_options(struct session *s, struct append_message *m)
{
    err_t err = imaptok_sp(&s->tok);

    if (!err && imaptok_peek(&s->tok) == '(')
        err = read_flags(s, &m->flags);
    if (!err && imaptok_peek(&s->tok) == '"') {
        err = imaptok_date_time(&s->tok, &m->internaldate);
        if (!err)
            err = imaptok_sp(&s->tok);
    }
    return err;
}

/* Octets of the literal into the stage.  Failure of the stage is kept while the rest is read. */
static err_t receive(struct session *s, const struct imaptok_literal *lit, struct stage *stage,
                     err_t *store_err)
{
    struct slice piece;

    if (!lit->nonsync)
        stream_puts(out(s), "+ go ahead\r\n");
    for (uint64_t left = lit->size; left > 0; left -= piece.n) {
        err_t err = stream_some(out(s), left > 65536 ? 65536 : (size_t)left, &piece);
        if (err)
            return err;
        if (*store_err == ERR_OK)
            *store_err = stage_push(stage, piece.p, piece.n);
    }
    return args_continue(s);
}

/* The message is staged: does it go with the others? */
static bool keep(struct append_run *r, struct append_message *m, err_t err)
{
    const char *why = err ? NULL : append_fault(stage_facts(m->stage));

    if (err || why)
        stage_free(&m->stage);
    else
        err = append_add(r, m);
    if (why)
        reply_no(r->s, "CANNOT", why);
    else if (err)
        reply_err(r->s, err);
    return !err && !why;
}

static bool take_literal(struct append_run *r, struct append_message *m,
                         const struct imaptok_literal *lit)
{
    struct session *s = r->s;
    err_t store_err = append_may_add(r, lit->size);

    if (store_err) {
        refuse_message(r, store_err);
        return false;
    }
    store_err = stage_begin(s->base->store, buf_slice(&r->entry.partition), &m->stage);
    if (store_err) {
        reply_err(s, store_err);
        return false;
    }
    if (receive(s, lit, m->stage, &store_err) != ERR_OK) {
        stage_free(&m->stage);
        end_session(s);
        return false;
    }
    if (!store_err)
        store_err = stage_finish(m->stage);
    return keep(r, m, store_err);
}

static void refuse_syntax(struct session *s, err_t err)
{
    if (err == ERR_BADNAME)
        reply_bad(s, "Invalid system flag in Append command");
    else
        args_bad(s, err);
}

/* One message with what stands before it; false: the answer is out, or the session at its end. */
static bool take_message(struct append_run *r)
{
    struct session *s = r->s;
    struct append_message m = { .internaldate = 0 };
    struct imaptok_literal lit;
    err_t err = read_options(s, &m);

    if (!err)
        err = imaptok_literal_head(&s->tok, &lit);
    if (err) {
        refuse_syntax(s, err);
        return false;
    }
    if (r->messages.n == 0 && (err = append_admit(r)) != ERR_OK) {
        refuse(r, err);
        return false;
    }
    return take_literal(r, &m, &lit);
}

/* ---- the command ---- */

/* All that the command brings. */
static bool take_messages(struct append_run *r)
{
    do {
        if (!take_message(r))
            return false;
    } while (imaptok_peek(&r->s->tok) == ' ');
    return args_end(r->s) == ERR_OK;
}

static void answer(struct append_run *r, err_t err)
{
    struct buf code = BUF_INIT;

    if (err) {
        refuse(r, err);
    } else if (r->rights & ACL_R) {             /* RFC 4315 3: UIDs only to who may read them */
        buf_addf(&code, "APPENDUID %" PRIu32 " ", r->uidvalidity);
        ranges_format(&r->uids, &code);
        reply_ok_code(r->s, buf_cstr(&code), "Completed");
    } else {
        reply_ok(r->s, "Completed");
    }
    buf_fini(&code);
}

void cmd_append(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct append_run r;
    struct slice name;
    err_t err = imaptok_sp(&s->tok);

    if (err)
        args_bad(s, err);
    if (err || args_mailbox(s, &name) != ERR_OK) {
        drain(s);
        return;
    }
    append_init(&r, s, name);
    if (take_messages(&r))
        answer(&r, append_store(&r));
    else if (s->state != ST_LOGOUT)
        drain(s);
    append_fini(&r);
}
