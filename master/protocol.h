/* protocol.h - what a service process gets from master, and tells it
 *
 * formats/internal-protocols.md section 1, binding for programs outside of this suite too.
 * In a service descriptor 3 is the pipe to master and 4 the listening socket; every message
 * is 8 bytes in native order, written at once: int32 message, int32 pid.
 */
#ifndef MASTER_PROTOCOL_H
#define MASTER_PROTOCOL_H

#include <assert.h>
#include <stdint.h>

enum {
    PROTOCOL_STATUS_FD = 3,
    PROTOCOL_LISTEN_FD = 4,
    PROTOCOL_TEMPLATE_FD = 5,           /* where a template is wanted, see below */
};

enum protocol_message {
    PROTOCOL_AVAILABLE = 1,             /* will take a connection */
    PROTOCOL_UNAVAILABLE = 2,           /* has taken one, or is about to end */
    PROTOCOL_CONNECTION = 3,            /* serves one: to be counted */
    PROTOCOL_CONNECTION_MULTI = 4,      /* the same, and will take more at the same time */
};

struct protocol_status {
    int32_t message;
    int32_t pid;
};
static_assert(sizeof(struct protocol_status) == 8, "status messages have 8 bytes");

#define PROTOCOL_ENV_SERVICE "CYRUS_SERVICE"    /* name of the entry */
#define PROTOCOL_ENV_ID "CYRUS_ID"              /* 0, 1 ...: number of the listener */
#define PROTOCOL_ENV_DAEMON "CYRUS_ISDAEMON"    /* "1": entry of section DAEMON */

/* What a DAEMON entry with wait=y writes to descriptor 3 when it is ready. */
#define PROTOCOL_DAEMON_READY "ok\r\n"

/* ---- template processes: an addition of ours, which other programs need not know ----
 *
 * One child of a listener finds PROTOCOL_ENV_TEMPLATE, the number of a descriptor with a socket
 * (AF_UNIX, SOCK_SEQPACKET).  A program that does not look at it is a service process like any
 * other.  One that does gets ready for work up to where its state can no longer be shared, says
 * HELLO, and from then on accepts no connection itself: for each FORK it makes a worker, which is
 * a child of master (a subreaper) and begins with WORKER.  From there on a worker is a service
 * process like any other, with descriptors 3 and 4.
 *
 * A template ends with status 0 when it is told to (HUP, TERM, end of the socket), or when it is
 * asked for a worker after its program or what it was configured from has changed; what was asked
 * for and not answered by then is void.  A worker that cannot say WORKER ends without a word.
 */
#define PROTOCOL_ENV_TEMPLATE "CYRUS_TEMPLATE_FD"

enum protocol_template_message {
    PROTOCOL_T_HELLO = 1,               /* template: from now on I am one */
    PROTOCOL_T_FORK = 2,                /* master: one more worker */
    PROTOCOL_T_WORKER = 3,              /* worker: here I am */
    PROTOCOL_T_FAILED = 4,              /* template: a worker that was asked for cannot be made */
};

struct protocol_template {
    int32_t message;
    int32_t pid;                        /* of the sender */
};
static_assert(sizeof(struct protocol_template) == 8, "messages of templates have 8 bytes");

enum {
    PROTOCOL_EXIT_TEMPORARY = 75,       /* EX_TEMPFAIL: gave up for now, is no failure */
};

#endif
