/* ranges_test.c - sets of numbers, against plain arrays of bits */
#include "cunit/test.h"
#include "lib/base/rand.h"
#include "lib/base/ranges.h"

#include <string.h>

static bool is(const struct ranges *s, const char *text)
{
    struct buf b = BUF_INIT;

    ranges_format(s, &b);
    bool same = slice_eqs(buf_slice(&b), text);
    buf_fini(&b);
    return same;
}

static void test_parse(void)
{
    static const struct {
        const char *text;
        err_t err;
        const char *canonical;
    } rows[] = {
        { "", ERR_OK, "" },
        { "1", ERR_OK, "1" },
        { "4294967295", ERR_OK, "4294967295" },
        { "1:3,6", ERR_OK, "1:3,6" },
        { "3:1", ERR_OK, "1:3" },
        { "5,4,3,2,1", ERR_OK, "1:5" },
        { "10,1:3,2:8", ERR_OK, "1:8,10" },
        { "1:4294967295,7", ERR_OK, "1:4294967295" },
        { "7,7,7", ERR_OK, "7" },
        { "0", ERR_SYNTAX, "" },
        { "1:0", ERR_SYNTAX, "" },
        { "4294967296", ERR_SYNTAX, "" },
        { "1,", ERR_SYNTAX, "" },
        { ",1", ERR_SYNTAX, "" },
        { ",", ERR_SYNTAX, "" },
        { "1:", ERR_SYNTAX, "" },
        { ":1", ERR_SYNTAX, "" },
        { "1:2:3", ERR_SYNTAX, "" },
        { "*", ERR_SYNTAX, "" },
        { "1:*", ERR_SYNTAX, "" },
        { "1 ,2", ERR_SYNTAX, "" },
        { "+1", ERR_SYNTAX, "" },
        { "1,2,3,4,5,6", ERR_LIMIT, "" },
    };
    struct ranges s = RANGES_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ranges_add(&s, 77, 78);         /* must not survive */
        CU_CHECK_ROW(i, ranges_parse(&s, slice_cstr(rows[i].text), 5) == rows[i].err);
        CU_CHECK_ROW(i, is(&s, rows[i].canonical));
    }
    ranges_fini(&s);
}

static void test_add_remove(void)
{
    static const struct {
        const char *start;
        char op;
        uint32_t lo, hi;
        const char *result;
    } rows[] = {
        { "", '+', 5, 5, "5" },
        { "5", '+', 6, 6, "5:6" },
        { "5", '+', 4, 4, "4:5" },
        { "5", '+', 3, 3, "3,5" },
        { "1,5,9", '+', 2, 8, "1:9" },
        { "1,5,9", '+', 3, 7, "1,3:7,9" },
        { "3:4,8:9", '+', 1, 20, "1:20" },
        { "3:4,8:9", '+', 5, 7, "3:9" },
        { "3:4,8:9", '+', 1, 1, "1,3:4,8:9" },
        { "3:4,8:9", '+', 9, 8, "3:4,8:9" },
        { "1:4294967294", '+', UINT32_MAX, UINT32_MAX, "1:4294967295" },
        { "4294967295", '+', 1, UINT32_MAX - 1, "1:4294967295" },
        { "1:10", '-', 5, 5, "1:4,6:10" },
        { "1:10", '-', 1, 1, "2:10" },
        { "1:10", '-', 10, 10, "1:9" },
        { "1:10", '-', 0, UINT32_MAX, "" },
        { "1:3,5:7,9", '-', 3, 5, "1:2,6:7,9" },
        { "1:3,5:7,9", '-', 4, 4, "1:3,5:7,9" },
        { "1:3,5:7,9", '-', 2, 9, "1" },
        { "4294967295", '-', UINT32_MAX, UINT32_MAX, "" },
        { "1", '-', 9, 8, "1" },
        { "", '-', 1, 2, "" },
    };
    struct ranges s = RANGES_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, ranges_parse(&s, slice_cstr(rows[i].start), 100) == ERR_OK);
        if (rows[i].op == '+')
            ranges_add(&s, rows[i].lo, rows[i].hi);
        else
            ranges_remove(&s, rows[i].lo, rows[i].hi);
        CU_CHECK_ROW(i, is(&s, rows[i].result));
    }
    ranges_fini(&s);
}

/* --- against the truth --------------------------------------------------- */

enum { WORLD = 120 };

static bool well_formed(const struct ranges *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->r[i].lo > s->r[i].hi || (i && s->r[i].lo <= (uint64_t)s->r[i - 1].hi + 1))
            return false;
    return true;
}

