/* quota_test.c - quota roots: values, locking, limits, counting again
 *
 * covers: QU-01 QU-02 QU-04 QU-05 QU-06 QU-07 QU-19 QU-20 QU-21 QU-22
 */
#include "imap/store/quota.h"

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/mbops.h"
#include "imap/store/quota_format.h"
#include "lib/os/file.h"
#include "lib/os/sync.h"

static const struct actor robot = { .is_system = true };
#define NONE QUOTA_UNLIMITED

/* ---- values ---- */

static void test_parse(void)
{
    static const struct {
        const char *value;
        err_t err;
        int64_t used[QUOTA_NRES], limit[QUOTA_NRES];
        uint64_t modseq;
    } rows[] = {
        { "%(S (1295 100000) M (5 5000) AS (18) NF (3) MODSEQ 10)", ERR_OK,
          { 1295, 5, 18, 3 }, { 102400000, 5000, NONE, NONE }, 10 },
        { "%(S (107 500) M (2) AS (0 10) NF (1 3) MODSEQ      7)", ERR_OK,
          { 107, 2, 0, 1 }, { 512000, NONE, 10240, 3 }, 7 },
        { "%(S (1 2) SCAN %(MBOX user.x S 1 M 1 AS 0 NF 1) MODSEQ 3 NEW (1 2) WORD x)", ERR_OK,
          { 1, 0, 0, 0 }, { 2048, NONE, NONE, NONE }, 3 },
        { "%()", ERR_OK, { 0 }, { NONE, NONE, NONE, NONE }, 0 },
        { "55 100", ERR_OK, { 55, 0, 0, 0 }, { 102400, NONE, NONE, NONE }, 0 },
        { "55 -1", ERR_OK, { 55, 0, 0, 0 }, { NONE, NONE, NONE, NONE }, 0 },
        { "55 100 M 3 7 AS 5 -1", ERR_OK, { 55, 3, 5, 0 }, { 102400, 7, NONE, NONE }, 0 },
        { "-4 100", ERR_OK, { 0, 0, 0, 0 }, { 102400, NONE, NONE, NONE }, 0 },
        { "%(S (5 9223372036854775807))", ERR_OK, { 5, 0, 0, 0 }, { NONE, NONE, NONE, NONE }, 0 },
        { "", ERR_CORRUPT, { 0 }, { 0 }, 0 },
        { "garbage", ERR_CORRUPT, { 0 }, { 0 }, 0 },
        { "55", ERR_CORRUPT, { 0 }, { 0 }, 0 },
        { "55 100 MESSAGE 3 7", ERR_CORRUPT, { 0 }, { 0 }, 0 },
        { "%(S (x))", ERR_CORRUPT, { 0 }, { 0 }, 0 },
        { "%(S ())", ERR_CORRUPT, { 0 }, { 0 }, 0 },
        { "%(S (1 2 3))", ERR_CORRUPT, { 0 }, { 0 }, 0 },
        { "%(S (1 2)", ERR_CORRUPT, { 0 }, { 0 }, 0 },
        { "%(MODSEQ x)", ERR_CORRUPT, { 0 }, { 0 }, 0 },
        { "(S (1 2))", ERR_CORRUPT, { 0 }, { 0 }, 0 },
    };
    struct quota_state q;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, quota_format_parse(slice_cstr(rows[i].value), &q) == rows[i].err);
        if (rows[i].err)
            continue;
        CU_CHECK_ROW(i, memcmp(q.used, rows[i].used, sizeof q.used) == 0);
        CU_CHECK_ROW(i, memcmp(q.limit, rows[i].limit, sizeof q.limit) == 0);
        CU_CHECK_ROW(i, q.modseq == rows[i].modseq);
    }
}

static void test_print(void)
{
    static const struct quota_state rows[] = {
        { { 1295, 5, 18, 3 }, { 102400000, 5000, NONE, NONE }, 10 },
        { { 0, 0, 0, 0 }, { NONE, NONE, NONE, NONE }, 0 },
        { { INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX }, { 1024, 1, 1024, 1 }, UINT64_MAX },
    };
    struct buf out = BUF_INIT;
    struct quota_state back;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&out);
        quota_format_put(&rows[i], &out);
        CU_CHECK_ROW(i, (out.n + 1) % QUOTA_FORMAT_STEP == 0);
        CU_CHECK_ROW(i, quota_format_parse(buf_slice(&out), &back) == ERR_OK);
        CU_CHECK_ROW(i, memcmp(&back, &rows[i], sizeof back) == 0);
    }
    buf_reset(&out);
    quota_format_put(&rows[0], &out);
    CU_ASSERT(slice_starts(buf_slice(&out),
                           SLICE_LIT("%(S (1295 100000) M (5 5000) AS (18) NF (3) MODSEQ ")));
    CU_ASSERT(slice_ends(buf_slice(&out), SLICE_LIT("0010)")));
    buf_fini(&out);
}

