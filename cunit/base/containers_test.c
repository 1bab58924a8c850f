/* containers_test.c - vec, map, bits */
#include "cunit/base/death.h"
#include "cunit/test.h"
#include "lib/base/bits.h"
#include "lib/base/map.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/vec.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>

/* --- vec ----------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    return x < y ? -1 : x > y;
}

static void test_vec(void)
{
    struct vec v = VEC_INIT(int);

    vec_sort(&v, by_value);
    for (int i = 0; i < 100; i++)
        *VEC_PUSH(&v, int) = 99 - i;
    CU_ASSERT_EQUAL(v.n, 100);
    vec_sort(&v, by_value);
    CU_ASSERT(*VEC_AT(&v, int, 0) == 0 && *VEC_AT(&v, int, 99) == 99);
    vec_remove(&v, 0);
    vec_remove(&v, 98);
    CU_ASSERT(v.n == 98 && *VEC_AT(&v, int, 0) == 1 && *VEC_AT(&v, int, 97) == 98);
    int *gap = vec_insert(&v, 1);
    CU_ASSERT_EQUAL(*gap, 0);
    *gap = 1000;
    CU_ASSERT(*VEC_AT(&v, int, 1) == 1000 && *VEC_AT(&v, int, 2) == 2);
    *(int *)vec_insert(&v, v.n) = 7;
    CU_ASSERT_EQUAL(*VEC_AT(&v, int, v.n - 1), 7);
    vec_pop(&v);
    CU_ASSERT_EQUAL(*VEC_PUSH(&v, int), 0);     /* cleared although 7 was there */
    vec_reserve(&v, 5000);
    CU_ASSERT(v.cap >= 5000 && *VEC_AT(&v, int, 1) == 1000);
    vec_fini(&v);
    CU_ASSERT(v.n == 0 && v.p == NULL && v.size == sizeof(int));
    vec_init(&v, 3);
    CU_ASSERT_EQUAL(v.size, 3);
}

static void pop_empty(void)
{
    struct vec v = VEC_INIT(int);

    vec_pop(&v);
}

static void remove_outside(void)
{
    struct vec v = VEC_INIT(int);

    vec_push(&v);
    vec_remove(&v, 1);
}

static void reserve_too_much(void)
{
    struct vec v = VEC_INIT(uint64_t);

    vec_reserve(&v, SIZE_MAX / 4);
}

/* --- map ----------------------------------------------------------------- */

static int freed;

static void count_free(void *value)
{
    freed++;
    mem_free(value);
}

static void test_map(void)
{
    struct map *m = map_new(count_free);

    freed = 0;
    CU_ASSERT_PTR_NULL(map_get(m, SLICE_LIT("x")));
    CU_ASSERT_FALSE(map_del(m, SLICE_LIT("x")));
    map_put(m, SLICE_LIT("x"), mem_strdup("1"));
    map_put(m, SLICE_LIT("x\0y"), mem_strdup("2"));
    map_put(m, SLICE_LIT(""), mem_strdup("3"));
    map_put(m, SLICE_LIT("none"), NULL);
    CU_ASSERT_STRING_EQUAL(map_get(m, SLICE_LIT("x")), "1");
    CU_ASSERT_STRING_EQUAL(map_get(m, SLICE_LIT("x\0y")), "2");
    CU_ASSERT_STRING_EQUAL(map_get(m, SLICE_NULL), "3");
    CU_ASSERT(map_has(m, SLICE_LIT("none")) && !map_get(m, SLICE_LIT("none")));
    CU_ASSERT_FALSE(map_has(m, SLICE_LIT("X")));
    map_put(m, SLICE_LIT("x"), mem_strdup("4"));
    CU_ASSERT(freed == 1 && map_count(m) == 4);
    void *same = map_get(m, SLICE_LIT("x"));
    map_put(m, SLICE_LIT("x"), same);
    CU_ASSERT_EQUAL(freed, 1);
    CU_ASSERT(map_del(m, SLICE_LIT("x")) && freed == 2);
    CU_ASSERT(map_del(m, SLICE_LIT("none")) && freed == 2);
    map_free(&m);
    CU_ASSERT(m == NULL && freed == 4);
    map_free(&m);
}

