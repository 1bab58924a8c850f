/* user_test.c - files and locks of a person
 */
#include "imap/store/user.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/mblist.h"
#include "imap/store/store_impl.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/lock.h"

static void put_inbox(struct store *s, const char *name, const char *id, uint32_t type)
{
    struct mbentry e;

    mbentry_init(&e);
    buf_adds(&e.name, name);
    buf_adds(&e.uniqueid, id);
    buf_adds(&e.partition, "default");
    e.type = type;
    CU_ASSERT_EQUAL(mblist_put(s, &e), ERR_OK);
    mbentry_fini(&e);
}

static void test_paths(void)
{
    static const struct {
        const char *userid, *suffix, *want;
    } rows[] = {
        { "", "counters", "cfg/shared.counters" },
        { "nobody", "sub", "cfg/user/n/nobody.sub" },
        { "9nine", "sub", "cfg/user/q/9nine.sub" },
        { "j.doe", "seen", "cfg/user/j/j.doe.seen" },
        { "ann@dom.example", "seen", "cfg/domain/d/dom.example/user/a/ann.seen" },
        { "fred", "seen", "cfg/user/uuid/z/v/zvl937xhln56selpds335hgm/seen.db" },
        { "fred@def.example", "sub", "cfg/user/uuid/z/v/zvl937xhln56selpds335hgm/sub.db" },
        { "old", "seen", "cfg/user/o/old.seen" },
        { "inter", "seen", "cfg/user/uuid/y/v/yvl937xhln56selpds335hgm/seen.db" },
        { "gone", "seen", "cfg/user/g/gone.seen" },
    };
    struct store *s = instance_open("virtdomains: userid\ndefaultdomain: def.example");
    struct buf path = BUF_INIT;

    put_inbox(s, "user.fred", "zvl937xhln56selpds335hgm", 0);
    put_inbox(s, "user.old", "avl937xhln56selpds335hgm", MBTYPE_LEGACY);
    put_inbox(s, "user.inter", "yvl937xhln56selpds335hgm", MBTYPE_INTERMEDIATE);
    put_inbox(s, "user.gone", "bvl937xhln56selpds335hgm", MBTYPE_DELETED);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, user_file(s, slice_cstr(rows[i].userid), rows[i].suffix, &path) == ERR_OK);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&path), instance_path(rows[i].want)));
    }
    CU_ASSERT_EQUAL(user_file(s, SLICE_LIT("../x"), "seen", &path), ERR_BADNAME);
    CU_ASSERT_EQUAL(user_file(s, SLICE_LIT("a/b"), "seen", &path), ERR_BADNAME);
    buf_fini(&path);
    instance_close(&s);
}

static void test_sieve_dir(void)
{
    static const struct {
        const char *userid, *want;
    } rows[] = {
        { "", "sieve/global" },
        { "fred", "sieve/uuid/z/v/zvl937xhln56selpds335hgm" },
        { "j.doe", "sieve/j/j.doe" },
        { "ann@dom.example", "sieve/domain/d/dom.example/a/ann" },
    };
    struct store *s = instance_open("virtdomains: userid\nsievedir: @DIR@/sieve");
    struct buf path = BUF_INIT;

    put_inbox(s, "user.fred", "zvl937xhln56selpds335hgm", 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, user_sieve_dir(s, slice_cstr(rows[i].userid), &path) == ERR_OK);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&path), instance_path(rows[i].want)));
    }
    CU_ASSERT_EQUAL(user_sieve_dir(s, SLICE_LIT("a/../b"), &path), ERR_BADNAME);
    buf_fini(&path);
    instance_close(&s);
}

