/* mailbox_pool.c - see mailbox_pool.h and mailbox_impl.h */
#include "imap/store/mailbox_pool.h"

#include <fcntl.h>
#include <unistd.h>

#include "imap/store/lockorder.h"
#include "imap/store/mailbox_impl.h"
#include "imap/store/mbentry.h"
#include "imap/store/partition.h"
#include "lib/base/bug.h"
#include "lib/base/clock.h"
#include "lib/base/endian.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"
#include "lib/os/file.h"

struct mailbox_pool {
    struct map *cores;                  /* index path -> struct mailbox_core * */
    struct vec idle;                    /* struct mailbox *, oldest first */
    size_t open;                        /* views that are not idle */
    struct map *staged;                 /* partitions where this process has staged messages */
    time_t start_time;
};

/* ---- the server's start ---- */

/* When this machine was started: pages of the page cache are not older. */
static time_t boot_time(void)
{
    struct timespec up;

    return clock_gettime(CLOCK_BOOTTIME, &up) == 0 ? time(NULL) - up.tv_sec : 0;
}

/* ctl_cyrusdb -r, the first thing that master starts, leaves the time here
 * (formats/cyrusdb.md 6.4). */
static time_t stamp_time(void)
{
    struct buf path = BUF_INIT;
    uint8_t stamp[4];
    size_t got = 0;
    int fd = -1;

    conf_dir(&path, "db/skipstamp");
    if (file_open(buf_cstr(&path), O_RDONLY, 0, &fd) == ERR_OK &&
        file_read(fd, path.p, stamp, sizeof stamp, &got) != ERR_OK)
        got = 0;
    file_close(&fd);
    buf_fini(&path);
    return got == sizeof stamp ? (time_t)be32_get(stamp) : 0;
}

static struct mailbox_pool *pool_of(struct store *s)
{
    if (!s->mailboxes) {
        struct mailbox_pool *p = mem_zalloc(sizeof *p);
        time_t boot = boot_time(), stamp = stamp_time();
        p->cores = map_new(NULL);
        p->staged = map_new(NULL);
        vec_init(&p->idle, sizeof(struct mailbox *));
        p->start_time = boot > stamp ? boot : stamp;
        s->mailboxes = p;
    }
    return s->mailboxes;
}

time_t pool_start_time(struct store *s)
{
    return pool_of(s)->start_time;
}

bool pool_first_stage(struct store *s, struct slice partition)
{
    struct mailbox_pool *p = pool_of(s);

    if (map_has(p->staged, partition))
        return false;
    map_put(p->staged, partition, p);
    return true;
}

/* ---- cores ---- */

static struct mailbox_core *core_new(struct mailbox_pool *p, struct slice index_path,
                                     struct slice lock_path)
{
    struct mailbox_core *core = mem_zalloc(sizeof *core);

    core->fd = core->lock_fd = -1;
    buf_add_slice(&core->index_path, index_path);
    buf_add_slice(&core->lock_path, lock_path);
    (void)buf_cstr(&core->index_path);
    (void)buf_cstr(&core->lock_path);
    map_put(p->cores, index_path, core);
    return core;
}

static void core_release(struct mailbox_pool *p, struct mailbox_core *core)
{
    if (--core->views)
        return;
    BUG_UNLESS(!core->lock_depth && !core->index_depth && !core->commit);
    map_del(p->cores, buf_slice(&core->index_path));
    file_close(&core->fd);
    file_close(&core->lock_fd);
    buf_fini(&core->index_path);
    buf_fini(&core->lock_path);
    mem_free(core);
}

static err_t core_for(struct store *s, const struct mbentry *e, struct mailbox_core **out)
{
    struct mailbox_pool *p = pool_of(s);
    struct buf index = BUF_INIT, lock = BUF_INIT;
    err_t err = partition_file(e, FILE_INDEX, &index);

    *out = err ? NULL : map_get(p->cores, buf_slice(&index));
    if (!err && !*out) {
        err = partition_lock_path(e, &lock);
        if (!err)
            *out = core_new(p, buf_slice(&index), buf_slice(&lock));
    }
    if (*out)
        (*out)->views++;
    buf_fini(&index);
    buf_fini(&lock);
    return err;
}

struct mailbox_core *pool_find(struct store *s, struct slice index_path)
{
    return s->mailboxes ? map_get(s->mailboxes->cores, index_path) : NULL;
}

static err_t open_index(struct mailbox_core *core, int *fd_out)
{
    err_t err = file_open(core->index_path.p, O_RDWR, 0, fd_out);

    core->writable = !err;
    if (err == ERR_READONLY || err == ERR_DENIED)
        err = file_open(core->index_path.p, O_RDONLY, 0, fd_out);
    return err;
}

err_t core_open(struct mailbox_core *core)
{
    return core->fd >= 0 ? ERR_OK : core_reopen(core);
}

err_t core_reopen(struct mailbox_core *core)
{
    BUG_UNLESS(!core->index_depth);
    file_close(&core->fd);
    core->serial++;
    core->nlink = 1;
    return open_index(core, &core->fd);
}

/* ---- locks of a core ---- */

err_t core_lock_mailbox(struct mailbox_core *core, enum lock_mode mode, int timeout_ms)
{
    err_t err = ERR_OK;

    if (core->lock_depth) {
        if (mode == LOCK_EXCLUSIVE && core->lock_mode == LOCK_SHARED)
            return ERR_LOCKED;
        core->lock_depth++;
        return ERR_OK;
    }
    if (core->lock_fd < 0)
        err = lock_path_take(core->lock_path.p, mode, timeout_ms, &core->lock_fd);
    else
        err = lock_file(core->lock_fd, core->lock_path.p, mode, timeout_ms);
    if (err)
        return err;
    lockorder_take(LOCK_MAILBOX);
    core->lock_depth = 1;
    core->lock_mode = mode;
    return ERR_OK;
}

