/* index.c - see index.h */
#include "imap/store/index.h"

#include "lib/base/crc32.h"
#include "lib/base/endian.h"

static const struct index_layout layouts[] = {
    { 6, 76, 60 },    { 7, 76, 72 },    { 8, 92, 80 },    { 9, 96, 80 },
    { 10, 96, 88 },   { 12, 128, 96 },  { 13, 128, 104 }, { 14, 160, 104 },
    { 15, 160, 104 }, { 16, 160, 112 }, { 17, 160, 112 },
};

bool index_layout_of(uint32_t version, struct index_layout *out)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        if (layouts[i].version == version) {
            *out = layouts[i];
            return true;
        }
    }
    return false;
}

bool index_head_crc_ok(const uint8_t *p, const struct index_layout *l)
{
    return l->version < INDEX_VERSION_CRC ||
           crc32_of(p, l->head_size - 4) == be32_get(p + l->head_size - 4);
}

static void decode_common(const uint8_t *p, struct index_head *h)
{
    h->generation = be32_get(p + IH_GENERATION);
    h->minor_version = be32_get(p + IH_VERSION);
    h->nrecords = be32_get(p + IH_NUM_RECORDS);
    h->last_appenddate = be32_get(p + IH_LAST_APPENDDATE);
    h->last_uid = be32_get(p + IH_LAST_UID);
    h->quota_used = be64_get(p + IH_QUOTA_USED);
    h->pop3_last_login = be32_get(p + IH_POP3_LAST_LOGIN);
    h->uidvalidity = be32_get(p + IH_UIDVALIDITY);
    h->deleted = be32_get(p + IH_DELETED);
    h->answered = be32_get(p + IH_ANSWERED);
    h->flagged = be32_get(p + IH_FLAGGED);
    h->options = be32_get(p + IH_OPTIONS) & INDEX_OPT_KNOWN;
    h->leaked_cache = be32_get(p + IH_LEAKED_CACHE);
}

static void decode_v12(const uint8_t *p, struct index_head *h)
{
    h->deletedmodseq = be64_get(p + IH_DELETEDMODSEQ);
    h->exists = be32_get(p + IH_EXISTS);
    h->first_expunged = be32_get(p + IH_FIRST_EXPUNGED);
    h->last_repack_time = be32_get(p + IH_LAST_REPACK_TIME);
    h->header_file_crc = be32_get(p + IH_HEADER_FILE_CRC);
    h->sync_crc_basic = be32_get(p + IH_SYNC_CRC_BASIC);
    h->recentuid = be32_get(p + IH_RECENTUID);
    h->recenttime = be32_get(p + IH_RECENTTIME);
}

static void decode_by_version(const uint8_t *p, uint32_t version, struct index_head *h)
{
    if (version >= INDEX_VERSION_MODSEQ)
        h->highestmodseq = be64_get(p + IH_HIGHESTMODSEQ);
    if (version >= INDEX_VERSION_CRC)
        decode_v12(p, h);
    if (version >= INDEX_VERSION_CID) {
        h->pop3_show_after = be32_get(p + IH_POP3_SHOW_AFTER);
        h->quota_annot_used = be32_get(p + IH_QUOTA_ANNOT_USED);
        h->sync_crc_annot = be32_get(p + IH_SYNC_CRC_ANNOT);
    }
    if (version >= INDEX_VERSION_UNSEEN)
        h->unseen = be32_get(p + IH_UNSEEN);
    if (version >= INDEX_VERSION_CREATEDMODSEQ)
        h->createdmodseq = be64_get(p + IH_CREATEDMODSEQ);
    if (version >= INDEX_VERSION_EPOCH)
        h->changes_epoch = be32_get(p + IH_CHANGES_EPOCH);
}

/* What a reader takes for fields that the version did not have. */
static void supply_missing(uint32_t version, struct index_head *h)
{
    if (!h->highestmodseq)
        h->highestmodseq = 1;
    if (version < INDEX_VERSION_CRC) {
        h->exists = h->nrecords;
        h->deletedmodseq = h->highestmodseq;
    }
    if (version < INDEX_VERSION_EPOCH)
        h->changes_epoch = h->last_repack_time;
    if (!h->exists)
        h->options |= MBOPT_POP3_NEW_UIDL;
}