/* Does another process get this lock at once? */
static bool other_gets(const char *name, enum lock_mode mode)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        int fd;

        _exit(lock_path_take(instance_path(name), mode, LOCK_TRY, &fd) == ERR_OK ? 0 : 1);
    }
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static void test_locks(void)
{
    static const char path[] = "cfg/lock/*U*j^doe.lock";
    struct store *s = instance_open("");
    struct user_lock *a, *b, *c;

    CU_ASSERT_EQUAL(user_lock(s, SLICE_LIT("j.doe"), true, &a), ERR_OK);
    CU_ASSERT_EQUAL(user_lock(s, SLICE_LIT("j.doe"), false, &b), ERR_OK);
    CU_ASSERT(!other_gets(path, LOCK_SHARED));
    CU_ASSERT_EQUAL(user_lock_owner_if_free(s, SLICE_LIT("user.j^doe.x"), &c), ERR_OK);
    CU_ASSERT_PTR_NULL(c);
    user_unlock(&a);
    CU_ASSERT(!other_gets(path, LOCK_SHARED));  /* still held by the inner one */
    user_unlock(&b);
    CU_ASSERT_PTR_NULL(b);
    CU_ASSERT(other_gets(path, LOCK_EXCLUSIVE));

    CU_ASSERT_EQUAL(user_lock_owner(s, SLICE_LIT("user.j^doe.x"), false, &a), ERR_OK);
    CU_ASSERT(other_gets(path, LOCK_SHARED));
    CU_ASSERT(!other_gets(path, LOCK_EXCLUSIVE));
    user_unlock(&a);
    CU_ASSERT_EQUAL(user_lock_owner(s, SLICE_LIT("shared.x"), true, &a), ERR_OK);
    CU_ASSERT(!other_gets("cfg/lock/*U*.lock", LOCK_SHARED));
    user_unlock(&a);
    user_unlock(&a);                            /* NULL is fine */

    CU_ASSERT_EQUAL(user_lock_owners(s, SLICE_LIT("user.zoe"), SLICE_LIT("user.amy.x"), &a, &b),
                    ERR_OK);
    CU_ASSERT_PTR_NOT_NULL(b);
    CU_ASSERT(!other_gets("cfg/lock/*U*zoe.lock", LOCK_SHARED));
    CU_ASSERT(!other_gets("cfg/lock/*U*amy.lock", LOCK_SHARED));
    user_unlock(&b);
    user_unlock(&a);
    CU_ASSERT_EQUAL(user_lock_owners(s, SLICE_LIT("user.zoe"), SLICE_LIT("user.zoe.x"), &a, &b),
                    ERR_OK);
    CU_ASSERT_PTR_NULL(b);
    user_unlock(&a);
    instance_close(&s);
}

static void touch(const char *name)
{
    char path[700];
    int fd;

    snprintf(path, sizeof path, "%s", instance_path(name));
    CU_ASSERT_EQUAL(dir_make_parents(path, 0755), ERR_OK);
    CU_ASSERT_EQUAL(file_open(path, O_CREAT | O_WRONLY, 0644, &fd), ERR_OK);
    file_close(&fd);
}

static void test_delete_and_rename(void)
{
    static const char *const files[] = {
        "cfg/user/f/fred.seen",
        "cfg/user/f/fred.sub",
        "cfg/user/f/fred.x.seen",
        "cfg/user/f/freda.seen",
        "cfg/user/uuid/z/v/zvl937xhln56selpds335hgm/seen.db",
    };
    struct store *s = instance_open("");

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        touch(files[i]);
    CU_ASSERT_EQUAL(user_rename_files(s, SLICE_LIT("fred"), SLICE_LIT("zoe")), ERR_OK);
    CU_ASSERT(!file_exists(instance_path("cfg/user/f/fred.seen")));
    CU_ASSERT(file_exists(instance_path("cfg/user/z/zoe.seen")));
    CU_ASSERT(file_exists(instance_path("cfg/user/z/zoe.sub")));
    CU_ASSERT(file_exists(instance_path("cfg/user/f/fred.x.seen")));
    CU_ASSERT(file_exists(instance_path("cfg/user/f/freda.seen")));
    CU_ASSERT_EQUAL(user_rename_files(s, SLICE_LIT("fred"), SLICE_LIT("zoe")),
                    ERR_OK); /* repeated */

    CU_ASSERT_EQUAL(user_delete_files(s, SLICE_LIT("zoe"), SLICE_LIT("zvl937xhln56selpds335hgm")),
                    ERR_OK);
    CU_ASSERT(!file_exists(instance_path("cfg/user/z/zoe.seen")));
    CU_ASSERT(!file_exists(instance_path("cfg/user/uuid/z/v/zvl937xhln56selpds335hgm")));
    CU_ASSERT(file_exists(instance_path("cfg/user/uuid/z/v")));
    CU_ASSERT_EQUAL(user_delete_files(s, SLICE_LIT("zoe"), SLICE_LIT("zvl937xhln56selpds335hgm")),
                    ERR_OK);
    CU_ASSERT_EQUAL(user_delete_files(s, SLICE_LIT("never"), SLICE_LIT("")), ERR_OK);
    instance_close(&s);
}

TEST_SUITE("user", { "paths", test_paths }, { "sieve_dir", test_sieve_dir },
           { "locks", test_locks }, { "delete_and_rename", test_delete_and_rename })
