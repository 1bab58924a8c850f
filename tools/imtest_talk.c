/* imtest_talk.c - lines of the dialogue as they are shown, and the raw session behind it */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/os/sock.h"
#include "tools/imtest.h"

enum { SERVER_LINE_MAX = 1 << 20, PIECE = 16 << 10 };

static void send_line(struct conn *c, const char *shown, const char *fmt, va_list ap)
{
    struct buf line = BUF_INIT;

    buf_vaddf(&line, fmt, ap);
    if (shown)
        printf("C: %s\r\n", shown);
    else
        printf("C: %.*s\r\n", SLICE_ARG(buf_slice(&line)));
    stream_put_slice(c->s, buf_slice(&line));
    stream_puts(c->s, "\r\n");
    buf_wipe(&line);
    buf_fini(&line);
}

void talk_send(struct conn *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    send_line(c, NULL, fmt, ap);
    va_end(ap);
}

void talk_send_as(struct conn *c, const char *shown, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    send_line(c, shown, fmt, ap);
    va_end(ap);
}

err_t talk_read(struct conn *c, struct slice *line)
{
    err_t err = stream_line(c->s, SERVER_LINE_MAX, line);

    if (err == ERR_OK)
        printf("S: %.*s\r\n", SLICE_ARG(*line));
    fflush(stdout);
    return err;
}

err_t talk_read_to(struct conn *c, const char *prefix, struct slice *line)
{
    err_t err;

    do
        err = talk_read(c, line);
    while (err == ERR_OK && prefix && !slice_starts(*line, slice_cstr(prefix)));
    return err;
}

err_t talk_quit(struct conn *c)
{
    struct slice line;

    talk_send(c, "%s", c->p->quit_cmd);
    return talk_read_to(c, c->p->quit_ok, &line);
}

/* ---- the raw session ---- */

/* Where the user is: standard input and output, a file, or who connects to a socket. */
struct user {
    int in, out;
    bool quits;                                 /* at the end of input we say QUIT for the user */
    bool makes_crlf;                            /* a terminal gives bare LFs */
    bool echoes;                                /* a file is shown as it is sent */
};

static err_t open_user(struct conn *c, struct user *u)
{
    const struct options *o = c->opt;
    int listener, conn;

    *u = (struct user){ .in = STDIN_FILENO, .out = STDOUT_FILENO, .quits = true };
    if (o->file) {
        u->in = open(o->file, O_RDONLY | O_CLOEXEC);
        u->echoes = true;
        if (u->in < 0)
            fprintf(stderr, "%s: %s\n", o->file, strerror(errno));
        return u->in < 0 ? ERR_NOTFOUND : ERR_OK;
    }
    u->makes_crlf = isatty(STDIN_FILENO);
    if (!o->socket)
        return ERR_OK;
    err_t err = sock_listen_unix(o->socket, 0700, 1, &listener);
    if (err)
        return err;
    struct sock_addr peer;
    do
        err = sock_accept(listener, &conn, &peer);
    while (err == ERR_AGAIN);
    close(listener);
    if (err == ERR_OK)
        u->in = u->out = conn;
    return err;
}

static void pass_to_server(struct conn *c, const struct user *u, const char *p, size_t n)
{
    for (const char *lf; u->makes_crlf && (lf = memchr(p, '\n', n)) != NULL;) {
        size_t head = (size_t)(lf - p);
        stream_put(c->s, p, head);
        stream_puts(c->s, "\r\n");
        n -= head + 1;
        p = lf + 1;
    }
    stream_put(c->s, p, n);
}

/* Something from the user.  False: that was the end. */
static bool from_user(struct conn *c, struct user *u)
{
    char piece[PIECE];
    ssize_t n = read(u->in, piece, sizeof piece);

    if (n > 0) {
        if (u->echoes)
            fwrite(piece, 1, (size_t)n, stdout);
        pass_to_server(c, u, piece, (size_t)n);
        return true;
    }
    if (n < 0 && errno == EINTR)
        return true;
    if (u->quits)
        talk_send(c, "%s", c->p->quit_cmd);
    fflush(stdout);
    return false;
}

static err_t to_user(struct conn *c, const struct user *u)
{
    struct slice piece;
    err_t err = stream_some(c->s, PIECE, &piece);

    fflush(stdout);                             /* keeps what is shown in order */
    for (size_t at = 0; err == ERR_OK && at < piece.n;) {
        ssize_t n = write(u->out, piece.p + at, piece.n - at);
        if (n < 0 && errno != EINTR)
            return ERR_IO;
        at += n > 0 ? (size_t)n : 0;
    }
    return err;
}

int talk_interactive(struct conn *c)
{
    struct user u;
    bool input = false, typed = false, more = true;
    err_t err;

    if (open_user(c, &u) != ERR_OK)
        return 1;
    fflush(stdout);
    stream_set_timeout(c->s, -1);
    do {
        err = stream_wait(c->s, more ? u.in : -1, -1, &input, &typed);
        if (err == ERR_OK && input)
            err = to_user(c, &u);
        if (err == ERR_OK && typed && !input)
            more = from_user(c, &u);
    } while (err == ERR_OK);
    printf("Connection closed.\n");
    if (c->opt->file)
        close(u.in);
    return 0;
}

/* ---- timing test ---- */

static err_t append(struct conn *c, const char *mailbox, size_t size)
{
    static const char line[] = "0123456789012345678901234567890123456789012345678901234567\r\n";
    struct slice reply;
    size_t lines = size / (sizeof line - 1);

    stream_printf(c->s, "A003 APPEND %s (\\Seen) {%zu}\r\n", mailbox, lines * (sizeof line - 1));
    err_t err = talk_read(c, &reply);
    if (err || !slice_starts(reply, SLICE_LIT("+ ")))
        return err ? err : ERR_SYNTAX;
    for (size_t i = 0; i < lines; i++)
        stream_puts(c->s, line);
    stream_puts(c->s, "\r\n");
    return talk_read_to(c, "A003 ", &reply);
}

/* Rounds of CREATE, some APPENDs of growing size, DELETE. */
err_t talk_timing(struct conn *c)
{
    enum { ROUNDS = 10 };
    static const size_t sizes[] = { 30, 1024, 10240, 102400, 1048576 };
    char mailbox[64];
    struct slice reply;
    err_t err = ERR_OK;
    time_t begin = clock_now();

    if (strcmp(c->p->name, "imap") != 0) {
        printf("[The timing test is for IMAP only]\n");
        return ERR_UNSUPPORTED;
    }
    snprintf(mailbox, sizeof mailbox, "INBOX/imtest-%d", (int)getpid());
    for (int i = 0; i < ROUNDS && !err; i++) {
        stream_printf(c->s, "C01 CREATE %s\r\n", mailbox);
        err = talk_read_to(c, "C01 ", &reply);
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes && !err; k++)
            err = append(c, mailbox, sizes[k]);
        stream_printf(c->s, "D01 DELETE %s\r\n", mailbox);
        if (!err)
            err = talk_read_to(c, "D01 ", &reply);
    }
    printf("took %" PRId64 " seconds\n", (int64_t)(clock_now() - begin));
    return err;
}
