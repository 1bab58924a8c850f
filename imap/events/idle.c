/* idle.c - see idle.h */
#include "imap/events/idle.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/os/file.h"
#include "lib/os/sock.h"

enum {
    MS_PER_S = 1000,
    PATIENCE_MS = 100,                  /* for idled to take what is in its queue */
    OFFENDED_MS = 10000,                /* not waited for again after that was in vain */
    WATCH_PATIENCE_MS = 5000,           /* for many names at once, which somebody waits for */
    UNANSWERED_MAX = 1                  /* pings: then idled is not what it was */
};

/* Of this process. */
static struct {
    int sender;                         /* 0: not opened yet; sends NOTIFY and EVENT */
    int listener;                       /* 0: not idling; sends INIT and DONE, so that idled */
                                        /* sees our address */
    struct buf path;                    /* of the listener */
    struct buf mailbox;                 /* empty: not idling */
    uint64_t told_ms;                   /* when INIT or PING was sent last */
    uint64_t no_wait_until_ms;
    bool lost;                          /* an event could not be sent: the next one says so */
    bool watching, watch_lost;
    struct idle_mark mark;              /* what we have heard */
    unsigned unanswered;                /* pings */
    char in[IDLE_FORMAT_WHOLE_MAX + 1]; /* one that is too long must be seen to be */
} idle;

bool idle_is_enabled(void)
{
    return conf_seconds(CONF_IMAPIDLEPOLL) > 0;
}

/* body: at most IDLE_FORMAT_BODY_MAX bytes. */
static err_t send_within(int fd, enum idle_format_which which, struct slice name, struct slice body,
                         int patience_ms)
{
    char datagram[IDLE_FORMAT_WHOLE_MAX];
    size_t n = idle_format_put(datagram, which, name);

    if (body.n)
        memcpy(datagram + n, body.p, body.n);
    return sock_send_unix_dgram_within(fd, conf_string(CONF_IDLESOCKET),
                                       slice_make(datagram, n + body.n), patience_ms);
}

/* Nobody there, or it does not read: polling finds out. */
static err_t send_body(int fd, enum idle_format_which which, struct slice name, struct slice body)
{
    const bool waits = clock_mono_ms() >= idle.no_wait_until_ms;
    err_t err = send_within(fd, which, name, body, waits ? PATIENCE_MS : 0);

    if (err == ERR_AGAIN)
        idle.no_wait_until_ms = clock_mono_ms() + OFFENDED_MS;
    return err;
}

static void send_to_idled(int fd, enum idle_format_which which, struct slice mailbox)
{
    (void)!send_body(fd, which, mailbox, SLICE_NULL);
}

/* Those in IDLE hear of messages, and of a mailbox that goes. */
static bool wakes_idle(enum event_kind kind)
{
    return kind == EVENT_CHANGED || kind == EVENT_DELETED || kind == EVENT_RENAMED;
}

/* The name that watchers know the event by: of subscriptions the user's. */
static struct slice route(const struct event *ev)
{
    if (ev->kind == EVENT_SUBSCRIPTION)
        return ev->other;
    return ev->mailbox.n ? ev->mailbox : IDLE_FORMAT_NO_NAME;
}

void idle_tell(const struct event *event)
{
    struct event ev = *event;
    struct slice name = route(event);
    struct buf text = BUF_INIT;
    err_t err = ERR_OK;

    if (!idle_is_enabled())
        return;
    if (!idle.sender && sock_new_unix_dgram(&idle.sender) != ERR_OK) {
        idle.sender = 0;
        return;
    }
    ev.origin = (uint64_t)getpid();
    ev.lost = idle.lost;
    event_put(&ev, &text);
    if (name.n && name.n <= IDLE_FORMAT_NAME_MAX && text.n <= EVENT_TEXT_MAX)
        err = send_body(idle.sender, wakes_idle(ev.kind) ? IDLE_FORMAT_NOTIFY : IDLE_FORMAT_EVENT,
                        name, buf_slice(&text));
    idle.lost = err == ERR_AGAIN || (idle.lost && err);
    buf_fini(&text);
}

/* ---- hearing ---- */

static err_t open_listener(void)
{
    char name[40];
    err_t err;

    if (idle.listener)
        return ERR_OK;
    snprintf(name, sizeof name, "socket/idle.%ld", (long)getpid());
    buf_reset(&idle.path);
    conf_dir(&idle.path, name);
    err = sock_bind_unix_dgram(buf_cstr(&idle.path), 0777, &idle.listener);
    if (err)                                    /* it blocks: sending may wait, reading never does */
        idle.listener = 0;
    return err;
}

static void close_listener(void)
{
    if (!idle.listener || idle.mailbox.n || idle.watching)
        return;
    unlink(buf_cstr(&idle.path));
    file_close(&idle.listener);
    idle.listener = 0;
    buf_fini(&idle.path);
    buf_fini(&idle.mailbox);
}

static err_t check_name(struct slice name)
{
    if (!idle_is_enabled())
        return ERR_UNSUPPORTED;
    return name.n == 0 || name.n > IDLE_FORMAT_NAME_MAX ? ERR_LIMIT : ERR_OK;
}

