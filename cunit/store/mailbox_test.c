/* mailbox_test.c - open mailboxes as readers see them (imap/store/mailbox.h)
 *
 * covers: PT-11 PT-14 PT-16 PT-31
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/index.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/mailbox_pool.h"
#include "imap/store/msgfile.h"
#include "imap/store/partition.h"
#include "imap/store/repack.h"
#include "lib/base/endian.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

/* What the real server answered for INBOX of fred (cyrus-3.6.1-spool). */
struct message_row {
    uint32_t uid, size, flags, user_flags, internaldate;
    uint64_t modseq, createdmodseq;
    const char *emailid, *subject;
};
static const struct message_row inbox[] = {
    { 1, 469, FLAG_FLAGGED | FLAG_SEEN, 1 | 4, 1672647072, 15, 2, "a9c6928e85c3770e975df580",
      "\"Plain first message\"" },
    { 2, 1278, 0, 0, 1672747200, 19, 3, "02a0d6c6ae8c19d376e62e9d",
      "{17}\r\nGr\xc3\xbc\xc3\x9f"
      "e aus K\xc3\xb6ln" },
    { 3, 31, FLAG_SEEN, 0, 1672790401, 4, 4, "e10a9ba3bc28c8a30bd88867", "\"no date no from\"" },
    { 5, 181, FLAG_DRAFT, 1 | 2, 1672905600, 6, 6, "910725a3b1ec2953644eca49",
      "\"draft with keywords\"" },
    { 6, 324, FLAG_ANSWERED | FLAG_SEEN, 0, 1672992000, 7, 7, "d847c238d39a703c1fe4b46c", NULL },
    { 7, 419, 0, 0, 1795258296, 22, 22, "af72b9a7d025abc9dc737192", "\"via lmtp\"" },
};
enum { NINBOX = sizeof inbox / sizeof *inbox };

static void check_message(struct mailbox *mb, size_t row)
{
    const struct message_row *m = &inbox[row];
    struct cache_record cache;
    struct slice bytes;
    struct record r;
    char hex[GUID_HEX_MAX];
    int fd;

    uint32_t recno = mailbox_find_uid(mb, m->uid);
    CU_CHECK_ROW(row, mailbox_record_ok(mb, recno));
    mailbox_record(mb, recno, &r);
    CU_CHECK_ROW(row, r.uid == m->uid && r.size == m->size && r.flags == m->flags);
    CU_CHECK_ROW(row, r.user_flags[0] == m->user_flags);
    CU_CHECK_ROW(row, r.internaldate == m->internaldate);
    CU_CHECK_ROW(row, r.modseq == m->modseq && r.createdmodseq == m->createdmodseq);
    CU_CHECK_ROW(row, mailbox_flags_at(mb, recno) == m->flags &&
                          mailbox_modseq_at(mb, recno) == m->modseq);
    guid_hex(&r.guid, hex);
    CU_CHECK_ROW(row, memcmp(hex, m->emailid, 24) == 0);
    CU_CHECK_ROW(row, mailbox_message(mb, recno, &bytes) == ERR_OK && bytes.n == m->size);
    mailbox_message_done(mb);
    CU_CHECK_ROW(row, mailbox_message_fd(mb, recno, &fd) == ERR_OK);
    file_close(&fd);
    CU_CHECK_ROW(row, mailbox_cache(mb, recno, &cache) == ERR_OK);
    CU_CHECK_ROW(row, !m->subject || slice_eqs(cache.item[CACHE_SUBJECT], m->subject));
}