/* Random puts and removals beside an array that knows the truth. */
static void test_map_random(void)
{
    enum { KEYS = 500, STEPS = 20000 };
    static uint32_t truth[KEYS];        /* value + 1; 0: absent */
    struct map *m = map_new(NULL);
    size_t count = 0;
    bool right = true;

    for (int i = 0; i < STEPS; i++) {
        uint32_t k = rand_below(KEYS), v = rand_below(1000);
        struct slice key = slice_make(&k, 1 + k % sizeof k);
        uint32_t stored = k % sizeof k == 3 ? k : k & ((1u << 8 * (1 + k % 4)) - 1);
        if (stored != k)
            continue;                   /* a shorter key would not be unique */
        right = right && map_has(m, key) == (truth[k] != 0);
        if (rand_below(2)) {
            count += truth[k] == 0;
            truth[k] = v + 1;
            map_put(m, key, (void *)(uintptr_t)v);
        } else {
            right = right && map_del(m, key) == (truth[k] != 0);
            count -= truth[k] != 0;
            truth[k] = 0;
        }
        right = right && (uintptr_t)map_get(m, key) == (truth[k] ? truth[k] - 1 : 0);
        right = right && map_count(m) == count;
    }
    CU_ASSERT(right);
    map_free(&m);
    memset(truth, 0, sizeof truth);
}

static void test_map_walk(void)
{
    struct map *m = map_new(NULL);
    size_t pos = 0, seen = 0;
    uintptr_t sum = 0;
    struct slice key;
    void *value;

    CU_ASSERT_FALSE(map_next(m, &pos, &key, &value));
    for (uintptr_t i = 1; i <= 1000; i++)
        map_put(m, slice_make(&i, sizeof i), (void *)i);
    while (map_next(m, &pos, &key, &value)) {
        uintptr_t k;
        memcpy(&k, key.p, sizeof k);
        CU_ASSERT(key.n == sizeof k && k == (uintptr_t)value);
        sum += k;
        seen++;
    }
    CU_ASSERT(seen == 1000 && sum == 500500);
    map_free(&m);
}

/* --- bits ---------------------------------------------------------------- */

static void test_bits(void)
{
    struct bits b = BITS_INIT;

    CU_ASSERT_FALSE(bits_has(&b, 0));
    CU_ASSERT(bits_count(&b) == 0 && bits_next(&b, 0) == 0);
    bits_resize(&b, 130);
    bits_set(&b, 0);
    bits_set(&b, 63);
    bits_set(&b, 64);
    bits_set(&b, 129);
    CU_ASSERT(bits_has(&b, 63) && bits_has(&b, 129) && !bits_has(&b, 130) && !bits_has(&b, 1));
    CU_ASSERT_EQUAL(bits_count(&b), 4);
    CU_ASSERT_EQUAL(bits_next(&b, 0), 0);
    CU_ASSERT_EQUAL(bits_next(&b, 1), 63);
    CU_ASSERT_EQUAL(bits_next(&b, 65), 129);
    bits_clear(&b, 129);
    CU_ASSERT_EQUAL(bits_next(&b, 65), 130);
    CU_ASSERT_EQUAL(bits_next(&b, 500), 130);
    bits_resize(&b, 64);
    bits_resize(&b, 63);
    bits_resize(&b, 200);               /* bit 63 must not come back */
    CU_ASSERT_EQUAL(bits_count(&b), 1);
    bits_resize(&b, 0);
    bits_resize(&b, 64);
    CU_ASSERT(bits_count(&b) == 0 && bits_next(&b, 0) == 64);
    bits_fini(&b);
    CU_ASSERT_EQUAL(b.nbits, 0);
}

static void set_outside(void)
{
    struct bits b = BITS_INIT;

    bits_resize(&b, 5);
    bits_set(&b, 5);
}

static void test_death(void)
{
    CU_ASSERT_EQUAL(death_of(pop_empty), SIGABRT);
    CU_ASSERT_EQUAL(death_of(remove_outside), SIGABRT);
    CU_ASSERT_EQUAL(death_of(reserve_too_much), SIGABRT);
    CU_ASSERT_EQUAL(death_of(set_outside), SIGABRT);
}

TEST_SUITE("containers", { "vec", test_vec }, { "map", test_map },
           { "map random", test_map_random }, { "map walk", test_map_walk },
           { "bits", test_bits }, { "death", test_death })
