/* template.h - the process that a service's workers are forked from: state and counts, pure
 *
 * A program that knows how (protocol.h) becomes a template: it gets ready for work once and then
 * makes a worker each time it is asked.  Workers so share the memory of everything that is the
 * same for all of them, and start without the work of getting ready.
 *
 *   NONE --offered--> STARTING --HELLO--> READY
 *     ^                   |                 |
 *     +----- closed: its end, no answer, told to end
 *
 * While there is none that is ready, processes are started as programs; the first of them is
 * offered to become the template.  Whoever does not want to be one stays a worker.
 */
#ifndef MASTER_TEMPLATE_H
#define MASTER_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    TEMPLATE_USELESS_MAX = 3,           /* in a row that have given no worker */
    TEMPLATE_PATIENCE_MS = 10000,       /* for its answer to a request */
};

enum template_state { TEMPLATE_NONE, TEMPLATE_STARTING, TEMPLATE_READY };

struct template {
    enum template_state state;
    pid_t pid;                          /* NONE: 0 */
    int pending;                        /* workers asked for that have not begun */
    unsigned given;                     /* workers that this one has made */
    unsigned useless;                   /* templates in a row that have made none */
};

/* Should the next process be offered to become the template?  Not when there is one, and no more
 * after too many that were of no use, until template_forgive(). */
bool template_is_wanted(const struct template *);
void template_forgive(struct template *);

void template_offered(struct template *, pid_t);        /* to that child */
void template_asked(struct template *);                 /* for one more worker */

enum template_news {
    TEMPLATE_NOISE,                     /* no message, or out of place */
    TEMPLATE_BECAME_READY,              /* its child is to be counted no longer */
    TEMPLATE_GAVE,                      /* *pid_out is a worker now */
    TEMPLATE_FAILED,                    /* one worker less will come */
};

/* One message as it came out of the socket. */
enum template_news template_hear(struct template *, const void *bytes, size_t n, pid_t *pid_out);

/* Its socket is closed: nothing will be asked or told any more, whatever becomes of its process.
 * dismissed: not by its own fault.  Returns how many workers were still to come, and will not. */
int template_closed(struct template *, bool dismissed);

#endif
