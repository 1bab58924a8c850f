/* idled.c - idled(8): passes "this mailbox has changed" on to those who wait for it, and what
 * happened to those who watch (watchers.h)
 *
 * Datagrams: imap/events/idle_format.h.  A client that was not heard of for max(timeout, 30
 * minutes), or whose socket nobody reads any more, is forgotten.
 */
#include <errno.h>
#include <getopt.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "imap/events/idle_format.h"
#include "imap/small/idle_table.h"
#include "imap/small/watchers.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/conf/conf.h"
#include "lib/os/file.h"
#include "lib/os/loop.h"
#include "lib/os/proc.h"
#include "lib/os/sig.h"
#include "lib/os/sock.h"

#ifndef CYRUS_USER
#define CYRUS_USER "cyrus"
#endif

enum {
    PER_ROUND = 256,                    /* datagrams, before signals and timers have their turn */
    EXPIRE_EVERY_MS = 60 * 1000,
    MS_PER_S = 1000,
    SOCKET_MODE = 0777,
};

struct idled {
    struct loop *loop;
    struct idle_table *table;
    struct watchers *watchers;
    uint64_t retry;                     /* timer; 0: nothing waits */
    int fd;
    const char *path;                   /* of our socket */
    struct buf client_prefix;           /* ".../socket/idle." of the clients' sockets */
    uint64_t silence_ms;                /* whom to forget */
};

struct options {
    const char *conf;
    bool foreground;
};

/* ---- telling clients ---- */

struct message {
    struct idled *d;
    char bytes[IDLE_FORMAT_MAX];
    size_t n;
};

/* Sockets that a killed process has left behind; never anything of another name. */
static void remove_stale(const struct idled *d, const char *client)
{
    struct slice path = slice_cstr(client), prefix = buf_slice(&d->client_prefix);
    uint64_t pid;

    if (slice_starts(path, prefix) && num_u64(slice_skip(path, prefix.n), &pid) == ERR_OK)
        unlink(client);
}

static err_t send_to_client(void *arg, const char *client, struct slice datagram)
{
    const struct idled *d = arg;
    err_t err = sock_send_unix_dgram(d->fd, client, datagram);

    if (err == ERR_CLOSED)
        remove_stale(d, client);
    return err;
}

static bool tell(void *arg, const char *client, struct idle_mark *mark)
{
    const struct message *m = arg;
    err_t err = send_to_client(m->d, client, slice_make(m->bytes, m->n));

    (void)mark;
    return !err || err == ERR_AGAIN;    /* it has enough to read, and will look anyway */
}

static void on_retry(void *arg)
{
    struct idled *d = arg;

    d->retry = 0;
    if (watchers_retry(d->watchers))
        d->retry = loop_after(d->loop, WATCHERS_RETRY_MS, on_retry, d);
}

static void tell_watchers(struct idled *d, struct slice name, struct slice event)
{
    if (event.n)
        watchers_tell(d->watchers, name, event);
}

/* ---- hearing ---- */

/* Path of the sender; empty if its socket has none. */
static struct slice sender_path(const struct sockaddr_un *from, socklen_t len)
{
    size_t n = len > offsetof(struct sockaddr_un, sun_path)
                   ? len - offsetof(struct sockaddr_un, sun_path) : 0;

    return slice_make(from->sun_path, strnlen(from->sun_path, n));
}

/* Key of those in IDLE. */
static struct slice wait_key(struct slice name, char key[IDLE_FORMAT_NAME_MAX + 1])
{
    key[0] = IDLE_SCOPE_WAIT;
    memcpy(key + 1, name.p, name.n);
    return slice_make(key, name.n + 1);
}

static void take_change(struct idled *d, struct slice name)
{
    struct message m = { .d = d };
    char key[IDLE_FORMAT_NAME_MAX + 1];

    m.n = idle_format_put(m.bytes, IDLE_FORMAT_NOTIFY, name);
    idle_table_tell(d->table, wait_key(name, key), tell, &m);
}

