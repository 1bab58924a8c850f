/* index_test.c - header and records of cyrus.index as bytes (imap/store/index.h)
 *
 * covers: PT-13
 */
#include "cunit/store/samples.h"
#include "cunit/test.h"
#include "imap/store/index.h"
#include "lib/base/endian.h"

/* One mailbox in ten versions, all written by the real server
 * (cunit/data/cyrus-3.6.1-index-versions.md). */
struct version_row {
    uint32_t version, head_size, record_size;
    uint64_t highestmodseq;
    uint32_t exists, recentuid, generation;
};
static const struct version_row versions[] = {
    { 6, 76, 60, 1, 7, 0, 9 },      { 7, 76, 72, 1, 7, 0, 8 },      { 8, 92, 80, 18, 7, 0, 7 },
    { 9, 96, 80, 18, 7, 0, 6 },     { 12, 128, 96, 18, 5, 7, 5 },   { 13, 128, 104, 18, 5, 7, 4 },
    { 14, 160, 104, 18, 5, 7, 3 },  { 15, 160, 104, 18, 5, 7, 2 },  { 16, 160, 112, 18, 5, 7, 1 },
    { 17, 160, 112, 1, 5, 7, 10 },
};
enum { NVERSIONS = sizeof versions / sizeof *versions };

static void check_records(size_t row, struct slice file, const struct index_layout *l)
{
    static const uint32_t sizes[] = { 469, 1278, 31, 186, 181, 324, 181 };
    struct record r;

    for (uint32_t i = 0; i < 7; i++) {
        const uint8_t *p = (const uint8_t *)file.p + l->head_size + i * l->record_size;
        index_record_decode(p, l, &r);
        CU_CHECK_ROW(row, index_record_crc_ok(p, l));
        CU_CHECK_ROW(row, r.uid == i + 1);
        CU_CHECK_ROW(row, r.size == sizes[i]);
        CU_CHECK_ROW(row, r.internaldate == 1709287200 + 86400 * (i == 6 ? 4 : i));
        CU_CHECK_ROW(row, r.cache_version == 11 && r.cache_offset >= 4);
        CU_CHECK_ROW(row, l->version < 12 || !!(r.flags & FLAG_INT_EXPUNGED) == (i == 1 || i == 3));
        CU_CHECK_ROW(row, l->version < 12 ||
                              !!(r.flags & FLAG_SEEN) == (i == 0 || i == 2 || i == 4 || i == 6));
        CU_CHECK_ROW(row, r.user_flags[0] == (i == 1 ? 1u : i == 3 ? 2u : i == 5 ? 4u : 0u));
        CU_CHECK_ROW(row, l->version < 15 || r.savedate == 1795258757u + (i == 6));
        CU_CHECK_ROW(row, l->version < 16 || r.createdmodseq == (i == 6 ? 7u : i + 3));
        CU_CHECK_ROW(row,
                     l->version < 10 || r.guid.b[0] == (uint8_t) "\xa9\x02\xe1\xc2\x91\xd8\x91"[i]);
    }
}

static void test_versions(void)
{
    char name[40];

    samples_unpack_versions();
    for (size_t i = 0; i < NVERSIONS; i++) {
        const struct version_row *v = &versions[i];
        struct buf file = BUF_INIT;
        struct index_layout l;
        struct index_head h;
        snprintf(name, sizeof name, "v%u/cyrus.index", v->version);
        samples_load(name, &file);
        CU_CHECK_ROW(i, index_head_decode(buf_slice(&file), &l, &h) == ERR_OK);
        CU_CHECK_ROW(i, l.version == v->version && l.head_size == v->head_size &&
                            l.record_size == v->record_size);
        CU_CHECK_ROW(i, h.nrecords == 7 && h.last_uid == 7 && h.uidvalidity == 1795258757);
        CU_CHECK_ROW(i, h.highestmodseq == v->highestmodseq);
        CU_CHECK_ROW(i, h.exists == v->exists);
        CU_CHECK_ROW(i, h.recentuid == v->recentuid);
        CU_CHECK_ROW(i, h.generation == v->generation);
        CU_CHECK_ROW(i, h.quota_used == 1186);
        CU_CHECK_ROW(i, file.n == l.head_size + 7 * (size_t)l.record_size);
        check_records(i, buf_slice(&file), &l);
        buf_fini(&file);
    }
}

