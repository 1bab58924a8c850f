/* recover_test.c - what an opening makes of damaged and torn files (imap/store/recover.h)
 *
 * Every state is made by hand, then the mailbox is opened as after a start of the server.  covers:
 * PT-13 PT-14
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/acl.h"
#include "imap/store/header.h"
#include "imap/store/index.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/mailbox_pool.h"
#include "imap/store/partition.h"
#include "imap/store/quota.h"
#include "imap/store/recover.h"
#include "imap/store/repack.h"
#include "lib/base/endian.h"
#include "lib/os/file.h"
#include "lib/os/sync.h"

enum { N = 12 };

/* A mailbox of N messages, closed; its index as bytes. */
struct case_state {
    struct store *s;
    struct mbentry e;
    struct buf path;                    /* of cyrus.index */
    struct buf index;
};

static void load(const char *path, struct buf *out)
{
    if (file_load(path, 10000000, out) != ERR_OK)
        abort();
}

static void setup(struct case_state *c, const char *conf)
{
    sync_set_enabled(false);
    *c = (struct case_state){ .s = instance_open(conf) };
    box_create(c->s, "user.fred", &c->e);
    struct mailbox *mb = box_open(c->s, "user.fred");
    CU_ASSERT_EQUAL_FATAL(box_append_many(mb, N), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(box_set_flags(mb, 3, FLAG_SEEN | FLAG_FLAGGED, FLAG_SEEN | FLAG_FLAGGED),
                          ERR_OK);
    CU_ASSERT_EQUAL_FATAL(box_expunge(mb, 5), ERR_OK);
    mailbox_close(&mb);
    mailbox_pool_trim(c->s);
    CU_ASSERT_EQUAL_FATAL(partition_file(&c->e, FILE_INDEX, &c->path), ERR_OK);
    load(buf_cstr(&c->path), &c->index);
}

static void teardown(struct case_state *c)
{
    buf_fini(&c->path);
    buf_fini(&c->index);
    mbentry_fini(&c->e);
    instance_close(&c->s);
    sync_set_enabled(true);
}

/* Write the bytes over the index, dated before the server's start. */
static void put_index(struct case_state *c)
{
    const struct timespec old[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
    int fd = open(c->path.p, O_RDWR | O_TRUNC);

    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, c->index.p, c->index.n), (ssize_t)c->index.n);
    CU_ASSERT_EQUAL(futimens(fd, old), 0);
    close(fd);
}

static uint8_t *head_of(struct case_state *c)
{
    return (uint8_t *)c->index.p;
}

static uint8_t *record_of(struct case_state *c, uint32_t recno)
{
    return head_of(c) + INDEX_HEAD_SIZE + (recno - 1) * INDEX_RECORD_SIZE;
}

static void seal_head(struct case_state *c)
{
    struct index_head h;

    (void)!index_head_decode(buf_slice(&c->index), NULL, &h);
    index_head_encode(&h, head_of(c));
}

/* Open; the mailbox must be sound and hold `exists` messages. */
static struct mailbox *reopen(struct case_state *c, uint32_t exists)
{
    put_index(c);
    struct mailbox *mb = box_open(c->s, "user.fred");
    const char *fault = box_fault(&c->e);
    if (fault)
        fprintf(stderr, "recovered mailbox: %s\n", fault);
    CU_ASSERT_PTR_NULL(fault);
    CU_ASSERT_EQUAL(mailbox_head(mb)->exists, exists);
    CU_ASSERT_EQUAL(mailbox_head(mb)->uidvalidity, 1700000000);
    return mb;
}

static bool same_as_before(const struct case_state *c)
{
    struct buf now = BUF_INIT;

    load(c->path.p, &now);
    bool same = slice_eq(buf_slice(&now), buf_slice(&c->index));
    buf_fini(&now);
    return same;
}

