/* cache.c - see cache.h */
#include "imap/store/cache.h"

#include "lib/base/crc32.h"
#include "lib/base/endian.h"
#include "lib/text/ascii.h"
#include "lib/text/hdr822.h"

/* ---- records ---- */

/* Cut the item at the start of *rest; false if it does not fit. */
static bool take_item(struct slice *rest, struct slice *item)
{
    if (rest->n < CACHE_ITEM_LENGTH)
        return false;
    size_t n = be32_get(rest->p);
    *rest = slice_skip(*rest, CACHE_ITEM_LENGTH);
    if (n > rest->n || CACHE_PAD(n) > rest->n)
        return false;
    *item = slice_cut(*rest, 0, n);
    *rest = slice_skip(*rest, CACHE_PAD(n));
    return true;
}

static bool take_record(struct slice at, struct cache_record *out)
{
    struct slice rest = at;

    for (int i = 0; i < CACHE_NITEMS; i++)
        if (!take_item(&rest, &out->item[i]))
            return false;
    out->whole = slice_cut(at, 0, at.n - rest.n);
    return true;
}

err_t cache_record_parse(struct slice at, uint32_t crc, unsigned flags, struct cache_record *out)
{
    if (!take_record(at, out))
        return ERR_CORRUPT;
    if (!(flags & CACHE_NO_CRC) && crc32_of(out->whole.p, out->whole.n) != crc)
        return ERR_CORRUPT;
    return ERR_OK;
}

size_t cache_record_length(struct slice at)
{
    struct cache_record r;
    return take_record(at, &r) ? r.whole.n : 0;
}

/* ---- sections ---- */

/* One part entry of a node, as stored. */
struct entry {
    uint32_t header_off, header_size, body_off, body_size;
    bool placeholder;                   /* part 0 of a multipart inside a multipart */
    struct cache_section s;             /* all but offset and size */
};

static bool take_u32(struct slice *rest, uint32_t *out)
{
    if (rest->n < 4)
        return false;
    *out = be32_get(rest->p);
    *rest = slice_skip(*rest, 4);
    return true;
}

static bool take_bytes(struct slice *rest, size_t n, struct slice *out)
{
    if (rest->n < n)
        return false;
    *out = slice_cut(*rest, 0, n);
    *rest = slice_skip(*rest, n);
    return true;
}

static struct slice without_nuls(struct slice s)
{
    while (s.n > 0 && s.p[s.n - 1] == '\0')
        s.n--;
    return s;
}

static bool take_charset(struct slice *rest, uint32_t version, struct entry *e)
{
    uint32_t word;
    struct slice name = SLICE_NULL;

    if (!take_u32(rest, &word))
        return false;
    if (word == CACHE_NO_CHARSET)
        return true;
    e->s.encoding = word & CACHE_ENCODING_MASK;
    if (version < CACHE_SINCE_CHARSET)
        return true;
    e->s.has_charset = word >> CACHE_CHARSET_SHIFT != 0;
    if (!take_bytes(rest, word >> CACHE_CHARSET_SHIFT, &name))
        return false;
    e->s.charset = without_nuls(name);
    return true;
}

static bool take_entry(struct slice *rest, uint32_t version, struct entry *e)
{
    struct slice digest;

    *e = (struct entry){ 0 };
    if (!take_u32(rest, &e->header_off) || !take_u32(rest, &e->header_size) ||
        !take_u32(rest, &e->body_off) || !take_u32(rest, &e->body_size) ||
        !take_charset(rest, version, e))
        return false;
    e->placeholder = e->header_size == CACHE_NO_SIZE;
    if (version >= CACHE_SINCE_DIGEST) {
        if (!take_bytes(rest, CACHE_PART_DIGEST, &digest))
            return false;
        e->s.digest = (const uint8_t *)digest.p;
    }
    return (version < CACHE_SINCE_DECODED || take_u32(rest, &e->s.decoded_size)) &&
           (version < CACHE_SINCE_LINES || take_u32(rest, &e->s.lines));
}

/* The parts of one node; rest then starts at its first sub-node. */
struct node {
    struct slice entries;               /* raw, from part 0 on */
    uint32_t count;                     /* parts, part 0 included; 0: a leaf */
};

static bool take_node(struct slice *rest, uint32_t version, struct node *out)
{
    struct entry e;

    if (!take_u32(rest, &out->count))
        return false;
    out->entries = *rest;
    for (uint32_t i = 0; i < out->count; i++)
        if (!take_entry(rest, version, &e))
            return false;
    return true;
}

/* Pass over n nodes that follow one another, with all that is in them. */
static bool skip_nodes(struct slice *rest, uint32_t version, uint64_t n)
{
    struct node node;

    for (; n > 0; n--) {
        if (!take_node(rest, version, &node))
            return false;
        n += node.count > 0 ? node.count - 1 : 0;
    }
    return true;
}

static bool nth_entry(const struct node *node, uint32_t version, uint32_t i, struct entry *out)
{
    struct slice rest = node->entries;

    for (uint32_t k = 0; k <= i; k++)
        if (!take_entry(&rest, version, out))
            return false;
    return true;
}

/* From a node to the sub-node of its part number i (1..). */
static err_t descend(struct slice *rest, uint32_t version, const struct node *node, uint32_t i,
                     struct node *out)
{
    if (i == 0 || i >= node->count)
        return ERR_NOTFOUND;
    if (!skip_nodes(rest, version, i - 1) || !take_node(rest, version, out))
        return ERR_CORRUPT;
    return ERR_OK;
}

/* The answer from the entry: its header or its content. */
static void answer(const struct entry *e, bool header, struct cache_section *out)
{
    *out = e->s;
    out->offset = header ? e->header_off : e->body_off;
    out->size = header ? e->header_size : e->body_size;
}

