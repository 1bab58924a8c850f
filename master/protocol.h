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

enum {
    PROTOCOL_EXIT_TEMPORARY = 75,       /* EX_TEMPFAIL: gave up for now, is no failure */
};

#endif
