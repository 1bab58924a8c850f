/* recover_stage.c - staging directories after a crash (see recover.h) */
#include "imap/store/recover.h"

#include <errno.h>
#include <signal.h>

#include "imap/store/durable.h"
#include "imap/store/mailbox_impl.h"
#include "imap/store/partition.h"
#include "lib/base/num.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

enum { PROC_STAT_MAX = 4096 };

struct stage_dir {
    const char *path;
    time_t start;                       /* of the server */
};

/* Dead and waiting to be collected: it writes nothing any more. */
static bool is_zombie(pid_t pid)
{
    struct buf path = BUF_INIT, text = BUF_INIT;
    ssize_t at;
    bool zombie = false;

    buf_addf(&path, "/proc/%d/stat", (int)pid);
    if (file_load(buf_cstr(&path), PROC_STAT_MAX, &text) == ERR_OK) {
        at = slice_rfind(buf_slice(&text), ')');        /* behind the name, which may hold anything */
        zombie = at >= 0 && slice_starts(slice_skip(buf_slice(&text), (size_t)at), SLICE_LIT(") Z"));
    }
    buf_fini(&path);
    buf_fini(&text);
    return zombie;
}

static bool is_gone(pid_t pid)
{
    return (kill(pid, 0) < 0 && errno == ESRCH) || is_zombie(pid);
}

/* "<pid>-<time>-<n>" */
static bool is_left_over(const char *name, time_t start)
{
    struct slice pid, when;
    uint32_t p;
    uint64_t t;

    struct slice rest = slice_split(slice_cstr(name), '-', &pid, NULL);
    slice_split(rest, '-', &when, NULL);
    if (num_u32(pid, &p) != ERR_OK || num_u64(when, &t) != ERR_OK || !p || p > INT32_MAX)
        return false;
    return (time_t)t < start || is_gone((pid_t)p);
}

static err_t check_staged(void *arg, const char *name, enum dir_type type)
{
    const struct stage_dir *d = arg;
    struct buf path = BUF_INIT;

    if (type != DIR_DIR && is_left_over(name, d->start)) {
        buf_addf(&path, "%s/%s", d->path, name);
        (void)!durable_unlink(buf_cstr(&path));
    }
    buf_fini(&path);
    return ERR_OK;
}

void recover_stage_dir(struct slice partition, time_t start)
{
    struct buf path = BUF_INIT;
    struct stage_dir d;

    if (partition_stage_dir(partition, &path) == ERR_OK) {
        d = (struct stage_dir){ buf_cstr(&path), start };
        (void)!dir_list(d.path, check_staged, &d);
    }
    buf_fini(&path);
}
