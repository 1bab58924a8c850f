/* journal_mixed_test.c - a disk that has some of what was written after the last sync, in any order
 *
 * A process does a bit of everything and dies.  From the disk before ("old") and after ("new") many
 * disks are made: each name there or not, each sector of a changed file old or new, new files cut,
 * empty or with holes; the journal alone is whole.  From every one of them the server must come to
 * the same mailboxes, byte for byte.  The choices come from a seed, which a failure prints.
 *
 * covers: P1 P2
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cunit/store/instance.h"
#include "cunit/store/journal_disk.h"
#include "cunit/store/journal_ops.h"
#include "cunit/test.h"
#include "imap/store/index.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "lib/conf/conf.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/sync.h"

enum { SECTOR = 512, FILE_MAX = 10000000, ROUNDS = 80 };

static void must(err_t err, const char *what)
{
    if (err) {
        fprintf(stderr, "test disk: %s: %s\n", what, err_name(err));
        abort();
    }
}

/* ---- numbers from a seed ---- */

static uint64_t state;

static unsigned pick(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

/* ---- the files of a round ---- */

/* Names of new files by their number on disk "new", so that links stay links. */
struct placed {
    ino_t ino;
    char *path;
};

struct round {
    struct vec placed;                  /* struct placed */
};

static const char *path_of(const char *disk, const char *name)
{
    static char path[4][700];
    static unsigned turn;
    char *out = path[turn++ % 4];

    snprintf(out, sizeof path[0], "%s%s%s/%s", instance_dir(), *disk ? "/" : "", disk, name);
    return out;
}

static void write_file(const char *path, const struct buf *bytes)
{
    int fd;

    must(file_open(path, O_RDWR | O_CREAT, 0600, &fd), path);
    must(file_truncate(fd, path, 0), path);
    must(file_write_all(fd, path, bytes->p, bytes->n), path);
    file_close(&fd);
}

/* Each sector is the one or the other; the size is that of either. */
static void mix(const struct buf *was, const struct buf *is, struct buf *out)
{
    const size_t n = pick(2) ? is->n : was->n;

    buf_reset(out);
    for (size_t at = 0; at < n; at += SECTOR) {
        const struct buf *from = pick(2) ? is : was;
        for (size_t i = at; i < at + SECTOR && i < n; i++)
            buf_addc(out, i < from->n ? from->p[i] : '\0');
    }
}

/* A file whose name is there, but whose bytes were never synced. */
static void tear(const struct buf *is, struct buf *out)
{
    static const struct buf nothing = BUF_INIT;
    const size_t sectors = is->n / SECTOR + 1;

    buf_reset(out);
    switch (pick(5)) {
    case 0:
        break;
    case 1:
        buf_add(out, is->p, pick((unsigned)sectors) * SECTOR);
        break;
    case 2:
        mix(&nothing, is, out);
        break;
    case 3:                             /* and more than there should be */
        buf_add_slice(out, buf_slice(is));
        buf_adds(out, "left over from before");
        break;
    default:
        buf_add_slice(out, buf_slice(is));
    }
}

static bool link_placed(struct round *r, ino_t ino, const char *path)
{
    for (size_t i = 0; i < r->placed.n; i++) {
        const struct placed *p = VEC_AT(&r->placed, struct placed, i);
        if (p->ino == ino)
            return link(p->path, path) == 0;
    }
    *VEC_PUSH(&r->placed, struct placed) = (struct placed){ ino, mem_strdup(path) };
    return false;
}

static void place_new(struct round *r, const char *name, const struct stat *st,
                      const struct buf *is)
{
    const char *path = path_of("spool", name);
    struct buf bytes = BUF_INIT;

    if (!pick(3) || link_placed(r, st->st_ino, path))
        return;
    tear(is, &bytes);
    write_file(path, &bytes);
    buf_fini(&bytes);
}

/* The header as it is while a commit writes: the mark of a writer that is not done. */
static void mark_unfinished(struct buf *bytes)
{
    struct index_head head;

    if (bytes->n < INDEX_HEAD_SIZE || index_head_decode(buf_slice(bytes), NULL, &head) != ERR_OK)
        return;
    head.options |= INDEX_OPT_UNFINISHED;
    index_head_encode(&head, (uint8_t *)bytes->p);
}

/* Written in place, or replaced by rename: that is cyrus.header alone. */
static void place_changed(const char *name, const struct buf *was, const struct buf *is)
{
    struct buf bytes = BUF_INIT;

    if (!slice_ends(slice_cstr(name), SLICE_LIT("cyrus.header")))
        mix(was, is, &bytes);
    else if (pick(2))
        tear(is, &bytes);
    else
        buf_add_slice(&bytes, buf_slice(was));
    if (slice_ends(slice_cstr(name), SLICE_LIT("cyrus.index")) && !pick(4))
        mark_unfinished(&bytes);
    write_file(path_of("spool", name), &bytes);
    buf_fini(&bytes);
}

/* A file of disk "new" comes upon the old spool. */
static err_t place(void *arg, const char *name, enum dir_type type)
{
    struct buf was = BUF_INIT, is = BUF_INIT;
    struct round *r = arg;
    struct stat st;

    if (type != DIR_FILE || slice_starts(slice_cstr(name), SLICE_LIT("stage./")))
        return ERR_OK;
    must(file_load(path_of("new/spool", name), FILE_MAX, &is), name);
    must(file_stat(path_of("new/spool", name), &st), name);
    err_t err = file_load(path_of("old/spool", name), FILE_MAX, &was);
    if (err)
        place_new(r, name, &st, &is);
    else if (!slice_eq(buf_slice(&was), buf_slice(&is)))
        place_changed(name, &was, &is);
    buf_fini(&was);
    buf_fini(&is);
    return ERR_OK;
}

static void round_fini(struct round *r)
{
    for (size_t i = 0; i < r->placed.n; i++)
        mem_free(VEC_AT(&r->placed, struct placed, i)->path);
    vec_fini(&r->placed);
}

static void make_disk(void)
{
    struct round r = { VEC_INIT(struct placed) };

    disk_put_cfg(pick(2) ? "old" : "new", "new");
    disk_put_spool("old");
    must(dir_walk(path_of("new", "spool"), DIR_PRE, place, &r), "walk");
    round_fini(&r);
}

/* ---- the rounds ---- */

static const char *compare(struct store *s, const struct ops_boxes *b)
{
    const char *fault = NULL;

    for (unsigned i = 0; i < OPS_BOXES && !fault; i++)
        fault = disk_difference(&b->e[i], "new");
    return fault ? fault : ops_fault(s, b);
}

struct script {
    const char *name;
    int (*run)(struct store *);
    const char *conf;
};

static const struct script scripts[] = {
    { "day", op_day, "expunge_mode: delayed\n" },
    { "deliver", op_deliver, "" },
    { "come and go", op_come_and_go, "expunge_mode: delayed\n" },
    { "keyword", op_keyword, "" },
};
enum { NSCRIPTS = sizeof scripts / sizeof *scripts };

static void run_rounds(const struct script *script, unsigned rounds)
{
    struct store *s = instance_open(script->conf);
    struct ops_boxes b;

    ops_setup(s, &b);
    store_close(&s);
    disk_keep("old");
    CU_ASSERT_EQUAL_FATAL(disk_run(script->run), 0);
    disk_keep("new");
    for (unsigned seed = 1; seed <= rounds; seed++) {
        state = seed;
        make_disk();
        s = disk_open();
        const char *fault = compare(s, &b);
        if (fault)
            fprintf(stderr, "%s, seed %u: %s\n", script->name, seed, fault);
        CU_CHECK_ROW(seed, fault == NULL);
        store_close(&s);
    }
    ops_fini(&b);
    conf_unload();
}

static void test_mixed(void)
{
    sync_set_enabled(false);
    for (size_t i = 0; i < NSCRIPTS; i++)
        run_rounds(&scripts[i], ROUNDS / NSCRIPTS);
    sync_set_enabled(true);
}

TEST_SUITE("journal mixed", { "mixed disks", test_mixed })
