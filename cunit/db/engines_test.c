/* engines_test.c - what db.h promises, asked of every engine
 *
 * covers: PT-36
 */
#include "cunit/db/db_test.h"

#include "lib/base/mem.h"

#define FOR_EACH_ROW(row) \
    for (const struct engine_row *row = engine_rows; row < engine_rows + nengine_rows; row++)
#define ROW_CHECK(row, cond) CU_CHECK_ROW((size_t)((row) - engine_rows), cond)

static void test_open(void)
{
    struct db *db;

    FOR_EACH_ROW(row) {
        const char *path = fresh_path(row);
        if (!row->plain)
            ROW_CHECK(row, db_open(row->name, path, row->flags, &db) == ERR_NOTFOUND && !db);
        db = must_open(row, path, 0);
        ROW_CHECK(row, strcmp(db_engine(db), row->name) == 0);
        ROW_CHECK(row, strcmp(db_path(db), path) == 0);
        ROW_CHECK(row, strcmp(content(db, NULL), "") == 0);
        db_close(&db);
        CU_ASSERT_PTR_NULL(db);
    }
    CU_ASSERT_EQUAL(db_open("sql", in_dir("x"), DB_CREATE, &db), ERR_UNSUPPORTED);
    CU_ASSERT_EQUAL(db_open("flat", "/proc/no/such", DB_CREATE, &db) != ERR_OK, true);
}

static void test_directories_are_made(void)
{
    FOR_EACH_ROW(row) {
        fresh_dir();
        struct db *db = must_open(row, in_dir("a/b/quota"), 0);
        ROW_CHECK(row, put(db, "user.x", "%(1)") == ERR_OK);
        db_close(&db);
    }
}

static void test_store_fetch_delete(void)
{
    FOR_EACH_ROW(row) {
        const char *path = fresh_path(row);
        struct db *db = must_open(row, path, 0);
        ROW_CHECK(row, put(db, "user.b", "%(2)") == ERR_OK);
        ROW_CHECK(row, put(db, "user.a", "%(1)") == ERR_OK);
        ROW_CHECK(row, put(db, "user.c", "%(3)") == ERR_OK);
        ROW_CHECK(row, has(db, NULL, "user.b", "%(2)"));
        ROW_CHECK(row, has(db, NULL, "user.", NULL));
        ROW_CHECK(row, has(db, NULL, "user.bb", NULL));
        ROW_CHECK(row, put(db, "user.b", "%(longer now)") == ERR_OK);
        ROW_CHECK(row, put(db, "user.b", "%(longer now)") == ERR_OK);
        ROW_CHECK(row, put(db, "user.b", "%(other now!)") == ERR_OK);
        ROW_CHECK(row, has(db, NULL, "user.b", "%(other now!)"));
        ROW_CHECK(row,
                  strcmp(content(db, NULL), "user.a=%(1) user.b=%(other now!) user.c=%(3) ") == 0);
        ROW_CHECK(row, put(db, "user.b", NULL) == ERR_OK);
        ROW_CHECK(row, put(db, "user.b", NULL) == ERR_NOTFOUND);
        ROW_CHECK(row, has(db, NULL, "user.b", NULL));
        ROW_CHECK(row, strcmp(content(db, NULL), "user.a=%(1) user.c=%(3) ") == 0);
        if (strcmp(row->name, "memory") != 0) {
            db_close(&db);
            db = must_open(row, path, 0);
            ROW_CHECK(row, strcmp(content(db, NULL), "user.a=%(1) user.c=%(3) ") == 0);
        }
        struct buf report = BUF_INIT;
        ROW_CHECK(row, db_check(db, &report) == ERR_OK && report.n == 0);
        buf_fini(&report);
        db_close(&db);
    }
}

