/* pidfile.c - see pidfile.h */
#include "master/pidfile.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/os/file.h"
#include "lib/os/lock.h"

static err_t open_locked(const char *path, int *fd_out)
{
    err_t err = file_open(path, O_RDWR | O_CREAT, 0644, fd_out);

    if (!err)
        err = lock_file(*fd_out, path, LOCK_EXCLUSIVE, LOCK_TRY);
    if (err && *fd_out >= 0)
        file_close(fd_out);
    return err;
}

static void add_lock_name(struct buf *out, const char *pidfile)
{
    buf_adds(out, pidfile);
    buf_adds(out, ".lock");
}

err_t pidfile_begin(const char *pidfile)
{
    struct buf path = BUF_INIT;
    int fd;                             /* stays open on purpose: it carries the lock */
    err_t err;

    add_lock_name(&path, pidfile);
    err = open_locked(buf_cstr(&path), &fd);
    buf_fini(&path);
    return err;
}

void pidfile_end(const char *pidfile)
{
    struct buf path = BUF_INIT;

    add_lock_name(&path, pidfile);
    unlink(buf_cstr(&path));
    buf_fini(&path);
}

err_t pidfile_take(const char *pidfile)
{
    struct buf text = BUF_INIT;
    int fd;                             /* as above */
    err_t err = open_locked(pidfile, &fd);

    if (err)
        return err;
    buf_addf(&text, "%ld\n", (long)getpid());
    err = file_truncate(fd, pidfile, 0);
    if (!err)
        err = file_pwrite_all(fd, pidfile, text.p, text.n, 0);
    buf_fini(&text);
    return err;
}
