/* arena_test.c - allocations that end together */
#include "cunit/base/death.h"
#include "cunit/test.h"
#include "lib/base/arena.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

static char order[16];                  /* of clean-ups */
static size_t calls;

static void note(void *arg)
{
    order[calls++] = *(const char *)arg;
    order[calls] = '\0';
}

static void forget(void)
{
    calls = 0;
    order[0] = '\0';
}

static void test_alloc(void)
{
    struct arena *a = arena_new(64);

    for (size_t n = 0; n < 300; n++) {
        unsigned char *p = arena_alloc(a, n);
        bool clear = true;
        for (size_t i = 0; i < n; i++) {
            clear = clear && p[i] == 0;
            p[i] = 0xaa;
        }
        CU_CHECK_ROW(n, clear);
        CU_CHECK_ROW(n, (uintptr_t)p % _Alignof(max_align_t) == 0);
    }
    arena_reset(a);
    CU_ASSERT_EQUAL(arena_used(a), 0);
    CU_ASSERT_EQUAL(*(char *)arena_alloc(a, 1), 0);     /* cleared again after use */
    arena_free(&a);
    CU_ASSERT_PTR_NULL(a);
    arena_free(&a);
}

static void test_strings(void)
{
    struct arena *a = arena_new(0);
    struct slice d = arena_dup(a, SLICE_LIT("a\0b"));

    CU_ASSERT(slice_eq(d, SLICE_LIT("a\0b")) && d.p[3] == '\0');
    CU_ASSERT_STRING_EQUAL(arena_cstr(a, SLICE_LIT("xy")), "xy");
    CU_ASSERT_STRING_EQUAL(arena_cstr(a, SLICE_NULL), "");
    CU_ASSERT_STRING_EQUAL(arena_strndup(a, "abcdef", 2), "ab");
    CU_ASSERT_STRING_EQUAL(arena_printf(a, "%d-%s", 42, "x"), "42-x");
    CU_ASSERT_EQUAL(strlen(arena_printf(a, "%20000d", 1)), 20000);
    int *numbers = arena_array(a, 10, sizeof *numbers);
    CU_ASSERT_EQUAL(numbers[9], 0);
    arena_free(&a);
}

static void test_defer(void)
{
    struct arena *a = arena_new(32);

    forget();
    arena_defer(a, note, "1");
    arena_alloc(a, 1000);
    arena_defer(a, note, "2");
    struct arena_mark m = arena_mark(a);
    arena_defer(a, note, "3");
    arena_alloc(a, 500);
    arena_defer(a, note, "4");
    arena_release(a, m);
    CU_ASSERT_STRING_EQUAL(order, "43");
    arena_reset(a);
    CU_ASSERT_STRING_EQUAL(order, "4321");
    arena_reset(a);
    CU_ASSERT_STRING_EQUAL(order, "4321");
    arena_defer(a, note, "5");
    arena_free(&a);
    CU_ASSERT_STRING_EQUAL(order, "43215");
}

static void test_mark(void)
{
    struct arena *a = arena_new(128);
    char *kept = arena_strndup(a, "kept", 4);
    size_t before = arena_used(a);
    struct arena_mark m = arena_mark(a);

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 50; i++)
            arena_alloc(a, 40);
        CU_ASSERT(arena_used(a) >= before + 2000);
        arena_release(a, m);
        CU_ASSERT_EQUAL(arena_used(a), before);
        CU_ASSERT_STRING_EQUAL(kept, "kept");
    }
    struct arena_mark outer = arena_mark(a);
    arena_alloc(a, 1000);
    arena_mark(a);
    arena_release(a, outer);            /* an inner mark may be forgotten */
    CU_ASSERT_EQUAL(arena_used(a), before);
    arena_free(&a);
}

static void overflow_array(void)
{
    arena_array(arena_new(0), SIZE_MAX / 2, 4);
}

static void overflow_alloc(void)
{
    arena_alloc(arena_new(0), SIZE_MAX - 3);
}

static void test_death(void)
{
    CU_ASSERT_EQUAL(death_of(overflow_array), SIGABRT);
    CU_ASSERT_EQUAL(death_of(overflow_alloc), SIGABRT);
}

TEST_SUITE("arena", { "alloc", test_alloc }, { "strings", test_strings }, { "defer", test_defer },
           { "mark", test_mark }, { "death", test_death })