/* Sound: looked at once, not written, and not looked at again. */
static void test_sound(void)
{
    struct case_state c;
    struct stat st;

    setup(&c, "");
    struct mailbox *mb = reopen(&c, N - 1);
    CU_ASSERT_TRUE(same_as_before(&c));
    CU_ASSERT_EQUAL(mailbox_repaired(mb), 0);
    CU_ASSERT_EQUAL(stat(c.path.p, &st), 0);
    CU_ASSERT_TRUE(st.st_mtime > 1000000000);
    mailbox_close(&mb);
    teardown(&c);
}

/* One byte of the header, wherever: exactly the old bytes again. */
static void test_head_byte(void)
{
    struct case_state c;

    setup(&c, "");
    for (size_t at = 0; at < INDEX_HEAD_SIZE; at += 9) {
        head_of(&c)[at] ^= 0x21;
        struct mailbox *mb = reopen(&c, N - 1);
        mailbox_close(&mb);
        mailbox_pool_trim(c.s);
        head_of(&c)[at] ^= 0x21;
        CU_CHECK_ROW(at, same_as_before(&c));
    }
    teardown(&c);
}

/* A stretch of the header: counts come from the records. */
static void test_head_torn(void)
{
    struct case_state c;
    struct record r;

    setup(&c, "");
    memset(head_of(&c) + IH_DELETED, 0x5a, 12);
    memset(head_of(&c) + IH_EXISTS, 0, 4);
    struct mailbox *mb = reopen(&c, N - 1);
    CU_ASSERT_EQUAL(mailbox_head(mb)->last_uid, N);
    CU_ASSERT_EQUAL(mailbox_head(mb)->flagged, 1);
    mailbox_record(mb, 3, &r);
    CU_ASSERT_EQUAL(r.flags, FLAG_SEEN | FLAG_FLAGGED);
    mailbox_close(&mb);
    teardown(&c);
}

/* Nothing left of the header: no UID and no modseq that was given before comes again. */
static void test_head_lost(void)
{
    struct case_state c;
    uint32_t uid;

    setup(&c, "");
    memset(head_of(&c), 0, INDEX_HEAD_SIZE);
    struct mailbox *mb = reopen(&c, N - 1);
    CU_ASSERT_TRUE(mailbox_head(mb)->last_uid > 1000);
    CU_ASSERT_TRUE(mailbox_head(mb)->highestmodseq > 1000);
    CU_ASSERT_EQUAL(mailbox_nrecords(mb), N);
    CU_ASSERT_EQUAL(box_append(mb, 1, 0, &uid), ERR_OK);
    CU_ASSERT_TRUE(uid > 1000);
    mailbox_close(&mb);
    teardown(&c);
}

static void test_record_byte(void)
{
    struct case_state c;

    setup(&c, "");
    for (size_t at = 0; at < INDEX_RECORD_SIZE; at += 7) {
        record_of(&c, 4)[at] ^= 0x10;
        struct mailbox *mb = reopen(&c, N - 1);
        CU_CHECK_ROW(at, mailbox_repaired(mb) == 0); /* nothing was lost */
        mailbox_close(&mb);
        mailbox_pool_trim(c.s);
        record_of(&c, 4)[at] ^= 0x10;
        CU_CHECK_ROW(at, same_as_before(&c));
    }
    teardown(&c);
}

/* A rewrite of flags cut in the middle: both halves are of their time, the rest comes from the
 * message. */
static void test_record_torn(void)
{
    struct case_state c;
    struct record r;
    struct index_layout l;
    uint8_t half[INDEX_RECORD_SIZE];

    setup(&c, "");
    CU_ASSERT_TRUE(index_layout_of(INDEX_VERSION, &l));
    index_record_decode(record_of(&c, 2), &l, &r);
    r.flags |= FLAG_ANSWERED;
    r.modseq += 100;
    r.last_updated += 5;
    index_record_encode(&r, half);
    memcpy(record_of(&c, 2), half, 56);
    struct mailbox *mb = reopen(&c, N - 1);
    mailbox_record(mb, 2, &r);
    CU_ASSERT_EQUAL(r.uid, 2);
    CU_ASSERT_TRUE(r.flags & FLAG_ANSWERED);
    CU_ASSERT_EQUAL(r.modseq, mailbox_head(mb)->highestmodseq);
    CU_ASSERT_EQUAL(r.internaldate, 1600000000);
    CU_ASSERT_EQUAL(mailbox_head(mb)->answered, 1);
    mailbox_close(&mb);
    teardown(&c);
}