static void test_check(void)
{
    static const struct {
        int64_t used, limit, n;
        err_t want;
    } rows[] = {
        { 10, 20, 10, ERR_OK },
        { 10, 20, 11, ERR_OVERQUOTA },
        { 20, 20, 0, ERR_OK },
        { 21, 20, 0, ERR_OVERQUOTA },
        { 30, 20, -5, ERR_OK },
        { 30, NONE, 1, ERR_OK },
        { 0, 0, 0, ERR_OK },
        { 0, 0, 1, ERR_OVERQUOTA },
        { INT64_MAX, 20, INT64_MAX, ERR_OVERQUOTA },
        { 10, 20, INT64_MAX, ERR_OVERQUOTA },
    };
    struct quota_state q = { { 0 }, { 0 }, 0 };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        q.used[QUOTA_STORAGE] = rows[i].used;
        q.limit[QUOTA_STORAGE] = rows[i].limit;
        CU_CHECK_ROW(i, quota_check(&q, QUOTA_STORAGE, rows[i].n) == rows[i].want);
    }
    CU_ASSERT_EQUAL(quota_res_unit(QUOTA_STORAGE), 1024);
    CU_ASSERT_EQUAL(quota_res_unit(QUOTA_FOLDERS), 1);
}

/* ---- roots ---- */

static void set_storage(struct store *s, const char *root, int64_t bytes)
{
    const int64_t limit[QUOTA_NRES] = { bytes, NONE, NONE, NONE };

    CU_ASSERT_EQUAL(quota_set_limits(s, slice_cstr(root), limit), ERR_OK);
}

static void test_find(void)
{
    static const struct {
        const char *name, *want;                /* want NULL: none */
    } rows[] = {
        { "user.bovik", "user.bovik" }, { "user.bovik.work", "user.bovik" },
        { "user.bovik.list", "user.bovik.list" }, { "user.bovik.list.info.x", "user.bovik.list" },
        { "user.bovik.listing", "user.bovik" }, { "user.bovika", NULL }, { "shared.a", NULL },
        { "dom.example!user.ann.x", "dom.example!" }, { "dom.example!shared", "dom.example!" },
    };
    struct store *s = instance_open("virtdomains: userid");
    struct buf root = BUF_INIT;

    set_storage(s, "user.bovik", 1024);
    set_storage(s, "user.bovik.list", 1024);
    set_storage(s, "dom.example!", 1024);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, quota_find(s, slice_cstr(rows[i].name), &root) ==
                            (rows[i].want ? ERR_OK : ERR_NOTFOUND));
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&root), rows[i].want ? rows[i].want : ""));
    }
    buf_fini(&root);
    instance_close(&s);
}

static void test_bad_roots(void)
{
    static const char *const rows[] = { "", "user", "a..b", ".a", "a.", "dom.example!user", "!" };
    const int64_t limit[QUOTA_NRES] = { NONE, NONE, NONE, NONE };
    struct store *s = instance_open("");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, quota_set_limits(s, slice_cstr(rows[i]), limit) == ERR_BADNAME);
    CU_ASSERT_EQUAL(quota_delete(s, SLICE_LIT("user.none")), ERR_NOTFOUND);
    instance_close(&s);
}

