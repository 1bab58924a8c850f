/* map.c - see map.h
 *
 * Each window stands in a list that the SIGBUS handler reads.  The list changes only in
 * filemap_* calls, which touch no mapped byte, so the handler never meets it half done.
 */
#include "lib/os/map.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GROWTH_MIN = 256 * 1024 };       /* address space mapped beyond the end, at least */

struct filemap_window {
    struct filemap_window *next, **back;
    char *base;
    size_t size;                        /* whole pages */
    volatile sig_atomic_t faulted;
    bool told;                          /* the fault has been logged */
};

static struct filemap_window *windows;
static size_t page_size;

/* Runs at the instruction that touched a missing page.  mmap and sigaction are plain
 * system calls here. */
static void on_sigbus(int signo, siginfo_t *info, void *context)
{
    const int saved = errno;
    char *at = info->si_addr;

    (void)context;
    for (struct filemap_window *w = windows; w; w = w->next) {
        if (at < w->base || at >= w->base + w->size)
            continue;
        char *page = w->base + (size_t)(at - w->base) / page_size * page_size;
        w->faulted = 1;
        if (mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
            MAP_FAILED) {
            errno = saved;
            return;
        }
    }
    signal(signo, SIG_DFL);             /* the repeated access ends the process */
}

void filemap_guard(void)
{
    struct sigaction sa = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

    if (page_size)
        return;
    page_size = (size_t)sysconf(_SC_PAGESIZE);
    sigemptyset(&sa.sa_mask);
    sigaction(SIGBUS, &sa, NULL);
}

static struct filemap_window *window_new(char *base, size_t size)
{
    struct filemap_window *w = mem_zalloc(sizeof *w);

    w->base = base;
    w->size = size;
    w->next = windows;
    w->back = &windows;
    if (windows)
        windows->back = &w->next;
    windows = w;
    return w;
}

void filemap_fini(struct filemap *m)
{
    struct filemap_window *w = m->win;

    *m = (struct filemap)FILEMAP_INIT;
    if (!w)
        return;
    *w->back = w->next;
    if (w->next)
        w->next->back = w->back;
    munmap(w->base, w->size);
    mem_free(w);
}

/* Map `size` bytes plus `spare`, in whole pages; m holds nothing. */
static err_t map_window(struct filemap *m, int fd, uint64_t size, size_t spare, const char *path)
{
    filemap_guard();
    if (size > SIZE_MAX / 4 - spare) {
        log_err("IOERROR: file too large to map: filename=<%s> size=<%llu>", path,
                (unsigned long long)size);
        return ERR_LIMIT;
    }
    size_t want = ((size_t)size + spare + page_size - 1) / page_size * page_size;
    void *base = mmap(NULL, want, PROT_READ, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED)
        return LOG_IO("mmap", path);
    m->win = window_new(base, want);
    return ERR_OK;
}

err_t filemap_refresh(struct filemap *m, int fd, uint64_t size, const char *path)
{
    struct filemap_window *w = m->win;

    if (w && (w->faulted || size > w->size))
        filemap_fini(m);
    if (!m->win && size) {
        err_t err = map_window(m, fd, size, (size_t)(size / 4) + GROWTH_MIN, path);
        if (err)
            return err;
    }
    m->base = m->win ? m->win->base : NULL;
    m->len = (size_t)size;
    return ERR_OK;
}

err_t filemap_open(struct filemap *m, const char *path)
{
    int fd;
    uint64_t size = 0;
    err_t err = file_open(path, O_RDONLY, 0, &fd);

    filemap_fini(m);
    if (err == ERR_OK)
        err = file_size(fd, path, &size);
    if (err == ERR_OK && size)
        err = map_window(m, fd, size, 0, path);
    file_close(&fd);
    if (err == ERR_OK && size) {
        m->base = m->win->base;
        m->len = (size_t)size;
    }
    return err;
}

err_t filemap_ok(struct filemap *m, const char *path)
{
    if (!m->win || !m->win->faulted)
        return ERR_OK;
    if (!m->win->told)
        log_err("IOERROR: file shrank while it was read: filename=<%s>", path);
    m->win->told = true;
    return ERR_IO;
}
