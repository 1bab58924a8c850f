/* disk.c - see disk.h; without <unistd.h>, whose inline functions of a fortified build would
 * be in the way */
#include "cunit/db/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

long syscall(long number, ...);
void _exit(int status) __attribute__((noreturn));
ssize_t read(int fd, void *p, size_t n);
int close(int fd);

ssize_t write(int fd, const void *p, size_t n);
ssize_t pwrite(int fd, const void *p, size_t n, off_t at);
int fsync(int fd);
int fdatasync(int fd);
int ftruncate(int fd, off_t size);
int rename(const char *from, const char *to);
int unlink(const char *path);
int open(const char *path, int flags, ...);
off_t lseek(int fd, off_t at, int whence);

enum { MAX_STEPS = 20000, MAX_FILES = 4096 };

static struct {
    int steps, kill_at;
    int fail_at, fail_times, fail_errno;
    bool recording;
    struct disk_step *list;
    size_t n;
} plan;

static struct {
    dev_t dev;
    ino_t ino;
    bool gone;                          /* unlinked: the inode number may come again */
    char *path;                         /* NULL: made while recording */
    void *content;
    size_t n;
} files[MAX_FILES];
static int nfiles;

void disk_clear(void)
{
    for (size_t i = 0; i < plan.n; i++) {
        free(plan.list[i].path);
        free(plan.list[i].to);
        free(plan.list[i].bytes);
    }
    free(plan.list);
    memset(&plan, 0, sizeof plan);
    for (int i = 0; i < nfiles; i++) {
        free(files[i].path);
        free(files[i].content);
    }
    memset(files, 0, sizeof files);
    nfiles = 0;
}

int disk_steps(void)
{
    return plan.steps;
}

void disk_kill_at(int n)
{
    plan.kill_at = plan.steps + n;
}

void disk_fail_at(int n, int times, int errno_value)
{
    plan.fail_at = plan.steps + n;
    plan.fail_times = times;
    plan.fail_errno = errno_value;
}

void disk_record(void)
{
    plan.recording = true;
    plan.list = calloc(MAX_STEPS, sizeof *plan.list);
}

void disk_record_end(void)
{
    plan.recording = false;
}

const struct disk_step *disk_recorded(size_t *n)
{
    *n = plan.n;
    return plan.list;
}

bool disk_before(size_t i, int *file, const char **path, const void **content, size_t *n)
{
    for (int k = 0; k < nfiles; k++) {
        if (!files[k].path || i-- > 0)
            continue;
        *file = k;
        *path = files[k].path;
        *content = files[k].content;
        *n = files[k].n;
        return true;
    }
    return false;
}

/* Count it; true: it shall fail.  May not return. */
static bool step(void)
{
    int n = ++plan.steps;

    if (plan.kill_at == n)
        _exit(DISK_KILLED);
    if (!plan.fail_at || n < plan.fail_at || n >= plan.fail_at + plan.fail_times)
        return false;
    errno = plan.fail_errno;
    return true;
}

/* ---- remembering -------------------------------------------------------- */

static char *copy_text(const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = malloc(n);

    return p ? memcpy(p, s, n) : NULL;
}

/* Number of the file behind a descriptor; -1 if it is not a regular one. */
static int number_of(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return -1;
    for (int i = 0; i < nfiles; i++)
        if (!files[i].gone && files[i].dev == st.st_dev && files[i].ino == st.st_ino)
            return i;
    if (nfiles == MAX_FILES)
        abort();
    files[nfiles].dev = st.st_dev;
    files[nfiles].ino = st.st_ino;
    return nfiles++;
}

static struct disk_step *remember(enum disk_kind kind, int file)
{
    if (!plan.recording || plan.n == MAX_STEPS)
        return NULL;
    struct disk_step *s = &plan.list[plan.n++];
    s->kind = kind;
    s->file = file;
    return s;
}

