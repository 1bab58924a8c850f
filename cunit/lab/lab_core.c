/* lab_core.c - see lab_core.h */
#include "cunit/lab/lab_core.h"
#include "cunit/lab/lab_write.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* cunit/lab/Lab/Control.pm writes the same bytes. */
_Static_assert(offsetof(struct lab_control, calls) == 48, "layout");
_Static_assert(offsetof(struct lab_control, last_pid) == 560, "layout");
_Static_assert(offsetof(struct lab_control, roots) == 856, "layout");
_Static_assert(offsetof(struct lab_control, rules) == 2904 && sizeof(struct lab_rule) == 160,
               "layout");

/* Process-wide: the library has no other place to keep it. */
static struct {
    bool tried;
    struct lab_control *control;
    char program[32];
} lab;

/* As much of it as there is room for. */
static void copy_text(char *to, size_t size, const char *text)
{
    size_t n = strnlen(text, size - 1);

    memcpy(to, text, n);
    to[n] = '\0';
}

static void learn_program(void)
{
    char path[LAB_OP_PATH];
    ssize_t n = syscall(SYS_readlink, "/proc/self/exe", path, sizeof path - 1);

    path[n > 0 ? n : 0] = '\0';
    const char *slash = strrchr(path, '/');
    copy_text(lab.program, sizeof lab.program, slash ? slash + 1 : path);
}

static void attach(void)
{
    const char *path = getenv("LAB_CONTROL");
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;

    lab.tried = true;
    if (fd < 0)
        return;
    void *p = (void *)syscall(SYS_mmap, NULL, sizeof *lab.control, PROT_READ | PROT_WRITE,
                              MAP_SHARED, fd, 0L);
    syscall(SYS_close, fd);
    if (p == MAP_FAILED)
        return;
    struct lab_control *c = p;
    if (c->magic == LAB_MAGIC && c->version == LAB_VERSION)
        lab.control = c;
    learn_program();
}

__attribute__((constructor)) static void at_start(void)
{
    int saved = errno;

    attach();
    errno = saved;
}

struct lab_control *lab_control(void)
{
    if (!lab.tried)
        at_start();
    return lab.control && lab.control->enabled ? lab.control : NULL;
}

struct lab_control *lab_block(void)
{
    return lab.control;
}

/* ---- which calls ---- */

static bool below(const char (*list)[LAB_PATH], const char *path)
{
    for (int i = 0; i < LAB_NROOTS; i++) {
        size_t n = strlen(list[i]);
        if (n && strncmp(list[i], path, n) == 0 && (path[n] == '/' || !path[n]))
            return true;
    }
    return false;
}

static bool is_watched(const struct lab_control *c, const char *path)
{
    return below(c->roots, path) && !below(c->except, path);
}

static void path_of_fd(int fd, char *path, size_t size)
{
    static const char gone[] = " (deleted)";
    char link[32];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = syscall(SYS_readlink, link, path, size - 1);
    n = n > 0 ? n : 0;
    path[n] = '\0';
    if (n > (ssize_t)sizeof gone && strcmp(path + n - (sizeof gone - 1), gone) == 0)
        path[n - (ssize_t)(sizeof gone - 1)] = '\0';
}

/* Select the rule that acts; every rule that selects the call counts it. */
static void select_rules(struct lab_op *op)
{
    struct lab_control *c = lab.control;

    __atomic_add_fetch(&c->calls[op->call], 1, __ATOMIC_RELAXED);
    for (int i = 0; i < LAB_NRULES; i++) {
        struct lab_rule *r = &c->rules[i];
        if (!(r->mask & LAB_BIT(op->call)) || (r->program[0] && strcmp(r->program, lab.program)) ||
            (r->path[0] && !strstr(op->path, r->path)))
            continue;
        uint64_t n = __atomic_add_fetch(&r->counter, 1, __ATOMIC_RELAXED);
        if (!r->from || n < r->from || (r->until && n > r->until))
            continue;
        if (r->action == LAB_SWALLOW)
            op->swallow = r;
        else if (!op->rule && r->action != LAB_COUNT)
            op->rule = r;
    }
}

static void start(struct lab_op *op, enum lab_call call)
{
    op->call = call;
    op->watched = false;
    op->rule = op->swallow = NULL;
    op->path[0] = '\0';
}