static bool agrees(const struct ranges *s, const bool *truth)
{
    uint64_t n = 0;

    for (uint32_t v = 0; v < WORLD; v++) {
        if (ranges_has(s, v) != truth[v])
            return false;
        n += truth[v];
    }
    return well_formed(s) && ranges_count(s) == n;
}

static void random_set(struct ranges *s, bool *truth)
{
    memset(truth, 0, WORLD * sizeof *truth);
    ranges_clear(s);
    for (uint32_t k = rand_below(12); k; k--) {
        uint32_t lo = rand_below(WORLD), hi = lo + rand_below(WORLD - lo > 15 ? 15 : WORLD - lo);
        bool add = rand_below(4) != 0;
        for (uint32_t v = lo; v <= hi; v++)
            truth[v] = add;
        (add ? ranges_add : ranges_remove)(s, lo, hi);
    }
}

static void test_algebra(void)
{
    struct ranges a = RANGES_INIT, b = RANGES_INIT, c = RANGES_INIT;
    bool ta[WORLD], tb[WORLD], tc[WORLD];
    bool right = true;

    for (int round = 0; round < 3000; round++) {
        random_set(&a, ta);
        random_set(&b, tb);
        right = right && agrees(&a, ta) && agrees(&b, tb);
        ranges_copy(&c, &a);
        ranges_union(&c, &b);
        for (int v = 0; v < WORLD; v++)
            tc[v] = ta[v] || tb[v];
        right = right && agrees(&c, tc);
        ranges_copy(&c, &a);
        ranges_intersect(&c, &b);
        for (int v = 0; v < WORLD; v++)
            tc[v] = ta[v] && tb[v];
        right = right && agrees(&c, tc);
        ranges_copy(&c, &a);
        ranges_subtract(&c, &b);
        for (int v = 0; v < WORLD; v++)
            tc[v] = ta[v] && !tb[v];
        right = right && agrees(&c, tc);
    }
    CU_ASSERT(right);
    ranges_fini(&a);
    ranges_fini(&b);
    ranges_fini(&c);
}

static void test_self(void)
{
    struct ranges s = RANGES_INIT;

    ranges_add(&s, 1, 3);
    ranges_add(&s, 9, 9);
    ranges_copy(&s, &s);
    ranges_union(&s, &s);
    ranges_intersect(&s, &s);
    CU_ASSERT(is(&s, "1:3,9"));
    ranges_subtract(&s, &s);
    CU_ASSERT(ranges_empty(&s));
    ranges_fini(&s);
}

static void test_ends(void)
{
    struct ranges s = RANGES_INIT, all = RANGES_INIT;
    struct ranges_iter it = { 0 };
    uint32_t v;

    CU_ASSERT(ranges_min(&s) == 0 && ranges_max(&s) == 0 && ranges_count(&s) == 0);
    CU_ASSERT_FALSE(ranges_next(&s, &it, &v));
    ranges_add(&all, 0, UINT32_MAX);
    CU_ASSERT_EQUAL(ranges_count(&all), (uint64_t)UINT32_MAX + 1);
    ranges_add(&s, 0, 1);
    ranges_add(&s, UINT32_MAX - 1, UINT32_MAX);
    CU_ASSERT(ranges_min(&s) == 0 && ranges_max(&s) == UINT32_MAX);
    static const uint32_t expected[] = { 0, 1, UINT32_MAX - 1, UINT32_MAX };
    for (size_t i = 0; i < 4; i++)
        CU_CHECK_ROW(i, ranges_next(&s, &it, &v) && v == expected[i]);
    CU_ASSERT_FALSE(ranges_next(&s, &it, &v));
    CU_ASSERT_FALSE(ranges_next(&s, &it, &v));
    ranges_subtract(&all, &s);
    CU_ASSERT(is(&all, "2:4294967293"));
    ranges_fini(&s);
    ranges_fini(&all);
}

/* A descending list as large as a command may be: sorting, not inserting one by one. */
static void test_large(void)
{
    struct buf text = BUF_INIT;
    struct ranges s = RANGES_INIT;

    for (uint32_t v = 400000; v; v -= 2)
        buf_addf(&text, "%s%u", v == 400000 ? "" : ",", v);
    CU_ASSERT_EQUAL(ranges_parse(&s, buf_slice(&text), 200000), ERR_OK);
    CU_ASSERT(s.n == 200000 && ranges_min(&s) == 2 && ranges_max(&s) == 400000);
    CU_ASSERT_EQUAL(ranges_parse(&s, buf_slice(&text), 199999), ERR_LIMIT);
    buf_fini(&text);
    ranges_fini(&s);
}

TEST_SUITE("ranges", { "parse", test_parse }, { "add remove", test_add_remove },
           { "algebra", test_algebra }, { "self", test_self }, { "ends", test_ends },
           { "large", test_large })