/* What the real server wrote comes out of our encoder byte for byte. */
static void test_round_trip(void)
{
    struct buf file = BUF_INIT;
    struct index_layout l;
    struct index_head h;
    struct record r;
    uint8_t raw[INDEX_HEAD_SIZE];

    samples_unpack_versions();
    samples_load("v17/cyrus.index", &file);
    CU_ASSERT_EQUAL_FATAL(index_head_decode(buf_slice(&file), &l, &h), ERR_OK);
    index_head_encode(&h, raw);
    CU_ASSERT_EQUAL(memcmp(raw, file.p, INDEX_HEAD_SIZE), 0);
    for (size_t i = 0; i < 7; i++) {
        const char *p = file.p + INDEX_HEAD_SIZE + i * INDEX_RECORD_SIZE;
        index_record_decode((const uint8_t *)p, &l, &r);
        index_record_encode(&r, raw);
        CU_CHECK_ROW(i, memcmp(raw, p, INDEX_RECORD_SIZE) == 0);
    }
    buf_fini(&file);
}

/* Every field has its own place: what goes in comes out. */
static void test_fields(void)
{
    struct index_head h, back;
    struct record r, again;
    struct index_layout l;
    uint8_t raw[INDEX_HEAD_SIZE];

    for (size_t i = 0; i < sizeof r; i++)
        ((uint8_t *)&r)[i] = (uint8_t)(i * 37 + 11);
    r.cache_offset &= 0xffffffffffffULL;
    r.cache_version &= 0xffff;
    index_record_encode(&r, raw);
    CU_ASSERT_TRUE(index_layout_of(17, &l));
    index_record_decode(raw, &l, &again);
    CU_ASSERT_EQUAL(memcmp(&r.user_flags, &again.user_flags, sizeof r.user_flags), 0);
    CU_ASSERT_EQUAL(r.cache_offset, again.cache_offset);
    CU_ASSERT_EQUAL(r.cache_version, again.cache_version);
    CU_ASSERT_EQUAL(r.cache_crc, again.cache_crc);
    CU_ASSERT_EQUAL(r.modseq, again.modseq);
    CU_ASSERT_EQUAL(r.createdmodseq, again.createdmodseq);
    CU_ASSERT_EQUAL(r.cid, again.cid);
    CU_ASSERT_EQUAL(r.savedate, again.savedate);
    CU_ASSERT_EQUAL(r.gmtime, again.gmtime);
    CU_ASSERT_EQUAL(r.sentdate, again.sentdate);
    CU_ASSERT_TRUE(guid_eq(&r.guid, &again.guid));

    for (size_t i = 0; i < sizeof h; i++)
        ((uint8_t *)&h)[i] = (uint8_t)(i * 53 + 7);
    h.minor_version = 17;
    h.options &= INDEX_OPT_KNOWN;
    h.exists = 3;
    index_head_encode(&h, raw);
    CU_ASSERT_EQUAL(index_head_decode(slice_make(raw, sizeof raw), NULL, &back), ERR_OK);
    CU_ASSERT_EQUAL(back.quota_used, h.quota_used);
    CU_ASSERT_EQUAL(back.highestmodseq, h.highestmodseq);
    CU_ASSERT_EQUAL(back.deletedmodseq, h.deletedmodseq);
    CU_ASSERT_EQUAL(back.createdmodseq, h.createdmodseq);
    CU_ASSERT_EQUAL(back.sync_crc_basic, h.sync_crc_basic);
    CU_ASSERT_EQUAL(back.sync_crc_annot, h.sync_crc_annot);
    CU_ASSERT_EQUAL(back.header_file_crc, h.header_file_crc);
    CU_ASSERT_EQUAL(back.pop3_show_after, h.pop3_show_after);
    CU_ASSERT_EQUAL(back.changes_epoch, h.changes_epoch);
    CU_ASSERT_EQUAL(back.unseen, h.unseen);
    CU_ASSERT_EQUAL(back.options, h.options);
    CU_ASSERT_EQUAL(back.recenttime, h.recenttime);
    CU_ASSERT_EQUAL(back.leaked_cache, h.leaked_cache);
}

