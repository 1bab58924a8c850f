/* subs_test.c - subscriptions
 *
 * covers: NS-06
 */
#include "imap/store/subs.h"

#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/listener.h"
#include "lib/os/file.h"

static err_t collect(void *arg, struct slice name)
{
    struct buf *out = arg;

    if (out->n)
        buf_addc(out, '|');
    buf_add_slice(out, name);
    return ERR_OK;
}

static void check(struct store *s, const char *userid, const char *want)
{
    struct buf got = BUF_INIT;

    CU_ASSERT_EQUAL(subs_foreach(s, slice_cstr(userid), collect, &got), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&got), want);
    buf_fini(&got);
}

/* The whole file, US shown as '~'. */
static void check_file(const char *name, const char *want)
{
    struct buf got = BUF_INIT;

    CU_ASSERT_EQUAL(file_load(instance_path(name), 10000, &got), ERR_OK);
    for (size_t i = 0; i < got.n; i++) {
        if (got.p[i] == '\x1f')
            got.p[i] = '~';
    }
    CU_ASSERT_STRING_EQUAL(buf_cstr(&got), want);
    buf_fini(&got);
}

static void count_event(void *arg, const struct store_event *e)
{
    unsigned *n = arg;

    *n += e->kind == EV_SUBS;
}

static void test_add_and_remove(void)
{
    struct store *s = instance_open("");
    struct slice ann = SLICE_LIT("ann");
    unsigned events = 0;

    store_listen(s, count_event, &events);
    CU_ASSERT(!subs_has(s, ann, SLICE_LIT("user.ann")));
    CU_ASSERT_EQUAL(subs_remove(s, ann, SLICE_LIT("user.ann")), ERR_NOTFOUND);
    check(s, "ann", "");
    CU_ASSERT_EQUAL(subs_add(s, ann, SLICE_LIT("user.ann")), ERR_OK);
    CU_ASSERT_EQUAL(subs_add(s, ann, SLICE_LIT("user.ann")), ERR_EXISTS);
    CU_ASSERT_EQUAL(subs_add(s, ann, SLICE_LIT("user.ann.v^2.b")), ERR_OK);
    CU_ASSERT_EQUAL(subs_add(s, ann, SLICE_LIT("user.anna.x")), ERR_OK);
    CU_ASSERT_EQUAL(subs_add(s, ann, SLICE_LIT("shared.news")), ERR_OK);
    CU_ASSERT_EQUAL(events, 4);
    check(s, "ann", "user.ann|user.ann.v^2.b|shared.news|user.anna.x");
    /* 3.6.1 writes NINBOXa~x for user.anna.x */
    check_file("cfg/user/a/ann.sub",
               "~VER~\t2\nNINBOX\t\nNINBOX~v.2~b\t\nNshared~news\t\nNuser~anna~x\t\n");
    CU_ASSERT(subs_has(s, ann, SLICE_LIT("user.anna.x")));
    CU_ASSERT(!subs_has(s, ann, SLICE_LIT("user.anna")));
    CU_ASSERT_EQUAL(subs_remove(s, ann, SLICE_LIT("user.ann")), ERR_OK);
    CU_ASSERT_EQUAL(subs_remove(s, ann, SLICE_LIT("user.ann")), ERR_NOTFOUND);
    check(s, "ann", "user.ann.v^2.b|shared.news|user.anna.x");
    check(s, "bob", "");
    store_session_end(s);
    instance_reopen(&s);
    check(s, "ann", "user.ann.v^2.b|shared.news|user.anna.x");
    instance_close(&s);
}

static err_t remove_it(void *arg, struct slice name)
{
    return subs_remove(arg, SLICE_LIT("ann"), name);
}

static void test_change_in_walk(void)
{
    struct store *s = instance_open("");
    char name[] = "shared.x0";

    for (char c = '0'; c <= '9'; c++) {
        name[8] = c;
        CU_ASSERT_EQUAL(subs_add(s, SLICE_LIT("ann"), slice_cstr(name)), ERR_OK);
    }
    CU_ASSERT_EQUAL(subs_foreach(s, SLICE_LIT("ann"), remove_it, s), ERR_OK);
    check(s, "ann", "");
    instance_close(&s);
}

static void test_old_file(void)
{
    static const char old[] = "shared.news\t\nuser.ann\t\nuser.ann.Work\t\nuser.anna\t\n";
    struct store *s = instance_open("");
    char path[700];

    snprintf(path, sizeof path, "%s", instance_path("cfg/user/a/ann.sub"));
    CU_ASSERT_EQUAL(subs_add(s, SLICE_LIT("abe"), SLICE_LIT("x")),
                    ERR_OK); /* makes the directory */
    CU_ASSERT_EQUAL(
        file_replace(path, instance_path("cfg/tmp"), slice_cstr(old), 0644, FILE_NOSYNC), ERR_OK);
    check(s, "ann", "user.ann|user.ann.Work|shared.news|user.anna");
    check_file("cfg/user/a/ann.sub",
               "~VER~\t2\nNINBOX\t\nNINBOX~Work\t\nNshared~news\t\nNuser~anna\t\n");
    CU_ASSERT_EQUAL(subs_remove(s, SLICE_LIT("ann"), SLICE_LIT("user.ann.Work")), ERR_OK);
    check(s, "ann", "user.ann|shared.news|user.anna");
    instance_close(&s);
}

static void test_sample(void)
{
    struct store *s = instance_open_sample("hashimapspool: yes");

    check(s, "fred", "user.fred|user.fred.Entw&APw-rfe|user.fred.Work|shared.news");
    check(s, "mary", "user.fred.Work");
    instance_close(&s);
}

TEST_SUITE("subs", { "add_and_remove", test_add_and_remove },
           { "change_in_walk", test_change_in_walk }, { "old_file", test_old_file },
           { "sample", test_sample })