/* The last record never reached the disk, but the header that counts it did. */
static void test_record_missing(void)
{
    struct case_state c;
    struct record r;

    setup(&c, "");
    memset(record_of(&c, N), 0, INDEX_RECORD_SIZE);
    struct mailbox *mb = reopen(&c, N - 1);
    mailbox_record(mb, N, &r);
    CU_ASSERT_EQUAL(r.uid, N);                              /* made again from the message */
    mailbox_close(&mb);
    mailbox_pool_trim(c.s);
    load(c.path.p, &c.index);
    c.index.n -= INDEX_RECORD_SIZE;                         /* not even the place for it */
    mb = reopen(&c, N - 1);                                 /* the message is taken in again */
    CU_ASSERT_EQUAL(mailbox_nrecords(mb), N);
    mailbox_record(mb, N, &r);
    CU_ASSERT_EQUAL(r.uid, N);
    CU_ASSERT_TRUE(mailbox_head(mb)->last_uid >= N);
    mailbox_close(&mb);
    teardown(&c);
}

/* Records of a commit without its header: they count, and modseqs go on from them. */
static void test_header_behind(void)
{
    struct case_state c;
    struct record r;
    struct index_layout l;

    setup(&c, "");
    CU_ASSERT_TRUE(index_layout_of(INDEX_VERSION, &l));
    for (uint32_t i = 6; i <= 9; i++) {
        index_record_decode(record_of(&c, i), &l, &r);
        r.flags |= FLAG_SEEN;
        r.modseq = 1000 + i;
        index_record_encode(&r, record_of(&c, i));
    }
    struct mailbox *mb = reopen(&c, N - 1);
    CU_ASSERT_EQUAL(mailbox_head(mb)->highestmodseq, 1009);
    CU_ASSERT_EQUAL(mailbox_repaired(mb), 0);
    CU_ASSERT_EQUAL(mailbox_head(mb)->unseen, N - 1 - 5);
    mailbox_close(&mb);
    teardown(&c);
}

/* And the reverse: the header of a commit whose record was lost; only the sync CRC differs. */
static void test_record_behind(void)
{
    struct case_state c;
    struct index_head h;

    setup(&c, "");
    CU_ASSERT_EQUAL(index_head_decode(buf_slice(&c.index), NULL, &h), ERR_OK);
    h.highestmodseq += 7;
    h.sync_crc_basic ^= 12345;
    index_head_encode(&h, head_of(&c));
    struct mailbox *mb = reopen(&c, N - 1);
    CU_ASSERT_EQUAL(mailbox_head(mb)->sync_crc_basic, h.sync_crc_basic ^ 12345);
    CU_ASSERT_EQUAL(mailbox_head(mb)->highestmodseq, h.highestmodseq);
    mailbox_close(&mb);
    teardown(&c);
}

