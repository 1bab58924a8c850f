/* synccrc_test.c - the checksums that replication compares (imap/store/synccrc.h)
 *
 * covers: PT-32
 */
#include <zlib.h>

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/msgannot.h"
#include "imap/store/synccrc.h"
#include "lib/base/crc32.h"

struct sums {
    uint32_t basic, annot;
};

static struct sums sum_up(struct mailbox *mb, struct msgannot *annots)
{
    struct sums s = { 0, 12345678 };
    struct synccrc_flags f;
    struct header h;

    header_init(&h);
    for (unsigned i = 0; i < USER_FLAGS_MAX; i++)
        buf_add_slice(&h.flag[i], mailbox_flag_name(mb, i));
    synccrc_flags_init(&f, &h);
    for (uint32_t n = 1; n <= mailbox_nrecords(mb); n++) {
        struct msgannot_share share;
        struct record r;
        mailbox_record(mb, n, &r);
        s.basic ^= synccrc_basic(&r, &f);
        s.annot ^= synccrc_virtual(&r);
        if (annots && !(r.flags & FLAG_INT_EXPUNGED)) {
            CU_ASSERT_EQUAL(msgannot_share(annots, r.uid, &share), ERR_OK);
            s.annot ^= share.crc;
        }
    }
    header_fini(&h);
    return s;
}

/* Values that the real server answered (synccrcs of GETMETADATA). */
static void test_sample(void)
{
    static const struct { const char *name; uint32_t basic, annot; } rows[] = {
        { "user.fred", 1220682809u, 2618954857u },
        { "user.fred.Sh", 1956658103u, 567547698u },
        { "shared.news", 3432798403u, 3487200798u },
    };
    struct store *s = instance_open_sample("");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mailbox *mb = box_open(s, rows[i].name);
        struct msgannot *a = NULL;
        (void)!msgannot_open(s, mailbox_entry(mb), &a);
        struct sums got = sum_up(mb, a);
        CU_CHECK_ROW(i, got.basic == rows[i].basic &&
                            mailbox_head(mb)->sync_crc_basic == rows[i].basic);
        CU_CHECK_ROW(i, got.annot == rows[i].annot &&
                            mailbox_head(mb)->sync_crc_annot == rows[i].annot);
        msgannot_close(&a);
        mailbox_close(&mb);
    }
    instance_close(&s);
}

static void test_shares(void)
{
    struct record r = {
        .uid = 1, .flags = FLAG_INT_EXPUNGED, .savedate = 5, .createdmodseq = 7, .cid = 255
    };
    struct synccrc_flags f;
    struct header h;

    header_init(&h);
    buf_adds(&h.flag[3], "$Label1");
    synccrc_flags_init(&f, &h);
    CU_ASSERT_EQUAL(synccrc_basic(&r, &f), 0);
    CU_ASSERT_EQUAL(synccrc_virtual(&r), 0);
    r.flags = 0;
    uint32_t plain = synccrc_basic(&r, &f);
    CU_ASSERT_EQUAL(plain, crc32_of("1 0 0 (0) 0 0000000000000000000000000000000000000000", 52));
    r.user_flags[0] = 8;
    char text[120];
    int n = snprintf(text, sizeof text, "1 0 0 (%u) 0 0000000000000000000000000000000000000000",
                     crc32_of("$label1", 7));
    CU_ASSERT_EQUAL(synccrc_basic(&r, &f), crc32_of(text, (size_t)n));
    CU_ASSERT_EQUAL(synccrc_virtual(&r),
                    crc32_of("1 /vendor/cmu/cyrus-imapd/thrid  ff", 35) ^
                        crc32_of("1 /vendor/cmu/cyrus-imapd/savedate  5", 37) ^
                        crc32_of("1 /vendor/cmu/cyrus-imapd/createdmodseq  7", 42));
    header_fini(&h);
}

/* The checksum itself, against zlib, at every length and alignment that matters. */
static void test_crc32(void)
{
    unsigned char bytes[1200];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 131 + (i >> 3));
    for (size_t n = 0; n < 1100; n += n < 140 ? 1 : 31)
        for (size_t at = 0; at < 9; at++)
            CU_CHECK_ROW(n, crc32_add(7, bytes + at, n) == (n ? crc32_z(7, bytes + at, n) : 7));
}

TEST_SUITE("synccrc", { "sample", test_sample }, { "shares", test_shares }, { "crc32", test_crc32 })
