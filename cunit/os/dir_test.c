/* dir_test.c - directories, and the pure functions of path.h
 *
 * covers: formats/mailbox-store.md 3.3
 */
#include "cunit/os/os_test.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/path.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_make(void)
{
    struct stat st;

    CU_ASSERT_EQUAL(dir_make(in_tmp("m/a//b/c/"), 0700), ERR_OK);
    CU_ASSERT_EQUAL(dir_make(in_tmp("m/a/b/c"), 0700), ERR_OK);
    CU_ASSERT(stat(in_tmp("m/a/b"), &st) == 0 && S_ISDIR(st.st_mode) &&
              (st.st_mode & 0777) == 0700);
    CU_ASSERT_EQUAL(dir_make_parents(in_tmp("m/x/y/file"), 0755), ERR_OK);
    CU_ASSERT(file_exists(in_tmp("m/x/y")) && !file_exists(in_tmp("m/x/y/file")));
    make_file(in_tmp("m/file"), "");
    CU_ASSERT_EQUAL(dir_make(in_tmp("m/file"), 0755), ERR_IO);
    CU_ASSERT_EQUAL(dir_make(in_tmp("m/file/sub"), 0755), ERR_IO);
    CU_ASSERT_EQUAL(dir_make("/", 0755), ERR_OK);
    CU_ASSERT_EQUAL(dir_make_parents("plain-name", 0755), ERR_OK);
    fault_clear();
    fault_fail(FAULT_MKDIR, 1, 1, ENOSPC);
    CU_ASSERT_EQUAL(dir_make(in_tmp("m/full"), 0755), ERR_NOSPACE);
    fault_fail(FAULT_MKDIR, 1, 1, EROFS);       /* told before "exists" */
    CU_ASSERT_EQUAL(dir_make(in_tmp("m/a"), 0755), ERR_OK);
    fault_clear();
    CU_ASSERT_EQUAL(dir_remove_tree(in_tmp("m")), ERR_OK);
}

struct seen {
    struct buf text;
    const char *stop_at;
    err_t answer;
};

static err_t see(void *arg, const char *name, enum dir_type type)
{
    static const char letters[] = "fdlo";
    struct seen *s = arg;

    buf_addf(&s->text, "%c:%s ", letters[type], name);
    return s->stop_at && strcmp(name, s->stop_at) == 0 ? s->answer : ERR_OK;
}

static void make_tree(void)
{
    CU_ASSERT_EQUAL(dir_make(in_tmp("t/b/deep/er"), 0755), ERR_OK);
    CU_ASSERT_EQUAL(dir_make(in_tmp("t/d"), 0755), ERR_OK);
    make_file(in_tmp("t/a"), "");
    make_file(in_tmp("t/b/1"), "");
    make_file(in_tmp("t/b/deep/er/2"), "");
    make_file(in_tmp("t/.dot"), "");
    CU_ASSERT_EQUAL(symlink("..", in_tmp("t/c")), 0);
}

static void test_list(void)
{
    struct seen s = { .text = BUF_INIT };

    make_tree();
    CU_ASSERT_EQUAL(dir_list_sorted(in_tmp("t"), see, &s), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&s.text), "f:.dot f:a d:b l:c d:d ");
    buf_reset(&s.text);
    s.stop_at = "a";
    s.answer = ERR_STOP;
    CU_ASSERT_EQUAL(dir_list_sorted(in_tmp("t"), see, &s), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&s.text), "f:.dot f:a ");
    s.answer = ERR_LIMIT;
    CU_ASSERT_EQUAL(dir_list_sorted(in_tmp("t"), see, &s), ERR_LIMIT);
    CU_ASSERT_EQUAL(dir_list(in_tmp("t"), see, &s), ERR_LIMIT);
    s.stop_at = NULL;
    buf_reset(&s.text);
    CU_ASSERT_EQUAL(dir_list(in_tmp("t"), see, &s), ERR_OK);
    CU_ASSERT_EQUAL(s.text.n, strlen("f:.dot f:a d:b l:c d:d "));
    int logged = syslog_double.lines;
    CU_ASSERT_EQUAL(dir_list(in_tmp("none"), see, &s), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(syslog_double.lines, logged);
    CU_ASSERT_EQUAL(dir_list(in_tmp("t/a"), see, &s), ERR_IO);
    buf_fini(&s.text);
}

