/* statuscache_test.c - records of statuscache.db: format, use, and every change that must drop them
 *
 * covers: SE-14
 */
#include "imap/store/statuscache.h"

#include <sys/stat.h>
#include <unistd.h>

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/mailbox_impl.h"
#include "imap/store/mbops.h"
#include "imap/store/partition.h"
#include "imap/store/seen.h"
#include "imap/store/status.h"
#include "lib/os/file.h"

enum { ALL = STATUS_COUNTS | STATUS_RECENT | STATUS_UNSEEN };

static const struct actor robot = { .is_system = true };

/* ---- format ---- */

static void test_format(void)
{
    struct buf text = BUF_INIT;
    struct statuscache_index i;
    struct statuscache_user u;

    /* as 3.6.1 wrote them */
    CU_ASSERT_EQUAL(statuscache_parse_index(SLICE_LIT("I 8 (5 6 1795295763 1 85 1 7)"), &i),
                    ERR_OK);
    CU_ASSERT_EQUAL(i.messages, 5);
    CU_ASSERT_EQUAL(i.uidnext, 6);
    CU_ASSERT_EQUAL(i.uidvalidity, 1795295763);
    CU_ASSERT_EQUAL(i.options, 1);
    CU_ASSERT_EQUAL(i.size, 85);
    CU_ASSERT_EQUAL(i.createdmodseq, 1);
    CU_ASSERT_EQUAL(i.highestmodseq, 7);
    statuscache_format_index(&i, &text);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&text), "I 8 (5 6 1795295763 1 85 1 7)");
    CU_ASSERT_EQUAL(statuscache_parse_user(SLICE_LIT("S 8 (0 3 9)"), &u), ERR_OK);
    CU_ASSERT(u.recent == 0 && u.unseen == 3 && u.highestmodseq == 9);
    buf_reset(&text);
    statuscache_format_user(&u, &text);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&text), "S 8 (0 3 9)");
    buf_fini(&text);
}

static void test_damaged(void)
{
    static const char *const rows[] = {
        "", "I", "I 8", "I 8 ", "I 8 (", "I 8 ()", "I 8 (1 2 3 4 5 6)", "I 8 (1 2 3 4 5 6 7 8)",
        "I 8 (1 2 3 4 5 6 7) ", "I 8 (1 2 3 4 5 6 7", "I 7 (1 2 3 4 5 6 7)", "I 9 (1 2 3 4 5 6 7)",
        "I 8 (1  2 3 4 5 6 7)", "I 8 (-1 2 3 4 5 6 7)", "I 8 (4294967296 2 3 4 5 6 7)",
        "I 8 (1 2 3 4 5 6 18446744073709551616)", "i 8 (1 2 3 4 5 6 7)", "I 8 (1 2 3 4 5 6 7 )",
        "S 8 (1 2)", "S 8 (1 2 3 4)", "S 8 (1 4294967296 3)", "S 8 (a b c)", "S 8 ( 1 2 3)",
    };
    struct statuscache_index i;
    struct statuscache_user u;

    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        CU_CHECK_ROW(k, statuscache_parse_index(slice_cstr(rows[k]), &i) == ERR_CORRUPT);
        CU_CHECK_ROW(k, statuscache_parse_user(slice_cstr(rows[k]), &u) == ERR_CORRUPT);
    }
}

/* ---- use ---- */

static struct status ask(struct store *s, const struct mbentry *e, const char *userid)
{
    struct status st;

    CU_ASSERT_EQUAL(status_read(s, e, slice_cstr(userid), ALL, &st), ERR_OK);
    return st;
}

static bool has_index(struct store *s, const char *name)
{
    struct statuscache_index i;

    return statuscache_get_index(s, slice_cstr(name), &i);
}

static bool has_user(struct store *s, const char *name, const char *userid)
{
    struct statuscache_user u;

    return statuscache_get_user(s, slice_cstr(name), slice_cstr(userid), &u);
}

/* Numbers that only the cache can have told. */
enum { PLANTED = 4711 };

static void plant(struct store *s, const struct mbentry *e, const char *userid)
{
    struct statuscache_index i;
    struct statuscache_user u = { PLANTED, PLANTED, 0 };

    (void)ask(s, e, userid);
    CU_ASSERT(statuscache_get_index(s, buf_slice(&e->name), &i));
    i.messages = PLANTED;
    u.highestmodseq = i.highestmodseq;
    statuscache_put_index(s, buf_slice(&e->name), &i);
    statuscache_put_user(s, buf_slice(&e->name), slice_cstr(userid), &u);
    CU_ASSERT_EQUAL(ask(s, e, userid).messages, PLANTED);
}

