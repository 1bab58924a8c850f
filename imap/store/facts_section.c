/* facts_section.c - item 3 of a cache record: where the parts are in the file
 *
 *   node := count, count parts, count-1 nodes        (cache_format.h)
 *
 * A message (the outermost one as well) is a node about its body: a multipart with its parts,
 * or one part, which is then entry 0 and entry 1.
 */
#include "imap/store/cache_format.h"
#include "imap/store/facts_impl.h"

static bool has_parts(const struct mime_part *part)
{
    return part->kind == MIME_MULTIPART && part->child;
}

static void add_digest(struct buf *out, const struct fact_part *fp)
{
    static const uint8_t none[SHA1_SIZE];

    buf_add(out, fp && fp->has_digest ? fp->digest : none, SHA1_SIZE);
    buf_add_be32(out, fp && fp->has_digest ? fp->decoded_size : 0);
}

/* Charset as written, NULs up to a multiple of 4 and at least one. */
static void add_charset(struct buf *out, const struct mime_part *part, uint32_t encoding)
{
    static const char nuls[CACHE_ALIGN];
    bool is_text = slice_eqs(part->type, "TEXT") ||
                   (slice_eqs(part->type, "MESSAGE") && part->kind != MIME_MESSAGE);
    struct slice name = part->charset.n ? part->charset : SLICE_LIT("us-ascii");

    if (!is_text) {
        buf_add_be32(out, encoding);
        return;
    }
    size_t padded = CACHE_PAD(name.n + 1);
    buf_add_be32(out, (uint32_t)padded << CACHE_CHARSET_SHIFT | encoding);
    buf_add_slice(out, name);
    buf_add(out, nuls, padded - name.n);
}

static uint32_t encoding_of(const struct mime_part *part)
{
    return slice_eqs(part->type, "MESSAGE") ? MIME_ENC_NONE : (uint32_t)part->encoding;
}

enum entry_kind {
    ENTRY_BODY,         /* entry 0: the body of a message */
    ENTRY_PART,         /* a part of the body of a message, or the body once more */
    ENTRY_SUBPART       /* a part of a multipart inside a multipart */
};

static void add_entry(struct buf *out, const struct mime_part *part, enum entry_kind kind)
{
    bool hollow = part->kind == MIME_MULTIPART && !part->child;

    buf_add_be32(out, (uint32_t)part->header_off);
    buf_add_be32(out, (uint32_t)part->header_size);
    buf_add_be32(out, (uint32_t)part->body_off);
    buf_add_be32(out, hollow && kind != ENTRY_BODY ? 0 : (uint32_t)part->body_size);
    if (kind == ENTRY_BODY || (hollow && kind == ENTRY_SUBPART))
        buf_add_be32(out, CACHE_NO_CHARSET);
    else
        add_charset(out, part, encoding_of(part));
    add_digest(out, fact_of(part));
    buf_add_be32(out, (uint32_t)part->body_lines);
}

/* Entry 1 of a message whose body is a multipart without parts. */
static void add_hollow_entry(struct buf *out, const struct mime_part *part)
{
    buf_add_be32(out, (uint32_t)part->header_off);
    buf_add_be32(out, (uint32_t)part->header_size);
    buf_add_be32(out, (uint32_t)part->body_off);
    buf_add_be32(out, 0);
    buf_add_be32(out, CACHE_NO_CHARSET);
    add_digest(out, NULL);
    buf_add_be32(out, 0);
}

static void add_placeholder(struct buf *out)
{
    buf_add_be32(out, 0);
    buf_add_be32(out, CACHE_NO_SIZE);
    buf_add_be32(out, 0);
    buf_add_be32(out, CACHE_NO_SIZE);
    buf_add_be32(out, CACHE_NO_CHARSET);
    add_digest(out, NULL);
    buf_add_be32(out, 0);
}

/* Count and entries of a message with that body. */
static void add_message_node(struct buf *out, const struct mime_part *body)
{
    buf_add_be32(out, has_parts(body) ? body->nchildren + 1 : 2);
    add_entry(out, body, ENTRY_BODY);
    if (has_parts(body)) {
        for (const struct mime_part *p = body->child; p; p = p->next)
            add_entry(out, p, ENTRY_PART);
    } else if (body->kind == MIME_MULTIPART) {
        add_hollow_entry(out, body);
    } else {
        add_entry(out, body, ENTRY_PART);
    }
}

static void add_part_node(struct buf *out, const struct mime_part *part)
{
    if (part->kind == MIME_MESSAGE) {
        add_message_node(out, part->child);
    } else if (has_parts(part)) {
        buf_add_be32(out, part->nchildren + 1);
        add_placeholder(out);
        for (const struct mime_part *p = part->child; p; p = p->next)
            add_entry(out, p, ENTRY_SUBPART);
    } else {
        buf_add_be32(out, 0);
    }
}

void fact_section(struct buf *out, const struct mime_part *root)
{
    add_message_node(out, root);
    for (const struct mime_part *p = root; p; p = mime_next(p)) {
        /* a multipart that is the body of a message was written with the message */
        bool is_body = !p->parent || p->parent->kind == MIME_MESSAGE;
        if (!is_body || !has_parts(p))
            add_part_node(out, p);
    }
}