err_t idle_start(struct slice mailbox, int *fd_out)
{
    err_t err = check_name(mailbox);

    *fd_out = -1;
    if (err)
        return err;
    if (idle.mailbox.n)
        send_to_idled(idle.listener, IDLE_FORMAT_DONE, buf_slice(&idle.mailbox));
    err = open_listener();
    if (err)
        return err;
    buf_reset(&idle.mailbox);
    buf_add_slice(&idle.mailbox, mailbox);
    idle.told_ms = clock_mono_ms();
    send_to_idled(idle.listener, IDLE_FORMAT_INIT, mailbox);
    *fd_out = idle.listener;
    return ERR_OK;
}

static void ping(void)
{
    if (idle.unanswered >= UNANSWERED_MAX ||
        send_body(idle.listener, IDLE_FORMAT_PING, IDLE_FORMAT_NO_NAME, SLICE_NULL) == ERR_CLOSED)
        idle.watch_lost = true;
    idle.unanswered++;
}

void idle_refresh(void)
{
    const uint64_t now_ms = clock_mono_ms();

    if (!idle.listener || now_ms - idle.told_ms < IDLE_REFRESH_S * MS_PER_S)
        return;
    idle.told_ms = now_ms;
    if (idle.mailbox.n)
        send_to_idled(idle.listener, IDLE_FORMAT_INIT, buf_slice(&idle.mailbox));
    if (idle.watching)
        ping();
}

/* The mark in front of an event, or alone.  Only the next number is right for an event. */
static enum idle_kind take_watched(unsigned long which, struct slice body, struct event *out)
{
    struct idle_mark mark;
    struct event ev;

    if (!idle.watching || idle_format_mark(&body, &mark) != ERR_OK)
        return IDLE_NOTHING;
    if (mark.generation && mark.generation != idle.mark.generation)
        return IDLE_NOTHING;                    /* for what was watched before */
    idle.unanswered = 0;
    if (which == IDLE_FORMAT_EVENT)
        idle.mark.number++;
    if (mark.generation != idle.mark.generation || mark.number != idle.mark.number) {
        idle.watch_lost = true;
        return IDLE_LOST;
    }
    if (which == IDLE_FORMAT_PING || event_get(body, &ev) != ERR_OK || !out)
        return IDLE_NOTHING;
    *out = ev;
    return IDLE_EVENT;
}

static enum idle_kind take(struct slice datagram, struct event *out)
{
    unsigned long which;
    struct slice name, body;

    if (idle_format_get(datagram, &which, &name, &body) != ERR_OK)
        return IDLE_NOTHING;
    switch (which) {
    case IDLE_FORMAT_ALERT:
        return IDLE_ALERT;
    case IDLE_FORMAT_NOTIFY:
        return slice_eq(name, buf_slice(&idle.mailbox)) ? IDLE_CHANGED : IDLE_NOTHING;
    case IDLE_FORMAT_EVENT:
    case IDLE_FORMAT_PING:
        return take_watched(which, body, out);
    default:
        return IDLE_NOTHING;
    }
}

enum idle_kind idle_read(int fd, struct event *out)
{
    enum idle_kind kind = IDLE_NOTHING;

    while (kind == IDLE_NOTHING && !idle.watch_lost) {
        ssize_t n = recv(fd, idle.in, sizeof idle.in, MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return IDLE_NOTHING;
        kind = take(slice_make(idle.in, (size_t)n), out);
    }
    if (!idle.watch_lost)
        return kind;
    idle_unwatch();
    return IDLE_LOST;
}

void idle_stop(void)
{
    if (!idle.mailbox.n)
        return;
    send_to_idled(idle.listener, IDLE_FORMAT_DONE, buf_slice(&idle.mailbox));
    buf_reset(&idle.mailbox);
    close_listener();
}

/* ---- watching ---- */

void idle_watch_begin(void)
{
    const uint32_t before = idle.mark.generation;

    idle_unwatch();
    idle.mark = (struct idle_mark){ .generation = (uint32_t)clock_mono_ms() };
    while (!idle.mark.generation || idle.mark.generation == before)
        idle.mark.generation++;
}

err_t idle_watch(enum idle_format_scope scope, struct slice name, int *fd_out)
{
    char body[1 + sizeof idle.mark.generation] = { (char)scope };
    err_t err = check_name(name);

    if (!err)
        err = open_listener();
    if (err)
        return err;
    memcpy(body + 1, &idle.mark.generation, sizeof idle.mark.generation);
    err = send_within(idle.listener, IDLE_FORMAT_WATCH, name, slice_make(body, sizeof body),
                      WATCH_PATIENCE_MS);
    idle.watching |= !err;
    *fd_out = idle.listener;
    if (err)
        close_listener();
    return err;
}

void idle_unwatch(void)
{
    if (idle.watching) {
        send_to_idled(idle.listener, IDLE_FORMAT_DONE, IDLE_FORMAT_NO_NAME);
        if (idle.mailbox.n)
            send_to_idled(idle.listener, IDLE_FORMAT_INIT, buf_slice(&idle.mailbox));
    }
    idle.watching = idle.watch_lost = false;
    idle.unanswered = 0;
    close_listener();
}

void idle_forget(void)
{
    if (idle.listener)
        file_close(&idle.listener);
    if (idle.sender)
        file_close(&idle.sender);
    idle.listener = idle.sender = 0;
    idle.watching = idle.watch_lost = false;
    buf_fini(&idle.path);
    buf_fini(&idle.mailbox);
}