static void test_sample(void)
{
    struct store *s = instance_open_sample("");
    struct mailbox *mb = box_open(s, "user.fred");
    const struct index_head *h = mailbox_head(mb);
    struct record r;

    CU_ASSERT_EQUAL(h->exists, 6);
    CU_ASSERT_EQUAL(h->unseen, 3);
    CU_ASSERT_EQUAL(h->last_uid, 7);
    CU_ASSERT_EQUAL(h->uidvalidity, 1795258294);
    CU_ASSERT_EQUAL(h->quota_used, 2702);
    CU_ASSERT_EQUAL(h->highestmodseq, 22);
    CU_ASSERT_EQUAL(h->quota_annot_used, 73);
    CU_ASSERT_EQUAL(mailbox_nrecords(mb), 7);
    CU_ASSERT_TRUE(slice_eqs(mailbox_name(mb), "user.fred"));
    CU_ASSERT_TRUE(slice_eqs(mailbox_uniqueid(mb), "de27kkdiqf0x87b3maibiy1d"));
    CU_ASSERT_TRUE(slice_eqs(mailbox_quotaroot(mb), "user.fred"));
    CU_ASSERT_TRUE(slice_eqs(mailbox_flag_name(mb, 1), "Project-X"));
    CU_ASSERT_EQUAL(mailbox_flag_name(mb, 4).n, 0);
    CU_ASSERT_EQUAL(mailbox_flag_name(mb, 500).n, 0);
    CU_ASSERT_EQUAL(mailbox_flag_find(mb, SLICE_LIT("TEMPFLAG")), 3);
    CU_ASSERT_EQUAL(mailbox_flag_find(mb, SLICE_LIT("absent")), -1);
    for (size_t i = 0; i < NINBOX; i++)
        check_message(mb, i);
    mailbox_record(mb, 4, &r);
    CU_ASSERT_EQUAL(r.uid, 4);
    CU_ASSERT_TRUE(r.flags & FLAG_INT_EXPUNGED);
    CU_ASSERT_EQUAL(mailbox_find_uid(mb, 0), 1);
    CU_ASSERT_EQUAL(mailbox_find_uid(mb, 8), 8);
    mailbox_close(&mb);
    instance_close(&s);
}

static void test_absent(void)
{
    struct store *s = instance_open("");
    struct mailbox *mb;
    struct mbentry e;

    CU_ASSERT_EQUAL(mailbox_open(s, SLICE_LIT("user.nobody"), &mb), ERR_NOTFOUND);
    CU_ASSERT_PTR_NULL(mb);
    box_create(s, "user.fred", &e);
    struct buf path = BUF_INIT;
    CU_ASSERT_EQUAL(partition_file(&e, FILE_INDEX, &path), ERR_OK);
    CU_ASSERT_EQUAL(unlink(buf_cstr(&path)), 0);
    CU_ASSERT_EQUAL(mailbox_open(s, SLICE_LIT("user.fred"), &mb), ERR_CORRUPT);
    mailbox_close(&mb);                         /* NULL is fine */
    buf_fini(&path);
    mbentry_fini(&e);
    instance_close(&s);
}

/* Two views of one mailbox: each hears its own news. */
static void test_views(void)
{
    struct store *s = instance_open("");
    enum mailbox_news news;
    struct mbentry e;

    box_create(s, "user.fred", &e);
    struct mailbox *a = box_open(s, "user.fred"), *b = box_open(s, "user.fred");
    CU_ASSERT_PTR_NOT_EQUAL(a, b);
    CU_ASSERT_EQUAL(mailbox_refresh(b, &news), ERR_OK);
    CU_ASSERT_EQUAL(news, MAILBOX_SAME);
    CU_ASSERT_EQUAL(box_append(a, 1, 0, NULL), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_nrecords(a), 1);
    CU_ASSERT_EQUAL(mailbox_nrecords(b), 0);
    CU_ASSERT_EQUAL(mailbox_refresh(a, &news), ERR_OK);
    CU_ASSERT_EQUAL(news, MAILBOX_SAME);        /* its own commit is no news */
    CU_ASSERT_EQUAL(mailbox_refresh(b, &news), ERR_OK);
    CU_ASSERT_EQUAL(news, MAILBOX_CHANGED);
    CU_ASSERT_EQUAL(mailbox_nrecords(b), 1);
    CU_ASSERT_EQUAL(mailbox_refresh(b, &news), ERR_OK);
    CU_ASSERT_EQUAL(news, MAILBOX_SAME);
    CU_ASSERT_EQUAL(repack_mailbox(a, true, NULL), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_nrecords(b), 1);
    CU_ASSERT_EQUAL(mailbox_refresh(b, &news), ERR_OK);
    CU_ASSERT_EQUAL(news, MAILBOX_REPACKED);
    CU_ASSERT_EQUAL(mailbox_head(b)->generation, 1);
    mailbox_close(&a);
    mailbox_close(&b);
    mbentry_fini(&e);
    instance_close(&s);
}

