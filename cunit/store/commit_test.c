/* commit_test.c - changes of mailboxes (imap/store/commit.h)
 *
 * covers: PT-11 PT-13 PT-21 PT-23 PT-31 PT-33 QU-01 QU-03 QU-09 QU-10 QU-20
 */
#include <errno.h>
#include <sys/stat.h>

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/durable.h"
#include "imap/store/index.h"
#include "imap/store/listener.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/msgfile.h"
#include "imap/store/partition.h"
#include "imap/store/quota.h"
#include "lib/os/file.h"
#include "lib/os/sync.h"

static struct stage *stage_message(struct store *s, const char *partition, unsigned number)
{
    struct buf text = BUF_INIT;
    struct stage *stage;

    box_message(&text, number, 200);
    CU_ASSERT_EQUAL_FATAL(stage_begin(s, slice_cstr(partition), &stage), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(stage_push(stage, text.p, text.n), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(stage_finish(stage), ERR_OK);
    buf_fini(&text);
    return stage;
}

static void test_append(void)
{
    struct store *s = instance_open("");
    struct mbentry e;
    struct record r;
    uint32_t uid;

    box_create(s, "user.fred", &e);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(mailbox_nrecords(mb), 0);
    CU_ASSERT_EQUAL(box_append(mb, 1, FLAG_SEEN, &uid), ERR_OK);
    CU_ASSERT_EQUAL(uid, 1);
    CU_ASSERT_EQUAL(box_append(mb, 2, FLAG_FLAGGED | FLAG_DELETED, &uid), ERR_OK);
    CU_ASSERT_EQUAL(uid, 2);
    CU_ASSERT_EQUAL(mailbox_nrecords(mb), 2);
    CU_ASSERT_EQUAL(mailbox_head(mb)->exists, 2);
    CU_ASSERT_EQUAL(mailbox_head(mb)->unseen, 1);
    CU_ASSERT_EQUAL(mailbox_head(mb)->highestmodseq, 3);
    mailbox_record(mb, 1, &r);
    CU_ASSERT_EQUAL(r.modseq, 2);
    CU_ASSERT_EQUAL(r.createdmodseq, 2);
    CU_ASSERT_EQUAL(r.internaldate, 1600000000);
    CU_ASSERT_EQUAL(r.gmtime, 1672647072);
    CU_ASSERT_EQUAL(r.flags, FLAG_SEEN);
    CU_ASSERT_PTR_NULL(box_fault(&e));
    CU_ASSERT_FALSE(file_exists(instance_path("spool/stage.")));     /* from memory to its place */
    mailbox_close(&mb);
    instance_reopen(&s);
    mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(mailbox_nrecords(mb), 2);
    mailbox_close(&mb);
    mbentry_fini(&e);
    instance_close(&s);
}

/* The time of the file is the internal date; one inode serves all mailboxes of a partition. */
static void test_one_stage_many(void)
{
    enum { N = 10 };
    struct store *s = instance_open("");
    struct mailbox *mbs[N];
    struct commit *c[N];
    err_t results[N];
    struct append_info info = { .internaldate = 1600000000 };
    struct buf path = BUF_INIT;
    struct stat st;
    char name[40];
    uint32_t uid;

    for (unsigned i = 0; i < N; i++) {
        snprintf(name, sizeof name, "user.u%u", i);
        box_create(s, name, NULL);
        mbs[i] = box_open(s, name);
        CU_ASSERT_EQUAL(box_append(mbs[i], 7, 0, NULL), ERR_OK);
    }
    struct stage *stage = stage_message(s, "default", 1);
    CU_ASSERT_EQUAL(stage_write_out(stage), ERR_OK);        /* makes the directory */
    stage_free(&stage);
    stage = stage_message(s, "default", 1);
    uint64_t syncs = durable_counts().syncs;
    commit_begin_many(mbs, N, NULL, c, results);
    for (unsigned i = 0; i < N; i++) {
        CU_CHECK_ROW(i, results[i] == ERR_OK);
        CU_CHECK_ROW(i, commit_append(c[i], stage, &info, &uid) == ERR_OK && uid == 2);
    }
    commit_end_many(c, N, results);
    CU_ASSERT_EQUAL(durable_counts().syncs - syncs, 1);     /* of the journal */
    stage_free(&stage);
    for (unsigned i = 0; i < N; i++) {
        CU_CHECK_ROW(i, results[i] == ERR_OK && c[i] == NULL);
        CU_CHECK_ROW(i, box_fault(mailbox_entry(mbs[i])) == NULL);
    }
    CU_ASSERT_EQUAL(partition_dir(mailbox_entry(mbs[0]), FILE_MESSAGE, &path), ERR_OK);
    buf_adds(&path, "/2.");
    CU_ASSERT_EQUAL(stat(buf_cstr(&path), &st), 0);
    CU_ASSERT_EQUAL(st.st_nlink, N);
    CU_ASSERT_EQUAL(st.st_mtime, 1600000000);
    for (unsigned i = 0; i < N; i++)
        mailbox_close(&mbs[i]);
    buf_fini(&path);
    instance_close(&s);
}

/* How many syncs does it take?  change: of a STORE; 0: however many. */
static void count_syncs(const char *conf, unsigned append, unsigned change)
{
    struct store *s = instance_open(conf);
    struct commit *c;

    box_create(s, "user.fred", NULL);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(box_append(mb, 1, 0, NULL), ERR_OK);
    uint64_t n = durable_counts().syncs;
    CU_ASSERT_EQUAL(box_append(mb, 2, 0, NULL), ERR_OK);
    CU_ASSERT_EQUAL(durable_counts().syncs - n, append);
    n = durable_counts().syncs;
    CU_ASSERT_EQUAL(box_set_flags(mb, 1, FLAG_SEEN, FLAG_SEEN), ERR_OK);
    const uint64_t stored = durable_counts().syncs - n;
    CU_ASSERT_TRUE(change ? stored == change : stored > 0);
    CU_ASSERT_EQUAL(box_set_flags(mb, 1, FLAG_SEEN, FLAG_SEEN), ERR_OK);
    CU_ASSERT_EQUAL(durable_counts().syncs - n, stored);    /* nothing new, nothing written */
    n = durable_counts().syncs;
    CU_ASSERT_EQUAL(box_expunge(mb, 1), ERR_OK);
    CU_ASSERT_TRUE(change ? durable_counts().syncs - n == change : durable_counts().syncs > n);
    n = durable_counts().syncs;
    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    commit_recent(c, 2);
    commit_pop3_login(c, 1234);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
    CU_ASSERT_EQUAL(durable_counts().syncs, n);
    CU_ASSERT_EQUAL(mailbox_head(mb)->recentuid, 2);
    CU_ASSERT_EQUAL(mailbox_head(mb)->pop3_last_login, 1234);
    mailbox_close(&mb);
    instance_close(&s);
}

static void test_sync_counts(void)
{
    count_syncs("", 1, 1);                          /* journal */
    count_syncs("commit_sync: direct\n", 5, 0);     /* message, mark, directory, cache, index */
}

/* A name that no journal brings: the index must say before that its commit may have died. */
struct marked {
    struct mailbox *mb;
    bool is_durable;
    unsigned links;
};

static int see_mark(void *arg, const char *step, const char *path)
{
    struct marked *m = arg;
    struct index_layout layout;
    struct index_head head;
    struct buf raw = BUF_INIT;

    if (strcmp(step, "sync") == 0 && strstr(path, "cyrus.index") &&
        file_load(path, 1 << 20, &raw) == ERR_OK)
        m->is_durable = index_head_decode(buf_slice(&raw), &layout, &head) == ERR_OK &&
                        (head.options & INDEX_OPT_UNFINISHED);
    buf_fini(&raw);
    if (strcmp(step, "link") == 0) {
        CU_ASSERT_TRUE(m->is_durable);
        m->links++;
    }
    return 0;
}

static void test_mark_before_name(void)
{
    struct store *s = instance_open("commit_sync: direct\n");

    box_create(s, "user.fred", NULL);
    struct marked m = { .mb = box_open(s, "user.fred") };
    durable_set_hook(see_mark, &m);
    CU_ASSERT_EQUAL(box_append(m.mb, 1, FLAG_FLAGGED, NULL), ERR_OK);
    durable_set_hook(NULL, NULL);
    CU_ASSERT_EQUAL(m.links, 1);
    mailbox_close(&m.mb);
    instance_close(&s);
}

/* A bulk STORE is few writes and one sync, whatever the order of the calls. */
struct counted {
    unsigned pwrites, syncs;
};
static int count_steps(void *arg, const char *step, const char *path)
{
    struct counted *n = arg;

    (void)path;
    n->pwrites += strcmp(step, "pwrite") == 0;
    n->syncs += strcmp(step, "sync") == 0 || strcmp(step, "syncfs") == 0;
    return 0;
}

static void test_bulk(void)
{
    enum { N = 600 };
    struct store *s = instance_open("journal_size: 8388608\n");
    struct flag_change f = { .system_mask = FLAG_SEEN, .system_value = FLAG_SEEN };
    struct counted n = { 0, 0 };
    struct mbentry e;
    struct commit *c;
    struct record r;

    box_create(s, "user.fred", &e);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(box_append_many(mb, N), ERR_OK);
    CU_ASSERT_PTR_NULL(box_fault(&e));
    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    for (uint32_t i = N; i >= 1; i--)
        if (i % 7)
            CU_ASSERT_EQUAL(commit_flags(c, i, &f), ERR_OK);
    durable_set_hook(count_steps, &n);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
    durable_set_hook(NULL, NULL);
    CU_ASSERT_TRUE(n.pwrites <= 4);     /* journal, mark, records, header */
    CU_ASSERT_EQUAL(n.syncs, 1);
    CU_ASSERT_PTR_NULL(box_fault(&e));
    CU_ASSERT_EQUAL(mailbox_head(mb)->unseen, N / 7);
    for (uint32_t i = 1; i <= N; i++) {
        mailbox_record(mb, i, &r);
        CU_CHECK_ROW(i, !!(r.flags & FLAG_SEEN) == !!(i % 7) && r.uid == i);
    }
    CU_ASSERT_EQUAL(mailbox_head(mb)->highestmodseq, 1 + N + (N - N / 7));
    mailbox_close(&mb);
    mbentry_fini(&e);
    instance_close(&s);
}

static void test_flags(void)
{
    struct store *s = instance_open("");
    struct flag_change f = { .system_mask = FLAG_SEEN | FLAG_DRAFT, .system_value = FLAG_SEEN };
    struct mbentry e;
    struct commit *c;
    struct record r;
    unsigned n;

    box_create(s, "user.fred", &e);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(box_append(mb, 1, FLAG_DRAFT | FLAG_FLAGGED, NULL), ERR_OK);
    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    CU_ASSERT_EQUAL(commit_keyword(c, SLICE_LIT("Work"), &n), ERR_OK);
    CU_ASSERT_EQUAL(n, 0);
    CU_ASSERT_EQUAL(commit_keyword(c, SLICE_LIT("Later"), &n), ERR_OK);
    CU_ASSERT_EQUAL(commit_keyword(c, SLICE_LIT("wORK"), &n), ERR_OK);
    CU_ASSERT_EQUAL(n, 0);
    CU_ASSERT_EQUAL(commit_keyword(c, SLICE_LIT("a b"), &n), ERR_SYNTAX);
    f.user_mask[0] = 3;
    f.user_value[0] = 2;
    CU_ASSERT_EQUAL(commit_flags(c, 1, &f), ERR_OK);
    f.user_value[0] = 1;
    CU_ASSERT_EQUAL(commit_flags(c, 1, &f), ERR_OK);        /* again: one new modseq only */
    CU_ASSERT_EQUAL(commit_highestmodseq(c), 3);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
    mailbox_record(mb, 1, &r);
    CU_ASSERT_EQUAL(r.flags, FLAG_SEEN | FLAG_FLAGGED);
    CU_ASSERT_EQUAL(r.user_flags[0], 1);
    CU_ASSERT_EQUAL(r.modseq, 3);
    CU_ASSERT_TRUE(slice_eqs(mailbox_flag_name(mb, 1), "Later"));
    CU_ASSERT_PTR_NULL(box_fault(&e));

    /* an aborted commit leaves no name behind */
    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    CU_ASSERT_EQUAL(commit_keyword(c, SLICE_LIT("Never"), &n), ERR_OK);
    CU_ASSERT_EQUAL(n, 2);
    commit_abort(&c);
    CU_ASSERT_EQUAL(mailbox_flag_find(mb, SLICE_LIT("Never")), -1);
    CU_ASSERT_EQUAL(mailbox_flag_find(mb, SLICE_LIT("Later")), 1);
    mailbox_close(&mb);
    mbentry_fini(&e);
    instance_close(&s);
}

static void test_flag_limit(void)
{
    struct store *s = instance_open("");
    struct commit *c;
    char name[20];
    unsigned n;

    box_create(s, "user.fred", NULL);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    for (unsigned i = 0; i < USER_FLAGS_CLIENT_MAX; i++) {
        snprintf(name, sizeof name, "key%u", i);
        CU_CHECK_ROW(i, commit_keyword(c, slice_cstr(name), &n) == ERR_OK && n == i);
    }
    CU_ASSERT_EQUAL(commit_keyword(c, SLICE_LIT("more"), &n), ERR_LIMIT);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
    mailbox_close(&mb);
    instance_close(&s);
}

static void test_copy(void)
{
    struct store *s = instance_open("");
    struct slice words[] = { SLICE_LIT("Work"), SLICE_LIT("Home") };
    struct append_info info = {
        .flags = FLAG_SEEN, .keywords = words, .nkeywords = 2, .internaldate = 1500000000
    };
    struct mbentry a, b;
    struct commit *c;
    struct record from, to;
    struct buf path = BUF_INIT;
    struct stat st;
    uint32_t uid;
    unsigned n;

    box_create(s, "user.fred.a", &a);
    box_create(s, "user.fred.b", &b);
    struct mailbox *src = box_open(s, "user.fred.a"), *dst = box_open(s, "user.fred.b");
    struct stage *stage = stage_message(s, "default", 1);
    CU_ASSERT_EQUAL(commit_begin(src, NULL, &c), ERR_OK);
    CU_ASSERT_EQUAL(commit_append(c, stage, &info, &uid), ERR_OK);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
    stage_free(&stage);
    for (unsigned i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(box_append(dst, i, 0, NULL), ERR_OK);

    CU_ASSERT_EQUAL(commit_begin(dst, NULL, &c), ERR_OK);
    CU_ASSERT_EQUAL(commit_keyword(c, SLICE_LIT("Home"), &n), ERR_OK);  /* other number there */
    CU_ASSERT_EQUAL(commit_copy(c, src, 1, FLAG_FLAGGED, &uid), ERR_OK);
    CU_ASSERT_EQUAL(uid, 6);
    CU_ASSERT_EQUAL(commit_copy(c, src, 1, FLAG_DRAFT | COPY_WITHOUT_KEYWORDS, &uid), ERR_OK);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
    mailbox_record(src, 1, &from);
    mailbox_record(dst, 6, &to);
    CU_ASSERT_EQUAL(to.internaldate, 1500000000);
    CU_ASSERT_EQUAL(to.flags, FLAG_FLAGGED);
    CU_ASSERT_EQUAL(to.user_flags[0], 3);
    CU_ASSERT_EQUAL(to.createdmodseq, from.createdmodseq);
    CU_ASSERT_TRUE(guid_eq(&to.guid, &from.guid));
    CU_ASSERT_EQUAL(to.cache_crc, from.cache_crc);
    CU_ASSERT_TRUE(slice_eqs(mailbox_flag_name(dst, 1), "Work"));
    CU_ASSERT_EQUAL(msgfile_path(&b, &to, &path), ERR_OK);
    CU_ASSERT_EQUAL(stat(buf_cstr(&path), &st), 0);
    CU_ASSERT_EQUAL(st.st_nlink, 3);
    mailbox_record(dst, 7, &to);
    CU_ASSERT_EQUAL(to.user_flags[0], 0);

    /* within one mailbox */
    CU_ASSERT_EQUAL(commit_begin(dst, NULL, &c), ERR_OK);
    CU_ASSERT_EQUAL(commit_copy(c, dst, 1, 0, &uid), ERR_OK);
    CU_ASSERT_EQUAL(commit_expunge(c, 1), ERR_OK);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_nrecords(dst), 8);
    CU_ASSERT_EQUAL(mailbox_head(dst)->exists, 7);
    CU_ASSERT_PTR_NULL(box_fault(&a));
    CU_ASSERT_PTR_NULL(box_fault(&b));
    mailbox_close(&src);
    mailbox_close(&dst);
    buf_fini(&path);
    mbentry_fini(&a);
    mbentry_fini(&b);
    instance_close(&s);
}

/* Another partition, or singleinstancestore: no: bytes are copied. */
static void test_no_links(void)
{
    static const char *const lines[] = {
        "singleinstancestore: no\n",
        "partition-other: @DIR@/other\n",
    };

    for (size_t i = 0; i < 2; i++) {
        struct mbentry e, other;
        struct commit *c;
        struct stat st;
        struct buf path = BUF_INIT;
        struct record r;
        uint32_t uid;
        instance_conf(lines[i]);
        (void)!mkdir(instance_path("other"), 0755);
        struct buf why = BUF_INIT;
        struct store *s;
        CU_ASSERT_EQUAL_FATAL(store_open(&s, &why), ERR_OK);
        buf_fini(&why);
        box_create(s, "user.fred", &e);
        mbentry_init(&other);
        CU_ASSERT_EQUAL(mblist_lookup(s, SLICE_LIT("user.fred"), &other), ERR_OK);
        buf_reset(&other.name);
        buf_adds(&other.name, "user.fred.b");
        buf_reset(&other.uniqueid);
        buf_adds(&other.uniqueid, "otherid00000000000000000");
        if (i) {
            buf_reset(&other.partition);
            buf_adds(&other.partition, "other");
        }
        CU_ASSERT_EQUAL(mailbox_create_files(s, &other, 1, SLICE_NULL), ERR_OK);
        CU_ASSERT_EQUAL(mblist_put(s, &other), ERR_OK);
        struct mailbox *mb = box_open(s, "user.fred"), *dst = box_open(s, "user.fred.b");
        CU_ASSERT_EQUAL(box_append(mb, 1, 0, NULL), ERR_OK);
        CU_ASSERT_EQUAL(commit_begin(dst, NULL, &c), ERR_OK);
        CU_ASSERT_EQUAL(commit_copy(c, mb, 1, 0, &uid), ERR_OK);
        CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
        struct stage *stage = stage_message(s, "default", 2);
        struct append_info info = { .internaldate = 1600000000 };
        CU_ASSERT_EQUAL(commit_begin(dst, NULL, &c), ERR_OK);
        CU_ASSERT_EQUAL(commit_append(c, stage, &info, &uid), ERR_OK);
        CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
        stage_free(&stage);
        CU_CHECK_ROW(i, box_fault(&e) == NULL);
        CU_CHECK_ROW(i, box_fault(&other) == NULL);
        mailbox_record(dst, 1, &r);
        CU_ASSERT_EQUAL(msgfile_path(&other, &r, &path), ERR_OK);
        CU_ASSERT_EQUAL(stat(buf_cstr(&path), &st), 0);
        CU_CHECK_ROW(i, st.st_nlink == 1);
        CU_CHECK_ROW(i, st.st_mtime == 1600000000);
        mailbox_close(&mb);
        mailbox_close(&dst);
        buf_fini(&path);
        mbentry_fini(&e);
        mbentry_fini(&other);
        instance_close(&s);
    }
}

/* Unlinked names must be durable before an index says that there is nothing to unlink. */
struct unlinks {
    bool pending;
    unsigned n, wrong;
};

static int see_unlink(void *arg, const char *step, const char *path)
{
    struct unlinks *u = arg;
    const size_t n = strlen(path);

    if (strcmp(step, "unlink") == 0 && n && path[n - 1] == '.') {
        u->pending = true;
        u->n++;
    } else if (strcmp(step, "syncdir") == 0) {
        u->pending = false;
    } else if (u->pending && (strcmp(step, "pwrite") == 0 || strcmp(step, "rename") == 0)) {
        u->wrong++;
    }
    return 0;
}

static void test_expunge_modes(void)
{
    static const struct { const char *line; unsigned records, files; } rows[] = {
        { "expunge_mode: delayed\n", 3, 3 },
        { "expunge_mode: semidelayed\n", 3, 2 },
        { "expunge_mode: immediate\n", 2, 2 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct store *s = instance_open(rows[i].line);
        struct mbentry e;
        box_create(s, "user.fred", &e);
        struct mailbox *mb = box_open(s, "user.fred");
        for (unsigned n = 0; n < 3; n++)
            CU_ASSERT_EQUAL(box_append(mb, n, 0, NULL), ERR_OK);
        CU_CHECK_ROW(i, box_expunge(mb, 2) == ERR_OK);
        CU_CHECK_ROW(i, box_expunge(mb, 2) == ERR_NOTFOUND);
        CU_CHECK_ROW(i, box_set_flags(mb, 2, FLAG_SEEN, FLAG_SEEN) == ERR_NOTFOUND);
        CU_CHECK_ROW(i, mailbox_head(mb)->exists == 2);
        CU_CHECK_ROW(i, mailbox_head(mb)->first_expunged > 0);
        CU_CHECK_ROW(i, mailbox_head(mb)->highestmodseq == 5);
        CU_CHECK_ROW(i, box_count_files(&e, ".") == 3);
        struct unlinks u = { .n = 0 };
        durable_set_hook(see_unlink, &u);
        mailbox_close(&mb);
        durable_set_hook(NULL, NULL);
        CU_CHECK_ROW(i, u.n == 3 - rows[i].files);
        CU_CHECK_ROW(i, u.wrong == 0);
        CU_CHECK_ROW(i, box_count_files(&e, ".") == rows[i].files);
        CU_CHECK_ROW(i, box_fault(&e) == NULL);
        mb = box_open(s, "user.fred");
        CU_CHECK_ROW(i, mailbox_nrecords(mb) == rows[i].records);
        CU_CHECK_ROW(i, mailbox_head(mb)->last_uid == 3);
        CU_CHECK_ROW(i, mailbox_head(mb)->deletedmodseq == (i == 2 ? 5 : 0));
        CU_CHECK_ROW(i, (mailbox_head(mb)->first_expunged > 0) == (i != 2));
        mailbox_close(&mb);
        mbentry_fini(&e);
        instance_close(&s);
    }
}

/* ---- quota ---- */

static void test_quota(void)
{
    struct store *s = instance_open("");
    int64_t limits[QUOTA_NRES] = { 2048, 3, QUOTA_UNLIMITED, QUOTA_UNLIMITED };
    struct quota_state q;
    struct commit *c;

    box_create(s, "user.fred", NULL);
    CU_ASSERT_EQUAL_FATAL(quota_set_limits(s, SLICE_LIT("user.fred"), limits), ERR_OK);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_TRUE(slice_eqs(mailbox_quotaroot(mb), "user.fred"));
    CU_ASSERT_EQUAL(box_append(mb, 1, 0, NULL), ERR_OK);
    CU_ASSERT_EQUAL(box_append(mb, 2, 0, NULL), ERR_OK);
    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("user.fred"), &q), ERR_OK);
    CU_ASSERT_EQUAL(q.used[QUOTA_MESSAGE], 2);
    CU_ASSERT_EQUAL((uint64_t)q.used[QUOTA_STORAGE], mailbox_head(mb)->quota_used);

    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    CU_ASSERT_EQUAL(commit_check_quota(c, QUOTA_STRICT, 2048 - mailbox_head(mb)->quota_used, 1),
                    ERR_OK);
    CU_ASSERT_EQUAL(commit_check_quota(c, QUOTA_STRICT, 2049 - mailbox_head(mb)->quota_used, 1),
                    ERR_OVERQUOTA);
    CU_ASSERT_EQUAL(commit_check_quota(c, QUOTA_STRICT, 1, 2), ERR_OVERQUOTA);
    CU_ASSERT_EQUAL(commit_check_quota(c, QUOTA_DELIVERY, 1000000, 1), ERR_OK);
    CU_ASSERT_EQUAL(commit_check_quota(c, QUOTA_IGNORE, 1000000, 100), ERR_OK);
    commit_abort(&c);

    CU_ASSERT_EQUAL(box_expunge(mb, 1), ERR_OK);            /* delayed, but no longer charged */
    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("user.fred"), &q), ERR_OK);
    CU_ASSERT_EQUAL(q.used[QUOTA_MESSAGE], 1);
    CU_ASSERT_EQUAL((uint64_t)q.used[QUOTA_STORAGE], mailbox_head(mb)->quota_used);
    mailbox_close(&mb);
    instance_close(&s);
}

