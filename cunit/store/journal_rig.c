/* journal_rig.c - see journal_rig.h */
#include "cunit/store/journal_rig.h"

#include <stdlib.h>

#include "cunit/store/journal_disk.h"
#include "cunit/test.h"
#include "lib/base/mem.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

static err_t replay(void *arg, const struct journal_found *found, size_t n)
{
    struct rig *r = arg;

    r->replays++;
    for (size_t i = 0; i < n; i++)
        buf_add_slice(VEC_PUSH(&r->replayed, struct buf), found[i].body);
    return r->replay_result;
}

static err_t flush(void *arg)
{
    struct rig *r = arg;

    r->flushes++;
    if (r->on_flush)
        r->on_flush(r);
    return r->flush_result;
}

static void new_base(struct rig *r)
{
    static unsigned count;

    *r = (struct rig){ .journal = NULL };
    snprintf(r->base, sizeof r->base, "%s/j%u", test_tmpdir(), count++);
    snprintf(r->dir, sizeof r->dir, "%s/journal", r->base);
    snprintf(r->marker, sizeof r->marker, "%s/marker", r->base);
    vec_init(&r->replayed, sizeof(struct buf));
    r->conf = (struct journal_conf){
        .make_dir = true,
        .size = JOURNAL_SIZE_MIN,
        .replay = replay,
        .flush = flush,
    };
}

void rig_init(struct rig *r)
{
    new_base(r);
    CU_ASSERT_EQUAL_FATAL(dir_make(r->base, 0755), ERR_OK);
}

static void forget_replayed(struct rig *r)
{
    for (size_t i = 0; i < r->replayed.n; i++)
        buf_fini(VEC_AT(&r->replayed, struct buf, i));
    vec_fini(&r->replayed);
}

void rig_fini(struct rig *r)
{
    rig_close(r);
    forget_replayed(r);
    buf_fini(&r->why);
}

void rig_crash(const struct rig *r, struct rig *out)
{
    new_base(out);
    disk_copy(r->base, out->base);
}

err_t rig_open(struct rig *r)
{
    r->conf.dir = r->dir;
    r->conf.marker = r->marker;
    r->conf.arg = r;
    buf_reset(&r->why);
    forget_replayed(r);
    vec_init(&r->replayed, sizeof(struct buf));
    return journal_open(&r->conf, &r->journal, &r->why);
}

void rig_must_open(struct rig *r)
{
    if (rig_open(r) == ERR_OK)
        return;
    fprintf(stderr, "test journal: %s\n", buf_cstr(&r->why));
    abort();
}

void rig_close(struct rig *r)
{
    journal_close(&r->journal);
}

err_t rig_append(struct rig *r, const char *text, size_t n)
{
    struct buf body = BUF_INIT;
    struct journal_pos pos;

    buf_adds(&body, text);
    buf_addc(&body, ' ');
    while (body.n < n)
        buf_addc(&body, 'x');
    const struct slice pieces[] = { slice_cut(buf_slice(&body), 0, 1),
                                    slice_skip(buf_slice(&body), 1) };
    err_t err = journal_append(r->journal, JOURNAL_CHANGE, pieces, 2, &pos);
    buf_fini(&body);
    return err;
}

err_t rig_put_unapplied(struct rig *r, const char *text, size_t n)
{
    err_t err = rig_append(r, text, n);

    return err ? err : journal_sync(r->journal);
}

err_t rig_put(struct rig *r, const char *text, size_t n)
{
    err_t err = rig_put_unapplied(r, text, n);

    journal_applied(r->journal);
    return err;
}

int rig_find(const struct rig *r, const char *text)
{
    struct buf word = BUF_INIT;
    int found = -1;

    buf_addf(&word, "%s ", text);
    for (size_t i = 0; i < r->replayed.n && found < 0; i++)
        if (slice_starts(buf_slice(VEC_AT(&r->replayed, struct buf, i)), buf_slice(&word)))
            found = (int)i;
    buf_fini(&word);
    return found;
}

const char *rig_path(const struct rig *r, const char *name)
{
    static char path[4][400];
    static unsigned turn;
    char *out = path[turn++ % 4];

    snprintf(out, sizeof path[0], "%s/%s", r->dir, name);
    return out;
}

uint64_t rig_sequence(const struct rig *r, unsigned file)
{
    struct buf bytes = BUF_INIT;
    uint64_t sequence = 0;

    if (file_load(rig_path(r, file ? "1" : "0"), 100000000, &bytes) == ERR_OK)
        sequence = journal_file_sequence(buf_slice(&bytes));
    buf_fini(&bytes);
    return sequence;
}
