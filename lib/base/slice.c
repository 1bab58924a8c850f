/* slice.c - comparing, searching and splitting borrowed bytes; see slice.h */
#include "lib/base/slice.h"
#include "lib/base/mem.h"

#include <stdint.h>

static unsigned char fold(char c)
{
    unsigned char u = (unsigned char)c;

    return u >= 'A' && u <= 'Z' ? (unsigned char)(u + ('a' - 'A')) : u;
}

static int cmp_sizes(size_t a, size_t b)
{
    return a < b ? -1 : a > b;
}

int slice_cmp(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;

    return c ? c : cmp_sizes(a.n, b.n);
}

static bool equal_folded(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i] && fold(a[i]) != fold(b[i]))
            return false;
    return true;
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
    return a.n == b.n && equal_folded(a.p, b.p, a.n);
}

bool slice_eqs_nocase(struct slice a, const char *s)
{
    return slice_eq_nocase(a, slice_cstr(s));
}

bool slice_starts_nocase(struct slice s, struct slice prefix)
{
    return s.n >= prefix.n && equal_folded(s.p, prefix.p, prefix.n);
}

int slice_cmp_nocase(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;

    for (size_t i = 0; i < n; i++) {
        int c = fold(a.p[i]) - fold(b.p[i]);
        if (c)
            return c;
    }
    return cmp_sizes(a.n, b.n);
}

ssize_t slice_find(struct slice s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

    return at ? at - s.p : -1;
}

ssize_t slice_rfind(struct slice s, char c)
{
    const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;

    return at ? at - s.p : -1;
}

ssize_t slice_search(struct slice hay, struct slice needle)
{
    if (needle.n == 0)
        return 0;
    if (needle.n > hay.n)
        return -1;
    const char *at = memmem(hay.p, hay.n, needle.p, needle.n);
    return at ? at - hay.p : -1;
}

/* Knuth-Morris-Pratt on folded bytes: linear whatever the texts are.  fail[i] is the
 * length of the longest proper prefix of needle that ends at i. */
static void kmp_prepare(struct slice needle, size_t *fail)
{
    size_t k = 0;

    fail[0] = 0;
    for (size_t i = 1; i < needle.n; i++) {
        while (k && fold(needle.p[i]) != fold(needle.p[k]))
            k = fail[k - 1];
        if (fold(needle.p[i]) == fold(needle.p[k]))
            k++;
        fail[i] = k;
    }
}

static ssize_t kmp_find(struct slice hay, struct slice needle, const size_t *fail)
{
    const unsigned char first = fold(needle.p[0]);
    size_t k = 0;

    for (size_t i = 0; i < hay.n; i++) {
        unsigned char c = fold(hay.p[i]);
        if (k == 0 && c != first)
            continue;
        while (k && c != fold(needle.p[k]))
            k = fail[k - 1];
        if (c == fold(needle.p[k]))
            k++;
        if (k == needle.n)
            return (ssize_t)(i + 1 - needle.n);
    }
    return -1;
}

ssize_t slice_search_nocase(struct slice hay, struct slice needle)
{
    size_t on_stack[128];
    size_t *fail = on_stack;

    if (needle.n == 0)
        return 0;
    if (needle.n > hay.n)
        return -1;
    if (needle.n > sizeof on_stack / sizeof *on_stack)
        fail = mem_array(needle.n, sizeof *fail);
    kmp_prepare(needle, fail);
    ssize_t at = kmp_find(hay, needle, fail);
    if (fail != on_stack)
        mem_free(fail);
    return at;
}

struct slice slice_split(struct slice s, char c, struct slice *head, bool *found)
{
    ssize_t at = slice_find(s, c);

    if (found)
        *found = at >= 0;
    if (at < 0) {
        *head = s;
        return slice_cut(s, s.n, s.n);
    }
    *head = slice_cut(s, 0, (size_t)at);
    return slice_skip(s, (size_t)at + 1);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    while (s.n && is_blank(s.p[0]))
        s = slice_skip(s, 1);
    return s;
}
