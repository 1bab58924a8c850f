/* stream_log.c - telemetry: both directions of a session copied to a file
 *
 * "<UNIXTIME<" stands before what the client sent, ">UNIXTIME>" before what was written at one
 * time.  With logtimestamps "<SECONDS<" follows the mark of input: the time since the last one.
 * A telemetry file that cannot be written never disturbs the session.
 */
#include <inttypes.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/net/stream_impl.h"

enum { PIECES = 8, MARK_MAX = 64 };

void stream_set_log(struct stream *s, int fd)
{
    if (s->log.fd >= 0)
        close(s->log.fd);
    s->log.fd = fd;
    s->log.paused = false;
    s->log.mark_in = true;
    s->log.last_in = 0;
}

void stream_log_timestamps(struct stream *s, bool on)
{
    s->log.timestamps = on;
}

void stream_log_pause(struct stream *s, bool paused)
{
    s->log.paused = paused;
}

static void log_pieces(int fd, char *mark, size_t mark_n, const struct iovec *v, int n)
{
    struct iovec all[PIECES + 1] = { { mark, mark_n } };

    for (int i = 0; i < n && i < PIECES; i++)
        all[i + 1] = v[i];
    if (writev(fd, all, 1 + (n < PIECES ? n : PIECES)) < 0)
        return;
}

void stream_log_in(struct stream *s, struct slice text)
{
    static char masked[] = "[...]\r\n";
    char mark[MARK_MAX];
    int64_t now = clock_now();
    struct iovec v = { (void *)(uintptr_t)text.p, text.n };
    int n = 0;

    if (text.n == 0)
        return;
    if (s->log.paused)
        v = (struct iovec){ masked, sizeof masked - 1 };
    if (s->log.mark_in)
        n = snprintf(mark, sizeof mark, "<%" PRId64 "<", now);
    if (n > 0 && s->log.timestamps && s->log.last_in)
        n += snprintf(mark + n, sizeof mark - (size_t)n, "<%" PRId64 "<", now - s->log.last_in);
    log_pieces(s->log.fd, mark, (size_t)n, &v, 1);
    s->log.mark_in = false;
    s->log.last_in = now;
}

void stream_log_out(struct stream *s, const struct iovec *v, int n)
{
    char mark[MARK_MAX];
    int len = snprintf(mark, sizeof mark, ">%" PRId64 ">", (int64_t)clock_now());

    s->log.mark_in = true;
    if (n > 0)
        log_pieces(s->log.fd, mark, (size_t)len, v, n);
}
