/* daemon.h - a small protocol daemon on serve_run(), run in a child as master would run it
 *
 * Lines it understands (answers are one line each):
 *   login USER PASSWORD     result number and words        auth MECH [TEXT]    the same
 *   step TEXT               go on with a dialogue          cancel
 *   who                     "USER ADMIN CLIENT"            tls                 "go", then TLS
 *   proc MAILBOX COMMAND    "ok"                           end                 "no", or "yes TEXT"
 *   logout                  "ok"                           id                  session id
 *   layer                   "ok", then the SASL layer
 *   quit                    ends the session without a word
 */
#ifndef CUNIT_SERVE_DAEMON_H
#define CUNIT_SERVE_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/net/stream.h"

/* Write imapd.conf: state in the directory of the run, password store with users alice, bob,
 * admin (password "secret"), no pause after failures; then these lines. */
void daemon_conf(const char *lines);

struct daemon {
    pid_t pid;
    int port;
    int status_fd;                              /* our end of the status pipe */
};

/* Start it with these further arguments (NULL terminated, NULL for none). */
void daemon_start(struct daemon *, const char *const *args);
int daemon_wait(struct daemon *);               /* exit status once it has ended by itself */
int daemon_stop(struct daemon *);               /* TERM, then the same */
/* Next status message; -1: the pipe is closed. */
int daemon_message(struct daemon *);

struct stream *daemon_connect(struct daemon *);
/* Send a line, return the answer (static buffer); "" when the connection is closed. */
const char *daemon_ask(struct stream *, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Run serve_run() in a child without sockets; standard error into *text (static buffer). */
int daemon_run(const char *const *args, const char **text);

const char *daemon_path(const char *name);      /* below the directory of the run; 8 static buffers */

#endif
