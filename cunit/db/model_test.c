/* model_test.c - random work on every engine, compared with the memory engine step by step */
#include "cunit/db/db_test.h"

#include <stdlib.h>

enum { STEPS = 600, ROUNDS = 3 };

struct pair {
    const struct engine_row *row;
    const char *path, *model_path;
    struct db *db, *model;
    struct db_txn *txn, *model_txn;
    uint64_t dice;
};

static unsigned below(struct pair *p, unsigned n)
{
    p->dice = p->dice * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(p->dice >> 33) % n;
}

static struct slice some_key(struct pair *p, char *dst)
{
    size_t n = 1 + below(p, 6);

    for (size_t i = 0; i < n; i++)
        dst[i] = "ab.-"[below(p, 4)];
    return slice_make(dst, n);
}

static struct slice some_value(struct pair *p, char *dst, size_t size)
{
    size_t n = below(p, 8) ? below(p, 40) : below(p, (unsigned)size);

    for (size_t i = 0; i < n; i++)
        dst[i] = (char)below(p, 256);
    return slice_make(dst, n);
}

/* The memory engine ends with its last handle, so it stays open. */
static void reopen(struct pair *p)
{
    db_close(&p->db);
    p->db = must_open(p->row, p->path, 0);
}

static bool begin(struct pair *p)
{
    return db_begin(p->db, &p->txn) == ERR_OK && db_begin(p->model, &p->model_txn) == ERR_OK;
}

static bool end(struct pair *p)
{
    if (below(p, 3) == 0) {
        db_abort(&p->txn);
        db_abort(&p->model_txn);
        return true;
    }
    return db_commit(&p->txn) == ERR_OK && db_commit(&p->model_txn) == ERR_OK;
}

static bool change(struct pair *p)
{
    char key[8], value[3000];
    struct slice k = some_key(p, key), v = some_value(p, value, sizeof value);

    switch (below(p, 4)) {
    case 0:
        return db_delete(p->txn, k) == db_delete(p->model_txn, k);
    case 1:
        return db_create(p->txn, k, v) == db_create(p->model_txn, k, v);
    }
    return db_store(p->txn, k, v) == ERR_OK && db_store(p->model_txn, k, v) == ERR_OK;
}

static bool same_fetch(struct pair *p)
{
    struct buf a = BUF_INIT, b = BUF_INIT, ka = BUF_INIT, kb = BUF_INIT;
    char key[8];
    struct slice k = some_key(p, key);

    bool ok = db_fetch(p->db, p->txn, k, &a) == db_fetch(p->model, p->model_txn, k, &b) &&
        slice_eq(buf_slice(&a), buf_slice(&b));
    ok = ok && db_fetch_next(p->db, p->txn, k, &ka, &a) ==
        db_fetch_next(p->model, p->model_txn, k, &kb, &b) &&
        slice_eq(buf_slice(&a), buf_slice(&b)) && slice_eq(buf_slice(&ka), buf_slice(&kb));
    buf_fini(&a);
    buf_fini(&b);
    buf_fini(&ka);
    buf_fini(&kb);
    return ok;
}

static err_t add_record(void *arg, struct slice key, struct slice value)
{
    buf_addf(arg, "%zu %zu ", key.n, value.n);
    buf_add_slice(arg, key);
    buf_add_slice(arg, value);
    return ERR_OK;
}

static bool same_walk(struct pair *p)
{
    struct buf a = BUF_INIT, b = BUF_INIT;
    char key[8];
    struct slice prefix = slice_cut(some_key(p, key), 0, below(p, 3));

    bool ok = db_foreach(p->db, p->txn, prefix, add_record, &a) == ERR_OK &&
        db_foreach(p->model, p->model_txn, prefix, add_record, &b) == ERR_OK &&
        slice_eq(buf_slice(&a), buf_slice(&b));
    buf_fini(&a);
    buf_fini(&b);
    return ok;
}

static bool is_consistent(struct pair *p)
{
    struct buf report = BUF_INIT;
    bool ok = db_check(p->db, &report) == ERR_OK;

    if (report.n)
        fprintf(stderr, "%s: %s\n", p->row->name, buf_cstr(&report));
    buf_fini(&report);
    return ok;
}

static bool step(struct pair *p)
{
    if (p->txn && below(p, 8) == 0)
        return end(p);
    if (p->txn)
        return below(p, 4) ? change(p) : same_fetch(p) && same_walk(p);
    switch (below(p, 12)) {
    case 0:
        reopen(p);
        return true;
    case 1:
        return db_repack(p->db) == ERR_OK;
    case 2:
        return is_consistent(p);
    case 3:
    case 4:
        return same_fetch(p);
    case 5:
        return same_walk(p);
    }
    return begin(p);
}

static void run(const struct engine_row *row, uint64_t seed)
{
    bool mbox = (row->flags & DB_MBOXSORT) || strcmp(row->name, "flat") == 0;
    struct pair p = { .row = row, .dice = seed };

    p.path = fresh_path(row);
    p.model_path = in_dir("model");
    p.db = must_open(row, p.path, 0);
    p.model = open_named("memory", p.model_path, DB_CREATE | (mbox ? DB_MBOXSORT : 0));
    for (size_t i = 0; i < STEPS; i++) {
        bool ok = step(&p);
        CU_CHECK_ROW(i, ok);
        if (!ok) {
            fprintf(stderr, "%s flags %u: step %zu of seed %llu\n", row->name, row->flags, i,
                    (unsigned long long)seed);
            break;
        }
    }
    db_abort(&p.txn);
    db_abort(&p.model_txn);
    CU_ASSERT_TRUE(same_walk(&p) && is_consistent(&p));
    db_close(&p.db);
    db_close(&p.model);
}

static void test_random(void)
{
    const char *given = getenv("HALCYON_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 1;

    for (size_t r = 0; r < nengine_rows; r++)
        for (uint64_t i = 0; i < ROUNDS; i++)
            if (!engine_rows[r].plain && strcmp(engine_rows[r].name, "memory") != 0)
                run(&engine_rows[r], seed + i);
}

TEST_SUITE("db model",
    { "random work", test_random })
