/* json.c - see json.h */
#include "imap/admin/json.h"

#include "lib/base/num.h"
#include "lib/text/ascii.h"
#include "lib/text/utf8.h"

/* ---- writing ---- */

static void put_char(struct buf *out, uint32_t cp)
{
    switch (cp) {
    case '"':  buf_adds(out, "\\\""); return;
    case '\\': buf_adds(out, "\\\\"); return;
    case '\n': buf_adds(out, "\\n"); return;
    case '\r': buf_adds(out, "\\r"); return;
    case '\t': buf_adds(out, "\\t"); return;
    default:   break;
    }
    if (cp < 0x20 || cp == 0x7f)
        buf_addf(out, "\\u%04x", cp);
    else
        utf8_add(out, cp == UTF8_BAD ? UTF8_REPLACEMENT : cp);
}

void json_put_string(struct buf *out, struct slice text)
{
    buf_addc(out, '"');
    while (text.n) {
        uint32_t cp;
        size_t n = utf8_decode(text, &cp);

        put_char(out, cp);
        text = slice_skip(text, n);
    }
    buf_addc(out, '"');
}

void json_indent(struct buf *out, unsigned level)
{
    buf_addc(out, '\n');
    for (unsigned i = 0; i < level; i++)
        buf_adds(out, "  ");
}

void json_open(struct json_list *l, struct buf *out, unsigned level, char bracket)
{
    *l = (struct json_list){ .out = out, .level = level + 1, .close = bracket == '{' ? '}' : ']' };
    buf_addc(out, bracket);
}

void json_member(struct json_list *l, const char *key)
{
    if (l->any)
        buf_addc(l->out, ',');
    l->any = true;
    json_indent(l->out, l->level);
    if (!key)
        return;
    json_put_string(l->out, slice_cstr(key));
    buf_adds(l->out, ": ");
}

void json_close(struct json_list *l)
{
    if (l->any)
        json_indent(l->out, l->level - 1);
    buf_addc(l->out, l->close);
}

void json_string_member(struct json_list *l, const char *key, struct slice value)
{
    json_member(l, key);
    json_put_string(l->out, value);
}

/* ---- reading ---- */

void json_reader_init(struct json_reader *r, struct slice text)
{
    *r = (struct json_reader){ .p = text.p, .end = text.p ? text.p + text.n : NULL, .line = 1 };
}

void json_reader_fini(struct json_reader *r)
{
    buf_fini(&r->key);
    buf_fini(&r->text);
}

static void skip_blanks(struct json_reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\r' || *r->p == '\n'))
        r->line += *r->p++ == '\n';
}

static bool take(struct json_reader *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

/* Four hex digits behind "\u". */
static err_t read_unit(struct json_reader *r, uint32_t *out)
{
    uint64_t v;

    if (r->end - r->p < 4 || num_hex64(slice_make(r->p, 4), &v))
        return ERR_SYNTAX;
    r->p += 4;
    *out = (uint32_t)v;
    return ERR_OK;
}

static err_t read_unicode(struct json_reader *r, struct buf *out)
{
    uint32_t a, b;

    if (read_unit(r, &a))
        return ERR_SYNTAX;
    if (a >= 0xd800 && a < 0xdc00) {
        if (!take(r, '\\') || !take(r, 'u') || read_unit(r, &b) || b < 0xdc00 || b > 0xdfff)
            return ERR_SYNTAX;
        a = 0x10000 + ((a - 0xd800) << 10) + (b - 0xdc00);
    } else if (a >= 0xdc00 && a <= 0xdfff) {
        return ERR_SYNTAX;
    }
    utf8_add(out, a);
    return ERR_OK;
}

static err_t read_escape(struct json_reader *r, struct buf *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at;

    if (r->p == r->end)
        return ERR_SYNTAX;
    if (*r->p == 'u') {
        r->p++;
        return read_unicode(r, out);
    }
    at = memchr(from, *r->p, sizeof from - 1);
    if (!at)
        return ERR_SYNTAX;
    buf_addc(out, to[at - from]);
    r->p++;
    return ERR_OK;
}

/* Behind the opening quote. */
static err_t read_string(struct json_reader *r, struct buf *out)
{
    buf_reset(out);
    while (r->p < r->end && *r->p != '"') {
        unsigned char c = (unsigned char)*r->p++;

        if (c < 0x20)
            return ERR_SYNTAX;
        if (c != '\\')
            buf_addc(out, (char)c);
        else if (read_escape(r, out))
            return ERR_SYNTAX;
    }
    return take(r, '"') ? ERR_OK : ERR_SYNTAX;
}

static err_t read_other(struct json_reader *r)
{
    buf_reset(&r->text);
    while (r->p < r->end && (ascii_is_alnum(*r->p) || *r->p == '-' || *r->p == '+' || *r->p == '.'))
        buf_addc(&r->text, *r->p++);
    return r->text.n ? ERR_OK : ERR_SYNTAX;
}

static err_t open_level(struct json_reader *r, char bracket)
{
    if (r->depth == JSON_DEPTH_MAX)
        return ERR_LIMIT;
    r->inside[r->depth++] = bracket;
    r->after_member = false;
    return ERR_OK;
}

static err_t read_value(struct json_reader *r, enum json_event *out)
{
    if (take(r, '{')) {
        *out = JSON_OBJECT;
        return open_level(r, '{');
    }
    if (take(r, '[')) {
        *out = JSON_ARRAY;
        return open_level(r, '[');
    }
    r->after_member = true;
    if (take(r, '"')) {
        *out = JSON_STRING;
        return read_string(r, &r->text);
    }
    *out = JSON_OTHER;
    return read_other(r);
}

static err_t close_level(struct json_reader *r, enum json_event *out)
{
    r->depth--;
    r->after_member = true;
    *out = JSON_CLOSE;
    return ERR_OK;
}

static err_t read_key(struct json_reader *r)
{
    if (!take(r, '"') || read_string(r, &r->key))
        return ERR_SYNTAX;
    skip_blanks(r);
    if (!take(r, ':'))
        return ERR_SYNTAX;
    skip_blanks(r);
    return ERR_OK;
}

err_t json_read(struct json_reader *r, enum json_event *out)
{
    char bracket;

    skip_blanks(r);
    buf_reset(&r->key);
    if (r->depth == 0) {
        if (!r->after_member)
            return read_value(r, out);
        *out = JSON_END;
        return r->p == r->end ? ERR_OK : ERR_SYNTAX;
    }
    bracket = r->inside[r->depth - 1];
    if (take(r, bracket == '{' ? '}' : ']'))
        return close_level(r, out);
    if (r->after_member && !take(r, ','))
        return ERR_SYNTAX;
    skip_blanks(r);
    if (bracket == '{' && read_key(r))
        return ERR_SYNTAX;
    return read_value(r, out);
}

err_t json_skip(struct json_reader *r)
{
    unsigned depth = r->depth;
    enum json_event ev;
    err_t err = ERR_OK;

    while (!err && r->depth >= depth) {
        err = json_read(r, &ev);
        if (!err && ev == JSON_END)
            err = ERR_SYNTAX;
    }
    return err;
}