static void test_empty_keys_are_refused(void)
{
    struct buf v = BUF_INIT;

    FOR_EACH_ROW(row) {
        struct db *db = must_open(row, fresh_path(row), 0);
        ROW_CHECK(row, db_store_now(db, SLICE_NULL, SLICE_LIT("%(x)")) == ERR_SYNTAX);
        ROW_CHECK(row, db_delete_now(db, SLICE_NULL) == ERR_SYNTAX);
        ROW_CHECK(row, db_fetch(db, NULL, SLICE_NULL, &v) == ERR_SYNTAX);
        ROW_CHECK(row, strcmp(content(db, NULL), "") == 0);
        db_close(&db);
    }
    buf_fini(&v);
}

static void test_transactions(void)
{
    FOR_EACH_ROW(row) {
        struct db *db = must_open(row, fresh_path(row), 0);
        struct db_txn *txn;

        ROW_CHECK(row, put(db, "user.a", "%(1)") == ERR_OK);
        ROW_CHECK(row, db_begin(db, &txn) == ERR_OK);
        ROW_CHECK(row, db_store(txn, SLICE_LIT("user.b"), SLICE_LIT("%(2)")) == ERR_OK);
        ROW_CHECK(row, db_delete(txn, SLICE_LIT("user.a")) == ERR_OK);
        ROW_CHECK(row, db_delete(txn, SLICE_LIT("user.a")) == ERR_NOTFOUND);
        ROW_CHECK(row, has(db, txn, "user.b", "%(2)") && has(db, txn, "user.a", NULL));
        db_abort(&txn);
        ROW_CHECK(row, !txn && strcmp(content(db, NULL), "user.a=%(1) ") == 0);

        ROW_CHECK(row, db_begin(db, &txn) == ERR_OK);
        ROW_CHECK(row, db_create(txn, SLICE_LIT("user.a"), SLICE_LIT("%(x)")) == ERR_EXISTS);
        ROW_CHECK(row, db_create(txn, SLICE_LIT("user.c"), SLICE_LIT("%(3)")) == ERR_OK);
        ROW_CHECK(row, db_create(txn, SLICE_LIT("user.c"), SLICE_LIT("%(4)")) == ERR_EXISTS);
        ROW_CHECK(row, db_store(txn, SLICE_LIT("user.a"), SLICE_LIT("%(5)")) == ERR_OK);
        ROW_CHECK(row, db_delete(txn, SLICE_LIT("user.c")) == ERR_OK);
        ROW_CHECK(row, db_create(txn, SLICE_LIT("user.c"), SLICE_LIT("%(6)")) == ERR_OK);
        ROW_CHECK(row, db_commit(&txn) == ERR_OK && !txn);
        ROW_CHECK(row, strcmp(content(db, NULL), "user.a=%(5) user.c=%(6) ") == 0);

        ROW_CHECK(row, db_begin(db, &txn) == ERR_OK);       /* one that changes nothing */
        ROW_CHECK(row, db_commit(&txn) == ERR_OK);
        db_abort(&txn);
        db_close(&db);
    }
}

static void test_binary(void)
{
    static const struct {
        struct slice key, value;
    } records[] = {
        { SLICE_LIT("\0"), SLICE_LIT("zero") },
        { SLICE_LIT("\0\0"), SLICE_LIT("\0\t\r\n\377\200") },
        { SLICE_LIT("\t"), SLICE_LIT("") },
        { SLICE_LIT("\r\n"), SLICE_LIT("\t") },
        { SLICE_LIT("\377"), SLICE_LIT("\377\377") },
        { SLICE_LIT("\377\200"), SLICE_LIT("x") },
        { SLICE_LIT("a\tb"), SLICE_LIT("y") },
        { SLICE_LIT("\200"), SLICE_LIT(" BLANK\007\240") },
    };
    enum { N = sizeof records / sizeof *records };
    struct buf v = BUF_INIT;

    FOR_EACH_ROW(row) {
        if (row->plain)
            continue;
        struct db *db = must_open(row, fresh_path(row), 0);
        for (size_t i = 0; i < N; i++)
            ROW_CHECK(row, db_store_now(db, records[i].key, records[i].value) == ERR_OK);
        for (size_t i = 0; i < N; i++) {
            ROW_CHECK(row, db_fetch(db, NULL, records[i].key, &v) == ERR_OK);
            ROW_CHECK(row, slice_eq(buf_slice(&v), records[i].value));
        }
        db_close(&db);
    }
    buf_fini(&v);
}

