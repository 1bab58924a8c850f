/* seen_test.c - what non-owners have seen (imap/store/seen.h)
 *
 * covers: PT-15 PT-16 PT-17
 */
#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/seen.h"
#include "imap/store/seen_format.h"
#include "lib/base/clock.h"

static void test_values(void)
{
    static const struct {
        const char *text;
        bool ok;
        time_t read;
        uint32_t uid;
        const char *uids;
    } rows[] = {
        { "1 1795258295 3 1795258294 2", true, 1795258295, 3, "2" },
        { "1 1795258296 2 1795258296 1:3,6", true, 1795258296, 2, "1:3,6" },
        { "1 5 0 0 ", true, 5, 0, "" },
        { "1 5 0 0", true, 5, 0, "" },
        { "2 5 0 0 1", false, 0, 0, NULL },
        { "1 x 0 0 1", false, 0, 0, NULL },
        { "1 5 -1 0 1", false, 0, 0, NULL },
        { "1 5 0 0 1:*", false, 0, 0, NULL },
        { "1 5 0 0 1,,2", false, 0, 0, NULL },
        { "", false, 0, 0, NULL },
    };
    struct buf out = BUF_INIT;
    struct seen s;

    seen_init(&s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, (seen_parse(slice_cstr(rows[i].text), &s) == ERR_OK) == rows[i].ok);
        CU_CHECK_ROW(i, rows[i].ok || ranges_empty(&s.uids));
        if (!rows[i].ok)
            continue;
        buf_reset(&out);
        ranges_format(&s.uids, &out);
        CU_CHECK_ROW(i, s.last_read == rows[i].read && s.last_uid == rows[i].uid);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].uids));
        buf_reset(&out);
        seen_format(&s, &out);
        CU_CHECK_ROW(i, i == 3 || slice_eqs(buf_slice(&out), rows[i].text));
    }
    seen_fini(&s);
    buf_fini(&out);
}

/* Mary's state in the real server's files. */
static void test_sample(void)
{
    struct store *s = instance_open_sample("");
    struct seen seen;

    CU_ASSERT_EQUAL(seen_read(s, SLICE_LIT("mary"), SLICE_LIT("6todto7sfmscuz3e2ewdwaup"), &seen),
                    ERR_OK);
    CU_ASSERT_EQUAL(seen.last_uid, 3);
    CU_ASSERT_EQUAL(seen.last_read, 1795258295);
    CU_ASSERT_EQUAL(seen.last_change, 1795258294);
    CU_ASSERT_TRUE(ranges_has(&seen.uids, 2));
    CU_ASSERT_EQUAL(ranges_count(&seen.uids), 1);
    seen_fini(&seen);
    CU_ASSERT_EQUAL(seen_read(s, SLICE_LIT("mary"), SLICE_LIT("nosuchmailbox"), &seen), ERR_OK);
    CU_ASSERT_EQUAL(seen.last_uid, 0);
    seen_fini(&seen);
    CU_ASSERT_EQUAL(seen_read(s, SLICE_LIT("nobody"), SLICE_LIT("x"), &seen), ERR_OK);
    CU_ASSERT_TRUE(ranges_empty(&seen.uids));
    seen_fini(&seen);
    struct mailbox *mb = box_open(s, "user.fred.Work");
    CU_ASSERT_TRUE(seen_is_internal(mb, SLICE_LIT("fred")));
    CU_ASSERT_FALSE(seen_is_internal(mb, SLICE_LIT("mary")));
    mailbox_close(&mb);
    mb = box_open(s, "user.fred.Sh");           /* sharedseen */
    CU_ASSERT_TRUE(seen_is_internal(mb, SLICE_LIT("mary")));
    mailbox_close(&mb);
    mb = box_open(s, "shared.news");
    CU_ASSERT_FALSE(seen_is_internal(mb, SLICE_LIT("fred")));
    mailbox_close(&mb);
    instance_close(&s);
}

static void check_state(struct store *s, size_t row, uint32_t last_uid, const char *uids)
{
    struct buf out = BUF_INIT;
    struct seen seen;

    CU_CHECK_ROW(row, seen_read(s, SLICE_LIT("mary"), SLICE_LIT("boxid"), &seen) == ERR_OK);
    ranges_format(&seen.uids, &out);
    CU_CHECK_ROW(row, seen.last_uid == last_uid);
    CU_CHECK_ROW(row, slice_eqs(buf_slice(&out), uids));
    seen_fini(&seen);
    buf_fini(&out);
}

static void test_update(void)
{
    static const struct {
        const char *add, *remove;
        uint32_t last_uid, uid_after;
        const char *after;
    } rows[] = {
        { "1:3", "", 5, 5, "1:3" },  { "4,6", "2", 4, 5, "1,3:4,6" },
        { "", "", 9, 9, "1,3:4,6" }, { "", "1:6", 0, 9, "" },
        { "", "", 0, 9, "" },
    };
    struct store *s = instance_open("");

    box_create(s, "user.mary", NULL);
    clock_fake(1700000000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ranges add = RANGES_INIT, rem = RANGES_INIT;
        CU_ASSERT_EQUAL(ranges_parse(&add, slice_cstr(rows[i].add), 100), ERR_OK);
        CU_ASSERT_EQUAL(ranges_parse(&rem, slice_cstr(rows[i].remove), 100), ERR_OK);
        struct seen_change ch = {
            .add = &add, .remove = &rem, .last_uid = rows[i].last_uid, .durable = true
        };
        struct seen after;
        CU_CHECK_ROW(i,
                     seen_update(s, SLICE_LIT("mary"), SLICE_LIT("boxid"), &ch, &after) == ERR_OK);
        CU_CHECK_ROW(i, after.last_uid == rows[i].uid_after);
        seen_fini(&after);
        check_state(s, i, rows[i].uid_after, rows[i].after);
        ranges_fini(&add);
        ranges_fini(&rem);
    }
    struct seen_change none = { .add = NULL };
    CU_ASSERT_EQUAL(seen_update(s, SLICE_LIT("mary"), SLICE_LIT("boxid"), &none, NULL), ERR_OK);
    instance_reopen(&s);
    check_state(s, 99, 9, "");
    clock_fake(0);
    instance_close(&s);
}

TEST_SUITE("seen", { "values", test_values }, { "sample", test_sample }, { "update", test_update })
