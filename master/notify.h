/* notify.h - telling a service manager (systemd, or who speaks as it does) how master fares
 *
 * Datagrams to the UNIX socket NOTIFY_SOCKET of the environment ("@" begins an abstract name).
 * Without that variable everything here does nothing.  Nothing here waits or fails.
 */
#ifndef MASTER_NOTIFY_H
#define MASTER_NOTIFY_H

#include <stdint.h>

struct notify {
    int fd;                             /* -1: nobody wants to know */
    uint64_t watchdog_ms;               /* how often to call notify_watchdog; 0: never */
};

/* Read and remove NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of the environment, so that
 * children do not speak for us. */
void notify_open(struct notify *);
void notify_close(struct notify *);             /* says nothing */

void notify_ready(const struct notify *);       /* all services listen */
void notify_reloading(const struct notify *);   /* until the next notify_ready */
void notify_stopping(const struct notify *);
void notify_watchdog(const struct notify *);    /* still alive */

#endif