/* Long keys and values, around the places where formats change their mind. */
static void test_sizes(void)
{
    static const size_t sizes[] = {
        1, 2, 3, 4, 7, 8, 9, 500, 512, 4096, 65534, 65535, 65536, 300000
    };
    enum { N = sizeof sizes / sizeof *sizes };
    char *big = mem_alloc(300000);
    struct buf v = BUF_INIT;

    memset(big, 'k', 300000);
    FOR_EACH_ROW(row) {
        if (row->plain)
            continue;
        struct db *db = must_open(row, fresh_path(row), 0);
        for (size_t i = 0; i < N; i++)
            ROW_CHECK(row, db_store_now(db, slice_make(big, sizes[i]),
                                        slice_make(big, sizes[N - 1 - i])) == ERR_OK);
        for (size_t i = 0; i < N; i++) {
            ROW_CHECK(row, db_fetch(db, NULL, slice_make(big, sizes[i]), &v) == ERR_OK);
            ROW_CHECK(row, v.n == sizes[N - 1 - i]);
        }
        struct buf report = BUF_INIT;
        ROW_CHECK(row, db_check(db, &report) == ERR_OK);
        buf_fini(&report);
        db_close(&db);
    }
    buf_fini(&v);
    mem_free(big);
}

static err_t count_three(void *arg, struct slice key, struct slice value)
{
    int *n = arg;

    (void)key, (void)value;
    return ++*n == 3 ? ERR_STOP : ERR_OK;
}

static err_t join_keys(void *arg, struct slice key, struct slice value)
{
    (void)value;
    buf_add_slice(arg, key);
    buf_addc(arg, ' ');
    return ERR_OK;
}

static void test_walk(void)
{
    static const char *const keys[] = { "user.a", "user.a.x", "user.ab",
                                        "user.b", "shared",   "user.a-x" };
    struct buf k = BUF_INIT, v = BUF_INIT;

    FOR_EACH_ROW(row) {
        struct db *db = must_open(row, fresh_path(row), 0);
        struct buf seen = BUF_INIT;
        int n = 0;

        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            ROW_CHECK(row, put(db, keys[i], "%(1)") == ERR_OK);
        ROW_CHECK(row,
                  db_foreach(db, NULL, SLICE_LIT("user."), count_three, &n) == ERR_STOP && n == 3);
        ROW_CHECK(row, db_foreach(db, NULL, SLICE_LIT("user.a"), join_keys, &seen) == ERR_OK);
        bool mbox = (row->flags & DB_MBOXSORT) || strcmp(row->name, "flat") == 0;
        ROW_CHECK(row, slice_eqs(buf_slice(&seen), mbox ? "user.a user.a.x user.a-x user.ab "
                                                        : "user.a user.a-x user.a.x user.ab "));
        buf_reset(&seen);
        ROW_CHECK(row, db_foreach(db, NULL, SLICE_LIT("zzz"), join_keys, &seen) == ERR_OK &&
                           seen.n == 0);
        ROW_CHECK(row,
                  db_foreach(db, NULL, SLICE_LIT("A"), join_keys, &seen) == ERR_OK && seen.n == 0);

        /* fetch_next; the same buffer for question and answer */
        n = 0;
        buf_reset(&k);
        while (db_fetch_next(db, NULL, buf_slice(&k), &k, &v) == ERR_OK) {
            ROW_CHECK(row, n != 0 || slice_eqs(buf_slice(&k), "shared"));
            n++;
        }
        ROW_CHECK(row, n == 6 && k.n == 0);
        ROW_CHECK(row, db_fetch_next(db, NULL, SLICE_LIT("shaq"), &k, &v) == ERR_OK);
        ROW_CHECK(row, slice_eqs(buf_slice(&k), "shared"));
        buf_fini(&seen);
        db_close(&db);
    }
    buf_fini(&k);
    buf_fini(&v);
}

/* A callback that deletes what it is given and the record behind, and adds others. */
struct meddler {
    struct db *db;
    struct db_txn *txn;
    struct buf seen;
    int n;
};