/* ---- several at once ---- */

static void test_begin_many(void)
{
    struct store *s = instance_open("");
    err_t results[3];
    struct commit *c[3];
    struct commit *single;

    box_create(s, "user.a", NULL);
    box_create(s, "user.b", NULL);
    struct mailbox *a = box_open(s, "user.a"), *b = box_open(s, "user.b"),
                   *again = box_open(s, "user.a");
    struct mailbox *mbs[] = { b, a, again };
    commit_begin_many(mbs, 3, NULL, c, results);
    CU_ASSERT_EQUAL(results[0], ERR_OK);
    CU_ASSERT_TRUE((results[1] == ERR_OK) != (results[2] == ERR_OK));
    CU_ASSERT_TRUE(results[1] == ERR_INUSE || results[2] == ERR_INUSE);
    CU_ASSERT_EQUAL(commit_begin(again, NULL, &single), ERR_INUSE);
    for (unsigned i = 0; i < 3; i++)
        commit_abort(&c[i]);
    CU_ASSERT_EQUAL(commit_begin(again, NULL, &single), ERR_OK);
    commit_abort(&single);
    mailbox_close(&a);
    mailbox_close(&b);
    mailbox_close(&again);
    instance_close(&s);
}

struct failing_step {
    const char *step;
    struct buf path;
};