static void test_lock_and_add(void)
{
    struct store *s = instance_open("");
    struct quota_state state;
    struct quota *q;
    uint64_t syncs;

    CU_ASSERT_EQUAL(quota_lock(s, SLICE_LIT("user.x"), false, &q), ERR_NOTFOUND);
    CU_ASSERT_PTR_NULL(q);
    CU_ASSERT_EQUAL(quota_lock(s, SLICE_LIT("user.x"), true, &q), ERR_OK);
    quota_set_limit(q, QUOTA_STORAGE, 10240);
    CU_ASSERT_EQUAL(quota_commit(&q), ERR_OK);
    CU_ASSERT_PTR_NULL(q);

    syncs = sync_count();
    CU_ASSERT_EQUAL(quota_lock(s, SLICE_LIT("user.x"), false, &q), ERR_OK);
    quota_add(q, QUOTA_STORAGE, 100);
    quota_add(q, QUOTA_STORAGE, -30);
    quota_add(q, QUOTA_MESSAGE, 2);
    CU_ASSERT_EQUAL(quota_state(q)->used[QUOTA_STORAGE], 70);
    CU_ASSERT_EQUAL(quota_commit(&q), ERR_OK);
    CU_ASSERT_EQUAL(sync_count(), syncs);       /* usage is derived */

    CU_ASSERT_EQUAL(quota_lock(s, SLICE_LIT("user.x"), false, &q), ERR_OK);
    quota_add(q, QUOTA_STORAGE, 1000);
    quota_abort(&q);
    quota_abort(&q);
    CU_ASSERT_EQUAL(quota_lock(s, SLICE_LIT("user.x"), false, &q), ERR_OK);
    quota_add(q, QUOTA_MESSAGE, -5);            /* never below zero */
    CU_ASSERT_EQUAL(quota_commit(&q), ERR_OK);

    CU_ASSERT_EQUAL(quota_lock(s, SLICE_LIT("user.x"), false, &q), ERR_OK);
    quota_set_limit(q, QUOTA_STORAGE, 20480);
    syncs = sync_count();
    CU_ASSERT_EQUAL(quota_commit(&q), ERR_OK);
    CU_ASSERT(sync_count() > syncs);            /* limits are not */
    instance_reopen(&s);
    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("user.x"), &state), ERR_OK);
    CU_ASSERT_EQUAL(state.used[QUOTA_STORAGE], 70);
    CU_ASSERT_EQUAL(state.used[QUOTA_MESSAGE], 0);
    CU_ASSERT_EQUAL(state.limit[QUOTA_STORAGE], 20480);
    CU_ASSERT_EQUAL(state.modseq, 4);
    instance_close(&s);
}

/* An unreadable root is left alone and does not hide the others. */
static err_t count_roots(void *arg, struct slice root, const struct quota_state *q)
{
    unsigned *n = arg;

    (void)root, (void)q;
    ++*n;
    return ERR_OK;
}

static void test_damaged(void)
{
    struct store *s = instance_open("");
    struct quota_state state;
    struct quota *q;
    char path[700];
    unsigned n = 0;

    set_storage(s, "user.x", 1024);
    set_storage(s, "user.y", 1024);
    snprintf(path, sizeof path, "%s", instance_path("cfg/quota/x/user.x"));
    CU_ASSERT_EQUAL(
        file_replace(path, instance_path("tmp"), SLICE_LIT("garbage\n"), 0644, FILE_NOSYNC),
        ERR_OK);
    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("user.x"), &state), ERR_CORRUPT);
    CU_ASSERT_EQUAL(quota_lock(s, SLICE_LIT("user.x"), true, &q), ERR_CORRUPT);
    CU_ASSERT_EQUAL(quota_foreach(s, SLICE_NULL, count_roots, &n), ERR_CORRUPT);
    CU_ASSERT_EQUAL(n, 1);
    instance_close(&s);
}

/* ---- mailboxes under roots ---- */

static void create(struct store *s, const char *name)
{
    const struct mbop_create c = { .name = slice_cstr(name) };

    CU_ASSERT_EQUAL(mbop_create(s, &robot, &c, NULL), ERR_OK);
}

static void fill(struct store *s, const char *name, unsigned n)
{
    struct mailbox *mb = box_open(s, name);

    CU_ASSERT_EQUAL(box_append_many(mb, n), ERR_OK);
    mailbox_close(&mb);
}

static void check_used(struct store *s, const char *root, int64_t messages, int64_t folders)
{
    struct quota_state q;

    CU_ASSERT_EQUAL(quota_read(s, slice_cstr(root), &q), ERR_OK);
    CU_ASSERT_EQUAL(q.used[QUOTA_MESSAGE], messages);
    CU_ASSERT_EQUAL(q.used[QUOTA_FOLDERS], folders);
    CU_ASSERT((q.used[QUOTA_STORAGE] > 0) == (messages > 0));
}

static void check_root_of(struct store *s, const char *name, const char *root)
{
    struct mbentry e;
    struct header h;

    mbentry_init(&e);
    header_init(&h);
    CU_ASSERT_EQUAL(mblist_lookup(s, slice_cstr(name), &e), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_peek_header(&e, &h), ERR_OK);
    CU_ASSERT(slice_eqs(buf_slice(&h.quotaroot), root));
    header_fini(&h);
    mbentry_fini(&e);
}

