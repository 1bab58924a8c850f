/* message_text.c - see message_text.h
 *
 * Text is decoded in pieces of DECODE_PIECE bytes; what is kept between pieces is one needle's length, so memory
 * does not grow with the part.
 */
#include "imap/search/message_text.h"

#include "lib/conf/conf.h"
#include "lib/text/ascii.h"
#include "lib/text/base64.h"
#include "lib/text/charset.h"
#include "lib/text/fold.h"
#include "lib/text/hdr822.h"
#include "lib/text/html.h"
#include "lib/text/mime.h"
#include "lib/text/qp.h"
#include "lib/text/word2047.h"

enum { DECODE_PIECE = 32768 };

/* decoded bytes -> UTF-8 -> visible text -> folded -> window that is searched */
struct pipe {
    struct slice needle;
    struct charset_conv *conv;                  /* NULL: bytes are ASCII or UTF-8 already */
    bool is_html;
    struct html_text html;
    struct fold_state fold;
    struct buf utf8, visible, window;
    bool found;
};

static void pipe_begin(struct pipe *p, struct slice needle, struct slice charset, bool is_html, unsigned flags)
{
    memset(p, 0, sizeof *p);
    p->needle = needle;
    if (charset.n && !slice_eqs_nocase(charset, "us-ascii") && !slice_eqs_nocase(charset, "utf-8")
        && charset_conv_new(charset, &p->conv) != ERR_OK)
        p->conv = NULL;
    p->is_html = is_html;
    html_begin(&p->html);
    fold_begin(&p->fold, flags);
}

static void look(struct pipe *p)
{
    if (slice_search(buf_slice(&p->window), p->needle) >= 0)
        p->found = true;
    else if (p->window.n >= p->needle.n)
        buf_remove_front(&p->window, p->window.n - (p->needle.n - 1));
}

static void pipe_push(struct pipe *p, struct slice decoded)
{
    struct slice text = decoded;

    if (p->found || decoded.n == 0)
        return;
    if (p->conv) {
        buf_reset(&p->utf8);
        charset_conv_push(p->conv, decoded.p, decoded.n, &p->utf8);
        text = buf_slice(&p->utf8);
    }
    if (p->is_html) {
        buf_reset(&p->visible);
        html_push(&p->html, text, &p->visible);
        text = buf_slice(&p->visible);
    }
    fold_push(&p->fold, text, &p->window);
    look(p);
}

static bool pipe_end(struct pipe *p)
{
    if (!p->found) {
        fold_end(&p->fold, &p->window);
        look(p);
    }
    charset_conv_free(&p->conv);
    buf_fini(&p->utf8);
    buf_fini(&p->visible);
    buf_fini(&p->window);
    return p->found;
}

static void push_qp(struct pipe *p, struct slice body)
{
    struct qp_dec dec;
    struct buf out = BUF_INIT;

    qp_dec_init(&dec);
    for (size_t off = 0; off < body.n && !p->found; off += DECODE_PIECE) {
        buf_reset(&out);
        qp_dec_push(&dec, slice_cut(body, off, off + DECODE_PIECE), &out);
        pipe_push(p, buf_slice(&out));
    }
    buf_reset(&out);
    qp_dec_end(&dec, &out);
    pipe_push(p, buf_slice(&out));
    buf_fini(&out);
}

static void push_base64(struct pipe *p, struct slice body)
{
    struct base64_dec dec = BASE64_DEC_INIT;
    struct buf out = BUF_INIT;
    uint8_t tail[3];

    buf_reserve(&out, BASE64_DEC_MAX(DECODE_PIECE));
    for (size_t off = 0; off < body.n && !p->found; off += DECODE_PIECE) {
        struct slice piece = slice_cut(body, off, off + DECODE_PIECE);
        size_t n = base64_dec_push(&dec, piece.p, piece.n, (uint8_t *)out.p);
        pipe_push(p, slice_make(out.p, n));
    }
    pipe_push(p, slice_make(tail, base64_dec_end(&dec, tail)));
    buf_fini(&out);
}

static void push_plain(struct pipe *p, struct slice body)
{
    for (size_t off = 0; off < body.n && !p->found; off += DECODE_PIECE)
        pipe_push(p, slice_cut(body, off, off + DECODE_PIECE));
}

