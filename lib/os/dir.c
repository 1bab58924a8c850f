/* dir.c - see dir.h */
#include "lib/os/dir.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "lib/os/file.h"
#include "lib/os/path.h"
#include "lib/os/sync.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* One directory; that it is there already is fine.  A new name is durable: what is stored below it
 * and synced there would be lost with it. */
static err_t make_one(const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0)
        return sync_parent(path);
    if (errno == ENOENT)
        return ERR_NOTFOUND;
    const int saved = errno;
    /* some systems refuse (read-only, no right) before they notice that it exists */
    if (is_directory(path))
        return ERR_OK;
    errno = saved;
    return LOG_IO("mkdir", path);
}

err_t dir_make(const char *path, mode_t mode)
{
    err_t err = make_one(path, mode);

    if (err != ERR_NOTFOUND)
        return err;
    err = ERR_OK;
    char *copy = mem_strdup(path);
    for (char *p = copy; *p && err == ERR_OK; p++) {
        if (*p != '/' || p == copy || p[-1] == '/')
            continue;
        *p = '\0';
        err = make_one(copy, mode);
        *p = '/';
    }
    if (err == ERR_OK)
        err = make_one(copy, mode);
    mem_free(copy);
    return err;
}

err_t dir_make_parents(const char *path, mode_t mode)
{
    struct buf dir = BUF_INIT;

    buf_add_slice(&dir, path_dirname(slice_cstr(path)));
    err_t err = dir_make(buf_cstr(&dir), mode);
    buf_fini(&dir);
    return err;
}

/* --- listing ------------------------------------------------------------- */

static enum dir_type type_of_mode(mode_t mode)
{
    if (S_ISREG(mode))
        return DIR_FILE;
    if (S_ISDIR(mode))
        return DIR_DIR;
    return S_ISLNK(mode) ? DIR_LINK : DIR_OTHER;
}

/* False: it has gone meanwhile. */
static bool type_of_entry(DIR *d, const struct dirent *e, enum dir_type *out)
{
    struct stat st;

    if (e->d_type != DT_UNKNOWN) {
        *out = type_of_mode(DTTOIF(e->d_type));
        return true;
    }
    if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    *out = type_of_mode(st.st_mode);
    return true;
}

static bool is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static err_t open_dir(const char *path, int flags, DIR **out)
{
    int fd;
    err_t err = file_open(path, O_RDONLY | O_DIRECTORY | flags, 0, &fd);

    if (err)
        return err;
    *out = fdopendir(fd);
    if (!*out) {
        err = LOG_IO("fdopendir", path);
        file_close(&fd);
    }
    return err;
}

static err_t list(const char *path, int flags, dir_entry_fn *fn, void *arg)
{
    DIR *d;
    const struct dirent *e;
    enum dir_type type;
    err_t err = open_dir(path, flags, &d);

    if (err)
        return err;
    while (err == ERR_OK && (errno = 0, e = readdir(d)))
        if (!is_dots(e->d_name) && type_of_entry(d, e, &type))
            err = fn(arg, e->d_name, type);
    if (err == ERR_OK && errno)
        err = LOG_IO("readdir", path);
    closedir(d);
    return err;
}

static err_t end_of_walk(err_t err)
{
    return err == ERR_STOP ? ERR_OK : err;
}

err_t dir_list(const char *path, dir_entry_fn *fn, void *arg)
{
    return end_of_walk(list(path, 0, fn, arg));
}

struct name {
    char *text;
    enum dir_type type;
};