static void test_walk(void)
{
    static const struct {
        enum dir_order order;
        const char *tail, *stop_at;
        err_t answer, err;
        const char *expected;
    } rows[] = {
        { DIR_PRE, "t", NULL, ERR_OK, ERR_OK,
          "f:.dot f:a d:b f:b/1 d:b/deep d:b/deep/er f:b/deep/er/2 l:c d:d " },
        { DIR_POST, "t/", NULL, ERR_OK, ERR_OK,
          "f:.dot f:a f:b/1 f:b/deep/er/2 d:b/deep/er d:b/deep d:b l:c d:d " },
        { DIR_PRE, "t", "b/deep", ERR_STOP, ERR_OK, "f:.dot f:a d:b f:b/1 d:b/deep " },
        { DIR_PRE, "t", "b/1", ERR_DENIED, ERR_DENIED, "f:.dot f:a d:b f:b/1 " },
        { DIR_PRE, "none", NULL, ERR_OK, ERR_NOTFOUND, "" },
    };
    struct seen s = { .text = BUF_INIT };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&s.text);
        s.stop_at = rows[i].stop_at;
        s.answer = rows[i].answer;
        CU_CHECK_ROW(i, dir_walk(in_tmp(rows[i].tail), rows[i].order, see, &s) == rows[i].err);
        CU_CHECK_ROW(i, strcmp(buf_cstr(&s.text), rows[i].expected) == 0);
    }
    buf_fini(&s.text);
}

static err_t take_away(void *arg, const char *name, enum dir_type type)
{
    (void)arg;
    (void)type;
    if (strcmp(name, "b") == 0)
        return dir_remove_tree(in_tmp("t/b"));
    return ERR_OK;
}

