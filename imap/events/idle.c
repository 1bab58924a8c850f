/* idle.c - see idle.h */
#include "imap/events/idle.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "imap/events/idle_format.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/os/file.h"
#include "lib/os/sock.h"

enum {
    MS_PER_S = 1000,
    PATIENCE_MS = 100,                  /* for idled to take what is in its queue */
    OFFENDED_MS = 10000                 /* not waited for again after that was in vain */
};

/* Of this process. */
static struct {
    int sender;                         /* 0: not opened yet; sends NOTIFY */
    int listener;                       /* 0: not idling; sends INIT and DONE, so that idled */
                                        /* sees our address */
    struct buf path;                    /* of the listener */
    struct buf mailbox;
    uint64_t told_ms;                   /* when INIT was sent last */
    uint64_t no_wait_until_ms;
} idle;

bool idle_is_enabled(void)
{
    return conf_seconds(CONF_IMAPIDLEPOLL) > 0;
}

static void send_to_idled(int fd, enum idle_format_which which, struct slice mailbox)
{
    char datagram[IDLE_FORMAT_MAX];
    size_t n = idle_format_put(datagram, which, mailbox);
    uint64_t now = clock_mono_ms();

    /* nobody there, or it does not read: polling finds out */
    err_t err = sock_send_unix_dgram_within(fd, conf_string(CONF_IDLESOCKET),
                                            slice_make(datagram, n),
                                            now < idle.no_wait_until_ms ? 0 : PATIENCE_MS);
    if (err == ERR_AGAIN)
        idle.no_wait_until_ms = clock_mono_ms() + OFFENDED_MS;
}

void idle_notify(struct slice mailbox)
{
    if (!idle_is_enabled() || mailbox.n == 0 || mailbox.n > IDLE_FORMAT_NAME_MAX)
        return;
    if (!idle.sender && sock_new_unix_dgram(&idle.sender) != ERR_OK) {
        idle.sender = 0;
        return;
    }
    send_to_idled(idle.sender, IDLE_FORMAT_NOTIFY, mailbox);
}

static err_t bind_listener(void)
{
    char name[40];
    err_t err;

    snprintf(name, sizeof name, "socket/idle.%ld", (long)getpid());
    buf_reset(&idle.path);
    conf_dir(&idle.path, name);
    err = sock_bind_unix_dgram(buf_cstr(&idle.path), 0777, &idle.listener);
    if (err)
        idle.listener = 0;
    else
        sock_set_nonblocking(idle.listener, true);
    return err;
}

err_t idle_start(struct slice mailbox, int *fd_out)
{
    err_t err = ERR_OK;

    *fd_out = -1;
    if (!idle_is_enabled())
        return ERR_UNSUPPORTED;
    if (mailbox.n == 0 || mailbox.n > IDLE_FORMAT_NAME_MAX)
        return ERR_LIMIT;
    if (idle.listener)
        send_to_idled(idle.listener, IDLE_FORMAT_DONE, buf_slice(&idle.mailbox));
    else
        err = bind_listener();
    if (err)
        return err;
    buf_reset(&idle.mailbox);
    buf_add_slice(&idle.mailbox, mailbox);
    idle.told_ms = clock_mono_ms();
    send_to_idled(idle.listener, IDLE_FORMAT_INIT, mailbox);
    *fd_out = idle.listener;
    return ERR_OK;
}

void idle_refresh(void)
{
    const uint64_t now_ms = clock_mono_ms();

    if (!idle.listener || now_ms - idle.told_ms < IDLE_REFRESH_S * MS_PER_S)
        return;
    idle.told_ms = now_ms;
    send_to_idled(idle.listener, IDLE_FORMAT_INIT, buf_slice(&idle.mailbox));
}

enum idle_kind idle_read(int fd)
{
    char datagram[IDLE_FORMAT_MAX + 1];         /* one that is too long must be seen to be */
    unsigned long which;
    struct slice name;
    ssize_t n;

    for (;;) {
        n = recv(fd, datagram, sizeof datagram, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return IDLE_NOTHING;
        if (idle_format_get(slice_make(datagram, (size_t)n), &which, &name) != ERR_OK)
            continue;
        if (which == IDLE_FORMAT_ALERT)
            return IDLE_ALERT;
        if (which == IDLE_FORMAT_NOTIFY && slice_eq(name, buf_slice(&idle.mailbox)))
            return IDLE_CHANGED;
    }
}

void idle_stop(void)
{
    if (!idle.listener)
        return;
    send_to_idled(idle.listener, IDLE_FORMAT_DONE, buf_slice(&idle.mailbox));
    unlink(buf_cstr(&idle.path));
    file_close(&idle.listener);
    idle.listener = 0;
    buf_fini(&idle.path);
    buf_fini(&idle.mailbox);
}

void idle_forget(void)
{
    if (idle.listener)
        file_close(&idle.listener);
    if (idle.sender)
        file_close(&idle.sender);
    idle.listener = idle.sender = 0;
    buf_fini(&idle.path);
    buf_fini(&idle.mailbox);
}