static void seen_by(struct store *s, const struct mbentry *e, const char *userid, uint32_t uid,
                    uint32_t last_uid)
{
    struct ranges set = RANGES_INIT;
    const struct seen_change change = { .add = &set, .last_uid = last_uid, .last_change = 1 };

    if (uid)
        ranges_add(&set, uid, uid);
    CU_ASSERT_EQUAL(seen_update(s, slice_cstr(userid), buf_slice(&e->uniqueid), &change, NULL),
                    ERR_OK);
    ranges_fini(&set);
}

static struct store *open_on(struct mbentry *e, unsigned messages)
{
    struct store *s = instance_open("statuscache: yes");
    struct mailbox *mb;

    box_create(s, "user.ann", e);
    mb = box_open(s, "user.ann");
    if (messages)
        CU_ASSERT_EQUAL(box_append_many(mb, messages), ERR_OK);
    mailbox_close(&mb);
    return s;
}

static void test_off(void)
{
    struct store *s = instance_open("statuscache_db: sql");     /* not looked at */
    struct statuscache_index i = { 0 };
    struct mbentry e;

    box_create(s, "user.ann", &e);
    (void)ask(s, &e, "ann");
    statuscache_put_index(s, SLICE_LIT("user.ann"), &i);
    CU_ASSERT(!has_index(s, "user.ann"));
    CU_ASSERT(!file_exists(instance_path("cfg/statuscache.db")));
    mbentry_fini(&e);
    instance_close(&s);
}

/* The records are told as they are, without a look at the index, which may have gone. */
static void test_hit(void)
{
    struct mbentry e;
    struct store *s = open_on(&e, 5);
    struct buf path = BUF_INIT;
    struct status st;

    st = ask(s, &e, "ann");
    CU_ASSERT(st.messages == 5 && st.unseen == 5 && st.recent == 5 && st.uidnext == 6);
    CU_ASSERT(has_index(s, "user.ann") && has_user(s, "user.ann", "ann"));
    plant(s, &e, "ann");
    CU_ASSERT_EQUAL(partition_file(&e, FILE_INDEX, &path), ERR_OK);
    instance_reopen(&s);
    CU_ASSERT_EQUAL(file_unlink(buf_cstr(&path)), ERR_OK);
    st = ask(s, &e, "ann");
    CU_ASSERT(st.messages == PLANTED && st.unseen == PLANTED && st.recent == PLANTED);
    CU_ASSERT(st.uidnext == 6 && st.uidvalidity == e.uidvalidity);
    /* what the cache does not have is not made up */
    CU_ASSERT_NOT_EQUAL(status_read(s, &e, SLICE_LIT("ann"), ALL | STATUS_DELETED, &st), ERR_OK);
    buf_fini(&path);
    mbentry_fini(&e);
    instance_close(&s);
}

/* The S record of another modseq, the I record of another mailbox, and damage: not used. */
static void test_not_used(void)
{
    struct mbentry e;
    struct store *s = open_on(&e, 5);
    struct statuscache_user u = { PLANTED, PLANTED, 1 };
    struct statuscache_index i;
    struct db *db;

    (void)ask(s, &e, "ann");
    statuscache_put_user(s, SLICE_LIT("user.ann"), SLICE_LIT("ann"), &u);
    CU_ASSERT_EQUAL(ask(s, &e, "ann").unseen, 5);
    CU_ASSERT(statuscache_get_index(s, SLICE_LIT("user.ann"), &i));
    i.messages = PLANTED;
    i.uidvalidity--;
    statuscache_put_index(s, SLICE_LIT("user.ann"), &i);
    CU_ASSERT_EQUAL(ask(s, &e, "ann").messages, 5);
    CU_ASSERT_EQUAL(store_db(s, STORE_DB_STATUSCACHE, &db), ERR_OK);
    CU_ASSERT_EQUAL(db_store_now(db, SLICE_LIT("user.ann%"), SLICE_LIT("I 7 (1 2 3)")), ERR_OK);
    CU_ASSERT_EQUAL(db_store_now(db, SLICE_LIT("user.ann%%ann"), SLICE_LIT("S 8 (")), ERR_OK);
    CU_ASSERT_EQUAL(ask(s, &e, "ann").messages, 5);
    CU_ASSERT(has_index(s, "user.ann") && has_user(s, "user.ann", "ann"));
    mbentry_fini(&e);
    instance_close(&s);
}

/* ---- what drops records ---- */

static void change_nothing(struct mailbox *mb)
{
    struct commit *c;

    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
}

