/* powercut_test.c - the power fails at every step of every operation
 *
 * The strict model: bytes of a file are durable by a sync of that file, names by a sync of their
 * directory, nothing else is.  A hook before each step of durable.c keeps the picture of what the
 * disk has; each picture is put in the place of the spool, the server "starts", and all
 * promises must hold.  What the databases hold is taken as durable, but for quota usage, which is
 * as it was before the operation.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/durable.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/partition.h"
#include "imap/store/quota.h"
#include "imap/store/recover.h"
#include "imap/store/repack.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/sync.h"

enum { BEFORE = 4, FILES_MAX = 60 };

/* ---- the disk ---- */

/* A file, whatever its names are: its durable bytes. */
struct inode {
    ino_t ino;
    struct buf bytes;
    time_t mtime;
};

struct name {
    char name[40];
    ino_t ino;
};

/* One directory of messages: its durable names. */
struct disk_dir {
    char path[300];
    struct name names[FILES_MAX];
    size_t n;
};

struct disk {
    struct disk_dir dirs[2];
    struct inode inodes[4 * FILES_MAX];
    size_t ninodes;
};

static struct inode *inode_of(struct disk *d, ino_t ino)
{
    for (size_t i = 0; i < d->ninodes; i++)
        if (d->inodes[i].ino == ino)
            return &d->inodes[i];
    if (d->ninodes == 4 * FILES_MAX)
        abort();
    d->inodes[d->ninodes] = (struct inode){ .ino = ino };
    return &d->inodes[d->ninodes++];
}

static void file_is_durable(struct disk *d, const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return;
    struct inode *i = inode_of(d, st.st_ino);
    i->mtime = st.st_mtime;
    if (file_load(path, 1000000, &i->bytes) != ERR_OK)
        abort();
}

static err_t add_name(void *arg, const char *name, enum dir_type type)
{
    struct disk_dir *dir = arg;
    struct stat st;
    char path[400];

    (void)type;
    snprintf(path, sizeof path, "%s/%s", dir->path, name);
    if (dir->n == FILES_MAX || stat(path, &st) < 0)
        abort();
    snprintf(dir->names[dir->n].name, sizeof dir->names[0].name, "%s", name);
    dir->names[dir->n++].ino = st.st_ino;
    return ERR_OK;
}

static void names_are_durable(struct disk *d, const char *path)
{
    for (unsigned i = 0; i < 2; i++) {
        if (strcmp(d->dirs[i].path, path) != 0)
            continue;
        d->dirs[i].n = 0;
        if (dir_list(path, add_name, &d->dirs[i]) != ERR_OK)
            abort();
    }
}

static void all_is_durable(struct disk *d)
{
    char path[400];

    for (unsigned i = 0; i < 2; i++) {
        names_are_durable(d, d->dirs[i].path);
        for (size_t k = 0; k < d->dirs[i].n; k++) {
            snprintf(path, sizeof path, "%s/%s", d->dirs[i].path, d->dirs[i].names[k].name);
            file_is_durable(d, path);
        }
    }
}

/* What would be found after a power cut now, below instance/cut-<n>/<dir number>. */
static void save(struct disk *d, unsigned n)
{
    char where[60], path[400];

    for (unsigned i = 0; i < 2; i++) {
        snprintf(where, sizeof where, "cut-%u/%u", n, i);
        if (dir_make(instance_path(where), 0755) != ERR_OK)
            abort();
        for (size_t k = 0; k < d->dirs[i].n; k++) {
            const struct inode *f = inode_of(d, d->dirs[i].names[k].ino);
            snprintf(path, sizeof path, "%s/%s", instance_path(where), d->dirs[i].names[k].name);
            if (file_replace(path, instance_path("x.NEW"), buf_slice(&f->bytes), 0600, FILE_NOSYNC) !=
                    ERR_OK ||
                file_set_mtime(path, f->mtime) != ERR_OK)
                abort();
        }
    }
}

static void disk_fini(struct disk *d)
{
    for (size_t i = 0; i < d->ninodes; i++)
        buf_fini(&d->inodes[i].bytes);
}

/* ---- the steps ---- */

struct recorder {
    struct disk disk;
    char pending[20];                   /* the step that is being done: its effect is there at the next */
    char path[400];
    unsigned cuts;
};