/* A message that was durable, its record not: it is kept.  After a writer's death it goes. */
static void test_orphans(void)
{
    struct buf dir = BUF_INIT, bytes = BUF_INIT;
    struct case_state c;
    char path[700];

    for (int unfinished = 0; unfinished < 2; unfinished++) {
        setup(&c, "");
        CU_ASSERT_EQUAL(partition_dir(&c.e, FILE_MESSAGE, &dir), ERR_OK);
        snprintf(path, sizeof path, "%.*s/2.", SLICE_ARG(buf_slice(&dir)));
        load(path, &bytes);
        for (unsigned uid = N + 1; uid <= N + 3; uid += 2) {
            snprintf(path, sizeof path, "%.*s/%u.", SLICE_ARG(buf_slice(&dir)), uid);
            CU_ASSERT_EQUAL(
                file_replace(path, instance_path("x.NEW"), buf_slice(&bytes), 0600, FILE_NOSYNC),
                ERR_OK);
        }
        if (unfinished) {
            be32_put(head_of(&c) + IH_OPTIONS,
                     be32_get(head_of(&c) + IH_OPTIONS) | INDEX_OPT_UNFINISHED);
            seal_head(&c);
        }
        struct mailbox *mb = reopen(&c, unfinished ? N - 1 : N + 1);
        CU_ASSERT_EQUAL(mailbox_head(mb)->last_uid, unfinished ? N : N + 3);
        CU_ASSERT_EQUAL(box_count_files(&c.e, "."), unfinished ? N : N + 2);
        mailbox_close(&mb);
        teardown(&c);
    }
    buf_fini(&dir);
    buf_fini(&bytes);
}

/* A writer died while it changed things: found by a reader, and by the next writer, while the
 * server runs. */
static void test_unfinished(void)
{
    struct buf leftover = BUF_INIT;
    struct case_state c;
    enum mailbox_news news;

    setup(&c, "");
    struct mailbox *mb = box_open(c.s, "user.fred"), *other = box_open(c.s, "user.fred");
    buf_addf(&leftover, "%s.NEW", c.path.p);
    for (int round = 0; round < 2; round++) {
        load(c.path.p, &c.index);
        be32_put(head_of(&c) + IH_OPTIONS,
                 be32_get(head_of(&c) + IH_OPTIONS) | INDEX_OPT_UNFINISHED);
        be32_put(head_of(&c) + IH_UNSEEN, 999);
        seal_head(&c);
        buf_adds(&c.index, "bytes of records that were never committed");
        put_index(&c);
        CU_ASSERT_EQUAL(file_replace(buf_cstr(&leftover), instance_path("x.NEW"), SLICE_LIT("x"),
                                     0600, FILE_NOSYNC),
                        ERR_OK);
        err_t err =
            round ? box_set_flags(mb, 1, FLAG_DRAFT, FLAG_DRAFT) : mailbox_refresh(mb, &news);
        CU_CHECK_ROW((size_t)round, err == ERR_OK);
        CU_CHECK_ROW((size_t)round, box_fault(&c.e) == NULL);
        CU_CHECK_ROW((size_t)round, mailbox_head(mb)->unseen == N - 2);
        CU_ASSERT_FALSE(file_exists(leftover.p));
    }
    CU_ASSERT_EQUAL(mailbox_refresh(other, &news), ERR_OK);
    CU_ASSERT_EQUAL(news, MAILBOX_CHANGED);
    mailbox_close(&mb);
    mailbox_close(&other);
    buf_fini(&leftover);
    teardown(&c);
}

/* New files without their names beside an index that says nothing of them: gone at the first opening. */
static void test_leftovers(void)
{
    static const enum store_file files[] = { FILE_INDEX, FILE_HEADER, FILE_CACHE };
    struct buf path = BUF_INIT;
    struct case_state c;

    setup(&c, "");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        CU_ASSERT_EQUAL(partition_file(&c.e, files[i], &path), ERR_OK);
        buf_adds(&path, ".NEW");
        CU_ASSERT_EQUAL(file_replace(buf_cstr(&path), instance_path("x.NEW"), SLICE_LIT("x"), 0600,
                                     FILE_NOSYNC),
                        ERR_OK);
    }
    CU_ASSERT_EQUAL(file_set_mtime(c.path.p, 1000000000), ERR_OK);
    struct mailbox *mb = box_open(c.s, "user.fred");
    CU_ASSERT_EQUAL(box_count_files(&c.e, ".NEW"), 0);
    CU_ASSERT_EQUAL(mailbox_nrecords(mb), N);
    mailbox_close(&mb);
    buf_fini(&path);
    teardown(&c);
}