static void change_append(struct mailbox *mb)
{
    CU_ASSERT_EQUAL(box_append(mb, 9, 0, NULL), ERR_OK);
}

static void change_flags(struct mailbox *mb)
{
    CU_ASSERT_EQUAL(box_set_flags(mb, 2, FLAG_SEEN, FLAG_SEEN), ERR_OK);
}

static void change_expunge(struct mailbox *mb)
{
    CU_ASSERT_EQUAL(box_expunge(mb, 1), ERR_OK);
}

static void change_recent(struct mailbox *mb)
{
    struct commit *c;

    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    commit_recent(c, 4);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
}

static void change_options(struct mailbox *mb)
{
    struct commit *c;

    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    commit_options(c, MBOPT_SHAREDSEEN, 0);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
}

static void change_uidvalidity(struct mailbox *mb)
{
    CU_ASSERT_EQUAL(mailbox_set_uidvalidity(mailbox_store(mb), mailbox_entry(mb), 77), ERR_OK);
}

static void change_seen(struct mailbox *mb)
{
    seen_by(mailbox_store(mb), mailbox_entry(mb), "bob", 3, 0);
}

static void change_recent_of_bob(struct mailbox *mb)
{
    seen_by(mailbox_store(mb), mailbox_entry(mb), "bob", 0, 4);
}

static void change_acl(struct mailbox *mb)
{
    CU_ASSERT_EQUAL(mblist_put(mailbox_store(mb), mailbox_entry(mb)), ERR_OK);
}

/* Who asks, and what he is told before and after the change; `kept`: nothing must be dropped. */
static const struct {
    const char *userid;
    void (*change)(struct mailbox *);
    uint32_t messages, recent, unseen;
    bool kept;
} changes[] = {
    { "ann", change_nothing, PLANTED, PLANTED, PLANTED, true },
    { "bob", change_nothing, PLANTED, PLANTED, PLANTED, true },
    { "ann", change_append, 6, 6, 6, false },
    { "bob", change_append, 6, 6, 5, false },
    { "ann", change_flags, 5, 5, 4, false },
    { "bob", change_flags, 5, 5, 4, false },
    { "ann", change_expunge, 4, 4, 4, false },
    { "bob", change_expunge, 4, 4, 4, false },
    { "ann", change_recent, 5, 1, 5, false },
    { "bob", change_recent, 5, 5, 4, false },
    { "ann", change_options, 5, 5, 5, false },
    { "bob", change_options, 5, 5, 5, false },
    { "ann", change_uidvalidity, 5, 5, 5, false },
    { "ann", change_seen, PLANTED, PLANTED, PLANTED, true },
    { "bob", change_seen, 5, 5, 3, false },
    { "bob", change_recent_of_bob, 5, 1, 4, false },
    { "ann", change_acl, 5, 5, 5, false },
    { "bob", change_acl, 5, 5, 4, false },
};

static void test_changes(void)
{
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct mbentry e;
        struct store *s = open_on(&e, 5);
        struct status st;

        seen_by(s, &e, "bob", 1, 0);
        struct mailbox *mb = box_open(s, "user.ann");
        plant(s, &e, changes[i].userid);
        changes[i].change(mb);
        mailbox_close(&mb);
        CU_ASSERT_EQUAL(mblist_lookup(s, SLICE_LIT("user.ann"), &e), ERR_OK);
        st = ask(s, &e, changes[i].userid);
        CU_CHECK_ROW(i, st.messages == changes[i].messages);
        CU_CHECK_ROW(i, st.recent == changes[i].recent);
        CU_CHECK_ROW(i, st.unseen == changes[i].unseen);
        /* and that is kept again */
        CU_CHECK_ROW(i, has_index(s, "user.ann") && has_user(s, "user.ann", changes[i].userid));
        CU_CHECK_ROW(i, ask(s, &e, changes[i].userid).unseen == changes[i].unseen);
        mbentry_fini(&e);
        instance_close(&s);
    }
}

/* A change that is given up leaves what was before; a user without seen state is told right too. */
static void test_others(void)
{
    struct mbentry e;
    struct store *s = open_on(&e, 5);
    struct mailbox *mb = box_open(s, "user.ann");
    struct commit *c;

    CU_ASSERT_EQUAL(ask(s, &e, "carol").unseen, 5);
    CU_ASSERT(has_index(s, "user.ann") && !has_user(s, "user.ann", "carol"));
    seen_by(s, &e, "carol", 1, 0);
    CU_ASSERT_EQUAL(ask(s, &e, "carol").unseen, 4);
    CU_ASSERT(has_user(s, "user.ann", "carol"));
    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    commit_recent(c, 5);
    commit_abort(&c);
    CU_ASSERT(has_index(s, "user.ann"));
    CU_ASSERT_EQUAL(ask(s, &e, "ann").recent, 5);
    mailbox_close(&mb);
    mbentry_fini(&e);
    instance_close(&s);
}