static void settle(struct recorder *r)
{
    if (strcmp(r->pending, "sync") == 0)
        file_is_durable(&r->disk, r->path);
    else if (strcmp(r->pending, "syncdir") == 0)
        names_are_durable(&r->disk, r->path);
    else if (strcmp(r->pending, "syncfs") == 0)
        all_is_durable(&r->disk);
    r->pending[0] = '\0';
}

static int record_step(void *arg, const char *step, const char *path)
{
    struct recorder *r = arg;

    settle(r);
    save(&r->disk, r->cuts++);
    snprintf(r->pending, sizeof r->pending, "%s", step);
    snprintf(r->path, sizeof r->path, "%s", path);
    return 0;
}

/* ---- operations ---- */

static err_t do_append(struct mailbox *mb, struct mailbox *other)
{
    (void)other;
    return box_append(mb, 100, 0, NULL);
}

static err_t do_append_many(struct mailbox *mb, struct mailbox *other)
{
    (void)other;
    return box_append_many(mb, 3);
}

static err_t do_flags(struct mailbox *mb, struct mailbox *other)
{
    struct flag_change f = { .system_mask = FLAG_SEEN, .system_value = FLAG_SEEN };
    struct commit *c;
    unsigned n;
    err_t err = commit_begin(mb, NULL, &c);

    (void)other;
    if (err)
        return err;
    f.user_mask[0] = f.user_value[0] = 1;
    err = commit_keyword(c, SLICE_LIT("Fresh"), &n);
    for (uint32_t i = 1; i <= BEFORE && !err; i++)
        err = commit_flags(c, i, &f);
    return err ? err : commit_end(&c);
}

static err_t do_expunge(struct mailbox *mb, struct mailbox *other)
{
    (void)other;
    return box_expunge(mb, 2);
}

static err_t do_move(struct mailbox *mb, struct mailbox *other)
{
    struct mailbox *mbs[] = { mb, other };
    struct commit *c[2];
    err_t results[2], err = ERR_OK;
    uint32_t uid;

    commit_begin_many(mbs, 2, NULL, c, results);
    for (uint32_t i = 1; i <= 2 && !err; i++) {
        err = commit_copy(c[1], mb, i, 0, &uid);
        if (!err)
            err = commit_expunge(c[0], i);
    }
    commit_end_many(c, 2, results);
    return err ? err : results[0] ? results[0] : results[1];
}

static err_t do_repack(struct mailbox *mb, struct mailbox *other)
{
    err_t err = box_expunge(mb, 3);

    (void)other;
    if (!err)
        err = repack_mark_expunged(mb, time(NULL) + 10, NULL);
    return err ? err : repack_mailbox(mb, true, NULL);
}

struct operation {
    const char *name;
    err_t (*run)(struct mailbox *, struct mailbox *);
    unsigned main, other, seen;         /* afterwards */
};

static const struct operation operations[] = {
    { "append", do_append, BEFORE + 1, 1, 0 },      { "append many", do_append_many, BEFORE + 3, 1, 0 },
    { "flags", do_flags, BEFORE, 1, BEFORE },       { "expunge", do_expunge, BEFORE - 1, 1, 0 },
    { "move", do_move, BEFORE - 2, 3, 0 },          { "repack", do_repack, BEFORE - 1, 1, 0 },
};

/* ---- one trial ---- */

struct boxes {
    struct store *s;
    struct mbentry e[2];
    char dir[2][300];
};

static void setup(struct boxes *b)
{
    static const char *const names[] = { "user.fred", "user.fred.other" };
    int64_t limits[QUOTA_NRES] = { 10000000, QUOTA_UNLIMITED, QUOTA_UNLIMITED, QUOTA_UNLIMITED };
    struct buf dir = BUF_INIT;

    b->s = instance_open("commit_sync: direct\n");
    for (unsigned i = 0; i < 2; i++) {
        box_create(b->s, names[i], &b->e[i]);
        CU_ASSERT_EQUAL_FATAL(partition_dir(&b->e[i], FILE_MESSAGE, &dir), ERR_OK);
        snprintf(b->dir[i], sizeof b->dir[i], "%s", buf_cstr(&dir));
    }
    CU_ASSERT_EQUAL_FATAL(quota_set_limits(b->s, SLICE_LIT("user.fred"), limits), ERR_OK);
    for (unsigned i = 0; i < 2; i++) {
        struct mailbox *mb = box_open(b->s, names[i]);
        CU_ASSERT_EQUAL_FATAL(box_append_many(mb, i ? 1 : BEFORE), ERR_OK);
        mailbox_close(&mb);
    }
    buf_fini(&dir);
}