void lab_op_fd(struct lab_op *op, enum lab_call call, int fd, enum lab_call if_socket)
{
    struct lab_control *c = lab_control();
    int saved = errno;

    start(op, call);
    if (c && fd >= 0) {
        path_of_fd(fd, op->path, sizeof op->path);
        if (strncmp(op->path, "socket:", 7) == 0) {
            op->call = if_socket;
            op->watched = if_socket != LAB_NCALLS;
            op->path[0] = '\0';
        } else {
            op->watched = call != LAB_NCALLS && is_watched(c, op->path);
        }
    }
    errno = saved;
}

void lab_op_path(struct lab_op *op, enum lab_call call, int dirfd, const char *path)
{
    struct lab_control *c = lab_control();
    int saved = errno;

    start(op, call);
    if (c && path) {
        size_t n = 0;
        if (path[0] != '/') {
            if (dirfd == AT_FDCWD)
                n = syscall(SYS_getcwd, op->path, sizeof op->path) > 0 ? strlen(op->path) : 0;
            else
                path_of_fd(dirfd, op->path, sizeof op->path), n = strlen(op->path);
            while (path[0] == '.' && path[1] == '/')
                path += 2;
        }
        snprintf(op->path + n, sizeof op->path - n, "%s%s", path[0] == '/' ? "" : "/", path);
        op->watched = is_watched(c, op->path);
    }
    errno = saved;
}

void lab_op_bare(struct lab_op *op, enum lab_call call)
{
    start(op, call);
    op->watched = lab_control() != NULL;
}

/* ---- what becomes of a call ---- */

static void note_last(const struct lab_op *op)
{
    struct lab_control *c = lab.control;

    c->last_pid = (uint32_t)getpid();
    c->last_call = (uint32_t)op->call;
    memcpy(c->last_program, lab.program, sizeof c->last_program);
    copy_text(c->last_path, sizeof c->last_path, op->path);
    __atomic_add_fetch(&op->rule->fired, 1, __ATOMIC_RELAXED);
}

static void die(bool group)
{
    if (group && lab.control->group)
        syscall(SYS_kill, -(pid_t)lab.control->group, SIGKILL);
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;)
        syscall(SYS_pause);
}

static void wait_us(uint64_t us)
{
    struct timespec t = { .tv_sec = (time_t)(us / 1000000),
                          .tv_nsec = (long)(us % 1000000) * 1000 };

    while (syscall(SYS_nanosleep, &t, &t) < 0 && errno == EINTR)
        ;
}

enum lab_verdict lab_before(struct lab_op *op)
{
    int saved = errno;

    if (!op->watched)
        return LAB_MAKE;
    if (op->call <= LAB_CHMOD)
        lab_tick();
    select_rules(op);
    if (!op->rule)
        return LAB_MAKE;
    note_last(op);
    switch (op->rule->action) {
    case LAB_KILL:
    case LAB_KILL_GROUP:
        die(op->rule->action == LAB_KILL_GROUP);
        break;
    case LAB_ERRNO:
        errno = (int)op->rule->error;
        return LAB_REFUSE;
    case LAB_SKIP:
        return LAB_PRETEND;
    case LAB_DELAY:
        wait_us(op->rule->delay_us);
        break;
    default:
        break;
    }
    errno = saved;
    return LAB_MAKE;
}

long lab_after(struct lab_op *op, long result, long good)
{
    switch (op->rule ? op->rule->action : LAB_COUNT) {
    case LAB_KILL_AFTER:
    case LAB_KILL_GROUP_AFTER:
        die(op->rule->action == LAB_KILL_GROUP_AFTER);
        break;
    case LAB_ERRNO_AFTER:
        errno = (int)op->rule->error;
        result = -1;
        break;
    case LAB_TEAR:
        if (result >= 0)
            result = good;
        break;
    default:
        break;
    }
    if (result < 0 && op->swallow) {
        __atomic_add_fetch(&op->swallow->fired, 1, __ATOMIC_RELAXED);
        return good;
    }
    return result;
}

size_t lab_allowed(const struct lab_op *op, size_t n)
{
    if (op->rule && op->rule->action == LAB_SHORT && n > op->rule->count)
        return op->rule->count ? (size_t)op->rule->count : 1;
    if (op->rule && op->rule->action == LAB_TEAR)
        return n / 2;
    return n;
}
