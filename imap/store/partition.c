/* partition.c - see partition.h */
#include "imap/store/partition.h"

#include "imap/store/mbname.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/os/path.h"
#include "lib/text/ascii.h"

enum { UNIQUEID_MIN = 2, UNIQUEID_MAX = 64 };

struct file_row {
    enum partition_file where;
    const char *name;
};

static const struct file_row files[] = {
    [FILE_HEADER] = { PARTITION_HEADER, "cyrus.header" },
    [FILE_INDEX] = { PARTITION_INDEX, "cyrus.index" },
    [FILE_CACHE] = { PARTITION_CACHE, "cyrus.cache" },
    [FILE_ANNOTATIONS] = { PARTITION_ANNOTATIONS, "cyrus.annotations" },
    [FILE_SQUAT] = { PARTITION_SQUAT, "cyrus.squat" },
    [FILE_MESSAGE] = { PARTITION_DATA, NULL },
};

static char hash_letter(struct slice name)
{
    return path_hash(name, conf_bool(CONF_FULLDIRHASH) ? PATH_HASH_FULL : PATH_HASH_FIRST);
}

static err_t refuse(struct slice name)
{
    log_err("STOREERROR: unsafe name in the mailbox list: name=<%.*s>", SLICE_ARG(name));
    return ERR_CORRUPT;
}

err_t partition_add_uuid(struct slice uniqueid, struct buf *out)
{
    if (uniqueid.n < UNIQUEID_MIN || uniqueid.n > UNIQUEID_MAX)
        return refuse(uniqueid);
    for (size_t i = 0; i < uniqueid.n; i++) {
        if (!ascii_is_alnum(uniqueid.p[i]) && uniqueid.p[i] != '-')
            return refuse(uniqueid);
    }
    buf_addf(out, "/uuid/%c/%c/%.*s", uniqueid.p[0], uniqueid.p[1], SLICE_ARG(uniqueid));
    return ERR_OK;
}

/* The level that decides the hash directory: the second if there is one (3.2). */
static struct slice hashed_level(struct slice local)
{
    struct slice level;
    bool more;
    struct slice rest = slice_split(local, '.', &level, &more);

    if (more)
        (void)slice_split(rest, '.', &level, NULL);
    return level;
}

err_t partition_add_name(struct slice intname, struct buf *out)
{
    struct slice domain = mbname_domain(intname), local = mbname_local(intname), level;
    bool hashed = conf_bool(CONF_HASHIMAPSPOOL), more = true;

    if (domain.n) {
        if (!path_is_component(domain))
            return refuse(intname);
        buf_adds(out, "/domain");
        if (hashed)
            buf_addf(out, "/%c", hash_letter(domain));
        buf_addc(out, '/');
        buf_add_slice(out, domain);
    }
    if (hashed)
        buf_addf(out, "/%c", hash_letter(hashed_level(local)));
    while (more) {
        local = slice_split(local, '.', &level, &more);
        if (!path_is_component(level))
            return refuse(intname);
        buf_addc(out, '/');
        buf_add_slice(out, level);
    }
    return ERR_OK;
}

err_t partition_relative(const struct mbentry *e, struct buf *out)
{
    if (e->type & MBTYPE_LEGACY)
        return partition_add_name(buf_slice(&e->name), out);
    return partition_add_uuid(buf_slice(&e->uniqueid), out);
}

const char *partition_root_of(const struct mbentry *e, enum store_file file)
{
    return partition_root(buf_slice(&e->partition), files[file].where);
}

err_t partition_dir(const struct mbentry *e, enum store_file file, struct buf *out)
{
    const char *root = partition_root_of(e, file);

    buf_reset(out);
    if (!root) {
        log_err("STOREERROR: mailbox on a partition that is not configured: mailbox=<%.*s> "
                "partition=<%.*s>",
                SLICE_ARG(buf_slice(&e->name)), SLICE_ARG(buf_slice(&e->partition)));
        return ERR_UNSUPPORTED;
    }
    buf_adds(out, root);
    return partition_relative(e, out);
}

err_t partition_file(const struct mbentry *e, enum store_file file, struct buf *out)
{
    err_t err = partition_dir(e, file, out);

    if (!err && files[file].name)
        path_add(out, slice_cstr(files[file].name));
    return err;
}

err_t partition_stage_dir(struct slice partition, struct buf *out)
{
    const char *root = partition_root(partition, PARTITION_DATA);

    buf_reset(out);
    if (!root)
        return ERR_UNSUPPORTED;
    path_join(out, root, "stage.");
    return ERR_OK;
}

/* ---- locks ---- */

static void add_lock_root(struct buf *out)
{
    const char *root = conf_string(CONF_MBOXNAME_LOCKPATH);

    buf_reset(out);
    if (root)
        buf_adds(out, root);
    else
        conf_dir(out, "lock");
}

err_t partition_named_lock_path(struct slice name, struct buf *out)
{
    err_t err;

    add_lock_root(out);
    err = partition_add_name(name, out);
    buf_adds(out, ".lock");
    return err;
}

err_t partition_lock_path(const struct mbentry *e, struct buf *out)
{
    return partition_named_lock_path(buf_slice(e->type & MBTYPE_LEGACY ? &e->name : &e->uniqueid),
                                     out);
}