/* Who died between the list and cyrus.header left the old rights there. */
static void test_rights_in_header(void)
{
    const struct slice root = SLICE_NULL;
    struct buf list = BUF_INIT, path = BUF_INIT;
    struct case_state c;
    struct header h;

    setup(&c, "");
    header_init(&h);
    buf_add_slice(&list, buf_slice(&c.e.acl));
    CU_ASSERT_EQUAL(acl_change(&c.e.acl, SLICE_LIT("stranger"), ACL_MODE_SET, ACL_L), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_set_header(c.s, &c.e, &root, NULL), ERR_OK);
    mailbox_pool_trim(c.s);
    CU_ASSERT_EQUAL(file_set_mtime(c.path.p, 1000000000), ERR_OK);
    struct mailbox *mb = box_open(c.s, "user.fred");
    CU_ASSERT_EQUAL(partition_file(&c.e, FILE_HEADER, &path), ERR_OK);
    CU_ASSERT_EQUAL(header_load(buf_cstr(&path), &h), ERR_OK);
    CU_ASSERT_TRUE(slice_eq(buf_slice(&h.acl), buf_slice(&list)));
    mailbox_close(&mb);
    header_fini(&h);
    buf_fini(&path);
    buf_fini(&list);
    teardown(&c);
}

/* The quota root of a mailbox whose writer died is counted again. */
static void test_quota(void)
{
    int64_t limits[QUOTA_NRES] = { 1000000, QUOTA_UNLIMITED, QUOTA_UNLIMITED, QUOTA_UNLIMITED };
    struct case_state c;
    struct quota_state q;
    struct quota *lock;

    setup(&c, "");
    CU_ASSERT_EQUAL(quota_set_limits(c.s, SLICE_LIT("user.fred"), limits), ERR_OK);
    CU_ASSERT_EQUAL(quota_lock(c.s, SLICE_LIT("user.fred"), false, &lock), ERR_OK);
    quota_add(lock, QUOTA_MESSAGE, 5);
    quota_add(lock, QUOTA_STORAGE, 5000);
    CU_ASSERT_EQUAL(quota_commit(&lock), ERR_OK);
    load(c.path.p, &c.index);
    be32_put(head_of(&c) + IH_OPTIONS, be32_get(head_of(&c) + IH_OPTIONS) | INDEX_OPT_UNFINISHED);
    seal_head(&c);
    struct mailbox *mb = reopen(&c, N - 1);
    CU_ASSERT_EQUAL(quota_read(c.s, SLICE_LIT("user.fred"), &q), ERR_OK);
    CU_ASSERT_EQUAL(q.used[QUOTA_MESSAGE], N - 1);
    CU_ASSERT_EQUAL((uint64_t)q.used[QUOTA_STORAGE], mailbox_head(mb)->quota_used);
    mailbox_close(&mb);
    teardown(&c);
}

/* Whoever selects the mailbox within a day of a repair that lost something can be told, also by
 * another process, and after a repack; then no more. */
static void test_repaired(void)
{
    struct case_state c;
    struct index_head h;

    setup(&c, "");
    memset(record_of(&c, 3) + IR_UID + 4, 0x5a, 8);
    struct mailbox *mb = reopen(&c, N - 1);
    const time_t when = mailbox_repaired(mb);
    CU_ASSERT_NOT_EQUAL(when, 0);
    CU_ASSERT_EQUAL(repack_mailbox(mb, true, NULL), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_repaired(mb), when);
    mailbox_close(&mb);
    mailbox_pool_trim(c.s);
    mb = box_open(c.s, "user.fred");
    CU_ASSERT_EQUAL(mailbox_repaired(mb), when);
    mailbox_close(&mb);
    mailbox_pool_trim(c.s);
    load(c.path.p, &c.index);
    CU_ASSERT_EQUAL(index_head_decode(buf_slice(&c.index), NULL, &h), ERR_OK);
    h.last_repack_time -= 25 * 60 * 60;
    index_head_encode(&h, head_of(&c));
    mb = reopen(&c, N - 1);
    CU_ASSERT_EQUAL(mailbox_repaired(mb), 0);
    CU_ASSERT_EQUAL(repack_mailbox(mb, true, NULL), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_head(mb)->options & INDEX_OPT_REPAIRED, 0);
    mailbox_close(&mb);
    teardown(&c);
}

