/* crash_test.c - a process dies at every step of every operation: the next one finds all promises
 * kept
 *
 * Promises (P1) what was acknowledged is there, (P2) no half effects and no repair by hand. covers:
 * PT-23 PT-43
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/durable.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/partition.h"
#include "imap/store/quota.h"
#include "imap/store/repack.h"
#include "lib/os/file.h"
#include "lib/os/sync.h"

enum { DIED = 9 };

struct dying {
    unsigned at, seen;
};

static int die_at(void *arg, const char *step, const char *path)
{
    struct dying *d = arg;

    (void)step, (void)path;
    if (d->seen++ == d->at)
        _exit(DIED);
    return 0;
}

static struct store *open_store(void)
{
    struct buf why = BUF_INIT;
    struct store *s;

    if (store_open(&s, &why) != ERR_OK)
        abort();
    buf_fini(&why);
    return s;
}

/* ---- operations: ERR_OK means acknowledged ---- */

typedef err_t operation_fn(struct store *, struct mailbox *);

static err_t do_append(struct store *s, struct mailbox *mb)
{
    (void)s;
    return box_append(mb, 100, FLAG_SEEN, NULL);
}

static err_t do_append_many(struct store *s, struct mailbox *mb)
{
    (void)s;
    return box_append_many(mb, 4);
}

static err_t end(struct commit *c, err_t err)
{
    if (err) {
        commit_abort(&c);
        return err;
    }
    return commit_end(&c);
}

static err_t do_flags(struct store *s, struct mailbox *mb)
{
    struct flag_change f = { .system_mask = FLAG_SEEN | FLAG_DELETED,
                             .system_value = FLAG_SEEN | FLAG_DELETED };
    struct commit *c;
    err_t err = commit_begin(mb, NULL, &c);

    (void)s;
    if (err)
        return err;
    for (uint32_t i = 1; i <= mailbox_nrecords(mb) && !err; i += 40)    /* several writes */
        err = commit_flags(c, i, &f);
    return end(c, err);
}

static err_t do_keyword(struct store *s, struct mailbox *mb)
{
    struct flag_change f = { 0 };
    struct commit *c;
    unsigned n;
    err_t err = commit_begin(mb, NULL, &c);

    (void)s;
    if (err)
        return err;
    err = commit_keyword(c, SLICE_LIT("Fresh"), &n);
    f.user_mask[0] = f.user_value[0] = 1;
    if (!err)
        err = commit_flags(c, 2, &f);
    return end(c, err);
}

static err_t do_expunge(struct store *s, struct mailbox *mb)
{
    struct commit *c;
    err_t err = commit_begin(mb, NULL, &c);

    (void)s;
    if (err)
        return err;
    for (uint32_t i = 1; i <= mailbox_nrecords(mb) && !err; i += 45)
        err = commit_expunge(c, i);
    return end(c, err);
}

static err_t do_repack(struct store *s, struct mailbox *mb)
{
    (void)s;
    err_t err = repack_mark_expunged(mb, time(NULL) + 10, NULL);
    return err ? err : repack_mailbox(mb, true, NULL);
}

static err_t do_copy(struct store *s, struct mailbox *mb)
{
    struct mailbox *dst;
    struct commit *c;
    uint32_t uid;
    err_t err = mailbox_open(s, SLICE_LIT("user.fred.other"), &dst);

    if (!err)
        err = commit_begin(dst, NULL, &c);
    if (err)
        return err;
    for (uint32_t i = 1; i <= 5 && !err; i++)
        err = commit_copy(c, mb, i, 0, &uid);
    err = end(c, err);
    mailbox_close(&dst);
    return err;
}

static err_t do_move(struct store *s, struct mailbox *mb)
{
    struct mailbox *dst;
    struct commit *c[2];
    err_t results[2];
    uint32_t uid;
    err_t err = mailbox_open(s, SLICE_LIT("user.fred.other"), &dst);

    if (err)
        return err;
    struct mailbox *mbs[] = { mb, dst };
    commit_begin_many(mbs, 2, NULL, c, results);
    for (uint32_t i = 5; i <= 8 && !err; i++) {
        err = commit_copy(c[1], mb, i, 0, &uid);
        if (!err)
            err = commit_expunge(c[0], i);
    }
    commit_end_many(c, 2, results);
    mailbox_close(&dst);
    return err ? err : results[0] ? results[0] : results[1];
}

