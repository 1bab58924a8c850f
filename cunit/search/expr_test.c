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

static uint32_t uid_of(void *arg, uint32_t msgno)
{
    (void)arg;
    return 10 * msgno;
}

static void write_set(struct arena *a, struct expr *e, const char *text)
{
    struct imaptok t;

    imaptok_init(&t, slice_cstr(text), a, 0);
    CU_ASSERT_EQUAL(imaptok_set(&t, &e->written), ERR_OK);
    (void)expr_ranges(a, e);
}

/* Sets are what was written, each time anew; settled ones stay. */
static void test_sets(void)
{
    static const struct {
        const char *text;
        enum expr_op op;
        const char *five, *six, *frozen;
    } rows[] = {
        { "2:4", EX_NUMBER, "2:4", "2:4", "20,30,40" },
        { "4:*", EX_NUMBER, "4:5", "4:6", "40,50" },
        { "4:900", EX_NUMBER, "4:900", "4:900", "40,50" },
        { "40:*", EX_UID, "40:50", "40:60", "40:60" },
        { "$", EX_UID, "7,20", "7,20", "7,20" },
    };
    struct arena *a = arena_new(0);
    struct ranges saved = RANGES_INIT;
    struct buf text = BUF_INIT;

    ranges_add(&saved, 7, 7);
    ranges_add(&saved, 20, 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct expr *top = leaf(a, EX_NOT), *e = leaf(a, rows[i].op);
        struct expr_place five = { NULL, 5, 50, &saved }, six = { NULL, 6, 60, &saved };
        write_set(a, e, rows[i].text);
        expr_add(top, e);
        for (int round = 0; round < 3; round++) {
            const char *want = round == 0 ? rows[i].five : round == 1 ? rows[i].six : rows[i].frozen;
            expr_bind(top, round == 0 ? &five : &six);
            if (round == 2) {
                expr_bind(top, &five);
                expr_freeze(top, 5, uid_of, NULL);
                six.saved = NULL;
                expr_bind(top, &six);
            }
            buf_reset(&text);
            ranges_format(e->set, &text);
            CU_CHECK_ROW(i, slice_eqs(buf_slice(&text), want));
        }
    }
    buf_fini(&text);
    ranges_fini(&saved);
    arena_free(&a);
}

TEST_SUITE("expr", { "sets", test_sets }, { "cheap first", test_order }, { "what is needed", test_need })
