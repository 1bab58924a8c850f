/* poplock.c - see poplock.h */
#include "imap/store/poplock.h"

#include "imap/store/partition.h"
#include "lib/conf/conf.h"
#include "lib/os/lock.h"

static err_t lock_path(const struct mbentry *entry, struct buf *path)
{
    struct buf name = BUF_INIT;
    err_t err;

    buf_adds(&name, "*P*");
    buf_add_slice(&name, buf_slice(&entry->uniqueid));
    err = partition_named_lock_path(buf_slice(&name), path);
    buf_fini(&name);
    return err;
}

static err_t take(const struct mbentry *entry, enum lock_mode mode, int *fd_out)
{
    struct buf path = BUF_INIT;
    err_t err;

    *fd_out = -1;
    if (!conf_bool(CONF_POPEXCLUSIVE))
        return ERR_OK;
    err = lock_path(entry, &path);
    if (!err)
        err = lock_path_take(buf_cstr(&path), mode, LOCK_TRY, fd_out);
    buf_fini(&path);
    return err == ERR_LOCKED ? ERR_INUSE : err;
}

err_t poplock_take(const struct mbentry *entry, int *fd_out)
{
    return take(entry, LOCK_EXCLUSIVE, fd_out);
}

void poplock_drop(int *fd)
{
    lock_path_drop(fd);
}

err_t poplock_test(const struct mbentry *entry)
{
    int fd;
    err_t err = take(entry, LOCK_SHARED, &fd);

    lock_path_drop(&fd);
    return err;
}