/* A message comes and another one goes in one commit on one mailbox. */
static err_t do_replace(struct store *s, struct mailbox *mb)
{
    struct commit *c;
    uint32_t uid;
    err_t err = commit_begin(mb, NULL, &c);

    (void)s;
    if (err)
        return err;
    err = commit_copy(c, mb, 3, 0, &uid);
    if (!err)
        err = commit_expunge(c, 3);
    return end(c, err);
}

static err_t do_set_header(struct store *s, struct mailbox *mb)
{
    struct slice root = SLICE_LIT("user.fred");
    uint64_t modseq;

    return mailbox_set_header(s, mailbox_entry(mb), &root, &modseq);
}

struct operation {
    const char *name;
    operation_fn *run;
    const char *conf;
    unsigned expunged;                  /* records to expunge before */
    int d_exists, d_other;              /* messages more afterwards */
};

static const struct operation operations[] = {
    { "append", do_append, "", 0, 1, 0 },
    { "append many", do_append_many, "", 0, 4, 0 },
    { "flags", do_flags, "", 0, 0, 0 },
    { "keyword", do_keyword, "", 0, 0, 0 },
    { "expunge", do_expunge, "", 0, -3, 0 },
    { "repack", do_repack, "", 3, 0, 0 },
    { "copy", do_copy, "", 0, 0, 5 },
    { "move", do_move, "", 0, -4, 4 },
    { "replace", do_replace, "", 0, 0, 0 },
    { "replace, direct", do_replace, "commit_sync: direct\n", 0, 0, 0 },
    { "set header", do_set_header, "", 0, 0, 0 },
};
enum { NOPERATIONS = sizeof operations / sizeof *operations, FIRST = 100 };

/* ---- one trial ---- */

static void prepare(struct store *s, const struct operation *op)
{
    int64_t limits[QUOTA_NRES] = { 10000000, QUOTA_UNLIMITED, QUOTA_UNLIMITED, QUOTA_UNLIMITED };

    box_create(s, "user.fred", NULL);
    box_create(s, "user.fred.other", NULL);
    CU_ASSERT_EQUAL_FATAL(quota_set_limits(s, SLICE_LIT("user.fred"), limits), ERR_OK);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL_FATAL(box_append_many(mb, FIRST), ERR_OK);
    for (uint32_t i = 0; i < op->expunged; i++)
        CU_ASSERT_EQUAL_FATAL(box_expunge(mb, 11 + 7 * i), ERR_OK);
    mailbox_close(&mb);
    mb = box_open(s, "user.fred.other");
    CU_ASSERT_EQUAL_FATAL(box_append(mb, 1, 0, NULL), ERR_OK);
    mailbox_close(&mb);
}

