/* idle_format.h - datagrams between whoever changes a mailbox, idled, and who waits for it
 *
 * formats/internal-protocols.md section 3, byte for byte as 3.6.1:
 *
 *   unsigned long which     native size and order
 *   mailbox name            internal form, "." when there is none
 *   NUL
 *   body                    ours alone; 3.6.1 sends none and takes no notice of it
 *
 * Bodies: of NOTIFY and EVENT to idled the event (event.h); of WATCH a letter (enum
 * idle_format_scope) and the watcher's generation; of EVENT and PING from idled a mark, and
 * behind it the event.  The number in the mark grows by one with each event for that watcher,
 * whether it could be sent or not, so that a gap tells of a loss.
 *
 * All sockets are AF_UNIX datagram sockets of mode 0777: idled's is option idlesocket, that of a
 * waiting process <configdirectory>/socket/idle.<pid>.
 */
#ifndef EVENTS_IDLE_FORMAT_H
#define EVENTS_IDLE_FORMAT_H

#include <string.h>

#include "imap/events/event.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

enum {
    IDLE_FORMAT_NAME_MAX = 1023,        /* bytes of a name; longer ones are refused */
    IDLE_FORMAT_MAX = sizeof(unsigned long) + IDLE_FORMAT_NAME_MAX + 1,    /* without a body */
    IDLE_FORMAT_BODY_MAX = sizeof(uint32_t[2]) + EVENT_TEXT_MAX,
    IDLE_FORMAT_WHOLE_MAX = IDLE_FORMAT_MAX + IDLE_FORMAT_BODY_MAX,
    IDLE_FORMAT_TIMEOUT_MIN_S = 30 * 60,        /* idled waits so long for a sign of life, or */
                                                /* option timeout if that is longer */
};

enum idle_format_which {
    IDLE_FORMAT_INIT = 0,               /* the sender waits for changes of the mailbox */
    IDLE_FORMAT_DONE = 1,               /* not any more */
    IDLE_FORMAT_NOTIFY = 2,             /* the mailbox has changed: to idled, and passed on by it */
    IDLE_FORMAT_NOOP = 3,               /* ignored */
    IDLE_FORMAT_ALERT = 4,              /* idled ends: look at the shutdown file */
    IDLE_FORMAT_EVENT = 5,              /* something that wakes no IDLE has happened; from idled: */
                                        /* what has happened, for a watcher */
    IDLE_FORMAT_WATCH = 6,              /* the sender wants all events of the name */
    IDLE_FORMAT_PING = 7,               /* a watcher is still there; sent back with its mark */
};

/* What a watcher wants, and the first byte of keys in idled's table. */
enum idle_format_scope {
    IDLE_SCOPE_WAIT = '=',              /* INIT */
    IDLE_SCOPE_ONE = '@',               /* events of that name */
    IDLE_SCOPE_TREE = '/',              /* and of those below it; "." is everything */
};

struct idle_mark {
    uint32_t generation;                /* chosen by the watcher, never 0 */
    uint32_t number;                    /* of the last event */
};

#define IDLE_FORMAT_NO_NAME SLICE_LIT(".")

/* Write a datagram without a body; the name must fit.  Returns its size. */
static inline size_t idle_format_put(char *dst, enum idle_format_which which, struct slice name)
{
    const unsigned long w = which;

    memcpy(dst, &w, sizeof w);
    memcpy(dst + sizeof w, name.p, name.n);
    dst[sizeof w + name.n] = '\0';
    return sizeof w + name.n + 1;
}

/* Take one apart; what comes out is borrowed from it.  ERR_SYNTAX: none of ours. */
static inline err_t idle_format_get(struct slice datagram, unsigned long *which_out,
                                    struct slice *name_out, struct slice *body_out)
{
    const char *end;

    if (datagram.n < sizeof *which_out + 2 || datagram.n > IDLE_FORMAT_WHOLE_MAX)
        return ERR_SYNTAX;
    memcpy(which_out, datagram.p, sizeof *which_out);
    *name_out = slice_skip(datagram, sizeof *which_out);
    end = memchr(name_out->p, '\0', name_out->n);
    if (!end || end == name_out->p || end - name_out->p > IDLE_FORMAT_NAME_MAX ||
        *which_out > IDLE_FORMAT_PING)
        return ERR_SYNTAX;
    *body_out = slice_skip(*name_out, (size_t)(end - name_out->p) + 1);
    name_out->n = (size_t)(end - name_out->p);
    return ERR_OK;
}

/* A mark from the front of a body. */
static inline err_t idle_format_mark(struct slice *body, struct idle_mark *out)
{
    if (body->n < sizeof *out)
        return ERR_SYNTAX;
    memcpy(out, body->p, sizeof *out);
    *body = slice_skip(*body, sizeof *out);
    return ERR_OK;
}

#endif