static err_t collect(void *arg, const char *name, enum dir_type type)
{
    *VEC_PUSH((struct vec *)arg, struct name) = (struct name){ mem_strdup(name), type };
    return ERR_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static err_t list_names(const char *path, int flags, struct vec *names)
{
    err_t err = list(path, flags, collect, names);

    vec_sort(names, by_text);
    return err;
}

static void free_names(struct vec *names)
{
    for (size_t i = 0; i < names->n; i++)
        mem_free(VEC_AT(names, struct name, i)->text);
    vec_fini(names);
}

err_t dir_list_sorted(const char *path, dir_entry_fn *fn, void *arg)
{
    struct vec names = VEC_INIT(struct name);
    err_t err = list_names(path, 0, &names);

    for (size_t i = 0; err == ERR_OK && i < names.n; i++) {
        const struct name *e = VEC_AT(&names, struct name, i);
        err = fn(arg, e->text, e->type);
    }
    free_names(&names);
    return end_of_walk(err);
}

/* --- walking ------------------------------------------------------------- */

struct walk {
    struct buf path;                    /* of the directory or entry at hand */
    size_t top;                         /* length of what does not belong to the names told */
    enum dir_order order;
    dir_entry_fn *fn;
    void *arg;
};

static err_t tell(struct walk *w, enum dir_type type)
{
    return w->fn(w->arg, buf_cstr(&w->path) + w->top, type);
}

static err_t walk_dir(struct walk *w, int depth);

static err_t walk_entry(struct walk *w, enum dir_type type, int depth)
{
    err_t err = ERR_OK;

    if (type != DIR_DIR)
        return tell(w, type);
    if (w->order == DIR_PRE)
        err = tell(w, type);
    if (err == ERR_OK)
        err = walk_dir(w, depth + 1);
    if (err == ERR_NOTFOUND && !file_exists(buf_cstr(&w->path)))
        return ERR_OK;
    if (err == ERR_OK && w->order == DIR_POST)
        err = tell(w, type);
    return err;
}

/* Depth is bounded by DIR_DEPTH_MAX.  The names are read first, so that one descriptor
 * is open at a time and callbacks may remove what they are shown. */
static err_t walk_dir(struct walk *w, int depth)
{
    struct vec names = VEC_INIT(struct name);
    const size_t here = w->path.n;

    if (depth > DIR_DEPTH_MAX) {
        log_err("IOERROR: directories nested too deep: filename=<%s>", buf_cstr(&w->path));
        return ERR_LIMIT;
    }
    err_t err = list_names(buf_cstr(&w->path), depth ? O_NOFOLLOW : 0, &names);
    for (size_t i = 0; err == ERR_OK && i < names.n; i++) {
        const struct name *e = VEC_AT(&names, struct name, i);
        path_add(&w->path, slice_cstr(e->text));
        err = walk_entry(w, e->type, depth);
        buf_truncate(&w->path, here);
    }
    free_names(&names);
    return err;
}

err_t dir_walk(const char *path, enum dir_order order, dir_entry_fn *fn, void *arg)
{
    struct walk w = { .path = BUF_INIT, .order = order, .fn = fn, .arg = arg };

    buf_adds(&w.path, path);
    w.top = w.path.n + (w.path.n && path[w.path.n - 1] == '/' ? 0 : 1);
    err_t err = walk_dir(&w, 0);
    buf_fini(&w.path);
    return end_of_walk(err);
}

/* --- removing ------------------------------------------------------------ */

struct removal {
    const char *top;
    err_t first;                        /* failure */
};

static void note(struct removal *r, int result, const char *path)
{
    if (result == 0 || errno == ENOENT)
        return;
    err_t err = LOG_IO("remove", path);
    if (!r->first)
        r->first = err;
}

static err_t remove_one(void *arg, const char *name, enum dir_type type)
{
    struct removal *r = arg;
    struct buf path = BUF_INIT;

    path_join(&path, r->top, name);
    const char *p = buf_cstr(&path);
    note(r, type == DIR_DIR ? rmdir(p) : unlink(p), p);
    buf_fini(&path);
    return ERR_OK;
}

err_t dir_remove_tree(const char *path)
{
    struct removal r = { path, ERR_OK };
    struct stat st;

    if (lstat(path, &st) < 0)
        return errno == ENOENT ? ERR_NOTFOUND : LOG_IO("lstat", path);
    if (!S_ISDIR(st.st_mode)) {
        note(&r, unlink(path), path);
        return r.first;
    }
    err_t err = dir_walk(path, DIR_POST, remove_one, &r);
    if (err && err != ERR_NOTFOUND)
        return r.first ? r.first : err;
    note(&r, rmdir(path), path);
    return r.first;
}

void dir_prune(const char *path, const char *stop)
{
    struct slice end = slice_cstr(stop);
    struct buf at = BUF_INIT;

    while (end.n && end.p[end.n - 1] == '/')
        end.n--;
    buf_adds(&at, path);
    while (at.n > end.n + 1 && slice_starts(buf_slice(&at), end) && at.p[end.n] == '/') {
        if (rmdir(buf_cstr(&at)) < 0 && errno != ENOENT) {
            if (errno != ENOTEMPTY && errno != EEXIST)
                (void)!LOG_IO("rmdir", at.p);
            break;
        }
        buf_truncate(&at, path_dirname(buf_slice(&at)).n);
    }
    buf_fini(&at);
}
