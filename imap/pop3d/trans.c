/* trans.c - commands of the TRANSACTION state (RFC 1939 5) */
#include "imap/pop3d/pop3d.h"

#include <inttypes.h>

#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/net/dotstuff.h"

/* The one number a command takes; 0 and the reply is out when it is not a message here. */
static uint32_t read_number(struct session *s, struct linetok *t)
{
    struct slice word;
    uint32_t n;

    if (!linetok_word(t, &word) || num_u32(word, &n) != ERR_OK) {
        reply(s, "-ERR Missing or invalid message number");
        return 0;
    }
    if (!maildrop_is_there(s->drop, n)) {
        reply(s, "-ERR No such message");
        return 0;
    }
    return n;
}

static uint32_t only_number(struct session *s)
{
    struct linetok t;
    uint32_t n;

    linetok_init(&t, s->args);
    n = read_number(s, &t);
    if (n && !linetok_at_end(&t)) {
        reply(s, "-ERR Unexpected extra argument");
        return 0;
    }
    return n;
}

static void pop_stat(void *session, const struct command *cmd)
{
    struct session *s = session;
    uint32_t n;
    uint64_t bytes;

    maildrop_stat(s->drop, &n, &bytes);
    reply(s, "+OK %" PRIu32 " %" PRIu64, n, bytes);
}

typedef void line_fn(struct session *, uint32_t number, struct buf *);

static void size_line(struct session *s, uint32_t number, struct buf *b)
{
    buf_addf(b, "%" PRIu32 " %" PRIu32, number, maildrop_size(s->drop, number));
}

static void uidl_line(struct session *s, uint32_t number, struct buf *b)
{
    buf_addf(b, "%" PRIu32 " ", number);
    maildrop_uidl(s->drop, number, b);
}

/* LIST and UIDL: one message or all of them. */
static void listing(struct session *s, const char *title, line_fn *put)
{
    struct buf b = BUF_INIT;
    uint32_t n;

    if (slice_trim(s->args).n) {
        n = only_number(s);
        if (n) {
            buf_adds(&b, "+OK ");
            put(s, n, &b);
            reply(s, "%s", buf_cstr(&b));
        }
    } else {
        reply(s, "+OK %s listing follows", title);
        for (uint32_t i = 1; i <= maildrop_count(s->drop); i++) {
            if (!maildrop_is_there(s->drop, i))
                continue;
            put(s, i, &b);
            buf_adds(&b, "\r\n");
        }
        buf_adds(&b, ".\r\n");
        stream_put_slice(out(s), buf_slice(&b));
    }
    buf_fini(&b);
}

static void pop_list(void *session, const struct command *cmd)
{
    listing(session, "scan", size_line);
}

static void pop_uidl(void *session, const struct command *cmd)
{
    listing(session, "unique-id", uidl_line);
}

static void cannot_read(struct session *s, err_t err)
{
    reply(s, "-ERR [SYS/%s] %s", err == ERR_CORRUPT ? "PERM" : "TEMP",
          err == ERR_NOTFOUND ? "Message has been removed by another session" : "Could not read message");
}

static void send_text(struct session *s, struct slice text)
{
    bool bol = true;

    dotstuff_put(out(s), text, &bol);
    dotstuff_put_end(out(s), bol);
}

static void pop_retr(void *session, const struct command *cmd)
{
    struct session *s = session;
    uint32_t n = only_number(s), header_size;
    struct slice text;
    err_t err;

    if (!n)
        return;
    err = maildrop_message(s->drop, n, &text, &header_size);
    if (err) {
        cannot_read(s, err);
        return;
    }
    reply(s, "+OK Message follows");
    send_text(s, text);
    s->retrieved++;
    s->retrieved_bytes += text.n;
}

/* Header, the empty line, and n lines of the body. */
static size_t top_size(struct slice text, uint32_t header_size, uint32_t lines)
{
    size_t at = header_size;

    while (lines-- > 0 && at < text.n) {
        ssize_t lf = slice_find(slice_skip(text, at), '\n');
        if (lf < 0)
            return text.n;
        at += (size_t)lf + 1;
    }
    return at;
}

static void pop_top(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct linetok t;
    struct slice word, text;
    uint32_t n, lines, header_size;
    err_t err;

    linetok_init(&t, s->args);
    n = read_number(s, &t);
    if (!n)
        return;
    if (!linetok_word(&t, &word) || num_u32(word, &lines) != ERR_OK || !linetok_at_end(&t)) {
        reply(s, "-ERR Missing or invalid number of lines");
        return;
    }
    err = maildrop_message(s->drop, n, &text, &header_size);
    if (err) {
        cannot_read(s, err);
        return;
    }
    reply(s, "+OK Message follows");
    send_text(s, slice_cut(text, 0, top_size(text, header_size, lines)));
}

static void pop_dele(void *session, const struct command *cmd)
{
    struct session *s = session;
    uint32_t n = only_number(s);

    if (!n)
        return;
    if (maildrop_mark(s->drop, n) == ERR_OK)
        reply(s, "+OK message deleted");
    else
        reply(s, "-ERR [SYS/PERM] Permission denied");
}

static void pop_noop(void *session, const struct command *cmd)
{
    reply(session, "+OK");
}

static void pop_rset(void *session, const struct command *cmd)
{
    struct session *s = session;

    maildrop_reset(s->drop);
    reply(s, "+OK");
}

/* RFC 1939 6: only QUIT removes anything. */
static void pop_quit(void *session, const struct command *cmd)
{
    struct session *s = session;
    err_t err = maildrop_update(s->drop, &s->deleted);

    if (err)
        reply(s, "-ERR [SYS/TEMP] Messages were not removed: try again later");
    else
        reply(s, "+OK");
    s->state = PS_END;
}

const struct command pop_trans_commands[] = {
    /* name    handler    allowed in  flags    args */
    { "DELE",  pop_dele,  PS_TRANS,   C_WRITE, NULL },
    { "LIST",  pop_list,  PS_TRANS,   0,       NULL },
    { "NOOP",  pop_noop,  PS_TRANS,   0,       NULL },
    { "QUIT",  pop_quit,  PS_TRANS,   0,       NULL },
    { "RETR",  pop_retr,  PS_TRANS,   0,       NULL },
    { "RSET",  pop_rset,  PS_TRANS,   0,       NULL },
    { "STAT",  pop_stat,  PS_TRANS,   0,       NULL },
    { "TOP",   pop_top,   PS_TRANS,   0,       NULL },
    { "UIDL",  pop_uidl,  PS_TRANS,   0,       NULL },
};

const size_t pop_ntrans_commands = sizeof pop_trans_commands / sizeof *pop_trans_commands;