/* ---- names ---- */

static uint32_t messages_of(struct store *s, const char *name)
{
    struct mbentry e;
    uint32_t n = UINT32_MAX;

    mbentry_init(&e);
    if (mblist_lookup(s, slice_cstr(name), &e) == ERR_OK)
        n = ask(s, &e, "ann").messages;
    mbentry_fini(&e);
    return n;
}

static void fill(struct store *s, const char *name, unsigned messages)
{
    struct mbentry e;
    struct mailbox *mb;

    mbentry_init(&e);
    box_create(s, name, &e);
    mb = box_open(s, name);
    CU_ASSERT_EQUAL(box_append_many(mb, messages), ERR_OK);
    mailbox_close(&mb);
    plant(s, &e, "ann");
    mbentry_fini(&e);
}

static void move(struct store *s, const char *from, const char *to)
{
    CU_ASSERT_EQUAL(mbop_rename(s, &robot, slice_cstr(from), slice_cstr(to), SLICE_NULL, NULL,
                                NULL), ERR_OK);
}

static void test_rename(void)
{
    struct mbentry e;
    struct store *s = open_on(&e, 0);

    fill(s, "user.ann.a", 2);
    move(s, "user.ann.a", "user.ann.b");
    CU_ASSERT(!has_index(s, "user.ann.a") && !has_user(s, "user.ann.a", "ann"));
    CU_ASSERT_EQUAL(messages_of(s, "user.ann.b"), 2);
    fill(s, "user.ann.a", 3);                   /* the old name again */
    move(s, "user.ann.a", "user.ann.c");
    move(s, "user.ann.b", "user.ann.a");
    CU_ASSERT_EQUAL(messages_of(s, "user.ann.a"), 2);
    CU_ASSERT_EQUAL(messages_of(s, "user.ann.c"), 3);
    CU_ASSERT(!has_index(s, "user.ann.b"));
    mbentry_fini(&e);
    instance_close(&s);
}

static void test_delete(void)
{
    struct mbentry e;
    struct store *s = open_on(&e, 0);

    fill(s, "user.ann.a", 2);
    fill(s, "user.ann.ab", 4);
    CU_ASSERT_EQUAL(mbop_delete(s, &robot, SLICE_LIT("user.ann.a")), ERR_OK);
    CU_ASSERT(!has_index(s, "user.ann.a") && !has_user(s, "user.ann.a", "ann"));
    CU_ASSERT(has_index(s, "user.ann.ab"));     /* another name that begins so */
    fill(s, "user.ann.a", 1);
    CU_ASSERT_EQUAL(mbop_delete(s, &robot, SLICE_LIT("user.ann.a")), ERR_OK);
    box_create(s, "user.ann.a", NULL);
    CU_ASSERT_EQUAL(messages_of(s, "user.ann.a"), 0);
    mbentry_fini(&e);
    instance_close(&s);
}

/* The commit of a view that has not heard of the new name yet. */
static void test_renamed_under_view(void)
{
    struct mbentry e;
    struct store *s = open_on(&e, 0);
    struct mailbox *mb;
    struct commit *c;

    fill(s, "user.ann.a", 2);
    mb = box_open(s, "user.ann.a");
    move(s, "user.ann.a", "user.ann.b");
    CU_ASSERT_EQUAL(messages_of(s, "user.ann.b"), 2);
    CU_ASSERT_EQUAL(box_append(mb, 7, 0, NULL), ERR_OK);
    CU_ASSERT_EQUAL(messages_of(s, "user.ann.b"), 3);
    /* renamed between its look at the list and its locks: cyrus.header knows */
    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    buf_reset(&mb->entry.name);
    buf_adds(&mb->entry.name, "user.ann.a");
    commit_recent(c, 2);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
    CU_ASSERT(!has_index(s, "user.ann.b"));
    buf_reset(&mb->entry.name);
    buf_adds(&mb->entry.name, "user.ann.b");
    mailbox_close(&mb);
    mbentry_fini(&e);
    instance_close(&s);
}

/* ---- trouble ---- */