err_t cache_section_find(struct slice item, uint32_t version, const uint32_t *part, size_t nparts,
                         enum cache_part_kind kind, struct cache_section *out)
{
    struct node node, sub = { 0 };
    struct entry e;
    uint32_t i = 0;
    err_t err;

    if (nparts > CACHE_PATH_MAX)
        return ERR_LIMIT;
    if (nparts == 0 && (kind == CACHE_PART_BODY || kind == CACHE_PART_MIME))
        return ERR_UNSUPPORTED;
    if (!take_node(&item, version, &node))
        return ERR_CORRUPT;
    for (size_t k = 0; k < nparts; k++) {
        if (k > 0)
            node = sub;
        i = part[k];
        if ((err = descend(&item, version, &node, i, &sub)) != ERR_OK)
            return err;
    }
    bool of_message = kind == CACHE_PART_HEADER || kind == CACHE_PART_TEXT;
    if (of_message && nparts > 0) {
        node = sub;
        i = 0;
    }
    if (node.count == 0)
        return ERR_NOTFOUND;
    if (!nth_entry(&node, version, i, &e))
        return ERR_CORRUPT;
    if (e.placeholder)
        return ERR_NOTFOUND;
    answer(&e, kind == CACHE_PART_HEADER || kind == CACHE_PART_MIME, out);
    return ERR_OK;
}

/* ---- headers ---- */

struct header_row {
    const char *name;
    uint32_t since;
};

/* Names that are never cached, and those that are cached since a version; sorted. */
static const struct header_row header_rows[] = {
    { "arc-authentication-results", CACHE_HEADER_NEVER },
    { "arc-message-signature", CACHE_HEADER_NEVER },
    { "arc-seal", CACHE_HEADER_NEVER },
    { "archived-at", CACHE_HEADER_NEVER },
    { "authentication-results", CACHE_HEADER_NEVER },
    { "bcc", CACHE_HEADER_NEVER },
    { "cc", CACHE_HEADER_NEVER },
    { "date", CACHE_HEADER_NEVER },
    { "delivery-date", CACHE_HEADER_NEVER },
    { "dkim-signature", CACHE_HEADER_NEVER },
    { "domainkey-signature", CACHE_HEADER_NEVER },
    { "domainkey-x509", CACHE_HEADER_NEVER },
    { "envelope-to", CACHE_HEADER_NEVER },
    { "followup-to", 0 },
    { "from", CACHE_HEADER_NEVER },
    { "in-reply-to", CACHE_HEADER_NEVER },
    { "listbox-message-date", CACHE_HEADER_NEVER },
    { "message-id", CACHE_HEADER_NEVER },
    { "mime-version", CACHE_HEADER_NEVER },
    { "newsgroups", 0 },
    { "priority", 0 },
    { "received", CACHE_HEADER_NEVER },
    { "received-spf", CACHE_HEADER_NEVER },
    { "references", 0 },
    { "reply-to", 7 },
    { "resent-from", 0 },
    { "return-path", CACHE_HEADER_NEVER },
    { "sender", 7 },
    { "subject", CACHE_HEADER_NEVER },
    { "to", CACHE_HEADER_NEVER },
    { "topicbox-message-uuid", CACHE_HEADER_NEVER },
    { "topicbox-policy-reasoning", CACHE_HEADER_NEVER },
    { "x-apple-base-url", 6 },
    { "x-apple-mail-remote-attachments", 6 },
    { "x-cyrus-session-id", 4 },
    { "x-delivered-to", 3 },
    { "x-mail-from", 3 },
    { "x-mailer", 1 },
    { "x-me-message-id", 4 },
    { "x-msmail-priority", 2 },
    { "x-msoesrec", 2 },
    { "x-priority", 2 },
    { "x-ref", 2 },
    { "x-resolved-to", 3 },
    { "x-spam-score", 3 },
    { "x-trace", 1 },
    { "x-truedomain-domain", 3 },
    { "x-uniform-type-identifier", 6 },
    { "x-universally-unique-identifier", 6 },
};

uint32_t cache_header_since(struct slice name)
{
    size_t lo = 0, hi = sizeof header_rows / sizeof *header_rows;

    if (name.n >= CACHE_HEADER_NAME_MAX)
        return CACHE_HEADER_NEVER;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = slice_cmp_nocase(name, slice_cstr(header_rows[mid].name));
        if (c == 0)
            return header_rows[mid].since;
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return slice_starts_nocase(name, SLICE_LIT("x-")) ? CACHE_HEADER_NEVER : 1;
}

bool cache_header_is_cached(struct slice name, uint32_t cache_version)
{
    uint32_t since = cache_header_since(name);
    return since != CACHE_HEADER_NEVER && cache_version >= since;
}

static bool is_listed(struct slice name, const struct slice *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq_nocase(name, names[i]))
            return true;
    return false;
}

void cache_headers_select(struct slice block, const struct slice *names, size_t n, bool not_in,
                          struct buf *out)
{
    struct hdr822_iter it;
    struct hdr822_field f;

    hdr822_begin(&it, block);
    while (hdr822_next(&it, &f)) {
        if (is_listed(f.name, names, n) == not_in)
            continue;
        buf_add_slice(out, f.raw);
        if (!slice_ends(f.raw, SLICE_LIT("\n")))
            buf_adds(out, "\r\n");
    }
}

bool cache_headers_find(struct slice block, struct slice name, struct slice *value)
{
    struct hdr822_iter it;
    struct hdr822_field f;

    hdr822_begin(&it, block);
    while (hdr822_next(&it, &f)) {
        if (slice_eq_nocase(f.name, name)) {
            *value = f.value;
            return true;
        }
    }
    return false;
}
