/* mbcrash_test.c - operations on mailboxes, killed at every step
 *
 * A child runs the operation and dies at its n-th write to the spool (durable.h), for n = 1, 2, ...
 * until it lives (of the many alike at the end of long operations, every third). After each death
 * the store must be consistent as it lies there, and after the start-up repairs the operation has
 * happened wholly or not at all, with nothing left over.
 */
#include "imap/store/mbops.h"

#include <sys/wait.h>
#include <unistd.h>

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/durable.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/quota.h"
#include "imap/store/subs.h"
#include "lib/os/dir.h"
#include "lib/os/sync.h"

enum { STEPS_MAX = 400, KILLED = 9 };

static const struct actor robot = { .is_system = true };

/* ---- the operations ---- */

static err_t do_create(struct store *s)
{
    const struct mbop_create c = { .name = SLICE_LIT("user.bob.new.deep") };

    return mbop_create(s, &robot, &c, NULL);
}

static err_t do_delete(struct store *s)
{
    return mbop_delete(s, &robot, SLICE_LIT("user.bob.a.sub"));
}

static err_t do_delete_user(struct store *s)
{
    return mbop_delete(s, &robot, SLICE_LIT("user.bob"));
}

static err_t do_rename(struct store *s)
{
    return mbop_rename(s, &robot, SLICE_LIT("user.bob.a"), SLICE_LIT("shared.b"), SLICE_NULL, NULL,
                       NULL);
}

static err_t do_rename_user(struct store *s)
{
    return mbop_rename(s, &robot, SLICE_LIT("user.bob"), SLICE_LIT("user.eve"), SLICE_NULL, NULL,
                       NULL);
}

static err_t do_move(struct store *s)
{
    return mbop_rename(s, &robot, SLICE_LIT("user.bob"), SLICE_LIT("user.bob"), SLICE_LIT("two"),
                       NULL, NULL);
}

#define LEGACY "mailbox_legacy_dirs: yes\nhashimapspool: yes\n"
#define IMMEDIATE "delete_mode: immediate\n"

static const struct operation {
    const char *name, *conf;
    err_t (*run)(struct store *);
    const char *before, *after;                 /* live mailboxes */
} operations[] = {
    { "create", "", do_create, "shared user.bob user.bob.a user.bob.a.sub",
      "shared user.bob user.bob.a user.bob.a.sub user.bob.new user.bob.new.deep" },
    { "create legacy", LEGACY, do_create, "shared user.bob user.bob.a user.bob.a.sub",
      "shared user.bob user.bob.a user.bob.a.sub user.bob.new user.bob.new.deep" },
    { "delete delayed", "", do_delete, "shared user.bob user.bob.a user.bob.a.sub",
      "DELETED shared user.bob user.bob.a" },
    { "delete delayed legacy", LEGACY, do_delete, "shared user.bob user.bob.a user.bob.a.sub",
      "DELETED shared user.bob user.bob.a" },
    { "delete immediate", IMMEDIATE, do_delete, "shared user.bob user.bob.a user.bob.a.sub",
      "shared user.bob user.bob.a" },
    { "delete immediate legacy", IMMEDIATE LEGACY, do_delete,
      "shared user.bob user.bob.a user.bob.a.sub", "shared user.bob user.bob.a" },
    { "delete user delayed", "", do_delete_user, "shared user.bob user.bob.a user.bob.a.sub",
      "DELETED DELETED DELETED shared" },
    { "delete user immediate", IMMEDIATE, do_delete_user,
      "shared user.bob user.bob.a user.bob.a.sub", "shared" },
    { "delete user immediate legacy", IMMEDIATE LEGACY, do_delete_user,
      "shared user.bob user.bob.a user.bob.a.sub", "shared" },
    { "rename", "", do_rename, "shared user.bob user.bob.a user.bob.a.sub",
      "shared shared.b shared.b.sub user.bob" },
    { "rename legacy", LEGACY, do_rename, "shared user.bob user.bob.a user.bob.a.sub",
      "shared shared.b shared.b.sub user.bob" },
    { "rename user", "allowusermoves: yes\n", do_rename_user,
      "shared user.bob user.bob.a user.bob.a.sub", "shared user.eve user.eve.a user.eve.a.sub" },
    { "move partition", "", do_move, "shared user.bob user.bob.a user.bob.a.sub",
      "shared user.bob user.bob.a user.bob.a.sub" },
};