static void test_refused(void)
{
    uint8_t raw[INDEX_HEAD_SIZE];
    struct index_layout l;
    struct index_head h;

    index_head_new(&h, 1234, 0, 0, 99);
    CU_ASSERT_EQUAL(h.highestmodseq, 1);
    index_head_encode(&h, raw);
    CU_ASSERT_EQUAL(index_head_decode(slice_make(raw, 159), &l, &h), ERR_CORRUPT);
    CU_ASSERT_EQUAL(index_head_decode(slice_make(raw, 0), &l, &h), ERR_CORRUPT);
    for (size_t at = 0; at < sizeof raw; at++) {
        raw[at] ^= 0x40;
        CU_CHECK_ROW(at, index_head_decode(slice_make(raw, sizeof raw), &l, &h) == ERR_CORRUPT);
        raw[at] ^= 0x40;
    }
    be32_put(raw + IH_VERSION, 11);
    CU_ASSERT_EQUAL(index_head_decode(slice_make(raw, sizeof raw), &l, &h), ERR_CORRUPT);
}

/* A single damaged byte, wherever it is, is found and put right. */
static void test_correct_byte(void)
{
    uint8_t raw[INDEX_HEAD_SIZE], good[INDEX_HEAD_SIZE];
    struct index_head h;

    index_head_new(&h, 1700000000, 77, 0, 1700000001);
    index_head_encode(&h, good);
    for (size_t at = 0; at < sizeof raw; at += 3) {
        memcpy(raw, good, sizeof raw);
        raw[at] ^= (uint8_t)(1 + at);
        CU_CHECK_ROW(at, index_correct_byte(raw, sizeof raw));
        CU_CHECK_ROW(at, memcmp(raw, good, sizeof raw) == 0);
    }
    memcpy(raw, good, sizeof raw);
    memset(raw + 20, 0xee, 40);
    memcpy(good, raw, sizeof raw);
    CU_ASSERT_FALSE(index_correct_byte(raw, sizeof raw));
    CU_ASSERT_EQUAL(memcmp(raw, good, sizeof raw), 0);
}

static void test_count(void)
{
    struct index_head h = { 0 };
    struct record r = { .size = 100, .flags = FLAG_ANSWERED | FLAG_DELETED };

    index_head_count(&h, &r, 1);
    CU_ASSERT_EQUAL(h.exists, 1);
    CU_ASSERT_EQUAL(h.unseen, 1);
    CU_ASSERT_EQUAL(h.answered, 1);
    CU_ASSERT_EQUAL(h.deleted, 1);
    CU_ASSERT_EQUAL(h.flagged, 0);
    CU_ASSERT_EQUAL(h.quota_used, 100);
    index_head_count(&h, &r, -1);
    CU_ASSERT_EQUAL(h.exists + h.unseen + h.answered + h.deleted + h.quota_used, 0);
    r.flags |= FLAG_INT_EXPUNGED;
    index_head_count(&h, &r, 1);
    CU_ASSERT_EQUAL(h.exists, 0);
}

TEST_SUITE("index", { "versions", test_versions }, { "round trip", test_round_trip },
           { "fields", test_fields }, { "refused", test_refused },
           { "correct byte", test_correct_byte }, { "count", test_count })
