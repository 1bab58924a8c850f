/* args.c - reading commands: the line, its literals, and common arguments; see imapd.h */
#include "imap/imapd/imapd.h"

#include <inttypes.h>

#include "imap/serve/limits.h"
#include "imap/store/mbname.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"

/* A literal that is announced without waiting and is too large is thrown away up to this size;
 * above it the connection ends, since the client will not stop. */
enum { DISCARD_MAX = 16 << 20, LITERAL_MINUS_MAX = 4096 };

static size_t line_limit(const struct session *s)
{
    return (size_t)limit_value(s->state == ST_NOAUTH ? LIMIT_LINE_PRELOGIN : LIMIT_LINE);
}

/* Next line of the command to the end of s->input, CRLF included.  *line: without it. */
static err_t read_line(struct session *s, size_t *from)
{
    struct slice line;
    err_t err = stream_line(out(s), line_limit(s), &line);

    if (err)
        return err;
    *from = s->input.n;
    buf_add_slice(&s->input, line);
    buf_adds(&s->input, "\r\n");
    return ERR_OK;
}

static struct slice line_at(const struct session *s, size_t from)
{
    return slice_make(s->input.p + from, s->input.n - 2 - from);
}

/* Tag, command name, and "UID" in front of it, from the start of the input. */
static err_t parse_head(struct session *s, size_t *args_at)
{
    struct imaptok t;
    struct slice tag, word, name;
    struct buf both = BUF_INIT;
    err_t err;

    imaptok_init(&t, buf_slice(&s->input), s->base->command, 0);
    err = imaptok_tag(&t, &tag);
    if (err || (err = imaptok_sp(&t)) != ERR_OK) {
        s->tag = err == ERR_OK ? tag : SLICE_LIT("*");
        return ERR_SYNTAX;
    }
    s->tag = arena_dup(s->base->command, tag);
    if (imaptok_atom(&t, &word) != ERR_OK)
        return ERR_SYNTAX;
    s->is_uid = slice_eqs_nocase(word, "UID");
    if (s->is_uid) {
        if (imaptok_sp(&t) != ERR_OK || imaptok_atom(&t, &name) != ERR_OK)
            return ERR_SYNTAX;
        buf_adds(&both, "UID ");
        buf_add_slice(&both, name);
        word = buf_slice(&both);
    }
    s->cmd = cmd_find(imap_commands, imap_ncommands, word);
    buf_fini(&both);
    *args_at = (size_t)(t.p - s->input.p);
    return ERR_OK;
}

/* Where the mailbox name begins: the first argument of APPEND, the second of REPLACE. */
static size_t mailbox_at(const struct session *s, size_t args_at)
{
    size_t at = args_at + 1;

    if (s->cmd->states == ST_SELECTED) {
        while (at < s->input.n && s->input.p[at] != ' ')
            at++;
        at++;
    }
    return at;
}

/* APPEND and REPLACE leave their message literals on the wire; one in the place of the mailbox name is
 * that name. */
static bool leaves_literal(const struct session *s, size_t args_at, size_t line_from, struct slice line)
{
    if (!s->cmd || !(s->cmd->flags & C_STREAM))
        return false;
    return line_from + (size_t)slice_rfind(line, '{') > mailbox_at(s, args_at);
}

static size_t literal_limit(const struct session *s)
{
    size_t limit = (size_t)limit_value(s->state == ST_NOAUTH ? LIMIT_LITERAL_PRELOGIN : LIMIT_LITERAL);
    int64_t configured = conf_int(CONF_MAXLITERAL);

    return configured > 0 && (uint64_t)configured < limit ? (size_t)configured : limit;
}

/* All of a command but streamed messages: its own bound, and maxargssize when set. */
static size_t command_limit(const struct session *s)
{
    size_t limit = (size_t)limit_value(LIMIT_LITERAL) + line_limit(s);
    int64_t configured = conf_int(CONF_MAXARGSSIZE);

    return configured > 0 && (uint64_t)configured < limit ? (size_t)configured : limit;
}

/* The tokeniser on arguments, with the configured bounds. */
static void start_tok(struct session *s, struct slice text, unsigned flags)
{
    int64_t word = conf_int(CONF_MAXWORD), quoted = conf_int(CONF_MAXQUOTED);

    if (s->enabled & ENABLED_UTF8)
        flags |= IMAPTOK_UTF8;
    imaptok_init(&s->tok, text, s->base->command, flags);
    if (word > 0)
        s->tok.max_word = (size_t)word;
    if (quoted > 0)
        s->tok.max_quoted = (size_t)quoted;
}

/* Throw away what the client sends without waiting: this literal, the line behind it, and the literals that that
 * announces.  Nothing of it may be taken for a command. */
static err_t discard_rest(struct session *s, struct imaptok_literal lit)
{
    uint64_t room = DISCARD_MAX;
    struct slice line;
    err_t err;

    while (lit.nonsync) {
        if (lit.size > room)
            return ERR_LIMIT;
        room -= lit.size;
        if ((err = stream_discard(out(s), lit.size)) != ERR_OK
            || (err = stream_line(out(s), line_limit(s), &line)) != ERR_OK)
            return err;
        if (!imaptok_line_literal(line, &lit))
            break;
    }
    return ERR_OK;
}

