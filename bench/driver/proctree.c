/* proctree.c - see proctree.h */
#include "bench/driver/proctree.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "bench/driver/drive.h"
#include "lib/base/buf.h"
#include "lib/base/num.h"
#include "lib/base/vec.h"

struct proc {
    pid_t pid, parent;
    uint64_t self_ticks, children_ticks;
    uint64_t threads;
    bool inside;
};

/* Fields of /proc/PID/stat counted from the state letter, which follows the name's ')'. */
enum {
    STAT_PPID = 1,
    STAT_UTIME = 11,
    STAT_STIME = 12,
    STAT_CUTIME = 13,
    STAT_CSTIME = 14,
    STAT_THREADS = 17
};

/* Start of a file in /proc; empty when the process has gone. */
static struct slice read_proc(pid_t pid, const char *file, char *dst, size_t cap)
{
    char path[64];
    int fd;
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return SLICE_NULL;
    n = read(fd, dst, cap);
    close(fd);
    return slice_make(dst, n > 0 ? (size_t)n : 0);
}

/* Word number i (from 0) of a line, as a number; 0 when it is none. */
static uint64_t word_u64(struct slice line, unsigned i)
{
    struct slice word;
    uint64_t v;

    do
        line = slice_split(line, ' ', &word, NULL);
    while (i-- > 0);
    return num_u64(slice_trim(word), &v) ? 0 : v;
}

static bool read_stat(pid_t pid, struct proc *out)
{
    char text[1024];
    struct slice s = read_proc(pid, "stat", text, sizeof text);
    ssize_t paren = slice_rfind(s, ')');

    if (paren < 0)
        return false;
    s = slice_skip(s, (size_t)paren + 2);
    *out = (struct proc){
        .pid = pid,
        .parent = (pid_t)word_u64(s, STAT_PPID),
        .self_ticks = word_u64(s, STAT_UTIME) + word_u64(s, STAT_STIME),
        .children_ticks = word_u64(s, STAT_CUTIME) + word_u64(s, STAT_CSTIME),
        .threads = word_u64(s, STAT_THREADS),
    };
    return true;
}

static int by_pid(const void *a, const void *b)
{
    const struct proc *x = a, *y = b;

    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static void all_processes(struct vec *out)
{
    DIR *d = opendir("/proc");
    struct dirent *e;

    if (!d)
        drive_cannot("/proc is not readable");
    while ((e = readdir(d))) {
        uint32_t pid;
        struct proc p;

        if (num_u32(slice_cstr(e->d_name), &pid) == ERR_OK && read_stat((pid_t)pid, &p))
            *VEC_PUSH(out, struct proc) = p;
    }
    closedir(d);
    vec_sort(out, by_pid);
}

static struct proc *find(struct vec *all, pid_t pid)
{
    size_t lo = 0, hi = all->n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (VEC_AT(all, struct proc, mid)->pid < pid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < all->n && VEC_AT(all, struct proc, lo)->pid == pid ? VEC_AT(all, struct proc, lo)
                                                                   : NULL;
}

/* Mark what descends from root: passes over the table until one adds nothing. */
static void mark_tree(struct vec *all, pid_t root)
{
    bool again = true;

    while (again) {
        again = false;
        for (size_t i = 0; i < all->n; i++) {
            struct proc *p = VEC_AT(all, struct proc, i), *parent;

            if (p->inside)
                continue;
            parent = find(all, p->parent);
            if (p->pid == root || (parent && parent->inside))
                p->inside = again = true;
        }
    }
}

static uint64_t self_ns(const struct proc *p, uint64_t tick_ns)
{
    char text[128];
    struct slice s;

    if (p->threads == 1) {
        s = read_proc(p->pid, "schedstat", text, sizeof text);
        if (s.n > 0)
            return word_u64(s, 0);
    }
    return p->self_ticks * tick_ns;
}

uint64_t proctree_cpu_ns(pid_t root)
{
    struct vec all = VEC_INIT(struct proc);
    uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK), sum = 0;

    all_processes(&all);
    mark_tree(&all, root);
    for (size_t i = 0; i < all.n; i++) {
        const struct proc *p = VEC_AT(&all, struct proc, i);

        if (p->inside)
            sum += self_ns(p, tick_ns) + p->children_ticks * tick_ns;
    }
    vec_fini(&all);
    return sum;
}

/* Value in kB of a line "Key:   123 kB"; 0 without it. */
static uint64_t rollup_kb(struct slice text, const char *key)
{
    ssize_t at = slice_search(text, slice_cstr(key));
    struct slice number;
    uint64_t v;

    if (at < 0)
        return 0;
    slice_split(slice_trim(slice_skip(text, (size_t)at + strlen(key))), ' ', &number, NULL);
    return num_u64(number, &v) ? 0 : v;
}

struct proctree_memory proctree_memory(pid_t root)
{
    struct vec all = VEC_INIT(struct proc);
    struct proctree_memory m = { 0 };
    char text[4096];

    all_processes(&all);
    mark_tree(&all, root);
    for (size_t i = 0; i < all.n; i++) {
        const struct proc *p = VEC_AT(&all, struct proc, i);
        struct slice s;

        if (!p->inside)
            continue;
        s = read_proc(p->pid, "smaps_rollup", text, sizeof text);
        m.pss_kb += rollup_kb(s, "\nPss:");
        m.rss_kb += rollup_kb(s, "\nRss:");
        m.processes++;
    }
    vec_fini(&all);
    return m;
}
