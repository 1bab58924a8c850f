/* facts_header.c - header fields of a message: see facts_impl.h */
#include "imap/store/cache.h"
#include "imap/store/facts_impl.h"
#include "lib/text/ascii.h"
#include "lib/text/date822.h"
#include "lib/text/hdr822.h"

struct field_row {
    const char *name;
    enum fact_field field;
};

static const struct field_row field_rows[] = {  /* sorted by name */
    { "bcc", FF_BCC },
    { "cc", FF_CC },
    { "content-description", FF_CONTENT_DESCRIPTION },
    { "content-disposition", FF_CONTENT_DISPOSITION },
    { "content-id", FF_CONTENT_ID },
    { "content-language", FF_CONTENT_LANGUAGE },
    { "content-location", FF_CONTENT_LOCATION },
    { "content-md5", FF_CONTENT_MD5 },
    { "date", FF_DATE },
    { "from", FF_FROM },
    { "in-reply-to", FF_IN_REPLY_TO },
    { "message-id", FF_MESSAGE_ID },
    { "received", FF_RECEIVED },
    { "references", FF_REFERENCES },
    { "reply-to", FF_REPLY_TO },
    { "resent-message-id", FF_RESENT_MESSAGE_ID },
    { "sender", FF_SENDER },
    { "subject", FF_SUBJECT },
    { "to", FF_TO },
    { "x-me-message-id", FF_X_ME_MESSAGE_ID },
};

static bool find_field(struct slice name, enum fact_field *out)
{
    size_t lo = 0, hi = sizeof field_rows / sizeof *field_rows;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = slice_cmp_nocase(name, slice_cstr(field_rows[mid].name));
        if (c == 0) {
            *out = field_rows[mid].field;
            return true;
        }
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return false;
}

/* Is the colon right behind the name?  "Subject : x" is no Subject to 3.6.1. */
static bool is_tight(const struct hdr822_field *f)
{
    return f->name.p[f->name.n] == ':';
}

void fact_fields_read(struct fact_fields *out, struct slice header)
{
    struct hdr822_iter it;
    struct hdr822_field f;
    enum fact_field field;

    *out = (struct fact_fields){ 0 };
    hdr822_begin(&it, header);
    while (hdr822_next(&it, &f))
        if (is_tight(&f) && find_field(f.name, &field))
            out->value[field] = f.value;
}

struct slice fact_unfold(struct arena *arena, struct slice v)
{
    struct buf b = BUF_INIT;

    if (!v.p)
        return v;
    if (slice_find(v, '\n') < 0) {
        while (v.n > 0 && (v.p[0] == ' ' || v.p[0] == '\t'))
            v = slice_skip(v, 1);
        return arena_dup(arena, v);
    }
    hdr822_unfold(&b, v);
    struct slice out = arena_dup(arena, buf_slice(&b));
    buf_fini(&b);
    return out;
}

static void read_date(struct facts *f, struct slice value)
{
    struct date822 d;

    if (!value.p || date822_parse(value, &d))
        return;
    f->sentdate = date822_local(d.year, d.month, d.day, 0, 0, 0);
    f->has_sentdate = f->sentdate > 0;
    f->gmtime = d.utc;
    /* nothing before 1970; 0 means "none" in the index */
    f->has_date = d.has_time && d.utc != 0 && d.utc + (time_t)d.zone_minutes * 60 >= 0;
}

/* Is the line a field for APPEND of 3.6.1 (measured)? */
static bool is_field(struct slice line)
{
    size_t n = 0;

    if (slice_starts(line, SLICE_LIT("From ")))
        return true;
    while (n < line.n && (unsigned char)line.p[n] > ' ' && line.p[n] != ':')
        n++;
    return n > 0 && n < line.n && line.p[n] == ':';
}

/* Is it one for LMTP of 3.6.1? */
static bool is_strict_field(struct slice line)
{
    size_t n = 0;

    while (n < line.n && ascii_is_graph(line.p[n]) && line.p[n] != ':')
        n++;
    if (n == 0)
        return false;
    while (n < line.n && (line.p[n] == ' ' || line.p[n] == '\t'))
        n++;
    return n < line.n && line.p[n] == ':';
}

static bool has_lone_cr(struct slice line)
{
    ssize_t cr = slice_find(line, '\r');
    return cr >= 0 && (size_t)cr + 2 < line.n;
}

static void check_lines(struct facts *f, struct slice header)
{
    bool first = true;

    while (header.n > 0 && header.p[0] != '\r' && header.p[0] != '\n') {
        const char *lf = memchr(header.p, '\n', header.n);
        struct slice line = slice_cut(header, 0, lf ? (size_t)(lf - header.p) + 1 : header.n);
        bool continues = line.p[0] == ' ' || line.p[0] == '\t';
        if (!lf || (!continues && !is_field(line)))
            f->header_invalid = true;
        if ((continues ? first : !is_strict_field(line)) || has_lone_cr(line))
            f->header_invalid_strict = true;
        first = false;
        header = slice_skip(header, line.n);
    }
}

void fact_header_top(struct facts *f, struct arena *arena, const struct fact_fields *fields,
                     struct slice header)
{
    const struct slice *v = fields->value;

    f->date = fact_unfold(arena, v[FF_DATE]);
    f->subject = fact_unfold(arena, v[FF_SUBJECT]);
    f->message_id = fact_unfold(arena, v[FF_MESSAGE_ID]);
    f->in_reply_to = fact_unfold(arena, v[FF_IN_REPLY_TO]);
    f->references = fact_unfold(arena, v[FF_REFERENCES]);
    f->resent_message_id = fact_unfold(arena, v[FF_RESENT_MESSAGE_ID]);
    f->x_me_message_id = fact_unfold(arena, v[FF_X_ME_MESSAGE_ID]);
    f->has_received = v[FF_RECEIVED].p != NULL;
    check_lines(f, header);
    read_date(f, f->date);
}

/* The field as it is, its line ends as CRLF. */
static void add_lines(struct buf *out, struct slice raw)
{
    while (raw.n > 0) {
        struct slice line;
        bool ended;
        raw = slice_split(raw, '\n', &line, &ended);
        if (ended && line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        buf_add_slice(out, line);
        buf_add(out, "\r\n", 2);
    }
}

static uint32_t count_lines(struct slice s)
{
    uint32_t n = 0;
    for (const char *p = s.p, *end = s.p + s.n; p && p < end; n++) {
        p = memchr(p, '\n', (size_t)(end - p));
        if (p)
            p++;
    }
    return n;
}

void fact_header_lines(struct buf *out, struct slice header, uint32_t maxlines)
{
    struct slice whole = header;
    struct hdr822_iter it;
    struct hdr822_field f;
    uint32_t lines = 0;
    const char *counted = header.p;

    hdr822_begin(&it, header);
    while (hdr822_next(&it, &f)) {
        lines += count_lines(slice_make(counted, (size_t)(f.raw.p - counted)));
        if (lines > maxlines)
            break;
        counted = f.raw.p;
        struct slice name = f.name;
        if (!is_tight(&f))
            name.n = (size_t)(slice_find(slice_skip(whole, (size_t)(f.raw.p - whole.p)), ':'));
        if (slice_find(name, '\r') < 0 && cache_header_since(name) != CACHE_HEADER_NEVER)
            add_lines(out, f.raw);
    }
}