/* In a child: run it, dying at the given step. */
static int run_child(const struct operation *op, unsigned at)
{
    struct dying d = { at, 0 };
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct store *s = open_store();
        struct mailbox *mb = box_open(s, "user.fred");
        durable_set_hook(die_at, &d);
        err_t err = op->run(s, mb);
        _exit(err ? 1 : 0);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

struct picture {
    struct index_head main, other;
};

static const char *take_picture(struct store *s, struct picture *p)
{
    static const char *const names[] = { "user.fred", "user.fred.other" };
    const char *fault = NULL;

    for (unsigned i = 0; i < 2 && !fault; i++) {
        struct mailbox *mb;
        if (mailbox_open(s, slice_cstr(names[i]), &mb) != ERR_OK)
            return "does not open";
        *(i ? &p->other : &p->main) = *mailbox_head(mb);
        fault = box_fault(mailbox_entry(mb));
        mailbox_close(&mb);
    }
    return fault;
}

static const char *check_promises(const struct operation *op, struct store *s,
                                  const struct picture *before, const struct picture *after,
                                  bool acked)
{
    struct quota_state q;

    if (after->main.uidvalidity != before->main.uidvalidity ||
        after->main.last_uid < before->main.last_uid ||
        after->other.last_uid < before->other.last_uid ||
        after->main.highestmodseq < before->main.highestmodseq)
        return "a number went backwards";
    int main = (int)after->main.exists - (int)before->main.exists;
    int other = (int)after->other.exists - (int)before->other.exists;
    if (acked && (main != op->d_exists || other != op->d_other))
        return "an acknowledged effect is missing";
    if (!acked && ((op->d_exists > 0 && main != 0 && main != op->d_exists) ||
                   (other != 0 && other != op->d_other)))
        return "half of an effect";
    if (main + other < 0 && op->d_exists + op->d_other == 0)
        return "messages lost on the way";
    if (quota_read(s, SLICE_LIT("user.fred"), &q) != ERR_OK ||
        (uint64_t)q.used[QUOTA_STORAGE] != after->main.quota_used + after->other.quota_used ||
        q.used[QUOTA_MESSAGE] != (int64_t)after->main.exists + after->other.exists)
        return "quota differs from the recount";
    return NULL;
}

/* False: the operation came to its end. */
static bool trial(const struct operation *op, unsigned at)
{
    struct picture before, after;
    struct store *s = instance_open(op->conf);

    prepare(s, op);
    const char *fault = take_picture(s, &before);
    CU_ASSERT_PTR_NULL_FATAL(fault);
    store_close(&s);
    int code = run_child(op, at);
    CU_CHECK_ROW(at, code == 0 || code == DIED);
    s = open_store();
    fault = take_picture(s, &after);
    if (!fault)
        fault = check_promises(op, s, &before, &after, code == 0);
    if (fault)
        fprintf(stderr, "%s, killed at step %u: %s\n", op->name, at, fault);
    CU_CHECK_ROW(at, fault == NULL);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_CHECK_ROW(at, box_append(mb, 7, 0, NULL) == ERR_OK);
    CU_CHECK_ROW(at, box_count_files(mailbox_entry(mb), ".NEW") == 0);
    mailbox_close(&mb);
    instance_close(&s);
    return code == DIED;
}

/* Death of a process loses nothing that was written: the real syncs would only take time. */
static void test_operations(void)
{
    sync_set_enabled(false);
    for (size_t i = 0; i < NOPERATIONS; i++) {
        unsigned at = 0;
        while (trial(&operations[i], at))
            at++;
        CU_CHECK_ROW(i, at >= 3);
    }
    sync_set_enabled(true);
}

/* ---- whole mailboxes ---- */

static void new_entry(struct mbentry *e)
{
    mbentry_init(e);
    buf_adds(&e->name, "user.fred");
    buf_adds(&e->uniqueid, "crashid00000000000000000");
    buf_adds(&e->partition, "default");
    buf_adds(&e->acl, "fred\tlrs\t");
    e->uidvalidity = 5;
}

static int in_child(err_t (*fn)(struct store *, const struct mbentry *), const struct mbentry *e,
                    unsigned at)
{
    struct dying d = { at, 0 };
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct store *s = open_store();
        durable_set_hook(die_at, &d);
        _exit(fn(s, e) == ERR_OK ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static err_t create(struct store *s, const struct mbentry *e)
{
    return mailbox_create_files(s, e, 1, SLICE_NULL);
}

/* Made or removed in part: the next attempt does it as a whole. */
static void test_create_delete(void)
{
    struct buf dir = BUF_INIT;
    struct mbentry e;
    unsigned at;

    new_entry(&e);
    for (at = 0;; at++) {
        struct store *s = instance_open("commit_sync: direct\n");
        int code = in_child(create, &e, at);
        CU_CHECK_ROW(at, create(s, &e) == ERR_OK);
        CU_CHECK_ROW(at, box_fault(&e) == NULL);
        instance_close(&s);
        if (code != DIED)
            break;
    }
    CU_ASSERT_TRUE(at > 8);
    for (at = 0;; at++) {
        struct store *s = instance_open("commit_sync: direct\n");
        CU_ASSERT_EQUAL(create(s, &e), ERR_OK);
        CU_ASSERT_EQUAL(mblist_put(s, &e), ERR_OK);
        struct mailbox *mb = box_open(s, "user.fred");
        CU_ASSERT_EQUAL(box_append_many(mb, 3), ERR_OK);
        mailbox_close(&mb);
        CU_ASSERT_EQUAL(mblist_remove(s, buf_slice(&e.name)), ERR_OK);
        int code = in_child(mailbox_delete_files, &e, at);
        CU_CHECK_ROW(at, mailbox_delete_files(s, &e) == ERR_OK);
        CU_ASSERT_EQUAL(partition_dir(&e, FILE_MESSAGE, &dir), ERR_OK);
        CU_CHECK_ROW(at, !file_exists(buf_cstr(&dir)));
        instance_close(&s);
        if (code != DIED)
            break;
    }
    CU_ASSERT_TRUE(at > 6);
    buf_fini(&dir);
    mbentry_fini(&e);
}

/* What dead processes left in stage. is cleared by the next delivery. */
static void test_stage_left(void)
{
    struct store *s = instance_open("commit_sync: direct\n");
    struct mbentry e;
    int status;

    box_create(s, "user.fred", &e);
    store_close(&s);
    pid_t pid = fork();
    if (pid == 0) {
        struct stage *stage;
        s = open_store();
        if (stage_begin(s, SLICE_LIT("default"), &stage) || stage_push(stage, "a: b\r\n\r\n", 8) ||
            stage_finish(stage))
            _exit(1);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    struct buf name = BUF_INIT;
    char left[300];
    snprintf(left, sizeof left, "spool/stage./%ld-1000000000-1",
             (long)getpid()); /* of an earlier life */
    CU_ASSERT_EQUAL(file_replace(instance_path(left), instance_path("x.NEW"), SLICE_LIT("x"), 0600,
                                 FILE_NOSYNC),
                    ERR_OK);
    s = open_store();
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(box_append(mb, 1, 0, NULL), ERR_OK);
    mailbox_close(&mb);
    CU_ASSERT_EQUAL(rmdir(instance_path("spool/stage.")), 0);   /* it is empty */
    buf_fini(&name);
    mbentry_fini(&e);
    instance_close(&s);
}

/* ---- several writers at once ---- */

enum { WRITERS = 4, ROUNDS = 25 };

static int write_much(unsigned seed)
{
    struct store *s = open_store();
    struct mailbox *mb = box_open(s, "user.fred");

    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t n = mailbox_nrecords(mb), recno = 1 + (seed * 7 + i * 13) % (n ? n : 1);
        if (box_append(mb, seed * 100 + i, 0, NULL) != ERR_OK)
            return 1;
        err_t err =
            box_set_flags(mb, recno, FLAG_SEEN | FLAG_FLAGGED, i & 1 ? FLAG_SEEN : FLAG_FLAGGED);
        if (err && err != ERR_NOTFOUND)
            return 2;
        if (i % 5 == 4) {
            err = box_expunge(mb, recno);
            if (err && err != ERR_NOTFOUND)
                return 3;
        }
        if (i % 8 == 7) {
            mailbox_close(&mb);
            mb = box_open(s, "user.fred");
        }
    }
    mailbox_close(&mb);
    store_close(&s);
    return 0;
}

static void run_writers(const char *conf)
{
    int64_t limits[QUOTA_NRES] = { 100000000, QUOTA_UNLIMITED, QUOTA_UNLIMITED, QUOTA_UNLIMITED };
    struct store *s = instance_open(conf);
    struct quota_state q;
    struct mbentry e;
    pid_t pids[WRITERS];
    int status;

    box_create(s, "user.fred", &e);
    CU_ASSERT_EQUAL_FATAL(quota_set_limits(s, SLICE_LIT("user.fred"), limits), ERR_OK);
    store_close(&s);
    for (unsigned i = 0; i < WRITERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(write_much(i));
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        CU_ASSERT_EQUAL(waitpid(pids[i], &status, 0), pids[i]);
        CU_CHECK_ROW(i, WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    s = open_store();
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(mailbox_head(mb)->last_uid, WRITERS * ROUNDS);
    const char *fault = box_fault(&e);
    if (fault)
        fprintf(stderr, "after the writers: %s\n", fault);
    CU_ASSERT_PTR_NULL(fault);
    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("user.fred"), &q), ERR_OK);
    CU_ASSERT_EQUAL((uint64_t)q.used[QUOTA_STORAGE], mailbox_head(mb)->quota_used);
    CU_ASSERT_EQUAL((uint64_t)q.used[QUOTA_MESSAGE], mailbox_head(mb)->exists);
    mailbox_close(&mb);
    mbentry_fini(&e);
    instance_close(&s);
}

static void test_writers(void)
{
    sync_set_enabled(false);
    run_writers("expunge_mode: delayed\n");
    run_writers("expunge_mode: immediate\n");
    sync_set_enabled(true);
}

TEST_SUITE("crash", { "operations", test_operations }, { "create and delete", test_create_delete },
           { "stage left over", test_stage_left }, { "writers", test_writers })
