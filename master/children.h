/* children.h - the table of processes that master has started and not yet reaped */
#ifndef MASTER_CHILDREN_H
#define MASTER_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "master/policy.h"

struct service;

enum child_kind { CHILD_START, CHILD_SERVICE, CHILD_EVENT, CHILD_DAEMON };

struct child {
    pid_t pid;
    enum child_kind kind;
    char *name;                         /* of the entry */
    char *path;                         /* of the program */
    struct service *service;            /* services and daemons; outlives the child */
    enum policy_state state;            /* of services and daemons */
    uint64_t started_ms;                /* monotonic */
    uint64_t asked_ms;                  /* when it was asked to end; 0: was not */
    bool slow_told;                     /* the log has said that it does not end */
    bool is_template;                   /* makes workers, serves nobody; never counted by policy */
    bool last;                          /* daemon with wait=y: ends after all others */
};

struct children;

/* An empty table; children_free ends it. */
struct children *children_new(void);
void children_free(struct children **);         /* forgets the processes, ends none */

/* A new row; strings are copied.  Borrowed until children_remove(). */
struct child *children_add(struct children *, pid_t, enum child_kind, const char *name,
                           const char *path, uint64_t now_ms);
struct child *children_find(const struct children *, pid_t);    /* NULL: none of ours */
void children_remove(struct children *, struct child *);        /* frees the row */
size_t children_count(const struct children *);                 /* rows */

/* Walk: size_t pos = 0; while ((c = children_next(t, &pos))) ...  No changes meanwhile. */
struct child *children_next(const struct children *, size_t *pos);

/* "START", "SERVICE", "EVENT", "DAEMON". */
const char *children_kind_name(enum child_kind);

/* One line about how a child has ended: quiet when it ended well or was asked to. */
void children_log_end(const struct child *, int status, uint64_t now_ms);

#endif
