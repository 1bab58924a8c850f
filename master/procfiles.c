/* procfiles.c - see procfiles.h */
#include "master/procfiles.h"

#include <errno.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/conf/conf.h"
#include "lib/os/dir.h"
#include "lib/os/path.h"

void procfiles_dir(struct buf *out)
{
    const char *path = conf_string(CONF_PROC_PATH);

    if (path && *path)
        buf_adds(out, path);
    else
        conf_dir(out, "proc");
}

static void remove_file(const char *dir, const char *name)
{
    struct buf path = BUF_INIT;

    path_join(&path, dir, name);
    if (unlink(buf_cstr(&path)) < 0 && errno != ENOENT && errno != ENOTDIR)
        (void)!LOG_IO("unlink", buf_cstr(&path));
    buf_fini(&path);
}

static err_t clean_one(void *arg, const char *name, enum dir_type type)
{
    uint64_t pid;

    if (type == DIR_FILE && num_u64(slice_cstr(name), &pid) == ERR_OK)
        remove_file(arg, name);
    return ERR_OK;
}

void procfiles_clean(const char *dir)
{
    /* a directory that cannot be read is told in the log; sessions complain when they need it */
    (void)!dir_list(dir, clean_one, (void *)(uintptr_t)dir);
}

void procfiles_remove(const char *dir, pid_t pid)
{
    char name[NUM_U64_MAX + 1];

    name[num_put_u64(name, (uint64_t)pid)] = '\0';
    remove_file(dir, name);
}
