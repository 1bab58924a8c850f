/* facts.c - see facts.h
 *
 * The bytes go to the digest, to the checks and to the scanner; the scanner's hooks keep what
 * each part needs (facts_impl.h) and run the digests of the parts' decoded contents.
 */
#include "imap/store/facts_impl.h"

#include "imap/store/cache_format.h"
#include "lib/base/bug.h"
#include "lib/base/crc32.h"
#include "lib/base/endian.h"
#include "lib/base/mem.h"
#include "lib/text/base64.h"
#include "lib/text/date822.h"
#include "lib/text/qp.h"
#include "lib/text/utf8.h"

enum {
    ARENA_CHUNK = 16 * 1024,
    DECODE_CHUNK = 4096,                /* characters of base64 decoded at once */
    FACTS_DIGESTS = MIME_MESSAGES + 1   /* parts whose content passes at the same time */
};

struct facts_all {
    struct facts f;                     /* first: a facts pointer is a facts_all pointer */
    struct arena *arena;                /* the slices of f */
};

struct facts_builder {
    struct facts_options opts;
    struct facts_all *all;
    struct arena *arena;                /* the same; parts and texts */
    struct mime_scan *scan;
    struct digest *whole;
    struct digest *digests[FACTS_DIGESTS];      /* of parts, all that were made */
    struct digest *idle[FACTS_DIGESTS];
    size_t ndigests, nidle;
    struct base64_dec b64;              /* of the leaf that passes */
    struct qp_dec qp;
    struct buf decoded;
    uint64_t size;
    char last;                          /* byte before the next one; 0 at the start */
    struct fact_fields top;             /* of the top-level header, in the arena */
    struct buf headers;                 /* item 4 */
    struct slice envelope;
};

/* ---- digests of parts ---- */

static struct digest *take_digest(struct facts_builder *b)
{
    if (b->nidle > 0)
        return b->idle[--b->nidle];
    BUG_UNLESS(b->ndigests < FACTS_DIGESTS);
    return b->digests[b->ndigests++] = digest_sha1_new();
}

static void add_decoded(struct fact_part *fp, const void *p, size_t n)
{
    digest_add(fp->running, p, n);
    fp->decoded_size += (uint32_t)n;
}

static void add_base64(struct facts_builder *b, struct fact_part *fp, const char *p, size_t n)
{
    uint8_t out[BASE64_DEC_MAX(DECODE_CHUNK) + 3];

    while (n > 0) {
        size_t take = n < DECODE_CHUNK ? n : DECODE_CHUNK;
        add_decoded(fp, out, base64_dec_push(&b->b64, p, take, out));
        p += take;
        n -= take;
    }
}

static void add_qp(struct facts_builder *b, struct fact_part *fp, const char *p, size_t n)
{
    buf_reset(&b->decoded);
    qp_dec_push(&b->qp, slice_make(p, n), &b->decoded);
    add_decoded(fp, b->decoded.p, b->decoded.n);
}

/* The encoding that is undone before digesting: that of messages is not. */
static enum mime_encoding decoding_of(const struct mime_part *part)
{
    if (slice_eqs(part->type, "MESSAGE"))
        return MIME_ENC_NONE;
    return part->encoding;
}

static void on_content(void *ctx, struct mime_part *part, const char *p, size_t n)
{
    struct facts_builder *b = ctx;
    struct fact_part *fp = fact_of(part);

    if (!fp->running)
        return;
    switch (decoding_of(part)) {
    case MIME_ENC_BASE64:
        add_base64(b, fp, p, n);
        break;
    case MIME_ENC_QP:
        add_qp(b, fp, p, n);
        break;
    default:
        add_decoded(fp, p, n);
        break;
    }
}

static void flush_decoder(struct facts_builder *b, const struct mime_part *part)
{
    uint8_t rest[3];

    switch (decoding_of(part)) {
    case MIME_ENC_BASE64:
        add_decoded(fact_of(part), rest, base64_dec_end(&b->b64, rest));
        break;
    case MIME_ENC_QP:
        buf_reset(&b->decoded);
        qp_dec_end(&b->qp, &b->decoded);
        add_decoded(fact_of(part), b->decoded.p, b->decoded.n);
        break;
    default:
        break;
    }
}

