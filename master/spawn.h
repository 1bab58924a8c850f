/* spawn.h - how master starts a program of cyrus.conf
 *
 * What the program finds is in protocol.h.  Beside that: our environment, our working
 * directory, descriptors 0-2 as ours or /dev/null, no other descriptor of ours, nothing
 * blocked and no handler, the user that services run as.
 */
#ifndef MASTER_SPAWN_H
#define MASTER_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* What is the same for all programs. */
struct spawn_setup {
    const char *user, *group;           /* to become in the child; NULL: as we are */
    bool null_stdio;                    /* /dev/null as 0-2 */
};

struct spawn_request {
    const char *const *argv;            /* NULL terminated; argv[0] is looked up */
    const char *service;                /* CYRUS_SERVICE; NULL: neither it nor CYRUS_ID */
    int id;                             /* CYRUS_ID */
    bool is_daemon;                     /* CYRUS_ISDAEMON */
    bool own_group;                     /* a process group of its own */
    bool ends_with_us;                  /* TERM when master dies without having told it */
    int status_fd, listen_fd;           /* to be descriptors 3 and 4; -1: none */
    int template_fd;                    /* to be descriptor 5, CYRUS_TEMPLATE_FD; -1: none */
    int maxfds;                         /* 0: as ours */
};

/* The file of a command word: itself when absolute, else of that name in the libexec
 * directory, the sbin directory or, in a tree that was not installed, that of master's own
 * program.  ERR_NOTFOUND: there is none (not logged); *path then names the first place. */
err_t spawn_find(const char *word, struct buf *path) NODISCARD;

/* ERR_NOTFOUND, ERR_DENIED: no such program; others: no process to be had.  Logged. */
err_t spawn_start(const struct spawn_setup *, const struct spawn_request *, const char *path,
                  pid_t *pid_out) NODISCARD;

#endif