void core_unlock_mailbox(struct mailbox_core *core)
{
    BUG_UNLESS(core->lock_depth > 0);
    if (--core->lock_depth)
        return;
    lock_release(core->lock_fd, core->lock_path.p);
    lockorder_drop(LOCK_MAILBOX);
}

err_t core_lock_index(struct mailbox_core *core, enum lock_mode mode, int timeout_ms)
{
    bool replaced = false;

    if (core->index_depth) {
        if (mode == LOCK_EXCLUSIVE && core->index_mode == LOCK_SHARED)
            return ERR_LOCKED;
        core->index_depth++;
        return ERR_OK;
    }
    err_t err = core_open(core);
    if (err)
        return err;
    if (mode == LOCK_EXCLUSIVE && !core->writable)
        return ERR_READONLY;
    err = lock_reopen(core->fd, core->index_path.p, core->writable ? O_RDWR : O_RDONLY, mode,
                      timeout_ms, &replaced);
    if (replaced) {
        core->serial++;
        core->nlink = 1;
    }
    if (err)
        return err;
    lockorder_take(LOCK_INDEX);
    core->index_depth = 1;
    core->index_mode = mode;
    return ERR_OK;
}

void core_unlock_index(struct mailbox_core *core)
{
    BUG_UNLESS(core->index_depth > 0);
    if (--core->index_depth)
        return;
    if (core->fd >= 0)
        lock_release(core->fd, core->index_path.p);
    lockorder_drop(LOCK_INDEX);
}

/* ---- views ---- */

static struct mailbox *take_idle(struct mailbox_pool *p, const struct mailbox_core *core)
{
    for (size_t i = p->idle.n; i-- > 0;) {
        struct mailbox *mb = *VEC_AT(&p->idle, struct mailbox *, i);
        if (mb->core == core) {
            vec_remove(&p->idle, i);
            return mb;
        }
    }
    return NULL;
}

static struct mailbox *view_new(struct store *s, struct mailbox_core *core)
{
    struct mailbox *mb = mem_zalloc(sizeof *mb);

    mb->store = s;
    mb->core = core;
    mbentry_init(&mb->entry);
    mb->hs = mem_zalloc(sizeof *mb->hs);
    header_init(&mb->hs->header);
    mb->cache[0].fd = mb->cache[1].fd = mb->msg_dirfd = -1;
    return mb;
}

err_t pool_take(struct store *s, const struct mbentry *e, struct mailbox **out, bool *was_idle)
{
    struct mailbox_pool *p = pool_of(s);
    struct mailbox_core *core;
    err_t err = core_for(s, e, &core);

    *out = NULL;
    if (err)
        return err;
    struct mailbox *mb = take_idle(p, core);
    *was_idle = mb != NULL;
    if (mb)
        core->views--;                  /* the idle view was counted */
    else
        mb = view_new(s, core);
    mb->idle = false;
    p->open++;
    mbentry_copy(&mb->entry, e);
    *out = mb;
    return ERR_OK;
}

static void view_free(struct mailbox *mb)
{
    view_forget_files(mb);
    filemap_fini(&mb->map);
    filemap_fini(&mb->prev);
    mb->prev_nrecords = 0;
    header_fini(&mb->hs->header);
    mem_free(mb->hs);
    buf_fini(&mb->cache[0].path);
    buf_fini(&mb->cache[1].path);
    buf_fini(&mb->msg_dir);
    mbentry_fini(&mb->entry);
    core_release(pool_of(mb->store), mb->core);
    mem_free(mb);
}

void pool_drop(struct mailbox *mb)
{
    pool_of(mb->store)->open--;
    view_free(mb);
}

static void drop_oldest(struct mailbox_pool *p)
{
    struct mailbox *mb = *VEC_AT(&p->idle, struct mailbox *, 0);

    vec_remove(&p->idle, 0);
    view_free(mb);
}

void pool_put(struct mailbox *mb)
{
    struct mailbox_pool *p = pool_of(mb->store);

    p->open--;
    mb->idle = true;
    if (p->idle.n == MAILBOX_POOL_IDLE)
        drop_oldest(p);
    *(struct mailbox **)vec_push(&p->idle) = mb;
}

err_t pool_rebase(struct mailbox *mb)
{
    struct mailbox_core *old = mb->core, *core;
    err_t err = core_for(mb->store, &mb->entry, &core);

    if (err)
        return err;
    mb->core = core;
    mb->serial = 0;
    core_release(pool_of(mb->store), old);
    view_forget_files(mb);
    filemap_fini(&mb->map);
    filemap_fini(&mb->prev);
    mb->prev_nrecords = 0;
    return ERR_OK;
}

void mailbox_pool_trim(struct store *s)
{
    struct mailbox_pool *p = pool_of(s);

    while (p->idle.n)
        drop_oldest(p);
}

void mailbox_pool_free(struct mailbox_pool **pp)
{
    struct mailbox_pool *p = *pp;

    if (!p)
        return;
    while (p->idle.n)
        drop_oldest(p);
    BUG_UNLESS(p->open == 0);
    *pp = NULL;
    map_free(&p->cores);
    map_free(&p->staged);
    vec_fini(&p->idle);
    mem_free(p);
}