/* Closed views are kept, and what happened meanwhile is seen at the next opening. */
static void test_pool(void)
{
    struct store *s = instance_open("");
    struct mailbox *boxes[2 * MAILBOX_POOL_IDLE];
    char name[40];

    for (unsigned i = 0; i < 2 * MAILBOX_POOL_IDLE; i++) {
        snprintf(name, sizeof name, "user.fred.box%u", i);
        box_create(s, name, NULL);
        boxes[i] = box_open(s, name);
    }
    for (unsigned i = 0; i < 2 * MAILBOX_POOL_IDLE; i++)
        mailbox_close(&boxes[i]);
    struct mailbox *a = box_open(s, "user.fred.box3"), *b = box_open(s, "user.fred.box3");
    mailbox_close(&b);
    CU_ASSERT_EQUAL(box_append(a, 1, 0, NULL), ERR_OK);
    b = box_open(s, "user.fred.box3");
    CU_ASSERT_EQUAL(mailbox_nrecords(b), 1);
    mailbox_close(&a);
    mailbox_close(&b);
    mailbox_pool_trim(s);
    b = box_open(s, "user.fred.box3");
    CU_ASSERT_EQUAL(mailbox_nrecords(b), 1);
    mailbox_close(&b);
    instance_close(&s);
}

static void set_name(struct store *s, struct mbentry *e, const char *name, const char *acl)
{
    CU_ASSERT_EQUAL(mblist_remove(s, buf_slice(&e->name)), ERR_OK);
    buf_reset(&e->name);
    buf_adds(&e->name, name);
    buf_reset(&e->acl);
    buf_adds(&e->acl, acl);
    CU_ASSERT_EQUAL(mblist_put(s, e), ERR_OK);
}

