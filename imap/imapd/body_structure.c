/* body_structure.c - see body_structure.h; nothing here depends on the depth of the structure but the count of "(" */
#include "imap/imapd/body_structure.h"

#include "lib/base/num.h"
#include "lib/text/ascii.h"

/* "{n}" CRLF and its octets at the beginning; 0: damaged. */
static size_t literal_length(struct slice s)
{
    const ssize_t end = slice_find(s, '}');
    uint32_t n;

    if (end < 0 || num_u32(slice_cut(s, 1, (size_t)end), &n) != ERR_OK || s.n - (size_t)end < 3 + (uint64_t)n)
        return 0;
    return (size_t)end + 3 + n;
}

/* Octets of a string or an atom at the beginning; 0: there is none. */
static size_t word_length(struct slice s)
{
    size_t n = 0;

    if (s.n && s.p[0] == '"') {
        const ssize_t end = slice_find(slice_skip(s, 1), '"');
        return end < 0 ? 0 : (size_t)end + 2;   /* nothing is ever escaped: imapout.h */
    }
    if (s.n && s.p[0] == '{')
        return literal_length(s);
    while (n < s.n && s.p[n] != ' ' && s.p[n] != '(' && s.p[n] != ')')
        n++;
    return n;
}

/* The value at the beginning: a list with all that is in it, a string, or an atom.  Empty: there is none. */
static struct slice first_value(struct slice s)
{
    size_t at = 0, depth = 0, n;

    do {
        if (at == s.n)
            return SLICE_NULL;
        if (s.p[at] == '(') {
            depth++;
            n = 1;
        } else if (s.p[at] == ')') {
            if (!depth)
                return SLICE_NULL;
            depth--;
            n = 1;
        } else if (s.p[at] == ' ' && depth) {
            n = 1;
        } else {
            n = word_length(slice_skip(s, at));
        }
        if (!n)
            return SLICE_NULL;
        at += n;
    } while (depth);
    return slice_cut(s, 0, at);
}

/* The next value of a list, taken from *rest. */
static struct slice next_value(struct slice *rest)
{
    if (rest->n && rest->p[0] == ' ')
        *rest = slice_skip(*rest, 1);
    const struct slice v = first_value(*rest);
    *rest = slice_skip(*rest, v.n);
    return v;
}

bool body_part_read(struct slice whole, struct body_part *out)
{
    enum { TYPE, SUBTYPE, PARAMS, ID, DESCRIPTION, ENCODING, SIZE, NFIELDS };
    struct slice rest = slice_skip(whole, 1), f[NFIELDS];

    *out = (struct body_part){ .whole = whole };
    if (whole.n < 2 || whole.p[0] != '(' || whole.p[whole.n - 1] != ')')
        return false;
    out->is_multipart = whole.p[1] == '(';
    if (out->is_multipart)
        return true;
    for (size_t i = 0; i < NFIELDS; i++) {
        f[i] = next_value(&rest);
        if (!f[i].n)
            return false;
    }
    out->encoding = f[ENCODING];
    out->size = f[SIZE];
    struct slice more = rest;
    const struct slice next = next_value(&more);
    out->is_message = slice_eqs_nocase(f[TYPE], "\"MESSAGE\"") && slice_eqs_nocase(f[SUBTYPE], "\"RFC822\"")
                      && next.n && next.p[0] == '(';
    if (out->is_message) {
        out->inner = next_value(&more);
        out->lines = next_value(&more);
        return out->inner.n && out->lines.n;
    }
    if (slice_eqs_nocase(f[TYPE], "\"TEXT\""))
        out->lines = next;
    return true;
}

/* Child n of a multipart. */
static struct slice child(struct slice whole, uint32_t n)
{
    struct slice rest = slice_skip(whole, 1), v = SLICE_NULL;

    for (uint32_t i = 0; i < n; i++) {
        if (!rest.n || rest.p[0] != '(')
            return SLICE_NULL;
        v = first_value(rest);
        if (!v.n)
            return SLICE_NULL;
        rest = slice_skip(rest, v.n);
    }
    return v;
}

bool body_part_find(struct slice structure, const uint32_t *part, size_t nparts, struct body_part *out)
{
    bool of_message = true;                     /* out is the body of a message: part 1 may be itself */

    if (!body_part_read(structure, out))
        return false;
    for (size_t i = 0; i < nparts; i++) {
        if (!of_message && out->is_message) {
            if (!body_part_read(out->inner, out))
                return false;
            of_message = true;
        }
        if (out->is_multipart) {
            const struct slice c = child(out->whole, part[i]);
            if (!c.n || !body_part_read(c, out))
                return false;
        } else if (!of_message || part[i] != 1) {
            return false;
        }
        of_message = false;
    }
    return true;
}
