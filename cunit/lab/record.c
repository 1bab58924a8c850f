/* record.c - see record.h: the log that a run leaves behind */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cunit/lab/lab_core.h"

enum { ALIGN = 8, SPINS = 2000 };

/* Process-wide: the mapped log. */
static char *log_bytes;

static bool attach_log(const struct lab_control *c)
{
    char path[LAB_OP_PATH];

    if (log_bytes)
        return true;
    snprintf(path, sizeof path, "%s.log", getenv("LAB_CONTROL"));
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        return false;
    void *p =
        (void *)syscall(SYS_mmap, NULL, c->log_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
    syscall(SYS_close, fd);
    if (p != MAP_FAILED)
        log_bytes = p;
    return log_bytes != NULL;
}

bool lab_recording(const struct lab_op *op)
{
    struct lab_control *c = lab_control();

    return c && c->record && op->watched && attach_log(c);
}

static bool take(uint32_t expected)
{
    return __atomic_compare_exchange_n(&lab_block()->log_lock, &expected, (uint32_t)getpid(), false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* A process that died with the lock does not keep it. */
void lab_log_lock(void)
{
    for (unsigned n = 0; !take(0); n++) {
        uint32_t owner = __atomic_load_n(&lab_block()->log_lock, __ATOMIC_RELAXED);
        if (n > SPINS && owner && syscall(SYS_kill, (pid_t)owner, 0) < 0 && errno == ESRCH &&
            take(owner))
            return;
        sched_yield();
    }
}

void lab_log_unlock(void)
{
    __atomic_store_n(&lab_block()->log_lock, 0, __ATOMIC_RELEASE);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static size_t length(const char *s)
{
    return s ? strlen(s) : 0;
}

static char *put(char *to, const void *p, size_t n)
{
    if (n)
        memcpy(to, p, n);
    return to + n;
}

uint64_t lab_log(const struct lab_note *note)
{
    struct lab_control *c = lab_block();
    struct lab_event e = {
        .type = (uint16_t)note->type,
        .pid = (uint32_t)getpid(),
        .ino = note->ino,
        .at = note->at,
        .arg = note->arg,
        .time = now_ns(),
        .path_len = (uint32_t)length(note->path),
        .path2_len = (uint32_t)length(note->path2),
        .data_len = (uint32_t)note->n,
    };
    size_t size = sizeof e + e.path_len + e.path2_len + note->n;
    uint64_t at = c->log_used;

    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    e.size = (uint32_t)size;
    if (at + size > c->log_size) {
        c->log_full = 1;
        return at;
    }
    char *p = put(log_bytes + at, &e, sizeof e);
    p = put(p, note->path, e.path_len);
    p = put(p, note->path2, e.path2_len);
    put(p, note->data, note->n);
    __atomic_store_n(&c->log_used, at + size, __ATOMIC_RELEASE);
    return at;
}

uint64_t lab_ino(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

uint64_t lab_ino_at(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 ? st.st_ino : 0;
}