/* Cut behind its header under a view that has it mapped: nobody is shown zeros for records, neither
 * by a command that is under way nor by the next refresh. */
static void test_cut_while_open(void)
{
    struct case_state c;
    enum mailbox_news news;

    setup(&c, "");
    struct mailbox *mb = box_open(c.s, "user.fred");
    CU_ASSERT_EQUAL(mailbox_read_ok(mb), ERR_OK);
    CU_ASSERT_EQUAL(truncate(c.path.p, (off_t)(c.index.n - 3 * INDEX_RECORD_SIZE)), 0);
    CU_ASSERT_EQUAL(mailbox_uid_at(mb, N), 0);
    CU_ASSERT_EQUAL(mailbox_read_ok(mb), ERR_IO);
    CU_ASSERT_EQUAL(mailbox_refresh(mb, &news), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_nrecords(mb), N);
    for (uint32_t recno = 1; recno <= N; recno++)
        CU_CHECK_ROW(recno, mailbox_uid_at(mb, recno) == recno && mailbox_record_ok(mb, recno));
    CU_ASSERT_EQUAL(mailbox_read_ok(mb), ERR_OK);
    CU_ASSERT_NOT_EQUAL(mailbox_repaired(mb), 0);
    mailbox_close(&mb);
    teardown(&c);
}

/* Any one byte of cyrus.header comes back, whether the file can still be read or not, for a reader
 * and for a writer, and nothing is lost. */
static void test_header_byte(void)
{
    struct case_state c;
    struct buf path = BUF_INIT, good = BUF_INIT, now = BUF_INIT;

    setup(&c, "");
    CU_ASSERT_EQUAL(partition_file(&c.e, FILE_HEADER, &path), ERR_OK);
    load(buf_cstr(&path), &good);
    for (size_t at = 0; at < good.n; at++) {
        const int fd = open(path.p, O_WRONLY);
        const char bad = good.p[at] ^ (char)(1 << at % 8);
        CU_CHECK_ROW(at, pwrite(fd, &bad, 1, (off_t)at) == 1);
        close(fd);
        struct mailbox *mb = box_open(c.s, "user.fred");
        CU_CHECK_ROW(at, (at % 2 ? mailbox_flags_known(mb)
                                 : box_set_flags(mb, 1, FLAG_DRAFT, at % 4 ? FLAG_DRAFT : 0)) ==
                             ERR_OK);
        CU_CHECK_ROW(at, mailbox_repaired(mb) == 0);
        mailbox_close(&mb);
        mailbox_pool_trim(c.s);
        load(path.p, &now);
        CU_CHECK_ROW(at, slice_eq(buf_slice(&now), buf_slice(&good)));
    }
    buf_fini(&path);
    buf_fini(&good);
    buf_fini(&now);
    teardown(&c);
}

