/* deliver.c - hand a message on standard input to lmtpd (features DL-06, DL-07, QU-15)
 *
 * Exit codes are those of sysexits.h, so that an MTA knows whether to try again.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/conf/conf.h"
#include "lib/net/dotstuff.h"
#include "lib/net/stream.h"
#include "lib/os/sock.h"
#include "lib/text/linetok.h"

enum { CONNECT_MS = 30 * 1000, REPLY_MS = 360 * 1000, LINE_BYTES = 4096, DIALOG_CHUNK = 16384 };

struct job {
    const char *config, *from, *mailbox, *authid;
    bool ignore_quota, raw;
    char **users;
    int nusers;
    struct stream *peer;
    char line[LINE_BYTES];                      /* last line of the last reply */
};

static const char usage_text[] =
    "usage: deliver [-C altconfig] [-a auth-id] [-f|-r return-path] [-m mailbox] [-q] [user...]\n"
    "       deliver [-C altconfig] -l\n";

NORETURN static void usage(void)
{
    fputs(usage_text, stderr);
    exit(EX_USAGE);
}

static void read_options(struct job *j, int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "C:a:df:r:m:qleE:F:")) != -1) {
        switch (c) {
        case 'C': j->config = optarg; break;
        case 'a': j->authid = optarg; break;
        case 'f':
        case 'r': j->from = optarg; break;
        case 'm': j->mailbox = optarg; break;
        case 'q': j->ignore_quota = true; break;
        case 'l': j->raw = true; break;
        case 'd':                               /* old callers give it; delivery is what happens anyway */
        case 'e': break;                        /* likewise: duplicates are lmtpd's matter */
        case 'E':
            fprintf(stderr, "deliver: -E: expire the duplicate table with cyr_expire -E\n");
            exit(EX_USAGE);
        case 'F':
            fprintf(stderr, "deliver: -F: LMTP cannot carry flags; this option was never delivered by lmtpd\n");
            exit(EX_USAGE);
        default: usage();
        }
    }
    j->users = argv + optind;
    j->nusers = argc - optind;
    if (!j->raw && j->nusers == 0 && !j->mailbox)
        usage();
}

static int connect_lmtpd(struct job *j)
{
    const char *path = conf_string(CONF_LMTPSOCKET);
    int fd;
    err_t err = sock_connect_unix(path, CONNECT_MS, &fd);

    if (err) {
        fprintf(stderr, "couldn't connect to lmtpd: %s: %s\n421 4.3.0 deliver: couldn't connect to lmtpd\n", path,
                err_name(err));
        return EX_CONFIG;
    }
    j->peer = stream_new(fd, fd);
    stream_set_timeout(j->peer, REPLY_MS);
    return EX_OK;
}

/* -l: bytes between standard input/output and lmtpd, until either ends. */
static int relay(struct job *j)
{
    struct stream *self = stream_new(STDIN_FILENO, STDOUT_FILENO);
    struct slice piece;
    err_t err = ERR_OK;
    bool in, other;

    while (!err) {
        err = stream_wait(j->peer, STDIN_FILENO, REPLY_MS, &in, &other);
        if (!err && in && (err = stream_some(j->peer, DIALOG_CHUNK, &piece)) == ERR_OK) {
            stream_put_slice(self, piece);
            err = stream_flush(self);
        }
        if (!err && other && (err = stream_some(self, DIALOG_CHUNK, &piece)) == ERR_OK) {
            stream_put_slice(j->peer, piece);
            err = stream_flush(j->peer);
        }
    }
    stream_close(&self);
    return err == ERR_CLOSED ? EX_OK : EX_TEMPFAIL;
}

/* Code of the next reply, its last line in j->line; 0 when the connection failed. */
static unsigned reply(struct job *j)
{
    struct slice line;
    uint32_t code;

    do {
        if (stream_line(j->peer, sizeof j->line - 1, &line) != ERR_OK || line.n < 3
            || num_u32(slice_cut(line, 0, 3), &code) != ERR_OK)
            return 0;
    } while (line.n > 3 && line.p[3] == '-');
    memcpy(j->line, line.p, line.n);
    j->line[line.n] = '\0';
    return code;
}

static unsigned command(struct job *j, const char *fmt, ...) PRINTF_LIKE(2, 3);
static unsigned command(struct job *j, const char *fmt, ...)
{
    struct buf b = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    buf_adds(&b, "\r\n");
    stream_put_slice(j->peer, buf_slice(&b));
    buf_fini(&b);
    return reply(j);
}

