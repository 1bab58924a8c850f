/* append_take.c - messages of APPEND and REPLACE from the wire: what stands before each, and its data in
 * one of three forms; see append.h
 *
 *   literal or literal8                    RFC 3501, 7888, 3516 4.4
 *   UTF8 (literal8)                        RFC 6855 4
 *   CATENATE (TEXT literal URL string ...) RFC 4469: catenate.c, with UTF8 (literal8) too
 *
 * Each goes to its stage in one pass.  Whatever is refused is answered at once; octets that come
 * unasked are read and dropped, up to the end of the command, so that they are not taken for commands.
 * At any time the text of the tokeniser ends with the head of the one literal that was not read yet.
 */
#include "imap/imapd/append.h"

#include <inttypes.h>

#include "imap/imapd/catenate.h"
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

void append_drain(struct session *s)
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

void append_refuse_size(struct session *s, err_t err)
{
    if (err == ERR_LIMIT)
        reply_no(s, "TOOBIG", limit_answer(LIMIT_MESSAGE, LIMIT_P_IMAP));
    else if (err == ERR_SYNTAX)
        reply_no(s, "CANNOT", "Zero-length message literal");
    else
        reply_err(s, err);
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

/* Failure of the stage is kept while the rest is read. */
err_t append_receive(struct session *s, const struct imaptok_literal *lit, struct stage *stage,
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

/* The value of an annotation, between the texts of the command. */
static err_t read_literal(struct session *s, const struct imaptok_literal *lit, struct slice *value)
{
    char *p = arena_alloc(s->base->command, lit->size + 1);
    struct slice piece;

    if (!lit->nonsync)
        stream_puts(out(s), "+ go ahead\r\n");
    for (size_t at = 0; at < lit->size; at += piece.n) {
        if (stream_some(out(s), lit->size - at, &piece) != ERR_OK)
            return ERR_CLOSED;
        memcpy(p + at, piece.p, piece.n);
    }
    *value = slice_make(p, lit->size);
    if (args_continue(s) != ERR_OK)
        return ERR_CLOSED;
    s->tok.why = "NUL in a literal";
    return !lit->binary && slice_find(*value, '\0') >= 0 ? ERR_SYNTAX : ERR_OK;
}

/* ["ANNOTATION" SP list SP] (RFC 5257 4.7).  Their rights are asked for now, before the message is sent. */
static err_t read_annotations(struct append_run *r, struct append_message *m)
{
    struct session *s = r->s;

    if (!imaptok_accept_word(&s->tok, "ANNOTATION"))
        return ERR_OK;
    err_t err = imaptok_sp(&s->tok);
    if (!err)
        err = annotation_read_changes(s, read_literal, &m->annotations);
    if (!err)
        err = imaptok_sp(&s->tok);
    return err;
}

static void refuse_syntax(struct session *s, err_t err)
{
    if (err == ERR_BADNAME)
        reply_bad(s, "Invalid system flag in Append command");
    else
        args_bad(s, err);
}

/* RFC 6855 4: who has not said that he knows of UTF-8 in headers may not send any. */
static bool breaks_utf8(const struct session *s, const struct facts *f)
{
    return f->has_8bit_header && capability_utf8(s) && !(s->enabled & ENABLED_UTF8);
}

/* The message is staged: does it go with the others? */
static bool keep(struct append_run *r, struct append_message *m, bool binary, err_t err)
{
    const char *why = err ? NULL : append_fault(stage_facts(m->stage));

    if (!err && !why && breaks_utf8(r->s, stage_facts(m->stage))) {
        why = "Headers in UTF-8 need ENABLE UTF8=ACCEPT";
        binary = false;
    }
    if (err || why)
        stage_free(&m->stage);
    else
        err = append_add(r, m);
    if (why)                                    /* RFC 3516 4.4: NUL is not stored */
        reply_no(r->s, binary ? "UNKNOWN-CTE" : "CANNOT", why);
    else if (err)
        reply_err(r->s, err);
    return !err && !why;
}

static bool begin_stage(struct append_run *r, struct append_message *m)
{
    err_t err = stage_begin(r->s->base->store, buf_slice(&r->entry.partition), &m->stage);

    if (err)
        reply_err(r->s, err);
    return !err;
}

/* The wire has failed in the middle of a message. */
static bool give_up(struct append_run *r, struct append_message *m)
{
    stage_free(&m->stage);
    end_session(r->s);
    return false;
}

static bool take_literal(struct append_run *r, struct append_message *m)
{
    struct session *s = r->s;
    struct imaptok_literal lit;
    err_t store_err = ERR_OK, err = imaptok_literal_head(&s->tok, &lit);

    if (err) {
        refuse_syntax(s, err);
        return false;
    }
    err = append_may_add(r, lit.size);
    if (err) {
        append_refuse_size(s, err);
        return false;
    }
    if (!begin_stage(r, m))
        return false;
    if (append_receive(s, &lit, m->stage, &store_err) != ERR_OK)
        return give_up(r, m);
    if (!store_err)
        store_err = stage_finish(m->stage);
    return keep(r, m, lit.binary, store_err);
}

/* UTF8 (~{n} ...) */
static bool take_utf8(struct append_run *r, struct append_message *m)
{
    struct session *s = r->s;
    err_t err = imaptok_sp(&s->tok);

    if (!err)
        err = imaptok_open(&s->tok);
    if (!err && imaptok_peek(&s->tok) != '~') {
        s->tok.why = "literal8 expected";
        err = ERR_SYNTAX;
    }
    if (err) {
        refuse_syntax(s, err);
        return false;
    }
    if (!take_literal(r, m))
        return false;
    err = imaptok_char(&s->tok, ')');           /* the list was opened in the text before the literal */
    if (err)
        refuse_syntax(s, err);
    return !err;
}

static bool take_catenate(struct append_run *r, struct append_message *m)
{
    if (!begin_stage(r, m))
        return false;
    const enum catenate_result how = catenate_take(r, m->stage);
    if (how == CATENATE_CLOSED)
        return give_up(r, m);
    if (how == CATENATE_REFUSED) {
        stage_free(&m->stage);
        return false;
    }
    return keep(r, m, how == CATENATE_BINARY, stage_finish(m->stage));
}

/* One message with what stands before it; false: the answer is out, or the session at its end. */
static bool take_message(struct append_run *r)
{
    struct session *s = r->s;
    struct append_message m = { .internaldate = 0 };
    err_t err = read_options(s, &m);

    if (!err)
        err = read_annotations(r, &m);
    if (err == ERR_CLOSED) {
        end_session(s);
        return false;
    }
    if (err && !m.annotations.fault) {
        refuse_syntax(s, err);
        return false;
    }
    if (!err)
        err = annotation_check(&m.annotations, r->rights);
    if (err) {
        annotation_refuse(s, err, &m.annotations);
        return false;
    }
    if (imaptok_accept_word(&s->tok, "CATENATE"))
        return take_catenate(r, &m);
    if (imaptok_accept_word(&s->tok, "UTF8"))
        return take_utf8(r, &m);
    return take_literal(r, &m);
}

bool append_take(struct append_run *r, bool several)
{
    do {
        if (!take_message(r))
            return false;
    } while (several && imaptok_peek(&r->s->tok) == ' ');
    return args_end(r->s) == ERR_OK;
}