/* ---- before ---- */

static void create(struct store *s, const char *name, unsigned messages)
{
    const struct mbop_create c = { .name = slice_cstr(name) };
    struct mailbox *mb;

    CU_ASSERT_EQUAL(mbop_create(s, &robot, &c, NULL), ERR_OK);
    mb = box_open(s, name);
    CU_ASSERT_EQUAL(box_append_many(mb, messages), ERR_OK);
    mailbox_close(&mb);
}

static struct store *prepare(const struct operation *op)
{
    const int64_t limit[QUOTA_NRES] = { 1 << 20, QUOTA_UNLIMITED, QUOTA_UNLIMITED,
                                        QUOTA_UNLIMITED };
    struct buf conf = BUF_INIT;
    struct store *s;

    buf_addf(&conf, "partition-two: @DIR@/cfg/two\n%s", op->conf);
    instance_conf(buf_cstr(&conf));
    CU_ASSERT_EQUAL(dir_make(instance_path("cfg/two"), 0755), ERR_OK);
    s = NULL;
    instance_reopen(&s);
    create(s, "shared", 0);
    create(s, "user.bob", 2);
    create(s, "user.bob.a", 1);
    create(s, "user.bob.a.sub", 2);
    CU_ASSERT_EQUAL(quota_set_limits(s, SLICE_LIT("user.bob"), limit), ERR_OK);
    CU_ASSERT_EQUAL(quota_set_limits(s, SLICE_LIT("shared"), limit), ERR_OK);
    CU_ASSERT_EQUAL(subs_add(s, SLICE_LIT("bob"), SLICE_LIT("user.bob.a")), ERR_OK);
    store_close(&s);
    buf_fini(&conf);
    return s;
}

/* ---- dying ---- */

static int die_at(void *arg, const char *step, const char *path)
{
    unsigned *left = arg;

    (void)step, (void)path;
    if (--*left == 0)
        _exit(KILLED);
    return 0;
}

/* True: it was killed; false: it ran to its end. */
static bool run_and_die(const struct operation *op, unsigned n)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct buf why = BUF_INIT;
        struct store *s;
        unsigned left = n;

        if (store_open(&s, &why))
            _exit(2);
        durable_set_hook(die_at, &left);
        _exit(op->run(s) == ERR_OK ? 0 : 1);
    }
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT(WIFEXITED(status));
    CU_ASSERT(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == KILLED);
    return WEXITSTATUS(status) == KILLED;
}

/* ---- after ---- */

struct survey {
    struct store *store;
    struct buf names;
    unsigned boxes;
};

static err_t survey_one(void *arg, const struct mbentry *e)
{
    struct survey *v = arg;
    struct mbentry by_id;
    struct index_head head;
    bool deleted = slice_starts(buf_slice(&e->name), SLICE_LIT("DELETED."));

    if (v->names.n)
        buf_addc(&v->names, ' ');
    buf_add_slice(&v->names, deleted ? SLICE_LIT("DELETED") : buf_slice(&e->name));
    v->boxes++;
    mbentry_init(&by_id);
    CU_ASSERT_EQUAL(mblist_lookup_id(v->store, buf_slice(&e->uniqueid), &by_id), ERR_OK);
    CU_ASSERT(slice_eq(buf_slice(&by_id.name), buf_slice(&e->name)));
    mbentry_fini(&by_id);
    CU_ASSERT_EQUAL(mailbox_peek(v->store, e, &head), ERR_OK);
    return ERR_OK;
}

static void check_list(struct store *s, const struct operation *op, unsigned step, bool finished)
{
    struct survey v = { .store = s };
    bool is_before, is_after;

    CU_ASSERT_EQUAL(mblist_foreach(s, SLICE_NULL, MBLIST_DELETED_TREE, survey_one, &v), ERR_OK);
    is_before = slice_eqs(buf_slice(&v.names), op->before);
    is_after = slice_eqs(buf_slice(&v.names), op->after);
    /* parents of a new name may have been made alone */
    if (op->run == do_create &&
        slice_eqs(buf_slice(&v.names), "shared user.bob user.bob.a user.bob.a.sub user.bob.new"))
        is_before = true;
    CU_ASSERT(finished ? is_after : is_before || is_after);
    if (!(finished ? is_after : is_before || is_after))
        fprintf(stderr, "%s, step %u: %s\n", op->name, step, buf_cstr(&v.names));
    buf_fini(&v.names);
}

