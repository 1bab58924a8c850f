/* map_test.c - windows on growing and shrinking files */
#include "cunit/os/os_test.h"
#include "lib/os/file.h"
#include "lib/os/map.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static size_t page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* A file of n pages; page i is filled with 'a' + i. */
static int make_pages(const char *path, int n)
{
    struct buf b = BUF_INIT;
    int fd;

    CU_ASSERT_EQUAL(file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &fd), ERR_OK);
    for (size_t i = 0; i < (size_t)n * page(); i++)
        buf_addc(&b, (char)('a' + (char)(i / page())));
    CU_ASSERT_EQUAL(file_write_all(fd, path, b.p, b.n), ERR_OK);
    buf_fini(&b);
    return fd;
}

static void test_growth(void)
{
    const char *path = in_tmp("grow");
    struct filemap m = FILEMAP_INIT;
    struct slice s;
    int fd = make_pages(path, 0);

    CU_ASSERT(filemap_refresh(&m, fd, 0, path) == ERR_OK && m.base == NULL && m.len == 0);
    CU_ASSERT(filemap_get(&m, 0, 0, &s) && s.n == 0);
    CU_ASSERT_FALSE(filemap_get(&m, 0, 1, &s));
    CU_ASSERT_EQUAL(file_write_all(fd, path, "hello", 5), ERR_OK);
    CU_ASSERT_EQUAL(filemap_refresh(&m, fd, 5, path), ERR_OK);
    CU_ASSERT(slice_eqs(filemap_slice(&m), "hello"));
    const char *base = m.base;
    for (size_t at = 5; at < 40 * page(); at += 1000) { /* small growth needs no new mapping */
        CU_ASSERT_EQUAL(file_pwrite_all(fd, path, "tail", 4, at), ERR_OK);
        CU_ASSERT_EQUAL(filemap_refresh(&m, fd, at + 4, path), ERR_OK);
        CU_ASSERT(filemap_get(&m, at, 4, &s) && slice_eqs(s, "tail"));
    }
    CU_ASSERT_PTR_EQUAL(m.base, base);
    CU_ASSERT_FALSE(filemap_get(&m, m.len, 1, &s));
    CU_ASSERT_FALSE(filemap_get(&m, 1, SIZE_MAX, &s));
    CU_ASSERT_FALSE(filemap_get(&m, UINT64_MAX, 1, &s));
    CU_ASSERT_EQUAL(file_pwrite_all(fd, path, "far", 3, 10 << 20), ERR_OK);
    CU_ASSERT_EQUAL(filemap_refresh(&m, fd, (10 << 20) + 3, path), ERR_OK);
    CU_ASSERT(filemap_get(&m, 10 << 20, 3, &s) && slice_eqs(s, "far"));
    file_close(&fd);
    CU_ASSERT(filemap_get(&m, 0, 5, &s) && slice_eqs(s, "hello"));
    filemap_fini(&m);
    CU_ASSERT(m.base == NULL && m.len == 0);
    filemap_fini(&m);
}

