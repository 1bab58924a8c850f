/* journal_record.c - see journal_record.h */
#include "imap/store/journal_record.h"

#include "imap/store/msgannot.h"
#include "lib/base/endian.h"

enum { MAY_LINK = 1, HAS_ANNOTATIONS = 2 };

/* ---- writing ---- */

void journal_builder_init(struct journal_builder *b)
{
    *b = (struct journal_builder){ .lengths = BUF_INIT };
    vec_init(&b->contents, sizeof(struct slice));
}

void journal_builder_fini(struct journal_builder *b)
{
    buf_fini(&b->lengths);
    buf_fini(&b->mailboxes);
    buf_fini(&b->meta);
    vec_fini(&b->contents);
}

uint32_t journal_add_content(struct journal_builder *b, struct slice bytes)
{
    *VEC_PUSH(&b->contents, struct slice) = bytes;
    buf_add_be64(&b->lengths, bytes.n);
    b->bytes += bytes.n;
    return (uint32_t)b->contents.n - 1;
}

static void add_string(struct buf *out, struct slice s)
{
    buf_add_be32(out, (uint32_t)s.n);
    buf_add_slice(out, s);
}

static void add_key(struct buf *out, const struct journal_key *k)
{
    buf_add_be64(out, k->modseq);
    buf_add_be32(out, k->last_uid);
    buf_add_be32(out, k->nrecords);
    buf_add_be32(out, k->crc);
}

static void add_messages(struct buf *out, const struct journal_mailbox *m)
{
    buf_add_be32(out, (uint32_t)m->nmessages);
    for (size_t i = 0; i < m->nmessages; i++) {
        buf_add_be32(out, m->messages[i].uid);
        buf_add_be32(out, m->messages[i].content);
        buf_add_be32(out, m->messages[i].time);
    }
}

static void add_writes(struct buf *out, const struct journal_mailbox *m)
{
    buf_add_be32(out, (uint32_t)m->nwrites);
    for (size_t i = 0; i < m->nwrites; i++) {
        buf_add_be64(out, m->writes[i].at);
        add_string(out, m->writes[i].bytes);
    }
}

static void add_annotations(struct buf *out, const struct journal_mailbox *m)
{
    if (!m->nannots)
        return;
    add_string(out, m->annot_path);
    buf_add_be32(out, (uint32_t)m->nannots);
    for (size_t i = 0; i < m->nannots; i++) {
        add_string(out, m->annots[i].key);
        add_string(out, m->annots[i].value);
    }
}

void journal_add_mailbox(struct journal_builder *b, const struct journal_mailbox *m)
{
    struct buf *out = &b->mailboxes;
    const struct slice strings[] = { m->uniqueid,   m->name,        m->msg_dir,
                                     m->index_path, m->header_path, m->header,
                                     m->head,       m->cache_path,  m->cache };

    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        add_string(out, strings[i]);
    buf_add_be64(out, m->cache_at);
    add_key(out, &m->before);
    add_key(out, &m->after);
    buf_add_be32(out, m->generation);
    buf_add_be32(out, (m->may_link ? MAY_LINK : 0u) | (m->nannots ? HAS_ANNOTATIONS : 0u));
    add_messages(out, m);
    add_writes(out, m);
    add_annotations(out, m);
    b->nmailboxes++;
}

enum { FIXED = 3 * 4 }; /* length, two counts */

uint64_t journal_builder_length(const struct journal_builder *b)
{
    return FIXED + b->lengths.n + b->mailboxes.n + b->bytes;
}

void journal_builder_pieces(struct journal_builder *b, struct vec *pieces)
{
    buf_reset(&b->meta);
    buf_add_be32(&b->meta, (uint32_t)(FIXED - 4 + b->lengths.n + b->mailboxes.n));
    buf_add_be32(&b->meta, (uint32_t)b->contents.n);
    buf_add_slice(&b->meta, buf_slice(&b->lengths));
    buf_add_be32(&b->meta, b->nmailboxes);
    *VEC_PUSH(pieces, struct slice) = buf_slice(&b->meta);
    *VEC_PUSH(pieces, struct slice) = buf_slice(&b->mailboxes);
    for (size_t i = 0; i < b->contents.n; i++)
        *VEC_PUSH(pieces, struct slice) = *VEC_AT(&b->contents, struct slice, i);
}

void journal_void_encode(uint64_t sequence, uint64_t number, struct slice uniqueid, struct buf *out)
{
    buf_add_be64(out, sequence);
    buf_add_be64(out, number);
    add_string(out, uniqueid);
}

/* ---- reading ---- */

/* What is left, and whether all was there so far. */
struct reader {
    struct slice rest;
    bool bad;
};

static struct slice get_bytes(struct reader *r, uint64_t n)
{
    if (n > r->rest.n)
        r->bad = true;
    if (r->bad)
        return SLICE_NULL;
    struct slice out = slice_cut(r->rest, 0, (size_t)n);
    r->rest = slice_skip(r->rest, (size_t)n);
    return out;
}