err_t index_head_decode(struct slice bytes, struct index_layout *layout, struct index_head *out)
{
    const uint8_t *p = (const uint8_t *)bytes.p;
    struct index_layout l;

    if (bytes.n < INDEX_HEAD_SIZE_MIN || !index_layout_of(be32_get(p + IH_VERSION), &l) ||
        bytes.n < l.head_size || be32_get(p + IH_START_OFFSET) != l.head_size ||
        be32_get(p + IH_RECORD_SIZE) != l.record_size || be32_get(p + IH_FORMAT) != 0)
        return ERR_CORRUPT;
    if (layout)
        *layout = l;
    *out = (struct index_head){ 0 };
    decode_common(p, out);
    decode_by_version(p, l.version, out);
    supply_missing(l.version, out);
    return index_head_crc_ok(p, &l) ? ERR_OK : ERR_CORRUPT;
}

void index_head_encode(const struct index_head *h, uint8_t p[INDEX_HEAD_SIZE])
{
    memset(p, 0, INDEX_HEAD_SIZE);
    be32_put(p + IH_GENERATION, h->generation);
    be32_put(p + IH_VERSION, INDEX_VERSION);
    be32_put(p + IH_START_OFFSET, INDEX_HEAD_SIZE);
    be32_put(p + IH_RECORD_SIZE, INDEX_RECORD_SIZE);
    be32_put(p + IH_NUM_RECORDS, h->nrecords);
    be32_put(p + IH_LAST_APPENDDATE, h->last_appenddate);
    be32_put(p + IH_LAST_UID, h->last_uid);
    be64_put(p + IH_QUOTA_USED, h->quota_used);
    be32_put(p + IH_POP3_LAST_LOGIN, h->pop3_last_login);
    be32_put(p + IH_UIDVALIDITY, h->uidvalidity);
    be32_put(p + IH_DELETED, h->deleted);
    be32_put(p + IH_ANSWERED, h->answered);
    be32_put(p + IH_FLAGGED, h->flagged);
    be32_put(p + IH_OPTIONS, h->options & INDEX_OPT_KNOWN);
    be32_put(p + IH_LEAKED_CACHE, h->leaked_cache);
    be64_put(p + IH_HIGHESTMODSEQ, h->highestmodseq);
    be64_put(p + IH_DELETEDMODSEQ, h->deletedmodseq);
    be32_put(p + IH_EXISTS, h->exists);
    be32_put(p + IH_FIRST_EXPUNGED, h->first_expunged);
    be32_put(p + IH_LAST_REPACK_TIME, h->last_repack_time);
    be32_put(p + IH_HEADER_FILE_CRC, h->header_file_crc);
    be32_put(p + IH_SYNC_CRC_BASIC, h->sync_crc_basic);
    be32_put(p + IH_RECENTUID, h->recentuid);
    be32_put(p + IH_RECENTTIME, h->recenttime);
    be32_put(p + IH_POP3_SHOW_AFTER, h->pop3_show_after);
    be32_put(p + IH_QUOTA_ANNOT_USED, h->quota_annot_used);
    be32_put(p + IH_SYNC_CRC_ANNOT, h->sync_crc_annot);
    be32_put(p + IH_UNSEEN, h->unseen);
    be64_put(p + IH_CREATEDMODSEQ, h->createdmodseq);
    be32_put(p + IH_CHANGES_EPOCH, h->changes_epoch);
    be32_put(p + IH_CRC, crc32_of(p, IH_CRC));
}

void index_head_new(struct index_head *h, uint32_t uidvalidity, uint64_t modseq, uint32_t options,
                    uint32_t now)
{
    *h = (struct index_head){
        .minor_version = INDEX_VERSION,
        .uidvalidity = uidvalidity,
        .highestmodseq = modseq ? modseq : 1,
        .createdmodseq = modseq ? modseq : 1,
        .options = options & INDEX_OPT_KNOWN,
        .sync_crc_annot = INDEX_SYNC_CRC_ANNOT_START,
        .changes_epoch = now,
    };
}

/* ---- records ---- */

/* Fields that came or moved with a version. */
static void decode_record_version(const uint8_t *p, uint32_t version, struct record *r)
{
    if (version >= INDEX_VERSION_GUID) {
        memcpy(r->guid.b, p + IR_GUID, sizeof r->guid.b);
        r->modseq = be64_get(p + IR_MODSEQ);
    } else if (version >= INDEX_VERSION_MODSEQ) {
        r->modseq = be64_get(p + IR_MODSEQ_V8);
    }
    if (version >= INDEX_VERSION_CRC)
        r->gmtime = be32_get(p + IR_GMTIME);
    if (version >= INDEX_VERSION_CID)
        r->cid = be64_get(p + IR_CID);
    if (version >= INDEX_VERSION_SAVEDATE)
        r->savedate = be32_get(p + IR_SAVEDATE);
    if (version >= INDEX_VERSION_CREATEDMODSEQ) {
        r->createdmodseq = be64_get(p + IR_CREATEDMODSEQ);
        r->cache_crc = be32_get(p + IR_CACHE_CRC);
    } else if (version >= INDEX_VERSION_CID) {
        r->cache_crc = be32_get(p + IR_CACHE_CRC_V13);
    } else if (version >= INDEX_VERSION_CRC) {
        r->cache_crc = be32_get(p + IR_CACHE_CRC_V12);
    }
}

