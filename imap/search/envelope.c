/* envelope.c - see envelope.h */
#include "imap/search/envelope.h"

#include <stdint.h>

#include "lib/text/ascii.h"

/* Length of the literal at s ("{5}" CRLF and its bytes); 0: malformed. */
static size_t literal_length(struct slice s)
{
    uint64_t n = 0;
    size_t i = 1;

    while (i < s.n && i < 12 && ascii_is_digit(s.p[i]))
        n = n * 10 + (uint64_t)(s.p[i++] - '0');
    if (i == 1 || i + 3 > s.n || memcmp(s.p + i, "}\r\n", 3) != 0 || n > s.n - i - 3)
        return 0;
    return i + 3 + (size_t)n;
}

/* Length of the string at s, NIL included; 0: something else. */
static size_t string_length(struct slice s)
{
    const char *end;

    if (s.n == 0)
        return 0;
    if (s.p[0] == '"') {
        end = memchr(s.p + 1, '"', s.n - 1);
        return end ? (size_t)(end - s.p) + 1 : 0;
    }
    if (s.p[0] == '{')
        return literal_length(s);
    return slice_starts(s, SLICE_LIT("NIL")) ? 3 : 0;
}

/* Length of the value at s: a string, or a list to its end; 0: malformed. */
static size_t value_length(struct slice s)
{
    size_t at = 0, depth = 0, n;

    if (s.n == 0 || s.p[0] != '(')
        return string_length(s);
    while (at < s.n) {
        char c = s.p[at];
        if (c == '(') {
            depth++;
            at++;
        } else if (c == ')') {
            at++;
            if (--depth == 0)
                return at;
        } else if (c == ' ') {
            at++;
        } else {
            n = string_length(slice_skip(s, at));
            if (n == 0)
                return 0;
            at += n;
        }
    }
    return 0;
}

/* Take n values with one blank between them. */
static bool take_values(struct slice s, struct slice *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = value_length(s);
        if (len == 0 || (i + 1 < n && (len >= s.n || s.p[len] != ' ')))
            return false;
        out[i] = slice_cut(s, 0, len);
        s = slice_skip(s, len + (i + 1 < n));
    }
    return true;
}

bool envelope_split(struct slice item, struct envelope *out)
{
    return item.n >= 2 && item.p[0] == '(' && item.p[item.n - 1] == ')'
           && take_values(slice_cut(item, 1, item.n - 1), out->field, ENV_NFIELDS);
}

struct slice envelope_string(struct slice s)
{
    ssize_t lf;

    if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
        return slice_cut(s, 1, s.n - 1);
    if (s.n && s.p[0] == '{' && literal_length(s) == s.n && (lf = slice_find(s, '\n')) >= 0)
        return slice_skip(s, (size_t)lf + 1);
    return SLICE_NULL;
}

bool envelope_first_address(struct slice list, struct envelope_address *out)
{
    enum { NAME, ROUTE, MAILBOX, HOST, NPARTS };
    struct slice part[NPARTS];

    if (list.n < 4 || list.p[0] != '(' || list.p[1] != '('
        || !take_values(slice_cut(list, 2, list.n - 1), part, NPARTS))
        return false;
    out->name = envelope_string(part[NAME]);
    out->mailbox = envelope_string(part[MAILBOX]);
    out->host = envelope_string(part[HOST]);
    return true;
}