static bool part_has(const struct mime_part *part, struct slice message, struct slice needle, unsigned flags)
{
    struct slice body = slice_cut(message, part->body_off, part->body_off + part->body_size);
    struct pipe p;

    pipe_begin(&p, needle, part->charset, slice_eqs(part->subtype, "HTML"), flags);
    if (part->encoding == MIME_ENC_QP)
        push_qp(&p, body);
    else if (part->encoding == MIME_ENC_BASE64)
        push_base64(&p, body);
    else
        push_plain(&p, body);
    return pipe_end(&p);
}

/* All fields of a block: "name: decoded value" lines. */
static bool block_has(struct slice block, struct slice needle, unsigned flags)
{
    struct hdr822_iter it;
    struct hdr822_field f;
    struct buf text = BUF_INIT, folded = BUF_INIT;
    bool found = false;

    hdr822_begin(&it, block);
    while (!found && hdr822_next(&it, &f)) {
        buf_reset(&text);
        buf_reset(&folded);
        buf_add_slice(&text, f.name);
        buf_adds(&text, ": ");
        word2047_decode_utf8(&text, f.value);
        fold_add(&folded, buf_slice(&text), flags);
        found = slice_search(buf_slice(&folded), needle) >= 0;
    }
    buf_fini(&text);
    buf_fini(&folded);
    return found;
}

static struct slice header_of(const struct mime_part *part, struct slice message)
{
    return slice_cut(message, part->header_off, part->header_off + part->header_size);
}

/* What the scanner gives a multipart whose boundary never came. */
static bool is_empty(const struct mime_part *part)
{
    return !part->next && part->header_size == 0 && part->body_size == 0;
}

/* Text, but for HTML when search_skiphtml is on; and what a multipart without parts holds. */
static bool is_searched(const struct mime_part *part)
{
    if (part->kind == MIME_MULTIPART)
        return !part->child || is_empty(part->child);
    return part->kind == MIME_LEAF && slice_eqs(part->type, "TEXT")
           && !(slice_eqs(part->subtype, "HTML") && conf_bool(CONF_SEARCH_SKIPHTML));
}

bool message_text_has(struct slice message, struct slice needle, bool with_headers, unsigned fold_flags,
                      struct arena *scratch)
{
    const struct mime_part *part = mime_parse(message, NULL, scratch);

    if (needle.n == 0)
        return true;
    if (with_headers && block_has(header_of(part, message), needle, fold_flags))
        return true;
    for (; part; part = mime_next(part)) {
        if (part->parent && block_has(header_of(part, message), needle, fold_flags))
            return true;
        if (is_searched(part) && part_has(part, message, needle, fold_flags))
            return true;
    }
    return false;
}

/* Does a line begin with the name, or the first one with a blank?  Most messages lack most fields: that is seen
 * fast. */
static bool may_have_field(struct slice block, struct slice name)
{
    if (block.n && (block.p[0] == ' ' || block.p[0] == '\t'))
        return true;
    while (block.n > name.n) {
        const char *lf;
        if (ascii_lower(block.p[0]) == ascii_lower(name.p[0]) && slice_starts_nocase(block, name))
            return true;
        lf = memchr(block.p, '\n', block.n);
        if (!lf)
            return false;
        block = slice_skip(block, (size_t)(lf + 1 - block.p));
    }
    return false;
}

bool message_header_collect(struct slice block, struct slice name, unsigned fold_flags, struct buf *out)
{
    struct hdr822_iter it;
    struct hdr822_field f;
    struct buf text = BUF_INIT;
    bool found = false;

    if (name.n == 0 || !may_have_field(block, name))
        return false;
    hdr822_begin(&it, block);
    while (hdr822_next(&it, &f)) {
        if (!slice_eq_nocase(f.name, name))
            continue;
        if (found)
            buf_addc(out, '\0');
        buf_reset(&text);
        word2047_decode_utf8(&text, f.value);
        fold_add(out, buf_slice(&text), fold_flags);
        found = true;
    }
    buf_fini(&text);
    return found;
}

bool message_header_has(struct slice block, struct slice name, struct slice needle, unsigned fold_flags)
{
    struct buf values = BUF_INIT;
    bool found = message_header_collect(block, name, fold_flags, &values)
                 && (needle.n == 0 || slice_search(buf_slice(&values), needle) >= 0);

    buf_fini(&values);
    return found;
}
