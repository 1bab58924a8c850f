/* process_test.c - several processes on one database at once */
#include "cunit/db/db_test.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/num.h"

enum { WRITERS = 4, TURNS = 40 };

static bool is_skipped(const struct engine_row *row)
{
    return strcmp(row->name, "memory") == 0;
}

static uint32_t number_in(struct slice value)
{
    uint32_t n = 0;

    /* "%(123)" */
    return num_u32(slice_cut(value, 2, value.n - 1), &n) == ERR_OK ? n : 0;
}

/* Add one to the counter and store a key of one's own, in one transaction. */
static err_t take_turn(struct db *db, int who, int turn)
{
    struct buf v = BUF_INIT;
    struct db_txn *txn;
    char text[40], key[40];
    err_t err = db_begin(db, &txn);

    if (err)
        return err;
    err = db_fetch(db, txn, SLICE_LIT("user.counter"), &v);
    if (!err) {
        snprintf(text, sizeof text, "%%(%u)", number_in(buf_slice(&v)) + 1);
        err = db_store(txn, SLICE_LIT("user.counter"), slice_cstr(text));
    }
    snprintf(key, sizeof key, "user.w%d.%03d", who, turn);
    if (!err)
        err = db_store(txn, slice_cstr(key), SLICE_LIT("%(x)"));
    if (!err && turn % 4 == 3) {
        snprintf(key, sizeof key, "user.w%d.%03d", who, turn - 1);
        err = db_delete(txn, slice_cstr(key));
    }
    buf_fini(&v);
    if (!err)
        return db_commit(&txn);
    db_abort(&txn);
    return err;
}

static int write_for_a_while(const struct engine_row *row, const char *path, int who)
{
    struct db *db = must_open(row, path, 0);

    for (int turn = 0; turn < TURNS; turn++) {
        if (take_turn(db, who, turn) != ERR_OK)
            return 1;
        if (who == 0 && turn % 10 == 9 && db_repack(db) != ERR_OK)
            return 2;
        if (who == 1 && turn % 10 == 5) {
            db_close(&db);
            db = must_open(row, path, 0);
        }
    }
    db_close(&db);
    return 0;
}

struct reading {
    struct buf last;
    uint32_t n;
    bool ordered;
};

static err_t look(void *arg, struct slice key, struct slice value)
{
    struct reading *r = arg;

    (void)value;
    r->ordered = r->ordered && slice_cmp(buf_slice(&r->last), key) < 0;
    buf_reset(&r->last);
    buf_add_slice(&r->last, key);
    r->n++;
    return ERR_OK;
}

/* The counter never goes back, keys come in order; until the pipe from the writers ends. */
static int read_for_a_while(const struct engine_row *row, const char *path, int until)
{
    struct db *db = must_open(row, path, 0);
    struct buf v = BUF_INIT;
    uint32_t seen = 0;
    char c;

    while (read(until, &c, 1) == 1) {
        struct reading r = { .ordered = true };
        if (db_fetch(db, NULL, SLICE_LIT("user.counter"), &v) != ERR_OK)
            return 1;
        if (number_in(buf_slice(&v)) < seen)
            return 2;
        seen = number_in(buf_slice(&v));
        if (db_foreach(db, NULL, SLICE_LIT("user.w"), look, &r) != ERR_OK)
            return 3;
        /* each writer leaves three of four */
        if (!r.ordered || r.n > WRITERS * TURNS)
            return 4;
        buf_fini(&r.last);
    }
    buf_fini(&v);
    db_close(&db);
    return 0;
}

static void test_many_processes(void)
{
    for (const struct engine_row *row = engine_rows; row < engine_rows + nengine_rows; row++) {
        if (is_skipped(row))
            continue;
        const char *path = fresh_path(row);
        struct db *db = must_open(row, path, 0);
        pid_t pids[WRITERS + 1];
        int fds[2], status;
        char text[40];

        CU_ASSERT_EQUAL(put(db, "user.counter", "%(0)"), ERR_OK);
        db_close(&db);
        if (pipe(fds) != 0)
            abort();
        for (int i = 0; i < WRITERS; i++)
            if ((pids[i] = fork()) == 0)
                _exit(write_for_a_while(row, path, i));
        if ((pids[WRITERS] = fork()) == 0) {
            close(fds[1]);
            _exit(read_for_a_while(row, path, fds[0]));
        }
        for (int i = 0; i < 30; i++)
            CU_ASSERT_EQUAL(write(fds[1], "x", 1), 1);
        close(fds[0]);
        for (int i = 0; i <= WRITERS; i++) {
            if (i == WRITERS)
                close(fds[1]);
            CU_ASSERT_EQUAL(waitpid(pids[i], &status, 0), pids[i]);
            CU_CHECK_ROW((size_t)(row - engine_rows),
                         WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
        db = must_open(row, path, 0);
        snprintf(text, sizeof text, "%%(%d)", WRITERS * TURNS);
        CU_CHECK_ROW((size_t)(row - engine_rows), has(db, NULL, "user.counter", text));
        struct reading r = { .ordered = true };
        CU_ASSERT_EQUAL(db_foreach(db, NULL, SLICE_LIT("user.w"), look, &r), ERR_OK);
        CU_ASSERT_EQUAL(r.n, WRITERS * TURNS * 3 / 4);
        CU_ASSERT_EQUAL(db_check(db, &r.last), ERR_OK);
        buf_fini(&r.last);
        db_close(&db);
    }
}

/* A process that dies inside a transaction lets the others go on. */
static int die_inside(void *arg)
{
    struct db_txn *txn;

    if (db_begin(arg, &txn) != ERR_OK ||
        db_store(txn, SLICE_LIT("user.a"), SLICE_LIT("%(2)")) != ERR_OK)
        return 1;
    return 0;
}

static void test_death_in_transaction(void)
{
    for (const struct engine_row *row = engine_rows; row < engine_rows + nengine_rows; row++) {
        if (is_skipped(row))
            continue;
        struct db *db = must_open(row, fresh_path(row), 0);
        CU_ASSERT_EQUAL(put(db, "user.a", "%(1)"), ERR_OK);
        CU_ASSERT_EQUAL(in_child(die_inside, db), 0);
        CU_CHECK_ROW((size_t)(row - engine_rows), has(db, NULL, "user.a", "%(1)"));
        CU_CHECK_ROW((size_t)(row - engine_rows), put(db, "user.a", "%(3)") == ERR_OK);
        CU_CHECK_ROW((size_t)(row - engine_rows), has(db, NULL, "user.a", "%(3)"));
        db_close(&db);
    }
}

/* What a child has committed is seen through a handle that was open before. */
static int change_in_child(void *arg)
{
    return put(arg, "user.a", "%(2)") == ERR_OK && put(arg, "user.b", "%(3)") == ERR_OK &&
        db_repack(arg) == ERR_OK ? 0 : 1;
}

static void test_others_are_seen(void)
{
    for (const struct engine_row *row = engine_rows; row < engine_rows + nengine_rows; row++) {
        if (is_skipped(row))
            continue;
        struct db *db = must_open(row, fresh_path(row), 0);
        CU_ASSERT_EQUAL(put(db, "user.a", "%(1)"), ERR_OK);
        CU_ASSERT_EQUAL(in_child(change_in_child, db), 0);
        CU_CHECK_ROW((size_t)(row - engine_rows),
                     strcmp(content(db, NULL), "user.a=%(2) user.b=%(3) ") == 0);
        db_close(&db);
    }
}

TEST_SUITE("db processes",
    { "many processes", test_many_processes },
    { "death in a transaction", test_death_in_transaction },
    { "others are seen", test_others_are_seen })