static err_t check_box(void *arg, const struct mbentry *e)
{
    const struct operation *op = arg;
    const char *fault = box_fault(e);

    CU_ASSERT_PTR_NULL(fault);
    if (fault)
        fprintf(stderr, "%s: %.*s: %s\n", op->name, SLICE_ARG(buf_slice(&e->name)), fault);
    return ERR_OK;
}

static void no_report(void *arg, const char *line)
{
    fprintf(stderr, "%s: %s\n", (const char *)arg, line);
    CU_FAIL("quota differs after recovery");
}

static err_t count_index(void *arg, const char *name, enum dir_type type)
{
    unsigned *n = arg;
    struct slice s = slice_cstr(name);

    *n += type == DIR_FILE && slice_ends(s, SLICE_LIT("cyrus.index"));
    return ERR_OK;
}

/* As many mailboxes on disk as in the list. */
static void check_no_orphans(struct store *s, const struct operation *op, unsigned step)
{
    struct survey v = { .store = s };
    unsigned files = 0;

    CU_ASSERT_EQUAL(mblist_foreach(s, SLICE_NULL, MBLIST_DELETED_TREE, survey_one, &v), ERR_OK);
    CU_ASSERT_EQUAL(dir_walk(instance_path("spool"), DIR_PRE, count_index, &files), ERR_OK);
    CU_ASSERT_EQUAL(dir_walk(instance_path("cfg/two"), DIR_PRE, count_index, &files), ERR_OK);
    CU_ASSERT_EQUAL(files, v.boxes);
    if (files != v.boxes)
        fprintf(stderr, "%s, step %u: %u mailboxes, %u on disk\n", op->name, step, v.boxes, files);
    buf_fini(&v.names);
}

static void recover(struct store *s, time_t since)
{
    struct mblist_repairs list;
    struct mbop_repairs ops;

    CU_ASSERT_EQUAL(mblist_recover(s, &list), ERR_OK);
    CU_ASSERT_EQUAL(mbop_recover(s, since, &ops), ERR_OK);
    CU_ASSERT_EQUAL(quota_fix(s, SLICE_NULL, NULL, NULL), ERR_OK);
}

/* Is the operation one that must be run again when it did not happen, and is then complete? */
static void check_after(struct store *s, const struct operation *op, unsigned step, time_t since)
{
    check_list(s, op, step, false);
    recover(s, since);
    check_list(s, op, step, false);
    CU_ASSERT_EQUAL(mblist_foreach(s, SLICE_NULL, MBLIST_DELETED_TREE, check_box, (void *)op),
                    ERR_OK);
    CU_ASSERT_EQUAL(quota_verify(s, SLICE_NULL, no_report, (void *)op->name), ERR_OK);
    /* legacy copies at a name without entry are replaced by the repetition, not by the start */
    if (!strstr(op->conf, "legacy") && op->run != do_move)
        check_no_orphans(s, op, step);
}

static void test_kill(void)
{
    sync_set_enabled(false);                    /* processes die here, not machines */
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        const struct operation *op = &operations[i];
        unsigned step = 1;
        bool killed = true;

        for (; killed && step < STEPS_MAX; step += step < 16 ? 1 : 3) {
            time_t since = time(NULL) - 1;
            struct store *s = prepare(op);
            err_t again;

            killed = run_and_die(op, step);
            instance_reopen(&s);
            if (killed) {
                check_after(s, op, step, since);
                again = op->run(s);
                CU_CHECK_ROW(step, again == ERR_OK || again == ERR_EXISTS || again == ERR_NOTFOUND);
            }
            check_list(s, op, step, true);
            CU_ASSERT_EQUAL(
                mblist_foreach(s, SLICE_NULL, MBLIST_DELETED_TREE, check_box, (void *)op), ERR_OK);
            CU_ASSERT_EQUAL(quota_verify(s, SLICE_NULL, no_report, (void *)op->name), ERR_OK);
            instance_close(&s);
        }
        CU_CHECK_ROW(i, step > 2 && step < STEPS_MAX);
    }
    sync_set_enabled(true);
}

TEST_SUITE("mbcrash", { "kill", test_kill })