static int fail_step(void *arg, const char *step, const char *path)
{
    struct failing_step *f = arg;

    return strcmp(step, f->step) == 0 && strcmp(path, buf_cstr(&f->path)) == 0 ? EIO : 0;
}

/* A MOVE whose target cannot be made durable, or not be written, leaves the source as it was. */
static void move_failing(const char *conf, const char *step, bool of_journal)
{
    struct store *s = instance_open(conf);
    struct failing_step failing = { .step = step };
    struct mbentry a, b;
    struct commit *c[2];
    err_t results[2];
    uint32_t uid;

    box_create(s, "user.fred.a", &a);
    box_create(s, "user.fred.b", &b);
    struct mailbox *mbs[] = { box_open(s, "user.fred.a"), box_open(s, "user.fred.b") };
    CU_ASSERT_EQUAL(box_append(mbs[0], 1, 0, NULL), ERR_OK);
    CU_ASSERT_EQUAL(partition_file(&b, FILE_INDEX, &failing.path), ERR_OK);
    if (of_journal) {
        buf_reset(&failing.path);
        buf_adds(&failing.path, instance_path("cfg/journal/0"));
    }
    for (int round = 0; round < 2; round++) {
        commit_begin_many(mbs, 2, NULL, c, results);
        CU_ASSERT_EQUAL(commit_copy(c[1], mbs[0], 1, 0, &uid), ERR_OK);
        CU_ASSERT_EQUAL(commit_expunge(c[0], 1), ERR_OK);
        durable_set_hook(round == 0 ? fail_step : NULL, &failing);
        commit_end_many(c, 2, results);
        durable_set_hook(NULL, NULL);
        CU_CHECK_ROW((size_t)round, (results[0] == ERR_OK) == (round == 1));
        CU_CHECK_ROW((size_t)round, (results[1] == ERR_OK) == (round == 1));
        CU_CHECK_ROW((size_t)round, mailbox_head(mbs[0])->exists == (round == 0));
        enum mailbox_news news;
        CU_ASSERT_EQUAL(mailbox_refresh(mbs[1], &news), ERR_OK);
        CU_CHECK_ROW((size_t)round, mailbox_head(mbs[1])->exists == (round == 1));
        CU_CHECK_ROW((size_t)round, box_fault(&a) == NULL);
        CU_CHECK_ROW((size_t)round, box_fault(&b) == NULL);
    }
    mailbox_close(&mbs[0]);
    mailbox_close(&mbs[1]);
    buf_fini(&failing.path);
    mbentry_fini(&a);
    mbentry_fini(&b);
    instance_close(&s);
}