static err_t change(struct meddler *m, const char *key, const char *value)
{
    if (!m->txn)
        return put(m->db, key, value);
    if (!value)
        return db_delete(m->txn, slice_cstr(key));
    return db_store(m->txn, slice_cstr(key), slice_cstr(value));
}

static err_t meddle(void *arg, struct slice key, struct slice value)
{
    struct meddler *m = arg;
    char other[32];
    err_t err = join_keys(&m->seen, key, value);

    snprintf(other, sizeof other, "%.*s", SLICE_ARG(key));
    if (!err && ++m->n % 2 == 1)
        err = change(m, other, NULL);
    if (!err && m->n == 1)
        err = change(m, "user.02", NULL);
    if (!err && m->n == 1)
        err = change(m, "user.05x", "%(new)");
    if (!err && m->n == 1)
        err = change(m, "user.00", "%(before)");
    return err;
}

static void test_change_while_walking(void)
{
    FOR_EACH_ROW(row) {
        for (int in_txn = 0; in_txn < 2; in_txn++) {
            struct db *db = must_open(row, fresh_path(row), 0);
            struct meddler m = { .db = db, .seen = BUF_INIT };
            char key[32];

            for (int i = 1; i <= 9; i++) {
                snprintf(key, sizeof key, "user.%02d", i);
                ROW_CHECK(row, put(db, key, "%(1)") == ERR_OK);
            }
            if (in_txn)
                ROW_CHECK(row, db_begin(db, &m.txn) == ERR_OK);
            ROW_CHECK(row, db_foreach(db, m.txn, SLICE_LIT("user."), meddle, &m) == ERR_OK);
            if (in_txn)
                ROW_CHECK(row, db_commit(&m.txn) == ERR_OK);
            if (!row->plain)        /* quotalegacy walks a list made before */
                ROW_CHECK(row,
                          slice_eqs(buf_slice(&m.seen), "user.01 user.03 user.04 user.05 user.05x "
                                                        "user.06 user.07 user.08 user.09 "));
            ROW_CHECK(row, has(db, NULL, "user.00", "%(before)") && has(db, NULL, "user.02", NULL));
            buf_fini(&m.seen);
            db_close(&db);
        }
    }
}

static void test_many(void)
{
    enum { N = 1500 };
    char key[40];

    FOR_EACH_ROW(row) {
        struct db *db = must_open(row, fresh_path(row), 0);
        struct db_txn *txn = NULL;
        struct buf seen = BUF_INIT;
        int step = row->plain ? 50 : N;

        for (int i = 0; i < N; i++) {
            if (i % step == 0)
                ROW_CHECK(row, db_begin(db, &txn) == ERR_OK);
            snprintf(key, sizeof key, "user.u%04d", i * 7 % N);
            ROW_CHECK(row, db_store(txn, slice_cstr(key), SLICE_LIT("%(v)")) == ERR_OK);
            if (i % step == step - 1)
                ROW_CHECK(row, db_commit(&txn) == ERR_OK);
        }
        ROW_CHECK(row, db_foreach(db, NULL, SLICE_NULL, join_keys, &seen) == ERR_OK);
        bool ok = seen.n == N * strlen("user.u0000 ");
        for (int i = 0; ok && i < N; i++) {
            snprintf(key, sizeof key, "user.u%04d ", i);
            ok = memcmp(seen.p + (size_t)i * 11, key, 11) == 0;
        }
        ROW_CHECK(row, ok);
        buf_fini(&seen);
        db_close(&db);
    }
}

/* The handle is shared: one transaction is seen by both. */
static void test_second_open(void)
{
    FOR_EACH_ROW(row) {
        const char *path = fresh_path(row);
        struct db *a = must_open(row, path, 0), *b;
        struct db_txn *txn;

        ROW_CHECK(row, db_open(row->name, path, row->flags | DB_RDONLY, &b) == ERR_OK && a == b);
        ROW_CHECK(row, db_begin(a, &txn) == ERR_OK);
        ROW_CHECK(row, db_store(txn, SLICE_LIT("user.a"), SLICE_LIT("%(1)")) == ERR_OK);
        ROW_CHECK(row, has(b, NULL, "user.a", "%(1)"));
        db_close(&b);
        ROW_CHECK(row, db_commit(&txn) == ERR_OK);
        ROW_CHECK(row, has(a, NULL, "user.a", "%(1)"));
        db_close(&a);
    }
}