static void remember_write(int fd, const void *p, ssize_t n, uint64_t at)
{
    int file = plan.recording && n > 0 ? number_of(fd) : -1;
    struct disk_step *s = file >= 0 ? remember(DISK_WRITE, file) : NULL;

    if (!s)
        return;
    s->at = at;
    s->n = (size_t)n;
    s->bytes = malloc(s->n);
    memcpy(s->bytes, p, s->n);
}

static void remember_open(int fd, const char *path, bool created)
{
    int known = nfiles, file = number_of(fd);
    struct stat st;

    if (file < 0)
        return;
    if (created) {
        struct disk_step *s = remember(DISK_CREATE, file);
        if (s)
            s->path = copy_text(path);
    } else if (file == known && fstat(fd, &st) == 0) {
        files[file].path = copy_text(path);
        files[file].n = (size_t)st.st_size;
        files[file].content = malloc(files[file].n + 1);
        if (syscall(SYS_pread64, fd, files[file].content, files[file].n, 0L) != st.st_size)
            abort();
    }
}

static void forget_inode(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return;
    for (int i = 0; i < nfiles; i++)
        if (files[i].dev == st.st_dev && files[i].ino == st.st_ino)
            files[i].gone = true;
}

/* ---- the calls ---------------------------------------------------------- */

ssize_t write(int fd, const void *p, size_t n)
{
    if (fd <= 2)
        return syscall(SYS_write, fd, p, n);
    if (step())
        return -1;
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t done = syscall(SYS_write, fd, p, n);
    if (at >= 0)
        remember_write(fd, p, done, (uint64_t)at);
    return done;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    if (step())
        return -1;
    ssize_t done = syscall(SYS_pwrite64, fd, p, n, at);
    remember_write(fd, p, done, (uint64_t)at);
    return done;
}

/* No real sync: it would only take time. */
static int sync_call(int fd)
{
    struct stat st;

    if (step())
        return -1;
    if (plan.recording && fstat(fd, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            remember(DISK_SYNC_DIR, -1);
        else
            remember(DISK_SYNC, number_of(fd));
    }
    return 0;
}

int fsync(int fd)
{
    return sync_call(fd);
}

int fdatasync(int fd)
{
    return sync_call(fd);
}

int ftruncate(int fd, off_t size)
{
    if (step())
        return -1;
    if (plan.recording) {
        struct disk_step *s = remember(DISK_TRUNCATE, number_of(fd));
        if (s)
            s->at = (uint64_t)size;
    }
    return (int)syscall(SYS_ftruncate, fd, size);
}

int rename(const char *from, const char *to)
{
    if (step())
        return -1;
    if (plan.recording) {
        struct disk_step *s = remember(DISK_RENAME, -1);
        if (s) {
            s->path = copy_text(from);
            s->to = copy_text(to);
        }
        forget_inode(to);
    }
    return (int)syscall(SYS_rename, from, to);
}

int unlink(const char *path)
{
    struct stat st;

    if (step())
        return -1;
    if (plan.recording && stat(path, &st) == 0) {
        struct disk_step *s = remember(DISK_UNLINK, -1);
        if (s)
            s->path = copy_text(path);
        forget_inode(path);
    }
    return (int)syscall(SYS_unlink, path);
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    bool created = false;
    struct stat st;

    if (flags & O_CREAT) {
        va_list ap;
        va_start(ap, flags);
        mode = (mode_t)va_arg(ap, int);
        va_end(ap);
        created = stat(path, &st) != 0;
    }
    if (created && step())
        return -1;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0 && plan.recording) {
        remember_open(fd, path, created);
        if ((flags & O_TRUNC) && !created)
            remember(DISK_TRUNCATE, number_of(fd));
    }
    return fd;
}

/* the names that a library compiled for large files uses */
ssize_t pwrite64(int fd, const void *p, size_t n, off_t at) __attribute__((alias("pwrite")));
int ftruncate64(int fd, off_t size) __attribute__((alias("ftruncate")));
int open64(const char *path, int flags, ...) __attribute__((alias("open")));
