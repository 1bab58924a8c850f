/* events.h - the entries of section EVENTS and when each runs next */
#ifndef MASTER_EVENTS_H
#define MASTER_EVENTS_H

#include "master/cyrusconf.h"
#include "master/schedule.h"

struct event {
    const struct cyrusconf_entry *entry;        /* borrowed from the configuration in use */
    struct schedule schedule;
    struct schedule_state state;
};

struct events {
    struct vec all;                             /* struct event */
};

void events_init(struct events *);      /* none */
void events_fini(struct events *);      /* frees the list, ends no program */

/* Take over the events of a configuration.  Those with name, command and times as before
 * keep their next run. */
void events_load(struct events *, const struct cyrusconf *, struct schedule_now);

/* Call run() for each that is due; its entry is borrowed. */
typedef void events_run_fn(void *arg, const struct cyrusconf_entry *);
void events_run(struct events *, struct schedule_now, events_run_fn *, void *arg); /* moves on */

/* Milliseconds until events_run() must be called again; -1: never. */
int64_t events_wait_ms(const struct events *, struct schedule_now);

#endif
