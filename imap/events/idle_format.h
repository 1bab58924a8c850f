/* idle_format.h - datagrams between whoever changes a mailbox, idled, and who waits for it
 *
 * formats/internal-protocols.md section 3, byte for byte as 3.6.1:
 *
 *   unsigned long which     native size and order
 *   mailbox name            internal form, "." when there is none
 *   NUL
 *
 * All sockets are AF_UNIX datagram sockets of mode 0777: idled's is option idlesocket, that of a
 * waiting process <configdirectory>/socket/idle.<pid>.
 */
#ifndef EVENTS_IDLE_FORMAT_H
#define EVENTS_IDLE_FORMAT_H

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

enum {
    IDLE_FORMAT_NAME_MAX = 1023,        /* bytes of a name; longer ones are refused */
    IDLE_FORMAT_MAX = sizeof(unsigned long) + IDLE_FORMAT_NAME_MAX + 1,
    IDLE_FORMAT_TIMEOUT_MIN_S = 30 * 60,        /* idled waits so long for a sign of life, or */
                                                /* option timeout if that is longer */
};

enum idle_format_which {
    IDLE_FORMAT_INIT = 0,               /* the sender waits for changes of the mailbox */
    IDLE_FORMAT_DONE = 1,               /* not any more */
    IDLE_FORMAT_NOTIFY = 2,             /* the mailbox has changed: to idled, and passed on by it */
    IDLE_FORMAT_NOOP = 3,               /* ignored */
    IDLE_FORMAT_ALERT = 4,              /* idled ends: look at the shutdown file */
};

#define IDLE_FORMAT_NO_NAME SLICE_LIT(".")

/* Write a datagram; the name must fit.  Returns its size. */
static inline size_t idle_format_put(char dst[IDLE_FORMAT_MAX], enum idle_format_which which,
                                     struct slice name)
{
    const unsigned long w = which;

    memcpy(dst, &w, sizeof w);
    memcpy(dst + sizeof w, name.p, name.n);
    dst[sizeof w + name.n] = '\0';
    return sizeof w + name.n + 1;
}

/* Take one apart; *name_out is borrowed from it.  ERR_SYNTAX: none of ours. */
static inline err_t idle_format_get(struct slice datagram, unsigned long *which_out,
                                    struct slice *name_out)
{
    const char *end;

    if (datagram.n < sizeof *which_out + 2 || datagram.n > IDLE_FORMAT_MAX)
        return ERR_SYNTAX;
    memcpy(which_out, datagram.p, sizeof *which_out);
    *name_out = slice_skip(datagram, sizeof *which_out);
    end = memchr(name_out->p, '\0', name_out->n);
    if (!end || end == name_out->p || *which_out > IDLE_FORMAT_ALERT)
        return ERR_SYNTAX;
    name_out->n = (size_t)(end - name_out->p);
    return ERR_OK;
}

#endif