/* A mailbox that cannot be written fails alone, at whichever write. */
static void test_one_recipient_failing(void)
{
    enum { N = 3 };
    struct store *s = instance_open("");
    struct failing_step failing = { .step = "pwrite" };
    struct append_info info = { .internaldate = 1600000000 };
    struct mailbox *mbs[N];
    struct commit *c[N];
    err_t results[N];
    char name[40];
    uint32_t uid;

    for (unsigned i = 0; i < N; i++) {
        snprintf(name, sizeof name, "user.u%u", i);
        box_create(s, name, NULL);
        mbs[i] = box_open(s, name);
        CU_ASSERT_EQUAL(box_append(mbs[i], 7, 0, NULL), ERR_OK);
    }
    CU_ASSERT_EQUAL(partition_file(mailbox_entry(mbs[1]), FILE_INDEX, &failing.path), ERR_OK);
    struct stage *stage = stage_message(s, "default", 1);
    commit_begin_many(mbs, N, NULL, c, results);
    for (unsigned i = 0; i < N; i++)
        CU_ASSERT_EQUAL(commit_append(c[i], stage, &info, &uid), ERR_OK);
    durable_set_hook(fail_step, &failing);
    commit_end_many(c, N, results);
    durable_set_hook(NULL, NULL);
    stage_free(&stage);
    for (unsigned i = 0; i < N; i++) {
        CU_CHECK_ROW(i, (results[i] == ERR_OK) == (i != 1));
        CU_CHECK_ROW(i, mailbox_head(mbs[i])->exists == (i == 1 ? 1 : 2));
        CU_CHECK_ROW(i, box_fault(mailbox_entry(mbs[i])) == NULL);
        mailbox_close(&mbs[i]);
    }
    buf_fini(&failing.path);
    instance_close(&s);
}