static err_t refuse_literal(struct session *s, const struct imaptok_literal *lit)
{
    err_t err = discard_rest(s, *lit);

    if (err && err != ERR_SYNTAX && err != ERR_LIMIT)
        return err;
    log_notice("literal of %" PRIu64 " bytes refused from %s", lit->size, s->base->client);
    if (err == ERR_LIMIT) {
        reply_bye(s, "[TOOBIG] Literal too large");
        return ERR_AGAIN;
    }
    stream_printf(out(s), "%.*s BAD [TOOBIG] Literal too large\r\n", SLICE_ARG(s->tag));
    return ERR_SYNTAX;
}

/* RFC 7888 5: where LITERAL- is advertised, what is sent without waiting is small. */
static bool breaks_minus(const struct imaptok_literal *lit)
{
    return lit->nonsync && lit->size > LITERAL_MINUS_MAX && conf_bool(CONF_LITERALMINUS);
}

/* The octets of one literal and the line behind them. */
static err_t take_literal(struct session *s, const struct imaptok_literal *lit, size_t *line_from)
{
    err_t err;

    if (breaks_minus(lit) || lit->size > literal_limit(s) || s->input.n + lit->size > command_limit(s))
        return refuse_literal(s, lit);
    if (!lit->nonsync)
        stream_puts(out(s), "+ go ahead\r\n");
    err = stream_exact(out(s), (size_t)lit->size, &s->input);
    return err ? err : read_line(s, line_from);
}

static err_t collect_literals(struct session *s, size_t args_at, size_t line_from)
{
    struct imaptok_literal lit;
    err_t err = ERR_OK;

    while (!err && imaptok_line_literal(line_at(s, line_from), &lit)) {
        if (leaves_literal(s, args_at, line_from, line_at(s, line_from)))
            return breaks_minus(&lit) ? refuse_literal(s, &lit) : ERR_OK;
        err = take_literal(s, &lit, &line_from);
    }
    return err;
}

static err_t too_long(struct session *s)
{
    enum limit which = s->state == ST_NOAUTH ? LIMIT_LINE_PRELOGIN : LIMIT_LINE;

    log_notice("%s exceeded by %s", limit_name(which), s->base->client);
    stream_printf(out(s), "* BAD %s\r\n", limit_answer(which, LIMIT_P_IMAP));
    return ERR_SYNTAX;
}

static err_t malformed(struct session *s)
{
    stream_printf(out(s), "%.*s BAD %s\r\n", SLICE_ARG(s->tag),
                  slice_eqs(s->tag, "*") ? "Invalid tag" : "Null command");
    return ERR_SYNTAX;
}

err_t args_read_command(struct session *s)
{
    size_t line_from = 0, args_at = 0;
    err_t err;

    buf_reset(&s->input);
    s->cmd = NULL;
    s->is_uid = false;
    s->tag = SLICE_LIT("*");
    err = read_line(s, &line_from);
    if (err == ERR_LIMIT)
        return too_long(s);
    if (err)
        return err;
    if (parse_head(s, &args_at) != ERR_OK)
        return malformed(s);
    err = collect_literals(s, args_at, line_from);
    if (err == ERR_LIMIT)
        return too_long(s);
    if (err)
        return err;
    if (!s->cmd) {
        stream_printf(out(s), "%.*s BAD Unrecognized %s\r\n", SLICE_ARG(s->tag),
                      s->is_uid ? "UID subcommand" : "command");
        return ERR_SYNTAX;
    }
    start_tok(s, slice_skip(buf_slice(&s->input), args_at), s->cmd->flags & C_STREAM ? IMAPTOK_BINARY : 0);
    return ERR_OK;
}

err_t args_continue(struct session *s)
{
    size_t from;

    buf_reset(&s->input);
    err_t err = read_line(s, &from);
    if (err)
        return err;
    start_tok(s, buf_slice(&s->input), IMAPTOK_BINARY);
    return ERR_OK;
}

void args_bad(struct session *s, err_t err)
{
    struct buf text = BUF_INIT;

    buf_addf(&text, "%s in %s", s->tok.why ? s->tok.why : err_name(err), s->cmd->name);
    reply_bad(s, buf_cstr(&text));
    buf_fini(&text);
}

err_t args_mailbox_given(struct session *s, struct slice *given_out, struct slice *intname_out)
{
    struct buf name = BUF_INIT;
    err_t err = imaptok_astring(&s->tok, given_out);

    if (err) {
        args_bad(s, err);
        return err;
    }
    err = namespace_to_internal(s->ns, *given_out, &name);
    if (err)
        reply_err(s, ERR_BADNAME);
    else
        *intname_out = arena_dup(s->base->command, buf_slice(&name));
    buf_fini(&name);
    return err;
}

err_t args_mailbox(struct session *s, struct slice *intname_out)
{
    struct slice given;

    return args_mailbox_given(s, &given, intname_out);
}

err_t args_end(struct session *s)
{
    err_t err = imaptok_end(&s->tok);

    if (err)
        reply_bad(s, "Unexpected extra arguments");
    return err;
}