static void take_done(struct idled *d, struct slice name, struct slice sender)
{
    char key[IDLE_FORMAT_NAME_MAX + 1];

    if (slice_eq(name, IDLE_FORMAT_NO_NAME)) {
        idle_table_drop(d->table, sender);
        watchers_drop(d->watchers, sender);
    } else {
        idle_table_remove(d->table, sender, wait_key(name, key));
    }
}

static void take_init(struct idled *d, struct slice name, struct slice sender)
{
    char key[IDLE_FORMAT_NAME_MAX + 1];

    if (idle_table_add(d->table, sender, wait_key(name, key), clock_mono_ms()) != ERR_OK)
        log_warn("too many clients wait: %.*s has to poll", SLICE_ARG(sender));
}

/* From one whom an answer can reach. */
static void take_from(struct idled *d, unsigned long which, struct slice name, struct slice body,
                      struct slice sender)
{
    switch (which) {
    case IDLE_FORMAT_INIT: take_init(d, name, sender); break;
    case IDLE_FORMAT_DONE: take_done(d, name, sender); break;
    case IDLE_FORMAT_WATCH: watchers_watch(d->watchers, sender, name, body, clock_mono_ms()); break;
    case IDLE_FORMAT_PING: watchers_ping(d->watchers, sender, clock_mono_ms()); break;
    default: break;
    }
}

static void take(struct idled *d, struct slice datagram, struct slice sender)
{
    unsigned long which;
    struct slice name, body;

    if (idle_format_get(datagram, &which, &name, &body) != ERR_OK) {
        log_debug("a datagram of %zu bytes is none of ours and is ignored", datagram.n);
        return;
    }
    if (which == IDLE_FORMAT_NOTIFY)
        take_change(d, name);
    if (which == IDLE_FORMAT_NOTIFY || which == IDLE_FORMAT_EVENT)
        tell_watchers(d, name, body);
    else if (sender.n)
        take_from(d, which, name, body, sender);
    if (!d->retry && watchers_have_backlog(d->watchers))
        d->retry = loop_after(d->loop, WATCHERS_RETRY_MS, on_retry, d);
}

static void on_datagram(void *arg, int fd, unsigned events)
{
    struct idled *d = arg;
    char bytes[IDLE_FORMAT_WHOLE_MAX + 1];
    struct sockaddr_un from;
    ssize_t n;

    for (int i = 0; i < PER_ROUND; i++) {
        socklen_t len = sizeof from;
        n = recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &len);
        if (n >= 0)
            take(d, slice_make(bytes, (size_t)n), sender_path(&from, len));
        else if (errno != EINTR)
            break;
    }
}

static void on_expire(void *arg)
{
    struct idled *d = arg;
    size_t n = idle_table_expire(d->table, clock_mono_ms(), d->silence_ms);

    if (n > 0)
        log_debug("%zu clients were not heard of for a long time and are forgotten", n);
}

static void on_end(void *arg, int signo)
{
    struct idled *d = arg;
    struct message m = { .d = d };

    m.n = idle_format_put(m.bytes, IDLE_FORMAT_ALERT, IDLE_FORMAT_NO_NAME);
    idle_table_tell_all(d->table, tell, &m);
    loop_stop(d->loop);
}

/* ---- start ---- */

static int fail(int status, const char *text)
{
    fprintf(stderr, "idled: %s\n", text);
    log_err("%s", text);
    return status;
}

static int configure(const struct options *o)
{
    struct buf why = BUF_INIT;
    const char *user;
    int status = EX_OK;

    log_open(getenv("CYRUS_SYSLOG_PREFIX"), "idled", LOG_LOCAL6, false);
    if (conf_load(o->conf, "idled", &why) != ERR_OK)
        status = fail(EX_CONFIG, buf_cstr(&why));
    buf_fini(&why);
    if (status != EX_OK)
        return status;
    log_open(conf_string(CONF_SYSLOG_PREFIX), "idled", LOG_LOCAL6, conf_bool(CONF_DEBUG));
    user = conf_string(CONF_CYRUS_USER);
    if (proc_become(user && *user ? user : CYRUS_USER, conf_string(CONF_CYRUS_GROUP)) != ERR_OK)
        return fail(EX_NOPERM, "must run as the mail user (option cyrus_user); start it as that "
                               "user or as root");
    if (conf_seconds(CONF_IMAPIDLEPOLL) <= 0)
        return fail(EX_CONFIG, "option imapidlepoll is 0, nobody will ever wait; set it, or do "
                               "not start idled");
    return EX_OK;
}