static void test_move_failing(void)
{
    move_failing("commit_sync: direct\n", "sync", true);
    move_failing("", "sync", true);
    move_failing("", "pwrite", true);
    move_failing("", "pwrite", false);
}

/* ---- failures ---- */

struct failing {
    unsigned at, seen;
    int error;
};

static int fail_at(void *arg, const char *step, const char *path)
{
    struct failing *f = arg;

    (void)step, (void)path;
    return f->seen++ == f->at ? f->error : 0;
}

enum operation { OP_A_APPEND, OP_A_FLAGS, OP_A_KEYWORD, OP_A_EXPUNGE, OP_A_COPY, N_OPERATIONS };

static err_t operate(struct mailbox *mb, enum operation op)
{
    struct commit *c;
    uint32_t uid;
    unsigned n;
    err_t err;

    switch (op) {
    case OP_A_APPEND:
        return box_append(mb, 50, 0, NULL);
    case OP_A_FLAGS:
        return box_set_flags(mb, 1, FLAG_SEEN, FLAG_SEEN);
    case OP_A_EXPUNGE:
        return box_expunge(mb, 1);
    default:
        break;
    }
    err = commit_begin(mb, NULL, &c);
    if (err)
        return err;
    err =
        op == OP_A_COPY ? commit_copy(c, mb, 2, 0, &uid) : commit_keyword(c, SLICE_LIT("New"), &n);
    if (!err)
        return commit_end(&c);
    commit_abort(&c);
    return err;
}

