/* stage.c - see stage.h
 *
 * States: receiving (bytes collect in a buffer, which goes to the file when it is full) - finished
 * (facts known, read-only; the whole message is in the buffer, or in the file, which is durable
 * then) - failed (every further call returns the first error).  The file is made when it is first
 * needed: most messages go from the buffer to the journal and to their place in the spool.
 */
#include "imap/store/stage.h"

#include <fcntl.h>
#include <unistd.h>

#include "imap/store/durable.h"
#include "imap/store/mailbox_impl.h"
#include "imap/store/partition.h"
#include "imap/store/recover.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"
#include "lib/os/file.h"

enum {
    BUFFER_SIZE = STAGE_CONTENT_MAX,    /* a message that fits is written by one call */
    BUFFER_FIRST = 16 * 1024,
    NAME_TRIES = 100
};

/* The same bytes on one partition. */
struct stage_file {
    struct buf partition, path;         /* path empty: not made yet */
};

struct stage {
    unsigned owners;
    unsigned held;                      /* how often stage_hold() was called */
    struct store *store;
    struct vec files;                   /* struct stage_file; [0] is the original */
    int fd;                             /* of [0], while receiving */
    struct buf pending;                 /* not yet in the file; finished: the whole message */
    bool at_hand;                       /* it is */
    bool durable;                       /* the file is */
    uint64_t size;
    struct facts_builder *builder;
    struct facts *facts;
    struct filemap map;
    err_t failed;
};

static struct stage_file *file_at(struct stage *s, size_t i)
{
    return VEC_AT(&s->files, struct stage_file, i);
}

static struct stage_file *file_push(struct stage *s, struct slice partition)
{
    struct stage_file *f = VEC_PUSH(&s->files, struct stage_file);

    buf_add_slice(&f->partition, partition);
    return f;
}

/* "<root>/stage./<pid>-<time>-<n>", n counted per process. */
static err_t next_path(struct slice partition, struct buf *out)
{
    static unsigned count;
    err_t err = partition_stage_dir(partition, out);

    if (!err)
        buf_addf(out, "/%ld-%lld-%u", (long)getpid(), (long long)clock_now(), count++);
    return err;
}

static err_t make_dir(struct slice partition)
{
    struct buf dir = BUF_INIT;
    err_t err = partition_stage_dir(partition, &dir);

    if (!err)
        err = durable_make_dirs(buf_cstr(&dir));
    buf_fini(&dir);
    return err;
}

static err_t create(struct slice partition, struct buf *path, int *fd_out)
{
    bool made = false;

    for (int i = 0; i < NAME_TRIES; i++) {
        err_t err = next_path(partition, path);
        if (!err)
            err = durable_create(buf_cstr(path), false, fd_out);
        if (err == ERR_NOTFOUND && !made) {
            made = true;
            err = make_dir(partition);
            if (!err)
                continue;
        }
        if (!err)
            return ERR_OK;
        buf_reset(path);
        if (err != ERR_EXISTS)
            return err;
    }
    return ERR_AGAIN;
}

/* Is there such a partition?  No file is made yet. */
static err_t check_partition(struct slice partition)
{
    struct buf dir = BUF_INIT;
    err_t err = partition_stage_dir(partition, &dir);

    buf_fini(&dir);
    return err;
}

err_t stage_begin(struct store *store, struct slice partition, struct stage **out)
{
    struct facts_options opts = {
        .maxheaderlines = (uint32_t)conf_int(CONF_MAXHEADERLINES),
        .boundary_limit = (uint32_t)conf_int(CONF_BOUNDARY_LIMIT),
    };
    err_t err = check_partition(partition);

    *out = NULL;
    if (err)
        return err;
    if (pool_first_stage(store, partition))
        recover_stage_dir(partition, pool_start_time(store));
    struct stage *s = mem_zalloc(sizeof *s);
    s->owners = 1;
    s->store = store;
    s->fd = -1;
    vec_init(&s->files, sizeof(struct stage_file));
    file_push(s, partition);
    buf_reserve(&s->pending, BUFFER_FIRST);
    s->builder = facts_begin(&opts);
    *out = s;
    return ERR_OK;
}

static err_t open_first(struct stage *s)
{
    struct stage_file *f = file_at(s, 0);

    return s->fd >= 0 ? ERR_OK : create(buf_slice(&f->partition), &f->path, &s->fd);
}

/* To the file, which is made now if there is none. */
static err_t write_bytes(struct stage *s, const void *p, size_t n)
{
    err_t err = open_first(s);

    return err || !n ? err : durable_write(s->fd, file_at(s, 0)->path.p, p, n);
}

