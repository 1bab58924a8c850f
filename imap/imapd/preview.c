/* preview.c - see preview.h */
#include "imap/imapd/preview.h"

#include "lib/text/charset.h"
#include "lib/text/cte.h"
#include "lib/text/html.h"
#include "lib/text/mime.h"

enum { DECODED_MAX = 32 << 10 };        /* bytes of text that are decoded to find the words in */

static bool in_message(const struct mime_part *part)
{
    for (part = part->parent; part; part = part->parent)
        if (part->kind == MIME_MESSAGE)
            return true;
    return false;
}

static bool is_text(const struct mime_part *part, const char *subtype)
{
    return part->kind == MIME_LEAF && slice_eqs(part->type, "TEXT") && slice_eqs(part->subtype, subtype)
           && part->encoding != MIME_ENC_UNKNOWN && part->body_size > 0;
}

/* The part that says most, and in the form that is read most easily. */
static const struct mime_part *choose(const struct mime_part *root)
{
    const struct mime_part *best[4] = { NULL };        /* plain, html; the same within a message */

    for (const struct mime_part *p = root; p; p = mime_next(p)) {
        bool html = is_text(p, "HTML");
        if (!html && !is_text(p, "PLAIN"))
            continue;
        const struct mime_part **slot = &best[(in_message(p) ? 2 : 0) + html];
        if (!*slot)
            *slot = p;
    }
    for (size_t i = 0; i < sizeof best / sizeof *best; i++)
        if (best[i])
            return best[i];
    return NULL;
}

/* Without the head of the document, whose title is not part of the text. */
static struct slice from_body(struct slice html)
{
    ssize_t at = slice_search_nocase(html, SLICE_LIT("<body"));

    return at > 0 ? slice_skip(html, (size_t)at) : html;
}

static void read_part(const struct mime_part *part, struct slice message, struct buf *text)
{
    struct slice body = slice_cut(message, part->body_off, part->body_off + part->body_size);
    struct buf raw = BUF_INIT, utf8 = BUF_INIT;

    if (cte_decode(part->encoding, body, DECODED_MAX, &raw) == ERR_OK)
        charset_to_utf8_lossy(part->charset.n ? part->charset : SLICE_LIT("utf-8"),
                              slice_cut(buf_slice(&raw), 0, DECODED_MAX), &utf8);
    if (is_text(part, "HTML"))
        html_to_text(text, from_body(buf_slice(&utf8)));
    else
        buf_add_slice(text, buf_slice(&utf8));
    buf_fini(&raw);
    buf_fini(&utf8);
}

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

/* Words of a line behind those that are there, one blank between; false once PREVIEW_CHARS are reached. */
static bool add_words(struct slice line, struct buf *out, unsigned *chars, bool *blank)
{
    for (size_t i = 0; i < line.n; i++) {
        if (is_blank(line.p[i])) {
            *blank = *chars > 0;
            continue;
        }
        bool begins = ((unsigned char)line.p[i] & 0xc0) != 0x80;        /* a character, not the rest of one */
        if (begins && *chars + 1 + *blank > PREVIEW_CHARS)
            return false;
        if (*blank) {
            buf_addc(out, ' ');
            ++*chars;
            *blank = false;
        }
        *chars += begins;
        buf_addc(out, line.p[i]);
    }
    *blank = *chars > 0;
    return true;
}

static void add_preview(struct slice text, struct buf *out)
{
    unsigned chars = 0;
    bool blank = false, more = true;
    struct slice line;

    while (text.n && more) {
        text = slice_split(text, '\n', &line, &more);
        if (slice_eqs(line, "-- ") || slice_eqs(line, "-- \r"))         /* the signature */
            return;
        if (line.n && line.p[0] == '>')                                 /* somebody else's words */
            continue;
        if (!add_words(line, out, &chars, &blank))
            return;
    }
}

void preview_text(struct slice message, struct arena *scratch, struct buf *out)
{
    struct slice front = slice_cut(message, 0, PREVIEW_LOOK);
    const struct mime_part *part = choose(mime_parse(front, NULL, scratch));
    struct buf text = BUF_INIT;

    if (!part)
        return;
    read_part(part, front, &text);
    add_preview(buf_slice(&text), out);
    buf_fini(&text);
}