/* Every step of every operation fails once, with each error: what is refused has left no trace. */
static void test_failures(void)
{
    static const int errors[] = { EIO, ENOSPC };
    unsigned refused = 0;

    sync_set_enabled(false);
    for (unsigned op = 0; op < N_OPERATIONS; op++) {
        for (unsigned at = 0;; at++) {
            struct failing f = { at, 0, errors[at & 1] };
            struct store *s = instance_open("");
            struct mbentry e;
            box_create(s, "user.fred", &e);
            struct mailbox *mb = box_open(s, "user.fred");
            CU_ASSERT_EQUAL(box_append(mb, 1, 0, NULL), ERR_OK);
            CU_ASSERT_EQUAL(box_append(mb, 2, 0, NULL), ERR_OK);
            struct index_head before = *mailbox_head(mb);
            durable_set_hook(fail_at, &f);
            err_t err = operate(mb, op);
            durable_set_hook(NULL, NULL);
            const char *fault = box_fault(&e);
            if (fault)
                fprintf(stderr, "operation %u, step %u: %s\n", op, at, fault);
            CU_CHECK_ROW(at, fault == NULL);
            enum mailbox_news news;
            CU_CHECK_ROW(at, mailbox_refresh(mb, &news) == ERR_OK);
            if (err) {
                refused++;
                CU_CHECK_ROW(at, mailbox_head(mb)->exists == before.exists);
                CU_CHECK_ROW(at, mailbox_head(mb)->unseen == before.unseen);
                CU_CHECK_ROW(at, mailbox_head(mb)->last_uid == before.last_uid);
                CU_CHECK_ROW(at, box_count_files(&e, ".") == 2);
            }
            CU_CHECK_ROW(at, box_append(mb, 3, 0, NULL) == ERR_OK);     /* it still works */
            CU_CHECK_ROW(at, box_fault(&e) == NULL);
            mailbox_close(&mb);
            mbentry_fini(&e);
            instance_close(&s);
            if (f.seen <= at)
                break;
        }
    }
    sync_set_enabled(true);
    CU_ASSERT_TRUE(refused > 25);
}

