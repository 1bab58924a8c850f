/* progress.c - see progress.h */
#include "imap/imapd/progress.h"

#include <inttypes.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/text/imapout.h"

static uint64_t next(void)
{
    return clock_mono_ms() + PROGRESS_SECONDS * 1000;
}

void progress_begin(struct progress *p, struct session *s, uint64_t goal)
{
    *p = (struct progress){ .s = s, .goal = goal, .next_ms = next() };
}

bool progress_due(struct progress *p)
{
    return ++p->done % PROGRESS_STEPS == 0 && clock_mono_ms() >= p->next_ms;
}

void progress_tell(struct progress *p)
{
    struct stream *o = out(p->s);
    struct buf b = BUF_INIT;

    buf_adds(&b, "* OK [INPROGRESS (");
    if (imapout_may_quote(p->s->tag, 0))
        imapout_string(&b, p->s->tag, 0);
    else
        buf_adds(&b, "NIL");
    if (p->goal)
        buf_addf(&b, " %" PRIu64 " %" PRIu64 ")] Still at work\r\n", p->done < p->goal ? p->done : p->goal, p->goal);
    else
        buf_addf(&b, " %" PRIu64 " NIL)] Still at work\r\n", p->done);
    stream_put_slice(o, buf_slice(&b));
    buf_fini(&b);
    if (stream_flush(o) != ERR_OK)
        log_debug("the client of %s does not read", p->s->base->client);
    p->next_ms = next();
}