/* A selected mailbox is renamed, given other rights, and removed. */
static void test_entry_changes(void)
{
    struct store *s = instance_open("");
    enum mailbox_news news;
    struct mbentry e;
    uint64_t modseq = 0;
    struct slice root = SLICE_LIT("user.fred");

    box_create(s, "user.fred.a", &e);
    struct mailbox *mb = box_open(s, "user.fred.a");
    set_name(s, &e, "user.fred.b", "bob\tlrs\t");
    CU_ASSERT_EQUAL(mailbox_set_header(s, &e, &root, &modseq), ERR_OK);
    CU_ASSERT_EQUAL(modseq, 2);
    CU_ASSERT_EQUAL(mailbox_refresh(mb, &news), ERR_OK);
    CU_ASSERT_EQUAL(news, MAILBOX_CHANGED);
    CU_ASSERT_TRUE(slice_eqs(mailbox_name(mb), "user.fred.b"));
    CU_ASSERT_TRUE(slice_eqs(mailbox_acl(mb), "bob\tlrs\t"));
    CU_ASSERT_TRUE(slice_eqs(mailbox_quotaroot(mb), "user.fred"));
    CU_ASSERT_EQUAL(mailbox_head(mb)->highestmodseq, 2);
    CU_ASSERT_EQUAL(mailbox_set_uidvalidity(s, &e, 77), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_refresh(mb, &news), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_head(mb)->uidvalidity, 77);
    CU_ASSERT_EQUAL(mblist_remove(s, buf_slice(&e.name)), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_delete_files(s, &e), ERR_OK);
    CU_ASSERT_FALSE(mailbox_has_files(&e));
    CU_ASSERT_EQUAL(mailbox_refresh(mb, &news), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(mailbox_delete_files(s, &e), ERR_OK);   /* again: nothing left */
    mailbox_close(&mb);
    mbentry_fini(&e);
    instance_close(&s);
}

/* A legacy mailbox moves to another directory under a selected view. */
static void test_legacy_move(void)
{
    struct store *s = instance_open("mailbox_legacy_dirs: yes\n");
    enum mailbox_news news;
    struct mbentry from, to;
    struct slice bytes;

    box_create(s, "user.fred", NULL);
    mbentry_init(&from);
    CU_ASSERT_EQUAL(mblist_lookup(s, SLICE_LIT("user.fred"), &from), ERR_OK);
    from.type |= MBTYPE_LEGACY;
    buf_reset(&from.name);
    buf_adds(&from.name, "user.fred.old");
    buf_reset(&from.uniqueid);
    buf_adds(&from.uniqueid, "legacyid000000000000000a");
    CU_ASSERT_EQUAL(mailbox_create_files(s, &from, 5, SLICE_NULL), ERR_OK);
    CU_ASSERT_EQUAL(mblist_put(s, &from), ERR_OK);
    struct mailbox *mb = box_open(s, "user.fred.old");
    CU_ASSERT_EQUAL(mailbox_head(mb)->highestmodseq, 5);
    CU_ASSERT_EQUAL(box_append(mb, 1, 0, NULL), ERR_OK);
    mbentry_init(&to);
    CU_ASSERT_EQUAL(mblist_lookup(s, SLICE_LIT("user.fred.old"), &to), ERR_OK);
    buf_reset(&to.name);
    buf_adds(&to.name, "user.fred.new");
    CU_ASSERT_EQUAL(mailbox_copy_files(s, &from, &to), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_copy_files(s, &from, &to),
                    ERR_OK); /* a second attempt replaces the first */
    CU_ASSERT_EQUAL(mblist_remove(s, buf_slice(&from.name)), ERR_OK);
    CU_ASSERT_EQUAL(mblist_put(s, &to), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_delete_files(s, &from), ERR_OK);
    CU_ASSERT_PTR_NULL(box_fault(&to));
    CU_ASSERT_EQUAL(mailbox_refresh(mb, &news), ERR_OK);
    CU_ASSERT_EQUAL(news, MAILBOX_REPACKED);
    CU_ASSERT_TRUE(slice_eqs(mailbox_name(mb), "user.fred.new"));
    CU_ASSERT_EQUAL(mailbox_message(mb, 1, &bytes), ERR_OK);
    mailbox_close(&mb);
    mbentry_fini(&from);
    mbentry_fini(&to);
    instance_close(&s);
}

/* The cache is derived: missing, cut, or of another time, the answers are the same. */
static void test_cache_lost(void)
{
    struct store *s = instance_open("");
    struct buf path = BUF_INIT, want = BUF_INIT;
    struct cache_record cache;
    struct mbentry e;

    box_create(s, "user.fred", &e);
    struct mailbox *mb = box_open(s, "user.fred");
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(box_append(mb, i, 0, NULL), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_cache(mb, 3, &cache), ERR_OK);
    buf_add_slice(&want, cache.whole);
    CU_ASSERT_EQUAL(partition_file(&e, FILE_CACHE, &path), ERR_OK);
    CU_ASSERT_EQUAL(truncate(buf_cstr(&path), 20), 0);
    CU_ASSERT_EQUAL(mailbox_cache(mb, 3, &cache), ERR_OK);
    CU_ASSERT_TRUE(slice_eq(buf_slice(&want), cache.whole));
    CU_ASSERT_EQUAL(unlink(path.p), 0);
    CU_ASSERT_EQUAL(mailbox_cache(mb, 3, &cache), ERR_OK);
    CU_ASSERT_TRUE(slice_eq(buf_slice(&want), cache.whole));
    CU_ASSERT_EQUAL(box_append(mb, 4, 0, NULL), ERR_OK);    /* makes a new one */
    CU_ASSERT_EQUAL(mailbox_cache(mb, 4, &cache), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_cache(mb, 3, &cache), ERR_OK);
    CU_ASSERT_TRUE(slice_eq(buf_slice(&want), cache.whole));
    CU_ASSERT_EQUAL(repack_mailbox(mb, true, NULL), ERR_OK);    /* writes them all again */
    CU_ASSERT_EQUAL(mailbox_cache(mb, 3, &cache), ERR_OK);
    CU_ASSERT_TRUE(slice_eq(buf_slice(&want), cache.whole));
    mailbox_close(&mb);
    buf_fini(&path);
    buf_fini(&want);
    mbentry_fini(&e);
    instance_close(&s);
}

/* When much of it is gone it is written anew at closing. */
static void test_cache_healed(void)
{
    struct store *s = instance_open("");
    struct cache_record cache;
    struct mbentry e;

    box_create(s, "user.fred", &e);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(box_append_many(mb, 30), ERR_OK);
    for (uint32_t lost = 5; lost <= 30; lost += 25) {
        struct buf path = BUF_INIT;
        CU_ASSERT_EQUAL(partition_file(&e, FILE_CACHE, &path), ERR_OK);
        CU_ASSERT_EQUAL(unlink(buf_cstr(&path)), 0);
        mailbox_close(&mb);
        mailbox_pool_trim(s);
        mb = box_open(s, "user.fred");
        for (uint32_t i = 1; i <= lost; i++)
            CU_CHECK_ROW(i, mailbox_cache(mb, i, &cache) == ERR_OK);
        mailbox_close(&mb);
        CU_CHECK_ROW(lost, file_exists(path.p) == (lost == 30));
        mb = box_open(s, "user.fred");
        CU_CHECK_ROW(lost, mailbox_head(mb)->generation == (lost == 30));
        if (lost == 5)
            CU_ASSERT_EQUAL(box_append(mb, 99, 0, NULL), ERR_OK);
        buf_fini(&path);
    }
    CU_ASSERT_PTR_NULL(box_fault(&e));
    mailbox_close(&mb);
    mbentry_fini(&e);
    instance_close(&s);
}

static void test_message_lost(void)
{
    struct store *s = instance_open("");
    struct buf path = BUF_INIT;
    struct slice bytes;
    struct record r;
    struct mbentry e;
    int fd;

    box_create(s, "user.fred", &e);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(box_append(mb, 1, 0, NULL), ERR_OK);
    mailbox_record(mb, 1, &r);
    CU_ASSERT_EQUAL(msgfile_path(&e, &r, &path), ERR_OK);
    CU_ASSERT_EQUAL(truncate(buf_cstr(&path), 20), 0);
    CU_ASSERT_EQUAL(mailbox_message(mb, 1, &bytes), ERR_CORRUPT);
    CU_ASSERT_EQUAL(mailbox_message_fd(mb, 1, &fd), ERR_CORRUPT);
    CU_ASSERT_EQUAL(unlink(path.p), 0);
    CU_ASSERT_EQUAL(mailbox_message(mb, 1, &bytes), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(mailbox_message_fd(mb, 1, &fd), ERR_NOTFOUND);
    mailbox_close(&mb);
    buf_fini(&path);
    mbentry_fini(&e);
    instance_close(&s);
}

static void test_peek(void)
{
    struct store *s = instance_open("");
    struct index_head h;
    struct header header;
    struct mbentry e;

    box_create(s, "user.fred", &e);
    CU_ASSERT_EQUAL(mailbox_peek(s, &e, &h), ERR_OK);
    CU_ASSERT_EQUAL(h.exists, 0);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(box_append(mb, 1, 0, NULL), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_peek(s, &e, &h), ERR_OK);
    CU_ASSERT_EQUAL(h.exists, 1);
    mailbox_close(&mb);
    mailbox_pool_trim(s);
    CU_ASSERT_EQUAL(mailbox_peek(s, &e, &h), ERR_OK);
    CU_ASSERT_EQUAL(h.exists, 1);
    header_init(&header);
    CU_ASSERT_EQUAL(mailbox_peek_header(&e, &header), ERR_OK);
    CU_ASSERT_TRUE(slice_eqs(buf_slice(&header.name), "user.fred"));
    header_fini(&header);
    mbentry_fini(&e);
    instance_close(&s);
}

static void test_names(void)
{
    static const struct { const char *name; uint32_t uid;
    } rows[] = {
        { "1.", 1 },
        { "4294967295.", UINT32_MAX },
        { "4294967296.", 0 },
        { "01.", 0 },
        { "0.", 0 },
        { ".", 0 },
        { "1", 0 },
        { "1.x", 0 },
        { "cyrus.index", 0 },
        { "-1.", 0 },
        { "", 0 },
        { "1..", 0 },
    };
    char name[MSGFILE_NAME_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, msgfile_uid(rows[i].name) == rows[i].uid);
    msgfile_name(UINT32_MAX, name);
    CU_ASSERT_STRING_EQUAL(name, "4294967295.");
}

/* mailbox_initial_flags, mailbox_default_options. */
static void test_new_options(void)
{
    struct store *s =
        instance_open("mailbox_initial_flags: $Forwarded Work\nmailbox_default_options: 4\n");

    box_create(s, "user.fred", NULL);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_TRUE(slice_eqs(mailbox_flag_name(mb, 1), "Work"));
    CU_ASSERT_TRUE(mailbox_head(mb)->options & MBOPT_SHAREDSEEN);
    mailbox_close(&mb);
    instance_close(&s);
}

/* A hard-linked copy of the index keeps the old file alive: the new one is seen all the same. */
static void test_linked_index(void)
{
    struct store *s = instance_open("");
    enum mailbox_news news;
    struct buf path = BUF_INIT;
    struct mbentry e;

    box_create(s, "user.fred", &e);
    struct mailbox *a = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(box_append(a, 1, 0, NULL), ERR_OK);
    CU_ASSERT_EQUAL(partition_file(&e, FILE_INDEX, &path), ERR_OK);
    CU_ASSERT_EQUAL(link(buf_cstr(&path), instance_path("copy")), 0);
    CU_ASSERT_EQUAL(mailbox_refresh(a, &news), ERR_OK);
    CU_ASSERT_EQUAL(news, MAILBOX_SAME);
    CU_ASSERT_EQUAL(rename(path.p, instance_path("away")), 0);
    CU_ASSERT_EQUAL(file_copy(instance_path("away"), path.p, 0600, 0), ERR_OK);
    CU_ASSERT_EQUAL(unlink(instance_path("away")), 0);
    CU_ASSERT_EQUAL(mailbox_refresh(a, &news), ERR_OK);
    CU_ASSERT_EQUAL(news, MAILBOX_REPACKED);
    CU_ASSERT_EQUAL(mailbox_nrecords(a), 1);
    mailbox_close(&a);
    buf_fini(&path);
    mbentry_fini(&e);
    instance_close(&s);
}

/* Metadata on another disk than messages. */
static void test_metapartition(void)
{
    struct mbentry e;
    struct buf why = BUF_INIT, dir = BUF_INIT;
    struct store *s;

    instance_conf(
        "metapartition-default: @DIR@/meta\nmetapartition_files: header index cache annotations\n"
        "expunge_mode: immediate\n");
    CU_ASSERT_EQUAL(mkdir(instance_path("meta"), 0755), 0);
    CU_ASSERT_EQUAL_FATAL(store_open(&s, &why), ERR_OK);
    box_create(s, "user.fred", &e);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(box_append_many(mb, 3), ERR_OK);
    CU_ASSERT_EQUAL(box_expunge(mb, 2), ERR_OK);
    mailbox_close(&mb);
    CU_ASSERT_EQUAL(box_count_files(&e, "."), 2);
    CU_ASSERT_EQUAL(box_count_files(&e, "cyrus.index") + box_count_files(&e, "cyrus.cache"), 0);
    CU_ASSERT_PTR_NULL(box_fault(&e));
    mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(mailbox_nrecords(mb), 2);
    mailbox_close(&mb);
    CU_ASSERT_EQUAL(mailbox_delete_files(s, &e), ERR_OK);
    CU_ASSERT_FALSE(mailbox_has_files(&e));
    CU_ASSERT_EQUAL(partition_dir(&e, FILE_INDEX, &dir), ERR_OK);
    CU_ASSERT_FALSE(file_exists(buf_cstr(&dir)));
    mbentry_fini(&e);
    buf_fini(&why);
    buf_fini(&dir);
    instance_close(&s);
}

/* A message that the real server moved to the archive: read there, repacked, copied from there. */
static void test_archived(void)
{
    struct buf from = BUF_INIT, to = BUF_INIT, why = BUF_INIT, index = BUF_INIT;
    struct cache_record cache;
    struct slice bytes;
    struct mbentry e;
    struct commit *c;
    struct record r;
    struct store *s;
    uint32_t uid;

    instance_conf("archive_enabled: yes\narchivepartition-default: @DIR@/archive\n");
    CU_ASSERT_EQUAL(mkdir(instance_path("archive"), 0755), 0);
    CU_ASSERT_EQUAL_FATAL(store_open(&s, &why), ERR_OK);
    box_create(s, "user.fred", &e);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(box_append_many(mb, 3), ERR_OK);
    mailbox_record(mb, 2, &r);
    CU_ASSERT_EQUAL(msgfile_path(&e, &r, &from), ERR_OK);
    r.flags |= FLAG_INT_ARCHIVED;
    CU_ASSERT_EQUAL(msgfile_path(&e, &r, &to), ERR_OK);
    CU_ASSERT_EQUAL(dir_make_parents(buf_cstr(&to), 0755), ERR_OK);
    CU_ASSERT_EQUAL(rename(buf_cstr(&from), buf_cstr(&to)), 0);
    CU_ASSERT_EQUAL(partition_file(&e, FILE_INDEX, &from), ERR_OK);
    CU_ASSERT_EQUAL(file_load(buf_cstr(&from), 100000, &index), ERR_OK);
    index_record_encode(&r, (uint8_t *)index.p + INDEX_HEAD_SIZE + INDEX_RECORD_SIZE);
    CU_ASSERT_EQUAL(truncate(from.p, 0), 0);
    int fd = open(from.p, O_WRONLY);
    CU_ASSERT_EQUAL(write(fd, index.p, index.n), (ssize_t)index.n);
    close(fd);
    mailbox_close(&mb);
    instance_reopen(&s);
    mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(mailbox_message(mb, 2, &bytes), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_cache(mb, 2, &cache), ERR_OK);
    CU_ASSERT_EQUAL(repack_mailbox(mb, true, NULL), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_cache(mb, 2, &cache), ERR_OK);
    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    CU_ASSERT_EQUAL(commit_copy(c, mb, 2, 0, &uid), ERR_OK);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
    mailbox_record(mb, 4, &r);
    CU_ASSERT_FALSE(r.flags & FLAG_INT_ARCHIVED);
    CU_ASSERT_EQUAL(mailbox_message(mb, 4, &bytes), ERR_OK);
    mailbox_close(&mb);
    CU_ASSERT_EQUAL(mailbox_delete_files(s, &e), ERR_OK);
    CU_ASSERT_FALSE(file_exists(to.p));
    buf_fini(&from);
    buf_fini(&to);
    buf_fini(&why);
    buf_fini(&index);
    mbentry_fini(&e);
    instance_close(&s);
}

/* The file of annotations is made without a sync: an empty one is as none. */
static void test_empty_annotations(void)
{
    struct store *s = instance_open("");
    struct buf path = BUF_INIT;
    struct mbentry e;

    box_create(s, "user.fred", &e);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(box_append_many(mb, 3), ERR_OK);
    CU_ASSERT_EQUAL(partition_file(&e, FILE_ANNOTATIONS, &path), ERR_OK);
    CU_ASSERT_TRUE(file_exists(buf_cstr(&path)));
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(truncate(path.p, i ? 100 : 0), 0);
        CU_CHECK_ROW((size_t)i, box_expunge(mb, 1 + (uint32_t)i) == ERR_OK);
    }
    mailbox_close(&mb);
    buf_fini(&path);
    mbentry_fini(&e);
    instance_close(&s);
}

TEST_SUITE("mailbox", { "linked index", test_linked_index },
           { "metapartition", test_metapartition }, { "archived", test_archived },
           { "empty annotations", test_empty_annotations }, { "sample", test_sample },
           { "absent", test_absent }, { "views", test_views }, { "pool", test_pool },
           { "entry changes", test_entry_changes }, { "legacy move", test_legacy_move },
           { "cache lost", test_cache_lost }, { "cache healed", test_cache_healed },
           { "message lost", test_message_lost }, { "peek", test_peek }, { "names", test_names },
           { "new options", test_new_options })
