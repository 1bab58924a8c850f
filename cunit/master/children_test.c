/* children_test.c - the table of processes, and the janitor's sweep over it */
#include "cunit/test.h"
#include "master/children.h"
#include "master/janitor.h"

static void test_table(void)
{
    struct children *t = children_new();
    struct child *c;
    size_t pos = 0, seen = 0;

    for (pid_t pid = 100; pid < 1100; pid++)
        children_add(t, pid, CHILD_SERVICE, "imap", "/x/imapd", 5);
    CU_ASSERT_EQUAL(children_count(t), 1000);
    c = children_find(t, 500);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(c->pid, 500);
    CU_ASSERT_EQUAL(c->state, POLICY_READY);
    CU_ASSERT_STRING_EQUAL(c->name, "imap");
    children_remove(t, c);
    CU_ASSERT_PTR_NULL(children_find(t, 500));
    while ((c = children_next(t, &pos)))
        seen++;
    CU_ASSERT_EQUAL(seen, 999);
    children_free(&t);
    CU_ASSERT_PTR_NULL(t);
}

static int reminded;

static void remind(struct child *c)
{
    (void)c;
    reminded++;
}

static void test_janitor(void)
{
    struct children *t = children_new();
    struct child *c = children_add(t, 100, CHILD_SERVICE, "imap", "/x/imapd", 5);

    children_add(t, 101, CHILD_SERVICE, "imap", "/x/imapd", 5);
    reminded = 0;
    CU_ASSERT_FALSE(janitor_sweep(t, 1000, remind));            /* nobody was asked */
    c->asked_ms = 1000;
    c->state = POLICY_BUSY;
    CU_ASSERT_TRUE(janitor_sweep(t, 1000 + JANITOR_SLOW_MS - 1, remind));
    CU_ASSERT_EQUAL(reminded, 0);                               /* it serves: let it */
    CU_ASSERT_FALSE(c->slow_told);
    c->state = POLICY_READY;
    CU_ASSERT_FALSE(janitor_sweep(t, 1000 + JANITOR_SLOW_MS, remind));
    CU_ASSERT_EQUAL(reminded, 1);                               /* idle: has missed it */
    CU_ASSERT_TRUE(c->slow_told);
    children_free(&t);
}

TEST_SUITE("children", { "table", test_table }, { "janitor", test_janitor })
