/* idle_table_test.c - the memory of idled */
#include "cunit/test.h"
#include "imap/small/idle_table.h"

#include "lib/base/buf.h"

struct told {
    struct buf names;                   /* clients, each followed by a blank */
    const char *dead;                   /* the client that does not listen any more */
    size_t n;
};

static bool note(void *arg, const char *client, struct idle_mark *mark)
{
    struct told *t = arg;

    buf_addf(&t->names, "%s ", client);
    t->n++;
    return !t->dead || strcmp(client, t->dead) != 0;
}

static size_t tell(struct idle_table *t, const char *mailbox, const char *dead)
{
    struct told told = { .names = BUF_INIT, .dead = dead };

    idle_table_tell(t, slice_cstr(mailbox), note, &told);
    buf_fini(&told.names);
    return told.n;
}

static void add(struct idle_table *t, const char *client, const char *mailbox, uint64_t now_ms)
{
    CU_ASSERT_EQUAL(idle_table_add(t, slice_cstr(client), slice_cstr(mailbox), now_ms), ERR_OK);
}

static void test_life(void)
{
    struct idle_table *t = idle_table_new();

    CU_ASSERT_EQUAL(tell(t, "user.alice", NULL), 0);
    add(t, "/a", "user.alice", 1);
    add(t, "/a", "user.alice", 2);                      /* again: still once */
    add(t, "/b", "user.alice", 2);
    add(t, "/b", "user.bob", 2);
    CU_ASSERT_EQUAL(idle_table_clients(t), 2);
    CU_ASSERT_EQUAL(tell(t, "user.alice", NULL), 2);
    CU_ASSERT_EQUAL(tell(t, "user.bob", NULL), 1);
    CU_ASSERT_EQUAL(tell(t, "user.alic", NULL), 0);
    idle_table_remove(t, SLICE_LIT("/b"), SLICE_LIT("user.alice"));
    CU_ASSERT_EQUAL(tell(t, "user.alice", NULL), 1);
    CU_ASSERT_EQUAL(tell(t, "user.bob", NULL), 1);
    idle_table_remove(t, SLICE_LIT("/b"), SLICE_LIT("user.nobody"));
    idle_table_remove(t, SLICE_LIT("/c"), SLICE_LIT("user.bob"));
    idle_table_drop(t, SLICE_LIT("/b"));
    CU_ASSERT_EQUAL(tell(t, "user.bob", NULL), 0);
    CU_ASSERT_EQUAL(idle_table_clients(t), 1);
    idle_table_free(&t);
    CU_ASSERT_PTR_NULL(t);
}

/* Whoever does not listen is forgotten, everywhere. */
static void test_dead(void)
{
    struct idle_table *t = idle_table_new();

    add(t, "/a", "user.alice", 1);
    add(t, "/a", "user.bob", 1);
    add(t, "/b", "user.alice", 1);
    CU_ASSERT_EQUAL(tell(t, "user.alice", "/a"), 2);
    CU_ASSERT_EQUAL(tell(t, "user.alice", NULL), 1);
    CU_ASSERT_EQUAL(tell(t, "user.bob", NULL), 0);
    CU_ASSERT_EQUAL(idle_table_clients(t), 1);
    idle_table_free(&t);
}

static void test_expire(void)
{
    struct idle_table *t = idle_table_new();

    add(t, "/a", "user.alice", 1000);
    add(t, "/b", "user.alice", 5000);
    CU_ASSERT_EQUAL(idle_table_expire(t, 5999, 5000), 0);
    CU_ASSERT_EQUAL(idle_table_expire(t, 6001, 5000), 1);
    CU_ASSERT_EQUAL(tell(t, "user.alice", NULL), 1);
    add(t, "/b", "user.alice", 9000);                   /* heard of again */
    CU_ASSERT_EQUAL(idle_table_expire(t, 13000, 5000), 0);
    CU_ASSERT_EQUAL(idle_table_expire(t, 14001, 5000), 1);
    CU_ASSERT_EQUAL(idle_table_clients(t), 0);
    idle_table_free(&t);
}

static void test_all(void)
{
    struct idle_table *t = idle_table_new();
    struct told told = { .names = BUF_INIT, .dead = "/b" };

    add(t, "/a", "user.alice", 1);
    add(t, "/b", "user.alice", 1);
    add(t, "/b", "user.bob", 1);
    idle_table_tell_all(t, note, &told);
    CU_ASSERT_EQUAL(told.n, 2);
    CU_ASSERT_EQUAL(idle_table_clients(t), 1);
    buf_fini(&told.names);
    idle_table_free(&t);
}

static void test_many(void)
{
    struct idle_table *t = idle_table_new();
    char client[40], mailbox[40];

    for (int i = 0; i < 2000; i++) {
        snprintf(client, sizeof client, "/c%d", i);
        snprintf(mailbox, sizeof mailbox, "user.u%d", i % 50);
        add(t, client, mailbox, 1);
    }
    CU_ASSERT_EQUAL(tell(t, "user.u7", NULL), 40);
    for (int i = 0; i < IDLE_TABLE_NAMES_MAX - 1; i++) {
        snprintf(mailbox, sizeof mailbox, "shared.%d", i);
        add(t, "/c0", mailbox, 1);
    }
    CU_ASSERT_EQUAL(idle_table_add(t, SLICE_LIT("/c0"), SLICE_LIT("one.more"), 1), ERR_LIMIT);
    add(t, "/c0", "shared.5", 1);                       /* known: fine */
    CU_ASSERT_EQUAL(idle_table_expire(t, 100, 10), 2000);
    CU_ASSERT_EQUAL(idle_table_clients(t), 0);
    idle_table_free(&t);
}

TEST_SUITE("idle_table", { "life", test_life }, { "dead", test_dead }, { "expire", test_expire },
           { "all", test_all }, { "many", test_many })
