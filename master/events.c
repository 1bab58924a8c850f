/* events.c - see events.h */
#include "master/events.h"

void events_init(struct events *e)
{
    vec_init(&e->all, sizeof(struct event));
}

void events_fini(struct events *e)
{
    vec_fini(&e->all);
}

static struct event *at(const struct events *e, size_t i)
{
    return VEC_AT(&e->all, struct event, i);
}

static bool same_words(const char *const *a, const char *const *b)
{
    for (; *a && *b; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return !*a && !*b;
}

static bool is_same(const struct cyrusconf_entry *a, const struct cyrusconf_entry *b)
{
    return strcmp(a->name, b->name) == 0 && a->at_min == b->at_min &&
           a->period_min == b->period_min && same_words(a->argv, b->argv);
}

/* The state of an old event like this one, which is then used up. */
static bool inherit(struct events *old, struct event *ev)
{
    for (size_t i = 0; i < old->all.n; i++) {
        if (is_same(at(old, i)->entry, ev->entry)) {
            ev->state = at(old, i)->state;
            vec_remove(&old->all, i);
            return true;
        }
    }
    return false;
}

void events_load(struct events *e, const struct cyrusconf *conf, struct schedule_now now)
{
    struct events old = *e;

    events_init(e);
    for (size_t i = 0; i < conf->entries.n; i++) {
        const struct cyrusconf_entry *entry = cyrusconf_at(conf, i);
        if (entry->section != CYRUSCONF_EVENTS)
            continue;
        struct event ev = { .entry = entry,
                            .schedule = { .at_min = entry->at_min == CYRUSCONF_NO_TIME
                                                        ? SCHEDULE_NO_TIME : entry->at_min,
                                          .period_min = entry->period_min } };
        if (!inherit(&old, &ev))
            schedule_begin(&ev.schedule, &ev.state, now);
        *VEC_PUSH(&e->all, struct event) = ev;
    }
    events_fini(&old);
}

void events_run(struct events *e, struct schedule_now now, events_run_fn *run, void *arg)
{
    for (size_t i = 0; i < e->all.n; i++) {
        struct event *ev = at(e, i);
        if (schedule_take(&ev->schedule, &ev->state, now))
            run(arg, ev->entry);
    }
}

int64_t events_wait_ms(const struct events *e, struct schedule_now now)
{
    int64_t least = -1, ms;

    for (size_t i = 0; i < e->all.n; i++) {
        ms = schedule_wait_ms(&at(e, i)->schedule, &at(e, i)->state, now);
        if (ms >= 0 && (least < 0 || ms < least))
            least = ms;
    }
    return least;
}
