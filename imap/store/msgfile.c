/* msgfile.c - see msgfile.h */
#include "imap/store/msgfile.h"

#include <fcntl.h>

#include "imap/store/partition.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/os/file.h"
#include "lib/os/path.h"

void msgfile_name(uint32_t uid, char out[MSGFILE_NAME_MAX])
{
    char digits[NUM_U64_MAX];
    size_t n = num_put_u64(digits, uid);

    memcpy(out, digits, n);
    out[n] = '.';
    out[n + 1] = '\0';
}

uint32_t msgfile_uid(const char *name)
{
    struct slice s = slice_cstr(name);
    uint32_t uid;

    if (s.n < 2 || s.p[0] == '0' || s.p[s.n - 1] != '.' ||
        num_u32(slice_make(s.p, s.n - 1), &uid) != ERR_OK)
        return 0;
    return uid;
}

err_t msgfile_dir(const struct mbentry *e, bool archived, struct buf *out)
{
    if (!archived)
        return partition_dir(e, FILE_MESSAGE, out);
    const char *root = partition_archive_root(buf_slice(&e->partition));
    buf_reset(out);
    if (!root)
        return ERR_NOTFOUND;
    buf_adds(out, root);
    return partition_relative(e, out);
}

err_t msgfile_path(const struct mbentry *e, const struct record *r, struct buf *out)
{
    char name[MSGFILE_NAME_MAX];
    err_t err = msgfile_dir(e, r->flags & FLAG_INT_ARCHIVED, out);

    msgfile_name(r->uid, name);
    if (!err)
        path_add(out, slice_cstr(name));
    return err;
}

static err_t wrong_size(const char *path, uint64_t is, uint32_t wanted)
{
    log_err("IOERROR: message file has another size than its record: filename=<%s> size=<%llu> "
            "record=<%u>",
            path, (unsigned long long)is, wanted);
    return ERR_CORRUPT;
}

err_t msgfile_map(const struct mbentry *e, const struct record *r, struct filemap *out)
{
    struct buf path = BUF_INIT;
    err_t err = msgfile_path(e, r, &path);

    if (!err)
        err = filemap_open(out, buf_cstr(&path));
    if (!err && out->len != r->size) {
        err = wrong_size(path.p, out->len, r->size);
        filemap_fini(out);
    }
    buf_fini(&path);
    return err;
}

err_t msgfile_open(const struct mbentry *e, const struct record *r, int *fd_out)
{
    struct buf path = BUF_INIT;
    uint64_t size = 0;
    err_t err = msgfile_path(e, r, &path);

    *fd_out = -1;
    if (!err)
        err = file_open(buf_cstr(&path), O_RDONLY, 0, fd_out);
    if (!err)
        err = file_size(*fd_out, path.p, &size);
    if (!err && size != r->size)
        err = wrong_size(path.p, size, r->size);
    if (err)
        file_close(fd_out);
    buf_fini(&path);
    return err;
}
