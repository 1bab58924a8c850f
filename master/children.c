/* children.c - see children.h */
#include "master/children.h"

#include <signal.h>
#include <sys/wait.h>

#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/mem.h"
#include "lib/os/proc.h"
#include "master/protocol.h"

struct children {
    struct map *by_pid;
};

static void free_child(void *p)
{
    struct child *c = p;

    mem_free(c->name);
    mem_free(c->path);
    mem_free(c);
}

struct children *children_new(void)
{
    struct children *t = mem_zalloc(sizeof *t);

    t->by_pid = map_new(free_child);
    return t;
}

void children_free(struct children **tp)
{
    if (!*tp)
        return;
    map_free(&(*tp)->by_pid);
    mem_free(*tp);
    *tp = NULL;
}

static struct slice key(const pid_t *pid)
{
    return slice_make(pid, sizeof *pid);
}

struct child *children_add(struct children *t, pid_t pid, enum child_kind kind, const char *name,
                           const char *path, uint64_t now_ms)
{
    struct child *c = mem_zalloc(sizeof *c);

    *c = (struct child){ .pid = pid, .kind = kind, .name = mem_strdup(name),
                         .path = mem_strdup(path), .state = POLICY_READY, .started_ms = now_ms };
    map_put(t->by_pid, key(&pid), c);
    return c;
}

struct child *children_find(const struct children *t, pid_t pid)
{
    return map_get(t->by_pid, key(&pid));
}

void children_remove(struct children *t, struct child *c)
{
    const pid_t pid = c->pid;

    map_del(t->by_pid, key(&pid));
}

size_t children_count(const struct children *t)
{
    return map_count(t->by_pid);
}

struct child *children_next(const struct children *t, size_t *pos)
{
    struct slice pid;
    void *c;

    return map_next(t->by_pid, pos, &pid, &c) ? c : NULL;
}

const char *children_kind_name(enum child_kind kind)
{
    static const char *const names[] = { [CHILD_START] = "START", [CHILD_SERVICE] = "SERVICE",
                                         [CHILD_EVENT] = "EVENT", [CHILD_DAEMON] = "DAEMON" };

    return names[kind];
}

static bool is_good(int status)
{
    return WIFEXITED(status) && (WEXITSTATUS(status) == 0 ||
                                 WEXITSTATUS(status) == PROTOCOL_EXIT_TEMPORARY);
}

/* Did it end as we wanted it to? */
static bool obeyed(const struct child *c, int status)
{
    return c->asked_ms && WIFSIGNALED(status) &&
           (WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGHUP ||
            WTERMSIG(status) == SIGKILL);
}

void children_log_end(const struct child *c, int status, uint64_t now_ms)
{
    void (*log)(const char *, ...) = is_good(status) || obeyed(c, status) ? log_debug : log_err;
    const uint64_t age = now_ms - c->started_ms;
    char end[80];

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        snprintf(end, sizeof end, "exited normally");
    else if (is_good(status))
        snprintf(end, sizeof end, "was killed");
    else
        proc_status_text(status, end, sizeof end);
    log("process type:%s name:%s path:%s age:%llu.%03llus pid:%ld %s",
        children_kind_name(c->kind), c->name, c->path, (unsigned long long)(age / 1000),
        (unsigned long long)(age % 1000), (long)c->pid, end);
}