static void test_header_file(void)
{
    struct case_state c;
    struct buf path = BUF_INIT;
    enum mailbox_news news;

    setup(&c, "");
    CU_ASSERT_EQUAL(partition_file(&c.e, FILE_HEADER, &path), ERR_OK);
    for (int round = 0; round < 2; round++) {
        int failed = round ? unlink(buf_cstr(&path)) : truncate(buf_cstr(&path), 50);
        CU_CHECK_ROW((size_t)round, failed == 0);
        struct mailbox *mb = box_open(c.s, "user.fred");
        (void)mailbox_quotaroot(mb);                        /* notices it */
        CU_ASSERT_EQUAL(mailbox_refresh(mb, &news), ERR_OK);
        struct header h;
        header_init(&h);
        CU_ASSERT_EQUAL(mailbox_peek_header(&c.e, &h), ERR_OK);
        CU_ASSERT_TRUE(slice_eqs(buf_slice(&h.name), "user.fred"));
        CU_ASSERT_EQUAL(h.crc, mailbox_head(mb)->header_file_crc);
        CU_ASSERT_NOT_EQUAL(mailbox_repaired(mb), 0); /* names of keywords */
        header_fini(&h);
        mailbox_close(&mb);
        mailbox_pool_trim(c.s);
    }
    buf_fini(&path);
    teardown(&c);
}

/* Damage that shows while a session is open. */
static void test_while_open(void)
{
    struct case_state c;
    enum mailbox_news news;

    setup(&c, "");
    struct mailbox *mb = box_open(c.s, "user.fred");
    memset(record_of(&c, 7) + 28, 0xff, 12);
    put_index(&c);
    CU_ASSERT_TRUE(mailbox_record_ok(mb, 6));
    CU_ASSERT_FALSE(mailbox_record_ok(mb, 7));
    CU_ASSERT_EQUAL(mailbox_refresh(mb, &news), ERR_OK);
    CU_ASSERT_EQUAL(news, MAILBOX_CHANGED);
    CU_ASSERT_TRUE(mailbox_record_ok(mb, 7));
    CU_ASSERT_PTR_NULL(box_fault(&c.e));
    mailbox_close(&mb);
    teardown(&c);
}

/* Cut anywhere, or any byte changed: an answer, and no wrong one. */
static void test_any_damage(void)
{
    struct buf good = BUF_INIT;
    struct case_state c;
    struct mailbox *mb;

    setup(&c, "");
    buf_add_slice(&good, buf_slice(&c.index));
    for (size_t cut = 0; cut < good.n; cut += 37) {
        c.index.n = cut;
        put_index(&c);
        err_t err = mailbox_open(c.s, SLICE_LIT("user.fred"), &mb);
        CU_CHECK_ROW(cut, err == ERR_OK || err == ERR_CORRUPT);
        CU_CHECK_ROW(cut, err != ERR_OK || box_fault(&c.e) == NULL);
        mailbox_close(&mb);
        mailbox_pool_trim(c.s);
        buf_reset(&c.index);
        buf_add_slice(&c.index, buf_slice(&good));
    }
    for (size_t at = 0; at < good.n; at += 31) {
        c.index.p[at] = (char)~c.index.p[at];
        put_index(&c);
        CU_CHECK_ROW(at, mailbox_open(c.s, SLICE_LIT("user.fred"), &mb) == ERR_OK);
        mailbox_close(&mb);
        mailbox_pool_trim(c.s);
        c.index.p[at] = good.p[at];
        CU_CHECK_ROW(at, same_as_before(&c));
    }
    buf_fini(&good);
    teardown(&c);
}

TEST_SUITE("recover", { "sound", test_sound }, { "head: a byte", test_head_byte },
           { "head torn", test_head_torn }, { "head lost", test_head_lost },
           { "record: a byte", test_record_byte }, { "record torn", test_record_torn },
           { "record missing", test_record_missing }, { "header behind", test_header_behind },
           { "record behind", test_record_behind }, { "orphans", test_orphans },
           { "unfinished", test_unfinished }, { "leftovers", test_leftovers },
           { "rights in the header", test_rights_in_header }, { "quota", test_quota },
           { "header: a byte", test_header_byte }, { "header file", test_header_file },
           { "while open", test_while_open }, { "repaired", test_repaired },
           { "cut while open", test_cut_while_open }, { "any damage", test_any_damage })