static uint32_t get32(struct reader *r)
{
    struct slice s = get_bytes(r, 4);
    return r->bad ? 0 : be32_get(s.p);
}

static uint64_t get64(struct reader *r)
{
    struct slice s = get_bytes(r, 8);
    return r->bad ? 0 : be64_get(s.p);
}

static struct slice get_string(struct reader *r)
{
    return get_bytes(r, get32(r));
}

/* A number of things, each of which takes at least that many bytes. */
static size_t get_count(struct reader *r, size_t least)
{
    uint32_t n = get32(r);

    if (n > r->rest.n / least)
        r->bad = true;
    return r->bad ? 0 : n;
}

static struct journal_key get_key(struct reader *r)
{
    struct journal_key k = { .modseq = get64(r) };

    k.last_uid = get32(r);
    k.nrecords = get32(r);
    k.crc = get32(r);
    return k;
}

static void get_messages(struct reader *r, struct arena *a, size_t ncontents,
                         struct journal_mailbox *m)
{
    m->nmessages = get_count(r, 12);
    struct journal_message *all = arena_alloc(a, (m->nmessages + 1) * sizeof *all);
    for (size_t i = 0; i < m->nmessages; i++) {
        all[i].uid = get32(r);
        all[i].content = get32(r);
        all[i].time = get32(r);
        r->bad |= all[i].content >= ncontents;
    }
    m->messages = all;
}

static void get_writes(struct reader *r, struct arena *a, struct journal_mailbox *m)
{
    m->nwrites = get_count(r, 12);
    struct journal_write *all = arena_alloc(a, (m->nwrites + 1) * sizeof *all);
    for (size_t i = 0; i < m->nwrites; i++) {
        all[i].at = get64(r);
        all[i].bytes = get_string(r);
    }
    m->writes = all;
}

static void get_annotations(struct reader *r, struct arena *a, struct journal_mailbox *m)
{
    m->annot_path = get_string(r);
    m->nannots = get_count(r, 8);
    struct msgannot_put *all = arena_alloc(a, (m->nannots + 1) * sizeof *all);
    for (size_t i = 0; i < m->nannots; i++) {
        all[i].key = get_string(r);
        all[i].value = get_string(r);
        r->bad |= !all[i].key.n || !all[i].value.n;
    }
    m->annots = all;
}

static void get_mailbox(struct reader *r, struct arena *a, size_t ncontents,
                        struct journal_mailbox *m)
{
    struct slice *const strings[] = { &m->uniqueid,   &m->name,        &m->msg_dir,
                                      &m->index_path, &m->header_path, &m->header,
                                      &m->head,       &m->cache_path,  &m->cache };

    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        *strings[i] = get_string(r);
    m->cache_at = get64(r);
    m->before = get_key(r);
    m->after = get_key(r);
    m->generation = get32(r);
    const uint32_t what = get32(r);
    m->may_link = what & MAY_LINK;
    get_messages(r, a, ncontents, m);
    get_writes(r, a, m);
    if (what & HAS_ANNOTATIONS)
        get_annotations(r, a, m);
}

/* The contents stand behind the rest, which gives their lengths. */
static void get_contents(struct reader *r, struct slice bytes, struct arena *a,
                         struct journal_change *out)
{
    struct reader contents = { .rest = bytes };

    out->ncontents = get_count(r, 8);
    struct slice *all = arena_alloc(a, (out->ncontents + 1) * sizeof *all);
    for (size_t i = 0; i < out->ncontents; i++)
        all[i] = get_bytes(&contents, get64(r));
    out->contents = all;
    r->bad |= contents.bad || contents.rest.n;
}

err_t journal_change_decode(struct slice body, struct arena *a, struct journal_change *out)
{
    enum { MAILBOX_MIN = 9 * 4 + 8 + 2 * 20 + 4 * 4 };
    struct reader whole = { .rest = body };
    struct reader r = { .rest = get_string(&whole) };

    *out = (struct journal_change){ .ncontents = 0 };
    r.bad = whole.bad;
    get_contents(&r, whole.rest, a, out);
    out->nmailboxes = get_count(&r, MAILBOX_MIN);
    struct journal_mailbox *all = arena_alloc(a, (out->nmailboxes + 1) * sizeof *all);
    for (size_t i = 0; i < out->nmailboxes && !r.bad; i++)
        get_mailbox(&r, a, out->ncontents, &all[i]);
    out->mailboxes = all;
    return r.bad || r.rest.n ? ERR_CORRUPT : ERR_OK;
}

err_t journal_void_decode(struct slice body, struct journal_void *out)
{
    struct reader r = { .rest = body };

    out->sequence = get64(&r);
    out->number = get64(&r);
    out->uniqueid = get_string(&r);
    return r.bad || r.rest.n ? ERR_CORRUPT : ERR_OK;
}