/* Reply of one recipient to an exit code. */
static int verdict(const struct job *j, unsigned code)
{
    static const struct {
        const char *enhanced;
        int status;
    } known[] = {
        { "5.1.1", EX_NOUSER }, { "5.7.1", EX_NOPERM }, { "5.2.2", EX_CANTCREAT }, { "5.6.0", EX_DATAERR },
        { "5.2.3", EX_DATAERR }, { "5.5.4", EX_USAGE },
    };

    if (code / 100 == 2)
        return EX_OK;
    if (code / 100 != 5)
        return EX_TEMPFAIL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(j->line, known[i].enhanced))
            return known[i].status;
    return EX_UNAVAILABLE;
}

/* The worst of several: temporary failure first, so that nothing is given up too early. */
static int worse(int a, int b)
{
    if (a == EX_TEMPFAIL || b == EX_TEMPFAIL)
        return EX_TEMPFAIL;
    return a ? a : b;
}

static void complain(const struct job *j, const char *who)
{
    fprintf(stderr, "deliver: %s: %s\n", who, j->line[0] ? j->line : "connection to lmtpd lost");
}

static int send_rcpt(struct job *j, const char *user, int *accepted)
{
    struct buf local = BUF_INIT, path = BUF_INIT;
    struct slice name, domain, whole = slice_cstr(user ? user : "");
    ssize_t at = slice_rfind(whole, '@');
    unsigned code;
    int status;

    name = at < 0 ? whole : slice_cut(whole, 0, (size_t)at);
    domain = at < 0 ? SLICE_NULL : slice_skip(whole, (size_t)at + 1);
    buf_add_slice(&local, name);
    if (j->mailbox)
        buf_addf(&local, "+%s", j->mailbox);
    linetok_put_path(&path, buf_slice(&local), domain);
    code = command(j, "RCPT TO:<%s>%s", buf_cstr(&path), j->ignore_quota ? " IGNOREQUOTA" : "");
    status = code ? verdict(j, code) : EX_TEMPFAIL;
    if (status)
        complain(j, user ? user : j->mailbox);
    else
        ++*accepted;
    buf_fini(&local);
    buf_fini(&path);
    return status;
}

/* Lines of standard input as CRLF lines, dots stuffed; a leading "From " line of mbox is left out. */
static bool send_message(struct job *j)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    bool bol = true, first = true;

    while ((n = getline(&line, &cap, stdin)) > 0) {
        struct slice text = slice_make(line, (size_t)n);
        if (first && slice_starts(text, SLICE_LIT("From "))) {
            first = false;
            continue;
        }
        first = false;
        if (text.p[text.n - 1] == '\n')
            text.n--;
        if (text.n && text.p[text.n - 1] == '\r')
            text.n--;
        dotstuff_put(j->peer, text, &bol);
        dotstuff_put(j->peer, SLICE_LIT("\r\n"), &bol);
    }
    free(line);
    dotstuff_put_end(j->peer, bol);
    return !ferror(stdin);
}

static int deliver(struct job *j)
{
    struct buf auth = BUF_INIT;
    int status = EX_OK, accepted = 0;
    char host[256] = "localhost";
    const char *from = j->from ? j->from : "";

    (void)gethostname(host, sizeof host - 1);
    if (j->authid)
        buf_addf(&auth, " AUTH=%s", j->authid);
    if (reply(j) != 220 || command(j, "LHLO %s", host) != 250
        || command(j, "MAIL FROM:<%s>%s", from, buf_cstr(&auth)) != 250) {
        complain(j, "lmtpd");
        buf_fini(&auth);
        return EX_TEMPFAIL;
    }
    buf_fini(&auth);
    for (int i = 0; i < j->nusers; i++)
        status = worse(status, send_rcpt(j, j->users[i], &accepted));
    if (j->nusers == 0)
        status = worse(status, send_rcpt(j, NULL, &accepted));
    if (accepted == 0)
        return status;
    if (command(j, "DATA") != 354 || !send_message(j)) {
        complain(j, "lmtpd");
        return EX_TEMPFAIL;
    }
    for (int i = 0; i < accepted; i++) {
        unsigned code = reply(j);
        int one = code ? verdict(j, code) : EX_TEMPFAIL;
        if (one)
            complain(j, "delivery");
        status = worse(status, one);
    }
    (void)command(j, "QUIT");
    return status;
}

int main(int argc, char **argv)
{
    struct job j = { 0 };
    struct buf why = BUF_INIT;
    int status;

    read_options(&j, argc, argv);
    signal(SIGPIPE, SIG_IGN);
    if (conf_load(j.config, "deliver", &why) != ERR_OK) {
        fprintf(stderr, "deliver: %s\n", buf_cstr(&why));
        buf_fini(&why);
        return EX_CONFIG;
    }
    log_open(conf_string(CONF_SYSLOG_PREFIX), "deliver", LOG_LOCAL6, false);
    status = connect_lmtpd(&j);
    if (status == EX_OK)
        status = j.raw ? relay(&j) : deliver(&j);
    stream_close(&j.peer);
    conf_unload();
    buf_fini(&why);
    return status;
}