static void test_remove(void)
{
    make_file(in_tmp("outside"), "x");
    CU_ASSERT_EQUAL(symlink(in_tmp("outside"), in_tmp("t/d/link")), 0);
    CU_ASSERT_EQUAL(dir_walk(in_tmp("t"), DIR_PRE, take_away, NULL), ERR_OK);
    CU_ASSERT_FALSE(file_exists(in_tmp("t/b")));
    CU_ASSERT_EQUAL(dir_remove_tree(in_tmp("t")), ERR_OK);
    CU_ASSERT(!file_exists(in_tmp("t")) && file_exists(in_tmp("outside")));
    CU_ASSERT_EQUAL(dir_remove_tree(in_tmp("t")), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(symlink(test_tmpdir(), in_tmp("self")), 0);
    CU_ASSERT_EQUAL(dir_remove_tree(in_tmp("self")), ERR_OK);   /* the link, not what it names */
    CU_ASSERT(file_exists(in_tmp("outside")));
    CU_ASSERT_EQUAL(dir_remove_tree(in_tmp("outside")), ERR_OK);
}

static void test_deep(void)
{
    struct buf path = BUF_INIT;
    struct seen s = { .text = BUF_INIT };

    buf_adds(&path, in_tmp("deep"));
    for (int i = 0; i <= DIR_DEPTH_MAX + 1; i++)
        path_add(&path, SLICE_LIT("d"));
    CU_ASSERT_EQUAL(dir_make(buf_cstr(&path), 0755), ERR_OK);
    CU_ASSERT_EQUAL(dir_walk(in_tmp("deep"), DIR_PRE, see, &s), ERR_LIMIT);
    CU_ASSERT_EQUAL(dir_remove_tree(in_tmp("deep")), ERR_LIMIT);
    dir_prune(buf_cstr(&path), test_tmpdir());
    CU_ASSERT_FALSE(file_exists(in_tmp("deep")));
    buf_fini(&path);
    buf_fini(&s.text);
}

static void test_prune(void)
{
    CU_ASSERT_EQUAL(dir_make(in_tmp("p/a/b/c/d"), 0755), ERR_OK);
    make_file(in_tmp("p/a/keep"), "");
    dir_prune(in_tmp("p/a/b/c/d"), in_tmp("p"));
    CU_ASSERT(file_exists(in_tmp("p/a")) && !file_exists(in_tmp("p/a/b")));
    CU_ASSERT_EQUAL(file_unlink(in_tmp("p/a/keep")), ERR_OK);
    dir_prune(in_tmp("p/a/gone/too"), in_tmp("p/"));
    CU_ASSERT(file_exists(in_tmp("p")) && !file_exists(in_tmp("p/a")));
    dir_prune(in_tmp("p"), in_tmp("p"));
    CU_ASSERT(file_exists(in_tmp("p")));
    dir_prune(in_tmp("p"), in_tmp("elsewhere"));
    CU_ASSERT(file_exists(in_tmp("p")));
    CU_ASSERT_EQUAL(dir_make(in_tmp("p2/x"), 0755), ERR_OK);
    dir_prune(in_tmp("p2/x"), in_tmp("p"));     /* only looks as if it were below */
    CU_ASSERT(file_exists(in_tmp("p2/x")));
}

/* --- path.h -------------------------------------------------------------- */

static void test_join(void)
{
    struct buf b = BUF_INIT;

    path_join(&b, "/a", "b");
    CU_ASSERT_STRING_EQUAL(buf_cstr(&b), "/a/b");
    path_join(&b, "/a/", "b");
    CU_ASSERT_STRING_EQUAL(buf_cstr(&b), "/a/b");
    path_join(&b, "", "b");
    CU_ASSERT_STRING_EQUAL(buf_cstr(&b), "b");
    path_join3(&b, "/", "b", "c");
    CU_ASSERT_STRING_EQUAL(buf_cstr(&b), "/b/c");
    buf_fini(&b);
}

static void test_split(void)
{
    static const struct {
        const char *path, *dir, *base;
    } rows[] = {
        { "/a/b/c", "/a/b", "c" }, { "/c", "/", "c" },   { "c", ".", "c" },
        { "/a/b/", "/a", "b" },    { "/", "/", "" },     { "a/b", "a", "b" },
        { "/a//b", "/a", "b" },    { "", ".", "" },      { "//b", "/", "b" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, slice_eqs(path_dirname(slice_cstr(rows[i].path)), rows[i].dir));
        CU_CHECK_ROW(i, slice_eqs(path_basename(slice_cstr(rows[i].path)), rows[i].base));
    }
}

static void test_safe(void)
{
    static const struct {
        struct slice name;
        bool component, relative;
    } rows[] = {
        { SLICE_LIT("a"), true, true },           { SLICE_LIT("a.b-c_d "), true, true },
        { SLICE_LIT("..."), true, true },         { SLICE_LIT("\xc3\xa4"), true, true },
        { SLICE_LIT("a/b"), false, true },        { SLICE_LIT("a/../b"), false, false },
        { SLICE_LIT("."), false, false },         { SLICE_LIT(".."), false, false },
        { SLICE_LIT(""), false, false },          { SLICE_LIT("/a"), false, false },
        { SLICE_LIT("a/"), false, false },        { SLICE_LIT("a//b"), false, false },
        { SLICE_LIT("a\0b"), false, false },      { SLICE_LIT("a\nb"), false, false },
        { SLICE_LIT("a\x7f"), false, false },     { SLICE_LIT("./a"), false, false },
    };
    char big[300];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, path_is_component(rows[i].name) == rows[i].component);
        CU_CHECK_ROW(i, path_is_relative(rows[i].name) == rows[i].relative);
    }
    memset(big, 'x', sizeof big);
    CU_ASSERT(path_is_component(slice_make(big, 255)));
    CU_ASSERT_FALSE(path_is_component(slice_make(big, 256)));
    struct buf many = BUF_INIT;
    for (int i = 0; i < 2048; i++)
        path_add(&many, SLICE_LIT("x"));
    CU_ASSERT(many.n == 4095 && path_is_relative(buf_slice(&many)));
    buf_adds(&many, "x");
    CU_ASSERT_FALSE(path_is_relative(buf_slice(&many)));
    buf_fini(&many);
}

static void test_hash(void)
{
    static const struct {
        const char *name;
        char first, full;
    } rows[] = {
        /* measured with mbpath of 3.6.1 */
        { "alice", 'a', 'L' }, { "Bob", 'b', 'D' }, { "1st", 'q', 'J' }, { "zoe", 'z', 'J' },
        { "q", 'q', 'V' },     { "a", 'a', 'F' },   { "a^b", 'a', 'F' }, { "a.b", 'a', 'F' },
        { "long-user-name-that-overflows", 'l', 'N' }, { "\xc3\xa4x", 'q', 'R' },
        /* calculated by the rule */
        { "*U*fred", 'q', 'K' }, { "", 'q', 'A' }, { "{", 'q', 'I' }, { ".x", 'q', 'A' },
        { "DELETED", 'd', 'C' },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, path_hash(slice_cstr(rows[i].name), PATH_HASH_FIRST) == rows[i].first);
        CU_CHECK_ROW(i, path_hash(slice_cstr(rows[i].name), PATH_HASH_FULL) == rows[i].full);
    }
}

TEST_SUITE("dir", { "make", test_make }, { "list", test_list }, { "walk", test_walk },
           { "remove", test_remove }, { "deep", test_deep }, { "prune", test_prune },
           { "join", test_join }, { "split", test_split }, { "safe", test_safe },
           { "hash", test_hash })