/* Two on one socket would each hear a part. */
static bool is_running(const struct idled *d)
{
    struct message m = { .d = NULL };
    int fd;
    err_t err = sock_new_unix_dgram(&fd);

    if (err)
        return false;
    m.n = idle_format_put(m.bytes, IDLE_FORMAT_NOOP, IDLE_FORMAT_NO_NAME);
    err = sock_send_unix_dgram(fd, d->path, slice_make(m.bytes, m.n));
    file_close(&fd);
    return err == ERR_OK || err == ERR_AGAIN;
}

static int open_socket(struct idled *d)
{
    if (is_running(d))
        return fail(EX_TEMPFAIL, "another idled answers on idlesocket; stop it first");
    if (sock_bind_unix_dgram(d->path, SOCKET_MODE, &d->fd) != ERR_OK)
        return fail(EX_OSERR, "cannot open idlesocket; make its directory writable for the mail "
                              "user, or name another path of at most 107 bytes");
    return EX_OK;
}

/* Background unless asked otherwise; the parent returns when the socket is there. */
static int detach(struct idled *d, const struct options *o)
{
    int ready = -1, status = EX_OK;
    const bool stay = o->foreground || getenv("CYRUS_ISDAEMON");

    if (!stay && proc_daemonise(&ready) != ERR_OK)
        return EX_OSERR;
    status = open_socket(d);
    if (status == EX_OK && !stay && proc_redirect(NULL, STDIN_FILENO, STDERR_FILENO) != ERR_OK)
        status = EX_OSERR;
    if (status == EX_OK)
        proc_daemon_ready(&ready, EX_OK);
    return status;
}

static int serve(struct idled *d)
{
    int status;

    d->loop = loop_new();
    d->table = idle_table_new();
    d->watchers = watchers_new(d->table, send_to_client, d);
    sig_ignore(SIGPIPE);
    sig_ignore(SIGHUP);
    loop_on_signal(d->loop, SIGTERM, on_end, d);
    loop_on_signal(d->loop, SIGINT, on_end, d);
    loop_on_signal(d->loop, SIGQUIT, on_end, d);
    loop_watch(d->loop, d->fd, LOOP_READ, on_datagram, d);
    loop_every(d->loop, EXPIRE_EVERY_MS, on_expire, d);
    status = loop_run(d->loop) == ERR_OK ? EX_OK : EX_OSERR;
    unlink(d->path);
    watchers_free(&d->watchers);
    idle_table_free(&d->table);
    loop_free(&d->loop);
    return status;
}

static int run(const struct options *o)
{
    struct idled d = { .fd = -1 };
    int64_t timeout_s;
    int status = configure(o);

    if (status != EX_OK)
        return status;
    timeout_s = conf_seconds(CONF_TIMEOUT);
    if (timeout_s < IDLE_FORMAT_TIMEOUT_MIN_S)
        timeout_s = IDLE_FORMAT_TIMEOUT_MIN_S;
    d.silence_ms = (uint64_t)timeout_s * MS_PER_S;
    d.path = conf_string(CONF_IDLESOCKET);
    conf_dir(&d.client_prefix, "socket/idle.");
    status = detach(&d, o);
    if (status == EX_OK)
        status = serve(&d);
    file_close(&d.fd);
    buf_fini(&d.client_prefix);
    conf_unload();
    return status;
}

int main(int argc, char **argv)
{
    struct options o = { .conf = NULL };
    int c;

    while ((c = getopt(argc, argv, "C:d")) != -1) {
        if (c == 'C') {
            o.conf = optarg;
        } else if (c == 'd') {
            o.foreground = true;
        } else {
            fprintf(stderr, "usage: idled [-C imapd.conf] [-d]\n");
            return EX_USAGE;
        }
    }
    return run(&o);
}