static void on_end(void *ctx, struct mime_part *part)
{
    struct facts_builder *b = ctx;
    struct fact_part *fp = fact_of(part);

    if (!fp->running)
        return;
    flush_decoder(b, part);
    digest_end(fp->running, fp->digest);
    fp->has_digest = true;
    b->idle[b->nidle++] = fp->running;
    fp->running = NULL;
}

/* ---- headers ---- */

/* Cut parts have no content, multiparts none of their own, and content in an unknown encoding has
 * no decoded form. */
static void begin_digest(struct facts_builder *b, struct mime_part *part)
{
    if (part->cut || (part->kind == MIME_MULTIPART && part->boundary.p) ||
        decoding_of(part) == MIME_ENC_UNKNOWN)
        return;
    fact_of(part)->running = take_digest(b);
    if (part->kind != MIME_MESSAGE) {
        b->b64 = (struct base64_dec)BASE64_DEC_INIT;
        qp_dec_init(&b->qp);
    }
}

static struct slice envelope_text(struct facts_builder *b, const struct fact_fields *fields)
{
    struct buf out = BUF_INIT;

    fact_envelope(&out, b->arena, fields);
    struct slice s = arena_dup(b->arena, buf_slice(&out));
    buf_fini(&out);
    return s;
}

/* The top-level header is kept: what the address items need of it. */
static void on_top_header(struct facts_builder *b, const struct fact_fields *fields,
                          struct slice header)
{
    static const enum fact_field kept[] = { FF_FROM, FF_TO, FF_CC, FF_BCC, FF_SUBJECT };

    fact_header_top(&b->all->f, b->arena, fields, header);
    fact_header_lines(&b->headers, header, b->opts.maxheaderlines);
    b->all->f.has_8bit_header = !utf8_is_ascii(header);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (fields->value[kept[i]].p)
            b->top.value[kept[i]] = arena_dup(b->arena, fields->value[kept[i]]);
    b->envelope = envelope_text(b, fields);
}

static void on_header(void *ctx, struct mime_part *part, struct slice header)
{
    struct facts_builder *b = ctx;
    struct fact_part *fp = arena_alloc(b->arena, sizeof *fp);
    struct fact_fields fields;

    part->user = fp;
    fact_fields_read(&fields, header);
    fact_part_read(fp, b->arena, &fields);
    if (!part->parent)
        on_top_header(b, &fields, header);
    else if (part->parent->kind == MIME_MESSAGE)
        fact_of(part->parent)->envelope = envelope_text(b, &fields);
    begin_digest(b, part);
}

/* ---- the whole ---- */

struct facts_builder *facts_begin(const struct facts_options *opts)
{
    static const struct mime_hooks hooks = { on_header, on_content, on_end };
    struct facts_builder *b = mem_zalloc(sizeof *b);

    if (opts)
        b->opts = *opts;
    if (b->opts.maxheaderlines == 0)
        b->opts.maxheaderlines = FACTS_HEADER_LINES;
    if (b->opts.boundary_limit == 0)
        b->opts.boundary_limit = FACTS_BOUNDARY_LIMIT;
    b->all = mem_zalloc(sizeof *b->all);
    b->arena = b->all->arena = arena_new(ARENA_CHUNK);
    b->whole = digest_sha1_new();
    struct mime_options mo = { .depth = b->opts.boundary_limit };
    b->scan = mime_begin(&mo, &hooks, b, b->arena);
    return b;
}

/* NULs and line ends that are not CRLF. */
static void check_bytes(struct facts_builder *b, const char *p, size_t n)
{
    struct facts *f = &b->all->f;
    char before = b->last;

    if (memchr(p, '\0', n))
        f->has_nul = true;
    for (size_t at = 0; at < n && !f->has_bare_lf;) {
        const char *lf = memchr(p + at, '\n', n - at);
        if (!lf)
            break;
        f->has_bare_lf = (lf > p ? lf[-1] : before) != '\r';
        at = (size_t)(lf - p) + 1;
    }
    if (before == '\r' && p[0] != '\n')
        f->has_bare_cr = true;
    for (size_t at = 0; at < n && !f->has_bare_cr;) {
        const char *cr = memchr(p + at, '\r', n - at);
        if (!cr)
            break;
        at = (size_t)(cr - p) + 1;
        f->has_bare_cr = at < n && p[at] != '\n';
    }
    b->last = p[n - 1];
}

