/* file_test.c - whole reads and writes, replacing, copying, syncing, under faults */
#include "cunit/os/os_test.h"
#include "lib/os/file.h"
#include "lib/os/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_open(void)
{
    int fd = 7, logged = syslog_double.lines;

    CU_ASSERT_EQUAL(file_open(in_tmp("none"), O_RDONLY, 0, &fd), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(fd, -1);
    make_file(in_tmp("there"), "x");
    CU_ASSERT_EQUAL(file_open(in_tmp("there"), O_RDWR | O_CREAT | O_EXCL, 0600, &fd), ERR_EXISTS);
    CU_ASSERT_EQUAL(syslog_double.lines, logged);
    fault_fail(FAULT_OPEN, 1, 2, EINTR);
    CU_ASSERT_EQUAL(file_open(in_tmp("there"), O_RDONLY, 0, &fd), ERR_OK);
    CU_ASSERT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    CU_ASSERT(file_is_same(fd, in_tmp("there")));
    CU_ASSERT_FALSE(file_is_same(fd, in_tmp("none")));
    file_close(&fd);
    CU_ASSERT_EQUAL(fd, -1);
    file_close(&fd);
    fault_clear();
    fault_fail(FAULT_OPEN, 1, 1, EMFILE);
    CU_ASSERT_EQUAL(file_open(in_tmp("there"), O_RDONLY, 0, &fd), ERR_NOSPACE);
    CU_ASSERT_EQUAL(syslog_double.lines, logged + 1);
    fault_clear();
    CU_ASSERT(file_exists(in_tmp("there")) && !file_exists(in_tmp("none")));
}

/* Bytes that differ from place to place. */
static void fill(struct buf *b, size_t n)
{
    buf_reset(b);
    for (size_t i = 0; i < n; i++)
        buf_addc(b, (char)(i * 7 + i / 256));
}

/* Write in the three ways and read back, in pieces of every small size. */
static void test_short(void)
{
    static const size_t pieces[] = { 1, 3, 100, 5000, 0 };
    const char *path = in_tmp("short");
    struct buf data = BUF_INIT, got = BUF_INIT;
    char raw[3000];
    size_t n;
    int fd;

    fill(&data, sizeof raw);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        const struct slice whole = buf_slice(&data);
        const struct slice parts[] = { slice_cut(whole, 0, 1), SLICE_NULL,
                                       slice_cut(whole, 1, 1500), slice_skip(whole, 1500) };
        fault_short(pieces[i]);
        CU_CHECK_ROW(i, file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &fd) == ERR_OK);
        CU_CHECK_ROW(i, file_write_all(fd, path, data.p, data.n) == ERR_OK);
        CU_CHECK_ROW(i, file_writev_all(fd, path, parts, 4) == ERR_OK);
        CU_CHECK_ROW(i, file_pwrite_all(fd, path, data.p, data.n, 6000) == ERR_OK);
        CU_CHECK_ROW(i, file_load_fd(fd, path, 9000, &got) == ERR_OK && got.n == 9000);
        for (size_t k = 0; k < 9000; k += 3000)
            CU_CHECK_ROW(i, slice_eq(slice_cut(buf_slice(&got), k, k + 3000), whole));
        CU_CHECK_ROW(i, file_pread_all(fd, path, raw, sizeof raw, 3000) == ERR_OK);
        CU_CHECK_ROW(i, slice_eq(slice_make(raw, sizeof raw), whole));
        CU_CHECK_ROW(i, file_pread(fd, path, raw, sizeof raw, 8999, &n) == ERR_OK && n == 1);
        CU_CHECK_ROW(i, lseek(fd, 8000, SEEK_SET) == 8000);
        CU_CHECK_ROW(i, file_read(fd, path, raw, sizeof raw, &n) == ERR_OK && n == 1000);
        file_close(&fd);
        fault_clear();
    }
    buf_fini(&data);
    buf_fini(&got);
}

