/* hdr822.c - see hdr822.h */
#include "lib/text/hdr822.h"

#include "lib/text/ascii.h"

/* Length of the line at the start, with its LF. */
static size_t line_length(struct slice s)
{
    const char *lf = s.n ? memchr(s.p, '\n', s.n) : NULL;
    return lf ? (size_t)(lf - s.p) + 1 : s.n;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_empty_line(struct slice s)
{
    return s.n == 0 || s.p[0] == '\n' || (s.n > 1 && s.p[0] == '\r' && s.p[1] == '\n');
}

static size_t field_length(struct slice s)
{
    size_t n = line_length(s);
    while (n < s.n && is_blank(s.p[n]))
        n += line_length(slice_skip(s, n));
    return n;
}

static struct slice chomp(struct slice s)
{
    if (s.n == 0 || s.p[s.n - 1] != '\n')
        return s;
    s.n--;
    if (s.n > 0 && s.p[s.n - 1] == '\r')
        s.n--;
    return s;
}

bool hdr822_next(struct hdr822_iter *it, struct hdr822_field *out)
{
    while (!is_empty_line(it->rest)) {
        struct slice raw = slice_cut(it->rest, 0, field_length(it->rest));
        struct slice first = slice_cut(raw, 0, line_length(raw));
        ssize_t colon = is_blank(raw.p[0]) ? -1 : slice_find(first, ':');

        it->rest = slice_skip(it->rest, raw.n);
        if (colon < 0)
            continue;
        out->raw = raw;
        out->name = slice_cut(raw, 0, (size_t)colon);
        while (out->name.n > 0 && is_blank(out->name.p[out->name.n - 1]))
            out->name.n--;
        out->value = chomp(slice_skip(raw, (size_t)colon + 1));
        return true;
    }
    it->rest = slice_skip(it->rest, line_length(it->rest));
    return false;
}

size_t hdr822_size(struct slice message)
{
    struct slice rest = message;
    while (!is_empty_line(rest))
        rest = slice_skip(rest, line_length(rest));
    return message.n - rest.n + line_length(rest);
}

static bool find(struct slice block, const char *name, bool last, struct slice *value)
{
    struct hdr822_iter it;
    struct hdr822_field f;
    bool found = false;

    hdr822_begin(&it, block);
    while ((last || !found) && hdr822_next(&it, &f)) {
        if (!slice_eqs_nocase(f.name, name))
            continue;
        *value = f.value;
        found = true;
    }
    return found;
}

bool hdr822_find(struct slice block, const char *name, struct slice *value)
{
    return find(block, name, false, value);
}

bool hdr822_find_last(struct slice block, const char *name, struct slice *value)
{
    return find(block, name, true, value);
}

void hdr822_unfold(struct buf *out, struct slice value)
{
    while (value.n > 0 && is_blank(value.p[0]))
        value = slice_skip(value, 1);
    while (value.n > 0) {
        size_t n = line_length(value);
        buf_add_slice(out, chomp(slice_cut(value, 0, n)));
        value = slice_skip(value, n);
    }
}

bool hdr822_name_valid(struct slice name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_is_graph(name.p[i]) || name.p[i] == ':')
            return false;
    return name.n > 0;
}
