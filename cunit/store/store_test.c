/* store_test.c - opening the store, listeners, the order of locks
 */
#include "imap/store/store_impl.h"

#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/lockorder.h"
#include "lib/os/file.h"

static void test_open(void)
{
    struct store *s = instance_open("");

    CU_ASSERT(file_exists(instance_path("cfg/db")));
    CU_ASSERT(file_exists(instance_path("cfg/proc")));
    CU_ASSERT(file_exists(instance_path("cfg/socket")));
    CU_ASSERT_STRING_EQUAL(store_conf(s)->lockdir, instance_path("cfg/lock"));
    CU_ASSERT(store_conf(s)->delayed_delete);
    CU_ASSERT(store_conf(s)->single_instance);
    instance_close(&s);
    CU_ASSERT_PTR_NULL(s);
    store_close(&s);                            /* NULL is fine */
    s = instance_open("mboxname_lockpath: /x/y\ndelete_mode: immediate\nsingleinstancestore: no");
    CU_ASSERT_STRING_EQUAL(store_conf(s)->lockdir, "/x/y");
    CU_ASSERT(!store_conf(s)->delayed_delete);
    CU_ASSERT(!store_conf(s)->single_instance);
    instance_close(&s);
}

static void test_refused(void)
{
    struct buf why = BUF_INIT;
    struct store *s;

    instance_conf("partition-other: @DIR@/missing");
    CU_ASSERT_EQUAL(store_open(&s, &why), ERR_NOTFOUND);
    CU_ASSERT_PTR_NULL(s);
    CU_ASSERT(slice_search(buf_slice(&why), SLICE_LIT("partition-other names")) >= 0);
    CU_ASSERT(slice_search(buf_slice(&why), SLICE_LIT("imapd.conf")) >= 0);
    buf_fini(&why);
}

static void count(void *arg, const struct store_event *e)
{
    unsigned *n = arg;

    *n = *n * 10 + (e->kind == EV_ACL ? 1 : 9);
}

static void test_listeners(void)
{
    const struct store_event e = { .kind = EV_ACL, .mailbox = SLICE_LIT("user.a") };
    struct store *s = instance_open("");
    unsigned a = 0, b = 7;

    store_tell(s, &e);
    store_listen(s, count, &a);
    store_listen(s, count, &b);
    store_tell(s, &e);
    CU_ASSERT_EQUAL(a, 1);
    CU_ASSERT_EQUAL(b, 71);
    instance_close(&s);
}

static void test_databases(void)
{
    struct store *s =
        instance_open("mboxlist_db: skiplist\nannotation_db_path: @DIR@/elsewhere.db\n");
    struct db *a, *b;

    CU_ASSERT_EQUAL(store_db(s, STORE_DB_MBOXLIST, &a), ERR_OK);
    CU_ASSERT_EQUAL(store_db(s, STORE_DB_MBOXLIST, &b), ERR_OK);
    CU_ASSERT_PTR_EQUAL(a, b);
    CU_ASSERT_STRING_EQUAL(db_engine(a), "skiplist");
    CU_ASSERT_STRING_EQUAL(db_path(a), instance_path("cfg/mailboxes.db"));
    CU_ASSERT_EQUAL(store_db(s, STORE_DB_ANNOTATIONS, &a), ERR_OK);
    CU_ASSERT_STRING_EQUAL(db_path(a), instance_path("elsewhere.db"));
    CU_ASSERT_EQUAL(store_user_db(s, SLICE_LIT("bob"), STORE_USER_SEEN, false, &a), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(store_user_db(s, SLICE_LIT("bob"), STORE_USER_SEEN, true, &a), ERR_OK);
    CU_ASSERT_EQUAL(store_user_db(s, SLICE_LIT("bob"), STORE_USER_SEEN, false, &b), ERR_OK);
    CU_ASSERT_PTR_EQUAL(a, b);
    CU_ASSERT_EQUAL(file_unlink(instance_path("cfg/user/b/bob.seen")), ERR_OK);
    CU_ASSERT_EQUAL(store_user_db(s, SLICE_LIT("bob"), STORE_USER_SEEN, false, &b), ERR_NOTFOUND);
    store_session_end(s);
    instance_close(&s);
}

static void test_lock_order(void)
{
    lockorder_take(LOCK_USER);
    lockorder_take(LOCK_USER);
    lockorder_take(LOCK_MAILBOX);
    CU_ASSERT(lockorder_holds(LOCK_MAILBOX));
    CU_ASSERT(!lockorder_holds(LOCK_INDEX));
    lockorder_take(LOCK_LEAF);
    lockorder_drop(LOCK_LEAF);
    lockorder_drop(LOCK_MAILBOX);
    lockorder_drop(LOCK_USER);
    lockorder_drop(LOCK_USER);
    CU_ASSERT(!lockorder_holds(LOCK_USER));
}

TEST_SUITE("store", { "open", test_open }, { "refused", test_refused },
           { "listeners", test_listeners }, { "databases", test_databases },
           { "lock_order", test_lock_order })
