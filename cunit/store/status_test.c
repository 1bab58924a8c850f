/* status_test.c - counts for STATUS, on the real server's sample and on what we write
 *
 * covers: IM-01
 */
#include "imap/store/status.h"

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/seen.h"

enum { ALL = STATUS_COUNTS | STATUS_RECENT | STATUS_UNSEEN };

/* As the real server answered (cyrus-3.6.1-spool.md). */
static void test_sample(void)
{
    static const struct {
        const char *name, *userid;
        struct status want;
    } rows[] = {
        { "user.fred", "fred", { 6, 1, 3, 8, 1795258294, 0, 2702, 22, 0 } },
        { "user.fred.Work", "mary", { 3, 0, 2, 4, 1795258294, 0, 1778, 10, 0 } },
        { "user.fred.Sh", "mary", { 2, 0, 1, 3, 1795258294, 0, 212, 7, 0 } },
        { "shared.news", "mary", { 2, 0, 1, 3, 1795258294, 0, 650, 6, 0 } },
    };
    struct store *s = instance_open_sample("hashimapspool: yes");
    struct mbentry e;
    struct status got;

    mbentry_init(&e);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, mblist_lookup(s, slice_cstr(rows[i].name), &e) == ERR_OK);
        CU_CHECK_ROW(i, status_read(s, &e, slice_cstr(rows[i].userid), ALL, &got) == ERR_OK);
        got.deleted = 0;
        CU_CHECK_ROW(i, memcmp(&got, &rows[i].want, sizeof got) == 0);
    }
    mbentry_fini(&e);
    instance_close(&s);
}

static void check(struct store *s, const struct mbentry *e, const char *userid, uint32_t messages,
                  uint32_t recent, uint32_t unseen)
{
    struct status got;

    CU_ASSERT_EQUAL(status_read(s, e, slice_cstr(userid), ALL, &got), ERR_OK);
    CU_ASSERT_EQUAL(got.messages, messages);
    CU_ASSERT_EQUAL(got.recent, recent);
    CU_ASSERT_EQUAL(got.unseen, unseen);
    CU_ASSERT_EQUAL(status_read(s, e, slice_cstr(userid), STATUS_COUNTS, &got), ERR_OK);
    CU_ASSERT_EQUAL(got.messages, messages);
    CU_ASSERT_EQUAL(got.recent, 0);
}

static void test_others(void)
{
    struct store *s = instance_open("");
    struct ranges seen = RANGES_INIT;
    struct seen after;
    struct mailbox *mb;
    struct mbentry e;

    box_create(s, "user.ann", &e);
    check(s, &e, "ann", 0, 0, 0);
    check(s, &e, "bob", 0, 0, 0);
    mb = box_open(s, "user.ann");
    CU_ASSERT_EQUAL(box_append_many(mb, 5), ERR_OK);
    CU_ASSERT_EQUAL(box_set_flags(mb, 2, FLAG_SEEN, FLAG_SEEN), ERR_OK);
    CU_ASSERT_EQUAL(box_expunge(mb, 3), ERR_OK);
    check(s, &e, "ann", 4, 4, 3);
    check(s, &e, "bob", 4, 4, 4);
    ranges_add(&seen, 1, 3);                    /* 3 is expunged */
    seen_init(&after);
    const struct seen_change change = {
        .add = &seen, .last_uid = 4, .last_change = 1, .durable = true
    };

    CU_ASSERT_EQUAL(seen_update(s, SLICE_LIT("bob"), buf_slice(&e.uniqueid), &change, &after),
                    ERR_OK);
    check(s, &e, "bob", 4, 1, 2);
    seen_fini(&after);
    ranges_fini(&seen);
    mailbox_close(&mb);
    mbentry_fini(&e);
    instance_close(&s);
}

static void test_absent(void)
{
    struct store *s = instance_open("");
    struct status got;
    struct mbentry e;

    mbentry_init(&e);
    buf_adds(&e.name, "user.x");
    buf_adds(&e.uniqueid, "aaaaaaaaaaaaaaaaaaaaaaaa");
    buf_adds(&e.partition, "default");
    CU_ASSERT_EQUAL(status_read(s, &e, SLICE_LIT("x"), ALL, &got), ERR_NOTFOUND);
    mbentry_fini(&e);
    instance_close(&s);
}

TEST_SUITE("status", { "sample", test_sample }, { "others", test_others },
           { "absent", test_absent })