void facts_push(struct facts_builder *b, const void *bytes, size_t n)
{
    if (n == 0)
        return;
    b->size += n;
    if (b->size > UINT32_MAX)
        return;
    digest_add(b->whole, bytes, n);
    check_bytes(b, bytes, n);
    mime_push(b->scan, bytes, n);
}

/* Append an item with its length and padding; the text starts at `start`. */
static void close_item(struct buf *cache, size_t start)
{
    static const char nuls[CACHE_ALIGN];
    size_t n = cache->n - start;

    be32_put(cache->p + start - CACHE_ITEM_LENGTH, (uint32_t)n);
    buf_add(cache, nuls, CACHE_PAD(n) - n);
}

static size_t open_item(struct buf *cache)
{
    buf_add_be32(cache, 0);
    return cache->n;
}

static void write_cache(struct facts_builder *b, const struct mime_part *root, struct buf *out)
{
    for (int i = 0; i < CACHE_NITEMS; i++) {
        size_t start = open_item(out);
        switch ((enum cache_item)i) {
        case CACHE_ENVELOPE:
            buf_add_slice(out, b->envelope);
            break;
        case CACHE_BODYSTRUCTURE:
            fact_body(out, root, true);
            break;
        case CACHE_BODY:
            fact_body(out, root, false);
            break;
        case CACHE_SECTION:
            fact_section(out, root);
            break;
        case CACHE_HEADERS:
            buf_add_slice(out, buf_slice(&b->headers));
            break;
        case CACHE_FROM:
            fact_addresses(out, b->top.value[FF_FROM]);
            break;
        case CACHE_TO:
            fact_addresses(out, b->top.value[FF_TO]);
            break;
        case CACHE_CC:
            fact_addresses(out, b->top.value[FF_CC]);
            break;
        case CACHE_BCC:
            fact_addresses(out, b->top.value[FF_BCC]);
            break;
        case CACHE_SUBJECT:
            fact_subject(out, b->top.value[FF_SUBJECT]);
            break;
        case CACHE_NITEMS:
            break;
        }
        close_item(out, start);
    }
}

err_t facts_end(struct facts_builder **bp, struct facts **out)
{
    struct facts_builder *b = *bp;
    struct facts *f = &b->all->f;

    if (b->size > UINT32_MAX) {
        facts_abort(bp);
        return ERR_LIMIT;
    }
    struct mime_part *root = mime_end(b->scan);
    f->has_bare_cr |= b->last == '\r';
    f->size = (uint32_t)b->size;
    f->header_size = (uint32_t)root->header_size;
    f->lines = (uint32_t)root->body_lines;
    digest_end(b->whole, f->guid.b);
    write_cache(b, root, &f->cache);
    f->cache_crc = crc32_of(f->cache.p, f->cache.n);
    *out = f;
    b->all = NULL;
    facts_abort(bp);
    return ERR_OK;
}

void facts_abort(struct facts_builder **bp)
{
    struct facts_builder *b = *bp;
    struct facts *f;

    if (!b)
        return;
    *bp = NULL;
    mime_free(&b->scan);
    digest_free(&b->whole);
    while (b->ndigests > 0)
        digest_free(&b->digests[--b->ndigests]);
    buf_fini(&b->decoded);
    buf_fini(&b->headers);
    if (b->all) {
        f = &b->all->f;
        facts_free(&f);
    }
    mem_free(b);
}

void facts_free(struct facts **fp)
{
    struct facts_all *all = (struct facts_all *)*fp;

    if (!all)
        return;
    *fp = NULL;
    buf_fini(&all->f.cache);
    arena_free(&all->arena);
    mem_free(all);
}

err_t facts_of_bytes(struct slice message, const struct facts_options *opts, struct facts **out)
{
    struct facts_builder *b = facts_begin(opts);

    facts_push(b, message.p, message.n);
    return facts_end(&b, out);
}

time_t facts_sentdate(const struct facts *f, time_t internaldate)
{
    struct tm tm;

    if (f->has_sentdate)
        return f->sentdate;
    if (!localtime_r(&internaldate, &tm))
        return internaldate;
    return date822_local(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, 0, 0, 0);
}

time_t facts_gmtime(const struct facts *f, time_t internaldate)
{
    return f->has_date ? f->gmtime : internaldate;
}