void index_record_decode(const uint8_t *p, const struct index_layout *l, struct record *r)
{
    uint32_t cache_word =
        l->record_size >= IR_CACHE_VERSION + 4 ? be32_get(p + IR_CACHE_VERSION) : 0;

    *r = (struct record){
        .uid = be32_get(p + IR_UID),
        .internaldate = be32_get(p + IR_INTERNALDATE),
        .sentdate = be32_get(p + IR_SENTDATE),
        .size = be32_get(p + IR_SIZE),
        .header_size = be32_get(p + IR_HEADER_SIZE),
        .cache_offset = be32_get(p + IR_CACHE_OFFSET) | (uint64_t)(cache_word >> 16) << 32,
        .cache_version = cache_word & 0xffff,
        .last_updated = be32_get(p + IR_LAST_UPDATED),
        .flags = be32_get(p + IR_FLAGS),
    };
    for (unsigned w = 0; w < USER_FLAGS_MAX / 32; w++)
        r->user_flags[w] = be32_get(p + IR_USER_FLAGS + 4 * w);
    decode_record_version(p, l->version, r);
}

void index_record_encode(const struct record *r, uint8_t p[INDEX_RECORD_SIZE])
{
    be32_put(p + IR_UID, r->uid);
    be32_put(p + IR_INTERNALDATE, r->internaldate);
    be32_put(p + IR_SENTDATE, r->sentdate);
    be32_put(p + IR_SIZE, r->size);
    be32_put(p + IR_HEADER_SIZE, r->header_size);
    be32_put(p + IR_GMTIME, r->gmtime);
    be32_put(p + IR_CACHE_OFFSET, (uint32_t)r->cache_offset);
    be32_put(p + IR_LAST_UPDATED, r->last_updated);
    be32_put(p + IR_FLAGS, r->flags);
    for (unsigned w = 0; w < USER_FLAGS_MAX / 32; w++)
        be32_put(p + IR_USER_FLAGS + 4 * w, r->user_flags[w]);
    be32_put(p + IR_SAVEDATE, r->savedate);
    be32_put(p + IR_CACHE_VERSION,
             (uint32_t)(r->cache_offset >> 32) << 16 | (r->cache_version & 0xffff));
    memcpy(p + IR_GUID, r->guid.b, sizeof r->guid.b);
    be64_put(p + IR_MODSEQ, r->modseq);
    be64_put(p + IR_CID, r->cid);
    be64_put(p + IR_CREATEDMODSEQ, r->createdmodseq);
    be32_put(p + IR_CACHE_CRC, r->cache_crc);
    index_record_seal(p);
}

void index_record_seal(uint8_t p[INDEX_RECORD_SIZE])
{
    be32_put(p + IR_CRC, crc32_of(p, IR_CRC));
}

bool index_record_crc_ok(const uint8_t *p, const struct index_layout *l)
{
    return l->version < INDEX_VERSION_CRC ||
           crc32_of(p, l->record_size - 4) == be32_get(p + l->record_size - 4);
}

/* ---- repair ---- */

bool index_correct_byte(uint8_t *p, size_t n)
{
    uint32_t stored = be32_get(p + n - 4);

    if (crc32_correct_byte(p, n - 4, stored))
        return true;
    uint32_t diff = stored ^ crc32_of(p, n - 4);
    for (unsigned shift = 0; shift < 32; shift += 8) {
        if (diff && !(diff & ~(0xffu << shift))) {
            be32_put(p + n - 4, stored ^ diff);
            return true;
        }
    }
    return false;
}

void index_head_count(struct index_head *h, const struct record *r, int sign)
{
    uint32_t one = (uint32_t)sign;

    if (r->flags & FLAG_INT_EXPUNGED)
        return;
    h->exists += one;
    h->quota_used += (uint64_t)((int64_t)sign * r->size);
    if (r->flags & FLAG_ANSWERED)
        h->answered += one;
    if (r->flags & FLAG_FLAGGED)
        h->flagged += one;
    if (r->flags & FLAG_DELETED)
        h->deleted += one;
    if (!(r->flags & FLAG_SEEN))
        h->unseen += one;
}
