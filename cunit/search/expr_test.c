/* covers: IM-04 */
#include "imap/search/expr.h"

#include "cunit/test.h"

static struct expr *leaf(struct arena *a, enum expr_op op)
{
    return expr_new(a, op);
}

/* What is cheap is asked first; equal costs keep their order. */
static void test_order(void)
{
    struct arena *a = arena_new(0);
    struct expr *and = leaf(a, EX_AND), *or = leaf(a, EX_OR);
    static const enum expr_op given[] = { EX_BODY, EX_SUBJECT, EX_FLAG, EX_LARGER };
    static const enum expr_op sorted[] = { EX_FLAG, EX_LARGER, EX_SUBJECT, EX_OR, EX_BODY };
    size_t i = 0;

    for (size_t k = 0; k < 4; k++)
        expr_add(and, leaf(a, given[k]));
    expr_add(or, leaf(a, EX_HEADER));
    expr_add(or, leaf(a, EX_SEEN));
    expr_add(and, or);
    CU_ASSERT_EQUAL(expr_prepare(and), NEED_INDEX | NEED_CACHE | NEED_FILE);
    for (const struct expr *e = and->child; e; e = e->next, i++)
        CU_CHECK_ROW(i, e->op == sorted[i]);
    CU_ASSERT_EQUAL(i, 5);
    CU_ASSERT_EQUAL(or->child->op, EX_SEEN);
    arena_free(&a);
}

static void test_need(void)
{
    struct arena *a = arena_new(0);
    struct expr *and = leaf(a, EX_AND);

    expr_add(and, leaf(a, EX_FLAG));
    CU_ASSERT_EQUAL(expr_prepare(and), NEED_INDEX);
    expr_add(and, leaf(a, EX_FROM));
    CU_ASSERT_EQUAL(expr_prepare(and), NEED_INDEX | NEED_CACHE);
    arena_free(&a);
}

TEST_SUITE("expr", { "cheap first", test_order }, { "what is needed", test_need })