/* The file loses pages under the window; readers get zeros and are told. */
static void test_shrink(void)
{
    const char *path = in_tmp("shrink");
    struct filemap m = FILEMAP_INIT, other = FILEMAP_INIT;
    int fd = make_pages(path, 4);

    CU_ASSERT_EQUAL(filemap_open(&other, path), ERR_OK);
    CU_ASSERT_EQUAL(filemap_refresh(&m, fd, 4 * page(), path), ERR_OK);
    CU_ASSERT(m.base[2 * page()] == 'c' && filemap_ok(&m, path) == ERR_OK);
    CU_ASSERT_EQUAL(file_truncate(fd, path, page()), ERR_OK);
    CU_ASSERT_EQUAL(m.base[2 * page() + 17], 0);
    CU_ASSERT_EQUAL(m.base[3 * page()], 0);
    CU_ASSERT_EQUAL(m.base[0], 'a');
    int logged = syslog_double.lines;
    CU_ASSERT_EQUAL(filemap_ok(&m, path), ERR_IO);
    CU_ASSERT_EQUAL(filemap_ok(&m, path), ERR_IO);
    CU_ASSERT_EQUAL(syslog_double.lines, logged + 1);
    CU_ASSERT_EQUAL(filemap_ok(&other, path), ERR_OK);
    CU_ASSERT_EQUAL(other.base[4 * page() - 1], 0);
    CU_ASSERT_EQUAL(filemap_ok(&other, path), ERR_IO);
    filemap_fini(&other);
    file_close(&fd);
    fd = make_pages(path, 4);           /* the same file grows back */
    CU_ASSERT_EQUAL(filemap_refresh(&m, fd, 4 * page(), path), ERR_OK);
    CU_ASSERT(m.base[2 * page()] == 'c' && filemap_ok(&m, path) == ERR_OK);
    filemap_fini(&m);
    file_close(&fd);
}

static void test_open(void)
{
    struct filemap m = FILEMAP_INIT;
    int logged = syslog_double.lines;

    CU_ASSERT_EQUAL(filemap_open(&m, in_tmp("none")), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(syslog_double.lines, logged);
    make_file(in_tmp("empty"), "");
    CU_ASSERT(filemap_open(&m, in_tmp("empty")) == ERR_OK && m.base == NULL && m.len == 0);
    make_file(in_tmp("small"), "text");
    CU_ASSERT_EQUAL(filemap_open(&m, in_tmp("small")), ERR_OK);
    CU_ASSERT(slice_eqs(filemap_slice(&m), "text"));
    struct filemap moved = m;           /* moving the struct is allowed */
    CU_ASSERT(slice_eqs(filemap_slice(&moved), "text"));
    CU_ASSERT_EQUAL(filemap_open(&moved, test_tmpdir()), ERR_IO);
    CU_ASSERT(moved.base == NULL && moved.len == 0);
    int fd = make_pages(in_tmp("huge"), 1);
    CU_ASSERT_EQUAL(filemap_refresh(&moved, fd, UINT64_MAX, "huge"), ERR_LIMIT);
    CU_ASSERT(moved.base == NULL && moved.len == 0);
    file_close(&fd);
}

/* Windows in changing order, each still found by the handler. */
static void test_list(void)
{
    const char *path = in_tmp("list");
    struct filemap m[5] = { FILEMAP_INIT, FILEMAP_INIT, FILEMAP_INIT, FILEMAP_INIT, FILEMAP_INIT };
    int fd = make_pages(path, 2);

    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(filemap_open(&m[i], path), ERR_OK);
    filemap_fini(&m[4]);
    filemap_fini(&m[0]);
    filemap_fini(&m[2]);
    CU_ASSERT_EQUAL(file_truncate(fd, path, 1), ERR_OK);
    CU_ASSERT(m[1].base[page()] == 0 && m[3].base[page()] == 0);
    CU_ASSERT(filemap_ok(&m[1], path) == ERR_IO && filemap_ok(&m[3], path) == ERR_IO);
    filemap_fini(&m[1]);
    filemap_fini(&m[3]);
    file_close(&fd);
}

static int touch_foreign(void *arg)
{
    int fd = make_pages(arg, 1);
    const char *p = mmap(NULL, 2 * page(), PROT_READ, MAP_SHARED, fd, 0);
    const struct rlimit no_core = { 0, 0 };

    setrlimit(RLIMIT_CORE, &no_core);
    filemap_guard();
    return ((const volatile char *)p)[page()];
}

static void test_foreign(void)
{
    CU_ASSERT_EQUAL(in_child(touch_foreign, (void *)(uintptr_t)in_tmp("foreign")), 256 + SIGBUS);
}

TEST_SUITE("filemap", { "growth", test_growth }, { "shrink", test_shrink }, { "open", test_open },
           { "list", test_list }, { "foreign SIGBUS", test_foreign })