static void teardown(struct boxes *b)
{
    mbentry_fini(&b->e[0]);
    mbentry_fini(&b->e[1]);
    instance_close(&b->s);
}

/* The directories of the mailboxes become those of the cut; indexes are from before the start. */
static void put_back(struct boxes *b, unsigned n)
{
    char from[60], path[400];

    for (unsigned i = 0; i < 2; i++) {
        snprintf(from, sizeof from, "cut-%u/%u", n, i);
        if (dir_remove_tree(b->dir[i]) != ERR_OK || rename(instance_path(from), b->dir[i]) < 0)
            abort();
        snprintf(path, sizeof path, "%s/cyrus.index", b->dir[i]);
        (void)!file_set_mtime(path, 1000000000);
    }
}

static unsigned count_seen(struct mailbox *mb)
{
    unsigned n = 0;

    for (uint32_t i = 1; i <= mailbox_nrecords(mb); i++)
        n += (mailbox_flags_at(mb, i) & FLAG_SEEN) != 0;
    return n;
}

static const char *check(struct boxes *b, const struct operation *op, bool acked)
{
    struct mailbox *main, *other;
    struct quota_state q;
    const char *fault = NULL;

    if (quota_fix(b->s, SLICE_NULL, NULL, NULL) != ERR_OK)      /* part of every start */
        return "quota cannot be counted";
    if (mailbox_open(b->s, SLICE_LIT("user.fred"), &main) != ERR_OK ||
        mailbox_open(b->s, SLICE_LIT("user.fred.other"), &other) != ERR_OK)
        return "does not open";
    unsigned n = mailbox_head(main)->exists, m = mailbox_head(other)->exists;
    if (acked && (n != op->main || m != op->other || count_seen(main) < op->seen))
        fault = "an acknowledged effect is missing";
    else if (n + m < (op->main + op->other < BEFORE + 1 ? op->main + op->other : BEFORE + 1))
        fault = "messages lost";
    else if (quota_read(b->s, SLICE_LIT("user.fred"), &q) != ERR_OK || q.used[QUOTA_MESSAGE] != n + m)
        fault = "quota differs from the recount";
    mailbox_close(&main);
    mailbox_close(&other);
    for (unsigned i = 0; i < 2 && !fault; i++)
        fault = box_fault(&b->e[i]);
    return fault;
}

/* Do it once with everything recorded; returns the number of cuts. */
static unsigned record_operation(struct boxes *b, const struct operation *op)
{
    static struct recorder r;

    memset(&r, 0, sizeof r);
    for (unsigned i = 0; i < 2; i++)
        snprintf(r.disk.dirs[i].path, sizeof r.disk.dirs[i].path, "%s", b->dir[i]);
    all_is_durable(&r.disk);
    struct mailbox *main = box_open(b->s, "user.fred"), *other = box_open(b->s, "user.fred.other");
    durable_set_hook(record_step, &r);
    CU_ASSERT_EQUAL(op->run(main, other), ERR_OK);
    durable_set_hook(NULL, NULL);
    settle(&r);
    save(&r.disk, r.cuts);                      /* after the acknowledgement */
    mailbox_close(&main);
    mailbox_close(&other);
    disk_fini(&r.disk);
    return r.cuts;
}

static void test_operations(void)
{
    unsigned states = 0;

    sync_set_enabled(false);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        const struct operation *op = &operations[i];
        struct boxes b;
        setup(&b);
        unsigned cuts = record_operation(&b, op);
        CU_CHECK_ROW(i, cuts >= 4);
        for (unsigned n = 0; n <= cuts; n++, states++) {
            store_close(&b.s);
            put_back(&b, n);
            struct buf why = BUF_INIT;
            CU_ASSERT_EQUAL_FATAL(store_open(&b.s, &why), ERR_OK);
            buf_fini(&why);
            const char *fault = check(&b, op, n == cuts);
            if (fault)
                fprintf(stderr, "%s, power cut before step %u of %u: %s\n", op->name, n, cuts, fault);
            CU_CHECK_ROW(n, fault == NULL);
        }
        teardown(&b);
    }
    sync_set_enabled(true);
    CU_ASSERT_TRUE(states > 60);
}

TEST_SUITE("power cut", { "operations", test_operations })
