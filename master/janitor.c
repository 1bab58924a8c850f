/* janitor.c - see janitor.h */
#include "master/janitor.h"

#include <signal.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"

enum { SECOND_MS = 1000 };

static void tell_slow(struct child *c)
{
    c->slow_told = true;
    log_notice("process type:%s name:%s path:%s pid:%ld has not been recycled %d s after SIGHUP",
               children_kind_name(c->kind), c->name, c->path, (long)c->pid,
               JANITOR_SLOW_MS / SECOND_MS);
}

bool janitor_sweep(struct children *table, uint64_t now_ms, void (*remind)(struct child *))
{
    struct child *c;
    bool waits = false;

    for (size_t pos = 0; (c = children_next(table, &pos));) {
        if (!c->asked_ms || c->kind != CHILD_SERVICE)
            continue;
        if (!c->slow_told && now_ms - c->asked_ms >= JANITOR_SLOW_MS)
            tell_slow(c);
        if (c->state == POLICY_READY)
            remind(c);
        waits |= !c->slow_told;
    }
    return waits;
}

static void remind(struct child *c)
{
    kill(c->pid, SIGHUP);
}

static void on_timer(void *arg)
{
    struct master *m = arg;

    if (!janitor_sweep(m->children, clock_mono_ms(), remind)) {
        loop_cancel(m->loop, m->janitor_timer);
        m->janitor_timer = 0;
    }
}

void janitor_wake(struct master *m)
{
    if (!m->janitor_timer)
        m->janitor_timer = loop_every(m->loop, SECOND_MS / (uint64_t)m->options->janitor_per_second,
                                      on_timer, m);
}