/* A file that an operator has put under the next name is not touched. */
static void test_name_in_use(void)
{
    struct store *s = instance_open("");
    struct buf path = BUF_INIT, bytes = BUF_INIT;
    struct mbentry e;
    uint32_t uid;

    box_create(s, "user.fred", &e);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(partition_dir(&e, FILE_MESSAGE, &path), ERR_OK);
    buf_adds(&path, "/1.");
    CU_ASSERT_EQUAL(
        file_replace(buf_cstr(&path), instance_path("x.NEW"), SLICE_LIT("mine"), 0600, FILE_NOSYNC),
        ERR_OK);
    CU_ASSERT_EQUAL(box_append(mb, 1, 0, &uid), ERR_OK);
    CU_ASSERT_EQUAL(uid, 2);
    CU_ASSERT_EQUAL(file_load(path.p, 100, &bytes), ERR_OK);
    CU_ASSERT_TRUE(slice_eqs(buf_slice(&bytes), "mine"));
    mailbox_close(&mb);
    buf_fini(&path);
    buf_fini(&bytes);
    mbentry_fini(&e);
    instance_close(&s);
}

/* ---- listeners ---- */

static void hear(void *arg, const struct store_event *ev)
{
    struct store_event *last = arg;

    *last = *ev;
}

static void test_listener(void)
{
    struct store *s = instance_open("");
    struct store_event ev = { 0 };

    box_create(s, "user.fred", NULL);
    struct mailbox *mb = box_open(s, "user.fred");
    store_listen(s, hear, &ev);
    CU_ASSERT_EQUAL(box_append(mb, 1, 0, NULL), ERR_OK);
    CU_ASSERT_EQUAL(ev.kind, EV_MAILBOX_CHANGED);
    CU_ASSERT_EQUAL(ev.appended, 1);
    CU_ASSERT_EQUAL(ev.changed, 0);
    CU_ASSERT_EQUAL(box_set_flags(mb, 1, FLAG_SEEN, FLAG_SEEN), ERR_OK);
    CU_ASSERT_EQUAL(ev.changed, 1);
    CU_ASSERT_EQUAL(ev.appended, 0);
    CU_ASSERT_EQUAL(box_expunge(mb, 1), ERR_OK);
    CU_ASSERT_EQUAL(ev.expunged, 1);
    CU_ASSERT_EQUAL(ev.changed, 0);
    mailbox_close(&mb);
    instance_close(&s);
}