static void test_read_only(void)
{
    struct db_txn *txn;
    struct db *db;

    FOR_EACH_ROW(row) {
        if (strcmp(row->name, "memory") == 0)
            continue;
        const char *path = fresh_path(row);
        db = must_open(row, path, 0);
        ROW_CHECK(row, put(db, "user.a", "%(1)") == ERR_OK);
        db_close(&db);
        db = must_open(row, path, DB_RDONLY);
        ROW_CHECK(row, has(db, NULL, "user.a", "%(1)"));
        ROW_CHECK(row, db_begin(db, &txn) == ERR_READONLY && !txn);
        ROW_CHECK(row, put(db, "user.a", "%(2)") == ERR_READONLY);
        ROW_CHECK(row, db_repack(db) == ERR_READONLY);
        /* somebody who may write joins in */
        struct db *writer = must_open(row, path, 0);
        ROW_CHECK(row, put(writer, "user.a", "%(2)") == ERR_OK);
        ROW_CHECK(row, has(db, NULL, "user.a", "%(2)"));
        db_close(&writer);
        db_close(&db);
    }
}

static void test_repack_and_dump(void)
{
    FOR_EACH_ROW(row) {
        struct db *db = must_open(row, fresh_path(row), 0);
        struct buf text = BUF_INIT;

        for (int i = 0; i < 20; i++) {
            char key[20];
            snprintf(key, sizeof key, "user.%c", 'a' + i);
            ROW_CHECK(row, put(db, key, "%(1)") == ERR_OK);
            if (i % 3)
                ROW_CHECK(row, put(db, key, i % 3 == 1 ? NULL : "%(2)") == ERR_OK);
        }
        char before[2000];
        snprintf(before, sizeof before, "%s", content(db, NULL));
        ROW_CHECK(row, db_dump(db, 1, &text) == ERR_OK);
        ROW_CHECK(row, db_repack(db) == ERR_OK);
        ROW_CHECK(row, db_check(db, &text) == ERR_OK);
        ROW_CHECK(row, strcmp(content(db, NULL), before) == 0);
        ROW_CHECK(row, put(db, "user.zz", "%(3)") == ERR_OK);
        ROW_CHECK(row, has(db, NULL, "user.zz", "%(3)"));
        buf_fini(&text);
        db_close(&db);
    }
}

/* A file that vanishes is missing, or made again, but nothing breaks. */
static void test_removed_under_us(void)
{
    FOR_EACH_ROW(row) {
        if (row->plain || strcmp(row->name, "memory") == 0)
            continue;
        const char *path = fresh_path(row);
        struct db *db = must_open(row, path, 0);
        ROW_CHECK(row, put(db, "user.a", "%(1)") == ERR_OK);
        ROW_CHECK(row, remove(path) == 0);
        ROW_CHECK(row, has(db, NULL, "user.a", NULL));
        ROW_CHECK(row, put(db, "user.b", "%(1)") == ERR_OK);
        ROW_CHECK(row, strcmp(content(db, NULL), "user.b=%(1) ") == 0);
        db_close(&db);
    }
}

TEST_SUITE("db engines",
    { "open", test_open },
    { "directories are made", test_directories_are_made },
    { "store, fetch, delete", test_store_fetch_delete },
    { "empty keys are refused", test_empty_keys_are_refused },
    { "transactions", test_transactions },
    { "binary keys and values", test_binary },
    { "sizes", test_sizes },
    { "walk", test_walk },
    { "change while walking", test_change_while_walking },
    { "many records", test_many },
    { "second open", test_second_open },
    { "read only", test_read_only },
    { "repack and dump", test_repack_and_dump },
    { "removed under us", test_removed_under_us })