static err_t write_pending(struct stage *s)
{
    err_t err = write_bytes(s, s->pending.p, s->pending.n);

    buf_reset(&s->pending);
    return err;
}

err_t stage_push(struct stage *s, const void *p, size_t n)
{
    if (s->failed)
        return s->failed;
    if (n > UINT32_MAX - s->size)
        return s->failed = ERR_LIMIT;
    facts_push(s->builder, p, n);
    s->size += n;
    if (s->pending.n + n > BUFFER_SIZE)
        s->failed = write_pending(s);
    if (!s->failed && n > BUFFER_SIZE)
        s->failed = write_bytes(s, p, n);
    else if (!s->failed)
        buf_add(&s->pending, p, n);
    return s->failed;
}

uint64_t stage_size(const struct stage *s)
{
    return s->size;
}

/* The last bytes; a small message stays at hand when there is a journal for it. */
static err_t end_bytes(struct stage *s)
{
    s->at_hand = store_journals(s->store) && s->pending.n == s->size;
    if (s->at_hand)
        return ERR_OK;
    err_t err = write_pending(s);
    buf_fini(&s->pending);
    if (!err)
        err = durable_sync_file(s->fd, file_at(s, 0)->path.p);
    s->durable = !err;
    return err;
}

err_t stage_finish(struct stage *s)
{
    if (s->facts || s->failed)
        return s->failed;
    s->failed = facts_end(&s->builder, &s->facts);
    if (!s->failed)
        s->failed = end_bytes(s);
    file_close(&s->fd);
    return s->failed;
}

bool stage_content(const struct stage *s, struct slice *out)
{
    *out = buf_slice(&s->pending);
    return s->at_hand;
}

bool stage_is_durable(const struct stage *s)
{
    return s->durable;
}

bool stage_is_shared(const struct stage *s)
{
    return s->held > 1;
}

/* The first file, with the bytes that are at hand. */
static err_t make_file(struct stage *s)
{
    if (!s->failed && !file_at(s, 0)->path.n)
        s->failed = write_bytes(s, s->pending.p, s->pending.n);
    file_close(&s->fd);
    return s->failed;
}

err_t stage_write_out(struct stage *s)
{
    err_t err = make_file(s);

    if (!err && s->at_hand) {
        s->at_hand = false;
        buf_fini(&s->pending);
    }
    return err;
}

const struct facts *stage_facts(const struct stage *s)
{
    return s->facts;
}

err_t stage_map(struct stage *s, struct slice *out)
{
    err_t err = s->failed;

    if (!err && !s->at_hand && !s->map.base && s->size)
        err = filemap_open(&s->map, file_at(s, 0)->path.p);
    *out = s->at_hand ? buf_slice(&s->pending) : filemap_slice(&s->map);
    return err;
}

/* On another partition. */
static err_t copy_file(struct stage *s, struct slice partition, const char **path_out)
{
    struct buf path = BUF_INIT;
    int fd = -1;

    err_t err = create(partition, &path, &fd);
    file_close(&fd);
    if (!err)
        err = durable_unlink(path.p);
    if (!err)
        err = durable_copy(file_at(s, 0)->path.p, path.p, s->durable);
    if (err) {
        buf_fini(&path);
        return err;
    }
    struct stage_file *f = file_push(s, partition);
    f->path = path;
    *path_out = f->path.p;
    return ERR_OK;
}

err_t stage_on_partition(struct stage *s, struct slice partition, const char **path_out)
{
    if (!s->facts)
        return s->failed ? s->failed : ERR_AGAIN;
    err_t err = make_file(s);
    for (size_t i = 0; i < s->files.n && !err; i++) {
        if (slice_eq(buf_slice(&file_at(s, i)->partition), partition)) {
            *path_out = file_at(s, i)->path.p;
            return ERR_OK;
        }
    }
    return err ? err : copy_file(s, partition, path_out);
}

struct stage *stage_hold(struct stage *s)
{
    s->owners++;
    s->held++;
    return s;
}

void stage_free(struct stage **sp)
{
    struct stage *s = *sp;

    *sp = NULL;
    if (!s || --s->owners)
        return;
    file_close(&s->fd);
    filemap_fini(&s->map);
    facts_abort(&s->builder);
    facts_free(&s->facts);
    for (size_t i = 0; i < s->files.n; i++) {
        struct stage_file *f = file_at(s, i);
        if (f->path.n)
            (void)!durable_unlink(buf_cstr(&f->path));
        buf_fini(&f->path);
        buf_fini(&f->partition);
    }
    vec_fini(&s->files);
    buf_fini(&s->pending);
    mem_free(s);
}
