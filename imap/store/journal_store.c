/* journal_store.c - see journal_store.h */
#include "imap/store/journal_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "imap/store/durable.h"
#include "imap/store/store_impl.h"
#include "lib/conf/conf.h"
#include "lib/conf/partitions.h"
#include "lib/os/file.h"

/* ---- making durable what records changed ---- */

struct devices {
    struct vec seen; /* dev_t */
};

static bool is_new(struct devices *d, dev_t dev)
{
    for (size_t i = 0; i < d->seen.n; i++)
        if (*VEC_AT(&d->seen, dev_t, i) == dev)
            return false;
    *VEC_PUSH(&d->seen, dev_t) = dev;
    return true;
}

static err_t flush_root(struct devices *d, const char *root)
{
    struct stat st;
    int fd;
    err_t err = file_open(root, O_RDONLY | O_DIRECTORY, 0, &fd);

    if (!err && fstat(fd, &st) == 0 && is_new(d, st.st_dev))
        err = durable_sync_fs(fd, root);
    file_close(&fd);
    return err;
}

/* Every file system with mailboxes, once. */
static err_t flush(void *arg)
{
    struct devices d = { VEC_INIT(dev_t) };
    struct slice name;
    size_t pos = 0;
    err_t first = ERR_OK;

    (void)arg;
    while (partition_next(&pos, &name)) {
        for (enum partition_file kind = 0; kind <= PARTITION_DATA; kind++) {
            const char *root = partition_root(name, kind);
            err_t err = root ? flush_root(&d, root) : ERR_OK;
            if (!first)
                first = err;
        }
    }
    vec_fini(&d.seen);
    return first;
}

/* ---- opening ---- */

static err_t open_journal(struct store *s, const char *marker, struct buf *why)
{
    const char *dir = conf_string(CONF_JOURNAL_PATH);
    const int64_t size = conf_int(CONF_JOURNAL_SIZE);
    struct buf own = BUF_INIT;

    conf_dir(&own, "journal");
    const struct journal_conf conf = {
        .dir = dir ? dir : buf_cstr(&own),
        .make_dir = !dir,
        .marker = marker,
        .size = size > JOURNAL_SIZE_MIN ? (uint64_t)size : JOURNAL_SIZE_MIN,
        .group_wait_us = (uint32_t)conf_int(CONF_JOURNAL_GROUP_WAIT),
        .replay = journal_replay_all,
        .finish = journal_finish_dead,
        .flush = flush,
        .arg = s,
    };
    err_t err = journal_open(&conf, &s->journal, why);
    buf_fini(&own);
    return err;
}

err_t journal_store_open(struct store *s, struct buf *why)
{
    struct buf marker = BUF_INIT;

    conf_dir(&marker, "journal.used");
    err_t err = open_journal(s, buf_cstr(&marker), why);
    buf_fini(&marker);
    return err;
}

void journal_store_close(struct store *s)
{
    journal_close(&s->journal);
}

err_t store_settle(struct store *s)
{
    return s->journal ? journal_settle(s->journal) : ERR_OK; /* NULL: the store is being opened */
}