/* Who died at work leaves no record: the next STATUS repairs the mailbox first. */
static void test_unfinished(void)
{
    struct mbentry e;
    struct store *s = open_on(&e, 5);
    struct mailbox *mb = box_open(s, "user.ann");
    uint8_t raw[INDEX_HEAD_SIZE];
    struct index_head h;

    plant(s, &e, "ann");
    CU_ASSERT_EQUAL(box_set_flags(mb, 2, FLAG_SEEN, FLAG_SEEN), ERR_OK);
    h = *mailbox_head(mb);
    h.options |= INDEX_OPT_UNFINISHED;
    h.exists = 99;
    index_head_encode(&h, raw);
    CU_ASSERT_EQUAL(file_pwrite_all(mb->core->fd, mb->core->index_path.p, raw, sizeof raw, 0),
                    ERR_OK);
    mailbox_close(&mb);
    CU_ASSERT_EQUAL(ask(s, &e, "ann").messages, 5);
    plant(s, &e, "ann");
    mb = box_open(s, "user.ann");
    h.highestmodseq += 10;                      /* damage while a record is kept */
    index_head_encode(&h, raw);
    CU_ASSERT_EQUAL(file_pwrite_all(mb->core->fd, mb->core->index_path.p, raw, sizeof raw, 0),
                    ERR_OK);
    mailbox_close(&mb);
    mb = box_open(s, "user.ann");
    CU_ASSERT(!has_index(s, "user.ann"));
    mailbox_close(&mb);
    CU_ASSERT_EQUAL(ask(s, &e, "ann").messages, 5);
    mbentry_fini(&e);
    instance_close(&s);
}

/* Removed or replaced while it is open; not a database at all; a place where none can be. */
static void test_bad_file(void)
{
    struct mbentry e;
    struct store *s = open_on(&e, 5);

    plant(s, &e, "ann");
    CU_ASSERT_EQUAL(file_unlink(instance_path("cfg/statuscache.db")), ERR_OK);
    CU_ASSERT_EQUAL(ask(s, &e, "ann").messages, 5);
    CU_ASSERT(has_index(s, "user.ann"));
    instance_reopen(&s);
    CU_ASSERT_EQUAL(file_replace(instance_path("cfg/statuscache.db"), instance_path("cfg/rubbish"),
                                 SLICE_LIT("\xa1\x02 rubbish"), 0600, FILE_NOSYNC),
                    ERR_OK);
    CU_ASSERT_EQUAL(ask(s, &e, "ann").messages, 5);
    CU_ASSERT_EQUAL(ask(s, &e, "ann").unseen, 5);
    instance_reopen(&s);
    (void)unlink(instance_path("cfg/statuscache.db"));
    CU_ASSERT_EQUAL(mkdir(instance_path("cfg/statuscache.db"), 0700), 0);
    CU_ASSERT_EQUAL(ask(s, &e, "ann").messages, 5);
    struct mailbox *mb = box_open(s, "user.ann");
    CU_ASSERT_EQUAL(box_append(mb, 6, 0, NULL), ERR_OK);
    mailbox_close(&mb);
    CU_ASSERT_EQUAL(ask(s, &e, "ann").messages, 6);
    mbentry_fini(&e);
    instance_close(&s);
}

/* A process that cannot use the database must not leave old counts to the others. */
static void test_dropped_by_unlink(void)
{
    struct mbentry e;
    struct store *s = open_on(&e, 5);
    struct mailbox *mb = box_open(s, "user.ann");

    plant(s, &e, "ann");
    s->statuscache.retry_ms = UINT64_MAX;       /* as after a failure */
    CU_ASSERT_EQUAL(ask(s, &e, "ann").messages, 5);
    CU_ASSERT(file_exists(instance_path("cfg/statuscache.db")));
    CU_ASSERT_EQUAL(box_append(mb, 6, 0, NULL), ERR_OK);
    CU_ASSERT(!file_exists(instance_path("cfg/statuscache.db")));
    s->statuscache.retry_ms = 0;
    CU_ASSERT_EQUAL(ask(s, &e, "ann").messages, 6);
    CU_ASSERT(has_index(s, "user.ann"));
    mailbox_close(&mb);
    mbentry_fini(&e);
    instance_close(&s);
}

TEST_SUITE("statuscache", { "format", test_format }, { "damaged", test_damaged },
           { "off", test_off }, { "hit", test_hit }, { "not used", test_not_used },
           { "changes", test_changes }, { "others", test_others }, { "rename", test_rename },
           { "delete", test_delete }, { "renamed under a view", test_renamed_under_view },
           { "unfinished", test_unfinished }, { "bad file", test_bad_file },
           { "dropped by unlink", test_dropped_by_unlink })