/* \Recent, options: parts of the header that have no record. */
static void test_head_only(void)
{
    struct store *s = instance_open("");
    struct mbentry e;
    struct commit *c;

    box_create(s, "user.fred", &e);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    commit_options(c, MBOPT_SHAREDSEEN, 0);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
    CU_ASSERT_TRUE(mailbox_head(mb)->options & MBOPT_SHAREDSEEN);
    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    commit_options(c, 0, MBOPT_SHAREDSEEN);
    commit_recent(c, 9);
    commit_recent(c, 4);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
    CU_ASSERT_FALSE(mailbox_head(mb)->options & MBOPT_SHAREDSEEN);
    CU_ASSERT_EQUAL(mailbox_head(mb)->recentuid, 9);
    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);                /* nothing to do */
    CU_ASSERT_PTR_NULL(box_fault(&e));
    mailbox_close(&mb);
    mbentry_fini(&e);
    instance_close(&s);
}

TEST_SUITE("commit", { "append", test_append },
           { "one stage, many mailboxes", test_one_stage_many },
           { "sync counts", test_sync_counts },
           { "mark before name", test_mark_before_name }, { "bulk", test_bulk }, { "flags", test_flags },
           { "flag limit", test_flag_limit }, { "copy", test_copy }, { "no links", test_no_links },
           { "expunge modes", test_expunge_modes }, { "quota", test_quota },
           { "begin many", test_begin_many }, { "one recipient failing", test_one_recipient_failing }, { "move failing", test_move_failing },
           { "failures", test_failures }, { "name in use", test_name_in_use },
           { "listener", test_listener }, { "head only", test_head_only })
