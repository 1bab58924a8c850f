/* cmd_idle.c - IDLE (RFC 2177): tell changes as they happen, until DONE
 *
 * Woken by the client, by a datagram about the mailbox (idled or a writer's notification), and
 * every imapidlepoll seconds in any case, so that a lost datagram delays but loses nothing.
 * With NOTIFY what it asked for is told, no more and no less (RFC 5465 4).
 */
#include "imap/imapd/imapd.h"

#include "imap/events/idle.h"
#include "imap/imapd/notify.h"
#include "imap/imapd/view.h"
#include "imap/serve/limits.h"
#include "lib/base/clock.h"
#include "lib/conf/conf.h"

enum { DONE_LINE_MAX = 64 };

/* The client wrote something: only DONE is right.  ERR_SYNTAX: it was not. */
static err_t read_done(struct session *s)
{
    struct slice line;
    err_t err = stream_line(out(s), DONE_LINE_MAX, &line);

    if (err)
        return err == ERR_LIMIT ? ERR_SYNTAX : err;
    return slice_eqs_nocase(line, "DONE") ? ERR_OK : ERR_SYNTAX;
}

static void show_news(struct session *s)
{
    if (s->state == ST_SELECTED)
        view_tell(s, true);
}

/* Empties the queue: what is to be told of the selected mailbox is looked for afterwards. */
static void hear(struct session *s, int fd)
{
    if (s->notify)
        notify_tell(s);
    else
        while (idle_read(fd, NULL) != IDLE_NOTHING)
            ;
}

/* One wait.  ERR_AGAIN: keep idling. */
static err_t wait_once(struct session *s, int fd)
{
    bool input = false, other = false;
    const char *why = NULL;
    err_t err;

    if (serve_must_end(s->base, &why)) {
        reply_bye(s, why && *why ? why : "Server shutting down");
        return ERR_CLOSED;
    }
    if (s->notify)
        fd = notify_fd(s);
    err = stream_wait(out(s), fd, conf_seconds(CONF_IMAPIDLEPOLL) * 1000, &input, &other);
    if (err && err != ERR_TIMEOUT && err != ERR_AGAIN)
        return err;
    if (other)
        hear(s, fd);
    idle_refresh();
    show_news(s);
    if (!input && !other)
        serve_rest();                           /* nothing happens: so it may stay for long */
    if (s->state == ST_LOGOUT)
        return ERR_CLOSED;
    return input ? read_done(s) : ERR_AGAIN;
}

void cmd_idle(void *session, const struct command *cmd)
{
    struct session *s = session;
    int64_t limit_s = conf_seconds(CONF_IMAPIDLETIMEOUT) > 0 ? conf_seconds(CONF_IMAPIDLETIMEOUT)
                                                             : conf_seconds(CONF_TIMEOUT);
    uint64_t end = clock_mono_ms() + (uint64_t)(limit_s > 1800 ? limit_s : 1800) * 1000;
    int fd = -1;
    err_t err = ERR_AGAIN;

    if (args_end(s) != ERR_OK)
        return;
    if (conf_seconds(CONF_IMAPIDLEPOLL) <= 0) {
        reply_bad(s, "IDLE is turned off");
        return;
    }
    if (!s->notify && s->state == ST_SELECTED && idle_start(mailbox_name(view_mailbox(s->view)), &fd) != ERR_OK)
        fd = -1;                                /* then polling alone brings the news */
    stream_puts(out(s), "+ idling\r\n");
    show_news(s);
    if (stream_flush(out(s)) == ERR_OK)         /* if not, the wait says so too */
        serve_rest();
    while (err == ERR_AGAIN && s->state != ST_LOGOUT) {
        err = wait_once(s, fd);
        if (err == ERR_AGAIN && clock_mono_ms() > end)
            err = ERR_TIMEOUT;
    }
    if (!s->notify)
        idle_stop();
    if (err == ERR_OK)
        reply_ok(s, "Completed");
    else if (err == ERR_SYNTAX)
        reply_bad(s, "Invalid Idle continuation");
    else if (err == ERR_TIMEOUT)
        reply_bye(s, "Idle for too long");
    else
        s->state = ST_LOGOUT;
}