/* The overview's example: five mailboxes, three roots. */
static void test_worked_example(void)
{
    static const char *const names[] = { "user.bovik",           "user.bovik.list",
                                         "user.bovik.list.imap", "user.bovik.list.info-cyrus",
                                         "user.bovik.saved",     "user.bovik.todo" };
    struct store *s = instance_open("");

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        create(s, names[i]);
        fill(s, names[i], (unsigned)i + 1);
    }
    set_storage(s, "user.bovik", 1 << 20);
    check_used(s, "user.bovik", 21, 6);
    set_storage(s, "user.bovik.list", 1 << 20);
    set_storage(s, "user.bovik.saved", 1 << 20);
    check_used(s, "user.bovik", 7, 2);
    check_used(s, "user.bovik.list", 9, 3);
    check_used(s, "user.bovik.saved", 5, 1);
    check_root_of(s, "user.bovik.todo", "user.bovik");
    check_root_of(s, "user.bovik.list.imap", "user.bovik.list");
    fill(s, "user.bovik.list.imap", 2);
    check_used(s, "user.bovik.list", 11, 3);
    check_used(s, "user.bovik", 7, 2);
    /* a root goes: its mailboxes fall to the next above */
    CU_ASSERT_EQUAL(quota_delete(s, SLICE_LIT("user.bovik.list")), ERR_OK);
    check_used(s, "user.bovik", 18, 5);
    check_root_of(s, "user.bovik.list.imap", "user.bovik");
    CU_ASSERT_EQUAL(quota_delete(s, SLICE_LIT("user.bovik")), ERR_OK);
    check_root_of(s, "user.bovik.list.imap", "");
    check_used(s, "user.bovik.saved", 5, 1);
    instance_close(&s);
}

static void note(void *arg, const char *line)
{
    struct buf *out = arg;

    buf_adds(out, line);
    buf_addc(out, '\n');
}

static void damage(struct store *s, const char *root, int64_t messages)
{
    struct quota *q;

    CU_ASSERT_EQUAL(quota_lock(s, slice_cstr(root), false, &q), ERR_OK);
    quota_set_used(q, QUOTA_MESSAGE, messages);
    CU_ASSERT_EQUAL(quota_commit(&q), ERR_OK);
}

static void test_fix(void)
{
    struct store *s = instance_open("");
    const struct slice none = SLICE_LIT("");
    struct buf report = BUF_INIT;
    struct mbentry e;

    create(s, "user.bob");
    create(s, "user.bob.x");
    create(s, "user.bobby");
    fill(s, "user.bob.x", 3);
    set_storage(s, "user.bob", 1 << 20);
    set_storage(s, "user.bobby", 1 << 20);
    CU_ASSERT_EQUAL(quota_fix(s, SLICE_NULL, note, &report), ERR_OK);
    CU_ASSERT_EQUAL(report.n, 0);               /* a sound store: not one byte */

    damage(s, "user.bob", 9);
    damage(s, "user.bobby", 1);
    CU_ASSERT_EQUAL(quota_verify(s, SLICE_NULL, note, &report), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&report), "user.bob: MESSAGE usage was 9, now 3\n"
                                              "user.bobby: MESSAGE usage was 1, now 0\n");
    buf_reset(&report);
    CU_ASSERT_EQUAL(quota_fix(s, SLICE_LIT("user.bob"), note, &report), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&report), "user.bob: MESSAGE usage was 9, now 3\n");
    check_used(s, "user.bob", 3, 2);
    CU_ASSERT_EQUAL(quota_fix(s, SLICE_NULL, NULL, NULL), ERR_OK);
    check_used(s, "user.bobby", 0, 1);

    mbentry_init(&e);
    CU_ASSERT_EQUAL(mblist_lookup(s, SLICE_LIT("user.bob.x"), &e), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_set_header(s, &e, &none, NULL), ERR_OK);
    buf_reset(&report);
    CU_ASSERT_EQUAL(quota_fix(s, SLICE_NULL, note, &report), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&report), "user.bob.x: quota root (none) --> user.bob\n");
    check_root_of(s, "user.bob.x", "user.bob");
    mbentry_fini(&e);
    buf_fini(&report);
    instance_close(&s);
}

static void test_sample(void)
{
    struct store *s = instance_open_sample("hashimapspool: yes");
    struct buf report = BUF_INIT;
    struct quota_state q;

    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("user.fred"), &q), ERR_OK);
    CU_ASSERT_EQUAL(q.used[QUOTA_STORAGE], 5342);
    CU_ASSERT_EQUAL(q.limit[QUOTA_STORAGE], 10240 * 1024);
    CU_ASSERT_EQUAL(q.used[QUOTA_MESSAGE], 13);
    CU_ASSERT_EQUAL(q.used[QUOTA_ANNOTATION], 107);
    CU_ASSERT_EQUAL(q.modseq, 30);
    CU_ASSERT_EQUAL(quota_fix(s, SLICE_NULL, note, &report), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&report), "");
    buf_fini(&report);
    instance_close(&s);
}

TEST_SUITE("quota", { "parse", test_parse }, { "print", test_print }, { "check", test_check },
           { "find", test_find }, { "bad_roots", test_bad_roots },
           { "lock_and_add", test_lock_and_add }, { "damaged", test_damaged },
           { "worked_example", test_worked_example }, { "fix", test_fix },
           { "sample", test_sample })
