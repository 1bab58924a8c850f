/* parts_test.c - the small parts of the engines: orders, ordered map, patches */
#include "cunit/db/db_test.h"

#include "lib/db/ordmap.h"
#include "lib/db/patches.h"

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void test_orders(void)
{
    static const struct {
        struct slice a, b;
        int raw, signed_, mbox;
    } rows[] = {
        { SLICE_LIT("a"), SLICE_LIT("a"), 0, 0, 0 },
        { SLICE_LIT(""), SLICE_LIT("a"), -1, -1, -1 },
        { SLICE_LIT("a"), SLICE_LIT("ab"), -1, -1, -1 },
        { SLICE_LIT("b"), SLICE_LIT("ab"), 1, 1, 1 },
        { SLICE_LIT("\200"), SLICE_LIT("\0"), 1, -1, 1 },
        { SLICE_LIT("\377"), SLICE_LIT("a"), 1, -1, 1 },
        { SLICE_LIT("\377"), SLICE_LIT("\200"), 1, 1, 1 },
        { SLICE_LIT("a.b"), SLICE_LIT("a b"), 1, 1, -1 },
        { SLICE_LIT("a b"), SLICE_LIT("a-b"), -1, -1, -1 },
        { SLICE_LIT("a-b"), SLICE_LIT("ab"), -1, -1, -1 },
        { SLICE_LIT("a.b"), SLICE_LIT("a\001"), 1, 1, -1 },
        { SLICE_LIT("a\t"), SLICE_LIT("a\n"), -1, -1, 0 },
        { SLICE_LIT("a\t"), SLICE_LIT("a."), -1, -1, -1 },
        { SLICE_LIT("a\t"), SLICE_LIT("a\0"), 1, 1, 1 },
        { SLICE_LIT("a\010"), SLICE_LIT("a\013"), -1, -1, -1 },
        { SLICE_LIT("a/"), SLICE_LIT("a-"), 1, 1, 1 },
        { SLICE_LIT("A"), SLICE_LIT("a"), -1, -1, -1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, sign(order_raw(rows[i].a, rows[i].b)) == rows[i].raw);
        CU_CHECK_ROW(i, sign(order_raw(rows[i].b, rows[i].a)) == -rows[i].raw);
        CU_CHECK_ROW(i, sign(order_signed(rows[i].a, rows[i].b)) == rows[i].signed_);
        CU_CHECK_ROW(i, sign(order_signed(rows[i].b, rows[i].a)) == -rows[i].signed_);
        CU_CHECK_ROW(i, sign(order_mbox(rows[i].a, rows[i].b)) == rows[i].mbox);
        CU_CHECK_ROW(i, sign(order_mbox(rows[i].b, rows[i].a)) == -rows[i].mbox);
    }
}

static void test_ordmap(void)
{
    struct ordmap *m = ordmap_new(order_raw);
    char key[16];

    CU_ASSERT_PTR_NULL(ordmap_seek(m, SLICE_NULL, true));
    CU_ASSERT_PTR_NULL(ordmap_before(m, SLICE_NULL));
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "%03d", i * 7 % 1000);
        ordmap_put(m, slice_cstr(key), slice_cstr(key));
    }
    ordmap_put(m, SLICE_LIT("500"), SLICE_LIT("five"));
    CU_ASSERT_EQUAL(ordmap_count(m), 1000);
    CU_ASSERT_EQUAL(ordmap_bytes(m), 6001);
    int n = 0;
    for (const struct ordmap_entry *e = ordmap_seek(m, SLICE_NULL, true); e; e = ordmap_next(e)) {
        snprintf(key, sizeof key, "%03d", n++);
        CU_ASSERT_TRUE(slice_eqs(e->key, key));
    }
    CU_ASSERT_EQUAL(n, 1000);
    CU_ASSERT_TRUE(slice_eqs(ordmap_find(m, SLICE_LIT("500"))->value, "five"));
    CU_ASSERT_TRUE(slice_eqs(ordmap_seek(m, SLICE_LIT("500"), true)->key, "500"));
    CU_ASSERT_TRUE(slice_eqs(ordmap_seek(m, SLICE_LIT("500"), false)->key, "501"));
    CU_ASSERT_TRUE(slice_eqs(ordmap_seek(m, SLICE_LIT("5000"), true)->key, "501"));
    CU_ASSERT_PTR_NULL(ordmap_seek(m, SLICE_LIT("999"), false));
    CU_ASSERT_TRUE(slice_eqs(ordmap_before(m, SLICE_LIT("500"))->key, "499"));
    CU_ASSERT_TRUE(slice_eqs(ordmap_before(m, SLICE_NULL)->key, "999"));
    CU_ASSERT_PTR_NULL(ordmap_before(m, SLICE_LIT("000")));
    CU_ASSERT_TRUE(ordmap_remove(m, SLICE_LIT("500")));
    CU_ASSERT_FALSE(ordmap_remove(m, SLICE_LIT("500")));
    ordmap_put_tombstone(m, SLICE_LIT("501"));
    CU_ASSERT_TRUE(ordmap_find(m, SLICE_LIT("501"))->deleted);
    ordmap_put(m, SLICE_LIT("501"), SLICE_NULL);
    CU_ASSERT_FALSE(ordmap_find(m, SLICE_LIT("501"))->deleted);
    CU_ASSERT_EQUAL(ordmap_count(m), 999);
    ordmap_clear(m);
    CU_ASSERT_EQUAL(ordmap_count(m) + ordmap_bytes(m), 0);
    ordmap_free(&m);
    CU_ASSERT_PTR_NULL(m);
}

static void test_patches(void)
{
    struct patches ps;
    uint8_t *first = NULL;

    patches_init(&ps);
    CU_ASSERT_PTR_NULL(patches_find(&ps, 1));
    for (int round = 0; round < 2; round++) {
        for (uint64_t id = 1; id <= 3000; id++) {
            uint8_t *p = patches_add(&ps, id * 512, id, &id, sizeof id);
            if (id == 1)
                first = p;
        }
        CU_ASSERT_PTR_EQUAL(patches_find(&ps, 512), first);
        for (uint64_t id = 1; id <= 3000; id++) {
            uint64_t v = 0;
            const uint8_t *p = patches_find(&ps, id * 512);
            CU_ASSERT_PTR_NOT_NULL_FATAL(p);
            memcpy(&v, p, sizeof v);
            CU_ASSERT_EQUAL(v, id);
        }
        CU_ASSERT_PTR_NULL(patches_find(&ps, 513));
        CU_ASSERT(patches_bytes(&ps) >= 3000 * sizeof(uint64_t));
        patches_clear(&ps);
        CU_ASSERT_PTR_NULL(patches_find(&ps, 512));
    }
    patches_fini(&ps);
}

TEST_SUITE("db parts",
    { "orders", test_orders },
    { "ordered map", test_ordmap },
    { "patches", test_patches })