static void test_many_parts(void)
{
    enum { PARTS = 1000 };
    const char *path = in_tmp("parts");
    static struct slice parts[PARTS];
    struct buf text = BUF_INIT;
    int fd;

    fill(&text, PARTS);
    for (size_t i = 0; i < PARTS; i++)
        parts[i] = slice_cut(buf_slice(&text), i, i + i % 2);
    CU_ASSERT_EQUAL(file_open(path, O_RDWR | O_CREAT, 0600, &fd), ERR_OK);
    CU_ASSERT_EQUAL(file_writev_all(fd, path, parts, PARTS), ERR_OK);
    CU_ASSERT(fault_calls(FAULT_WRITEV) < 10);
    CU_ASSERT_EQUAL(file_writev_all(fd, path, NULL, 0), ERR_OK);
    struct buf got = BUF_INIT;
    CU_ASSERT(file_load_fd(fd, path, PARTS, &got) == ERR_OK && got.n == PARTS / 2);
    bool right = true;
    for (size_t i = 0; i < got.n; i++)
        right = right && got.p[i] == text.p[2 * i + 1];
    CU_ASSERT(right);
    file_close(&fd);
    buf_fini(&text);
    buf_fini(&got);
    fault_clear();
}

static void test_errors(void)
{
    const char *path = in_tmp("errors");
    const struct slice part = SLICE_LIT("abc");
    struct buf b = BUF_INIT;
    char raw[10];
    size_t got;
    int fd;

    make_file(path, "12345");
    CU_ASSERT_EQUAL(file_open(path, O_RDWR, 0, &fd), ERR_OK);
    CU_ASSERT_EQUAL(file_pread_all(fd, path, raw, 6, 0), ERR_CORRUPT);
    CU_ASSERT_EQUAL(file_pread_all(fd, path, raw, 1, 99), ERR_CORRUPT);
    CU_ASSERT_EQUAL(file_pread_all(fd, path, raw, 0, 99), ERR_OK);
    CU_ASSERT_EQUAL(file_load(path, 4, &b), ERR_LIMIT);
    CU_ASSERT_EQUAL(b.n, 0);
    CU_ASSERT_EQUAL(file_load(path, 5, &b), ERR_OK);
    CU_ASSERT_EQUAL(file_load(in_tmp("none"), 5, &b), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(b.n, 0);
    CU_ASSERT_EQUAL(file_load("/proc/self/status", 1 << 20, &b), ERR_OK);
    CU_ASSERT(b.n > 100);               /* a file that says its size is 0 */
    CU_ASSERT_EQUAL(file_load("/proc/self/status", 10, &b), ERR_LIMIT);
    fault_fail(FAULT_READ, 1, 99, EIO);
    CU_ASSERT_EQUAL(file_read(fd, path, raw, 1, &got), ERR_IO);
    CU_ASSERT_EQUAL(file_pread(fd, path, raw, 1, 0, &got), ERR_IO);
    CU_ASSERT_EQUAL(file_load(path, 5, &b), ERR_IO);
    fault_fail(FAULT_WRITE, 1, 99, ENOSPC);
    CU_ASSERT_EQUAL(file_write_all(fd, path, "x", 1), ERR_NOSPACE);
    CU_ASSERT_EQUAL(file_pwrite_all(fd, path, "x", 1, 0), ERR_NOSPACE);
    fault_fail(FAULT_WRITEV, 1, 1, EDQUOT);
    CU_ASSERT_EQUAL(file_writev_all(fd, path, &part, 1), ERR_NOSPACE);
    fault_fail(FAULT_TRUNCATE, 1, 1, EINTR);
    CU_ASSERT_EQUAL(file_truncate(fd, path, 2), ERR_OK);
    fault_clear();
    uint64_t size;
    CU_ASSERT(file_size(fd, path, &size) == ERR_OK && size == 2);
    file_close(&fd);
    CU_ASSERT_EQUAL(file_size(fd, path, &size), ERR_IO);
    buf_fini(&b);
}

static void test_names(void)
{
    struct stat st;

    make_file(in_tmp("n1"), "x");
    CU_ASSERT_EQUAL(file_set_mtime(in_tmp("n1"), 1234567890), ERR_OK);
    CU_ASSERT(file_stat(in_tmp("n1"), &st) == ERR_OK && st.st_mtime == 1234567890);
    CU_ASSERT_EQUAL(file_set_mtime(in_tmp("none"), 1), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(file_rename(in_tmp("n1"), in_tmp("n2")), ERR_OK);
    CU_ASSERT_EQUAL(file_rename(in_tmp("n1"), in_tmp("n2")), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(file_stat(in_tmp("n1"), &st), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(file_unlink(in_tmp("n2")), ERR_OK);
    CU_ASSERT_EQUAL(file_unlink(in_tmp("n2")), ERR_NOTFOUND);
}

/* --- replacing ----------------------------------------------------------- */

static void test_replace(void)
{
    const char *path = in_tmp("r"), *tmp = in_tmp("r.NEW");
    struct stat st;

    make_file(tmp, "what a crash left behind, longer than the new text");
    CU_ASSERT_EQUAL(file_replace(path, tmp, SLICE_LIT("one"), 0640, FILE_SYNC), ERR_OK);
    CU_ASSERT(file_is(path, "one") && !file_exists(tmp));
    CU_ASSERT_EQUAL(fault_calls(FAULT_DATASYNC), 1);
    CU_ASSERT_EQUAL(fault_calls(FAULT_SYNC), 1);        /* of the directory */
    fault_clear();
    CU_ASSERT_EQUAL(file_replace(path, tmp, SLICE_NULL, 0640, FILE_NOSYNC), ERR_OK);
    CU_ASSERT(file_is(path, ""));
    CU_ASSERT_EQUAL(fault_calls(FAULT_DATASYNC) + fault_calls(FAULT_SYNC), 0);
    CU_ASSERT_EQUAL(file_replace(in_tmp("no/r"), in_tmp("no/r.NEW"), SLICE_NULL, 0600, FILE_SYNC),
                    ERR_NOTFOUND);
    CU_ASSERT_EQUAL(file_unlink(tmp), ERR_NOTFOUND);
    int fd = -1;
    file_replace_abort(tmp, &fd);
    CU_ASSERT_EQUAL(file_replace_begin(tmp, 0600, &fd), ERR_OK);
    CU_ASSERT(file_exists(tmp) && fstat(fd, &st) == 0 && st.st_size == 0);
    file_replace_abort(tmp, &fd);
    CU_ASSERT(fd == -1 && !file_exists(tmp));
    fault_clear();
}

/* Whatever fails: the old contents stay, nothing is left, and it is said. */
static void test_replace_faults(void)
{
    static const struct {
        enum fault_call call;
        int errno_value;
        err_t err;
        const char *after;
    } rows[] = {
        { FAULT_OPEN, EMFILE, ERR_NOSPACE, "old" },  { FAULT_WRITE, ENOSPC, ERR_NOSPACE, "old" },
        { FAULT_WRITE, EIO, ERR_IO, "old" },         { FAULT_DATASYNC, EIO, ERR_IO, "old" },
        { FAULT_RENAME, EROFS, ERR_READONLY, "old" }, { FAULT_SYNC, EIO, ERR_IO, "new" },
        { FAULT_SYNC, EINVAL, ERR_OK, "new" },
    };
    const char *path = in_tmp("f"), *tmp = in_tmp("f.NEW");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        make_file(path, "old");
        fault_clear();
        fault_fail(rows[i].call, 1, 1, rows[i].errno_value);
        CU_CHECK_ROW(i, file_replace(path, tmp, SLICE_LIT("new"), 0600, FILE_SYNC) == rows[i].err);
        fault_clear();
        CU_CHECK_ROW(i, file_is(path, rows[i].after));
        CU_CHECK_ROW(i, !file_exists(tmp));
    }
}

/* --- copies -------------------------------------------------------------- */

static void test_copy(void)
{
    const char *src = in_tmp("c1"), *dst = in_tmp("c2");
    struct buf data = BUF_INIT, got = BUF_INIT;
    struct stat st;

    fill(&data, 200000);
    CU_ASSERT_EQUAL(file_replace(src, in_tmp("c1.NEW"), buf_slice(&data), 0600, FILE_NOSYNC),
                    ERR_OK);
    CU_ASSERT_EQUAL(file_set_mtime(src, 1000000000), ERR_OK);
    fault_clear();
    fault_short(7777);
    CU_ASSERT_EQUAL(file_copy(src, dst, 0600, FILE_COPY_SYNC | FILE_COPY_TIME), ERR_OK);
    CU_ASSERT_EQUAL(fault_calls(FAULT_SYNC), 1);
    fault_clear();
    CU_ASSERT(file_load(dst, 200000, &got) == ERR_OK &&
              slice_eq(buf_slice(&data), buf_slice(&got)));
    CU_ASSERT(file_stat(dst, &st) == ERR_OK && st.st_mtime == 1000000000);
    CU_ASSERT_EQUAL(file_copy(src, dst, 0600, 0), ERR_EXISTS);
    CU_ASSERT_EQUAL(file_copy(in_tmp("none"), in_tmp("c3"), 0600, 0), ERR_NOTFOUND);
    CU_ASSERT_FALSE(file_exists(in_tmp("c3")));
    fault_fail(FAULT_WRITE, 2, 1, ENOSPC);
    CU_ASSERT_EQUAL(file_copy(src, in_tmp("c3"), 0600, 0), ERR_NOSPACE);
    CU_ASSERT_FALSE(file_exists(in_tmp("c3")));
    fault_clear();
    fault_fail(FAULT_DATASYNC, 1, 1, EIO);
    CU_ASSERT_EQUAL(file_copy(src, in_tmp("c3"), 0600, FILE_COPY_SYNC), ERR_IO);
    CU_ASSERT_FALSE(file_exists(in_tmp("c3")));
    fault_clear();
    buf_fini(&data);
    buf_fini(&got);
}

static void test_link_or_copy(void)
{
    static const struct {
        int errno_value;                /* of link(); 0: it works */
        err_t err;
        bool linked;
    } rows[] = {
        { 0, ERR_OK, true },      { EXDEV, ERR_OK, false },    { EMLINK, ERR_OK, false },
        { EPERM, ERR_OK, false }, { EIO, ERR_IO, false },      { ENOSPC, ERR_NOSPACE, false },
    };
    const char *src = in_tmp("l1"), *dst = in_tmp("l2");

    make_file(src, "text");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool linked = !rows[i].linked;
        fault_clear();
        if (rows[i].errno_value)
            fault_fail(FAULT_LINK, 1, 1, rows[i].errno_value);
        CU_CHECK_ROW(i, file_link_or_copy(src, dst, 0600, 0, &linked) == rows[i].err);
        CU_CHECK_ROW(i, linked == rows[i].linked);
        if (rows[i].err) {
            CU_CHECK_ROW(i, !file_exists(dst));
            continue;
        }
        CU_CHECK_ROW(i, file_is(dst, "text"));
        CU_CHECK_ROW(i, file_link_or_copy(src, dst, 0600, 0, NULL) == ERR_EXISTS);
        CU_CHECK_ROW(i, file_unlink(dst) == ERR_OK);
    }
    fault_clear();
    CU_ASSERT_EQUAL(file_link_or_copy(in_tmp("none"), dst, 0600, 0, NULL), ERR_NOTFOUND);
}

/* --- sync.h -------------------------------------------------------------- */

struct told {
    int n, error;
    char path[200];
};

static void note_failure(void *arg, const char *path, int error)
{
    struct told *t = arg;

    t->n++;
    t->error = error;
    snprintf(t->path, sizeof t->path, "%s", path);
}

/* Each sync that fails is told with its path, and errno is as it was. */
static void test_sync_told(void)
{
    const char *path = in_tmp("told");
    struct told t = { 0 };
    int fd;

    make_file(path, "x");
    CU_ASSERT_EQUAL_FATAL(file_open(path, O_RDWR, 0, &fd), ERR_OK);
    sync_on_failure(note_failure, &t);
    CU_ASSERT_EQUAL(sync_data(fd, path), ERR_OK);
    CU_ASSERT_EQUAL(t.n, 0);
    fault_fail(FAULT_DATASYNC, 1, 1, EIO);
    CU_ASSERT_EQUAL(sync_data(fd, path), ERR_IO);
    CU_ASSERT_TRUE(t.n == 1 && t.error == EIO && strcmp(t.path, path) == 0);
    fault_fail(FAULT_SYNC, 1, 1, EDQUOT);
    CU_ASSERT_EQUAL(sync_dir(test_tmpdir()), ERR_NOSPACE);
    CU_ASSERT_TRUE(t.n == 2 && t.error == EDQUOT && strcmp(t.path, test_tmpdir()) == 0);
    sync_failed("elsewhere", EIO);
    CU_ASSERT_TRUE(t.n == 3 && strcmp(t.path, "elsewhere") == 0);
    sync_on_failure(NULL, NULL);
    sync_failed(path, EIO);
    CU_ASSERT_EQUAL(t.n, 3);
    fault_clear();
    file_close(&fd);
}

static void test_sync(void)
{
    const char *path = in_tmp("s");
    int fd;

    make_file(path, "x");
    CU_ASSERT_EQUAL(file_open(path, O_RDWR, 0, &fd), ERR_OK);
    fault_clear();
    uint64_t before = sync_count();
    CU_ASSERT_EQUAL(sync_data(fd, path), ERR_OK);
    CU_ASSERT_EQUAL(sync_file(fd, path), ERR_OK);
    CU_ASSERT_EQUAL(sync_dir(test_tmpdir()), ERR_OK);
    CU_ASSERT_EQUAL(sync_parent(path), ERR_OK);
    CU_ASSERT_EQUAL(sync_count(), before + 4);
    CU_ASSERT(fault_calls(FAULT_DATASYNC) == 1 && fault_calls(FAULT_SYNC) == 3);
    CU_ASSERT_EQUAL(sync_dir(in_tmp("none")), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(sync_dir(path), ERR_IO);
    fault_fail(FAULT_DATASYNC, 1, 2, EINTR);
    CU_ASSERT_EQUAL(sync_data(fd, path), ERR_OK);
    fault_clear();
    fault_fail(FAULT_DATASYNC, 1, 1, EIO);
    CU_ASSERT_EQUAL(sync_data(fd, path), ERR_IO);
    fault_fail(FAULT_SYNC, 1, 1, EINVAL);
    CU_ASSERT_EQUAL(sync_file(fd, path), ERR_IO);
    sync_set_enabled(false);
    fault_clear();
    before = sync_count();
    CU_ASSERT_EQUAL(sync_data(fd, path), ERR_OK);
    CU_ASSERT_EQUAL(sync_parent(path), ERR_OK);
    CU_ASSERT(sync_count() == before && fault_calls(FAULT_DATASYNC) == 0);
    sync_set_enabled(true);
    file_close(&fd);
}

TEST_SUITE("file", { "open", test_open }, { "short", test_short },
           { "many parts", test_many_parts }, { "errors", test_errors }, { "names", test_names },
           { "replace", test_replace }, { "replace faults", test_replace_faults },
           { "copy", test_copy }, { "link or copy", test_link_or_copy }, { "sync", test_sync },
           { "failures are told", test_sync_told })
