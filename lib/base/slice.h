/* slice.h - borrowed bytes: pointer and length, never freed, not NUL terminated
 *
 * An empty slice may have a NULL pointer.  Case-insensitive functions fold ASCII
 * letters only.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/types.h>

struct slice {
    const char *p;
    size_t n;
};

#define SLICE_NULL ((struct slice){ NULL, 0 })
#define SLICE_LIT(s) ((struct slice){ (s), sizeof(s) - 1 })
#define SLICE_ARG(s) (int)(s).n, (s).p          /* for "%.*s" */

static inline struct slice slice_make(const void *p, size_t n)
{
    return (struct slice){ (const char *)p, n };
}

static inline struct slice slice_cstr(const char *s) /* NULL gives the empty slice */
{
    return (struct slice){ s, s ? strlen(s) : 0 };
}

/* Same bytes?  Two empty slices are equal whatever they point to. */
static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The same with a C string. */
static inline bool slice_eqs(struct slice a, const char *s)
{
    return slice_eq(a, slice_cstr(s));
}

/* Does it begin, or end, with that? */
static inline bool slice_starts(struct slice s, struct slice prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* See slice_starts. */
static inline bool slice_ends(struct slice s, struct slice tail)
{
    return s.n >= tail.n && (tail.n == 0 || memcmp(s.p + s.n - tail.n, tail.p, tail.n) == 0);
}

/* Bytes from `from` (clipped) up to `to` (clipped). */
static inline struct slice slice_cut(struct slice s, size_t from, size_t to)
{
    if (to > s.n)
        to = s.n;
    if (from > to)
        from = to;
    return (struct slice){ s.p ? s.p + from : NULL, to - from };
}

/* What follows the first n bytes. */
static inline struct slice slice_skip(struct slice s, size_t n)
{
    return slice_cut(s, n, s.n);
}

int slice_cmp(struct slice, struct slice);                 /* unsigned bytes, shorter first */
bool slice_eq_nocase(struct slice, struct slice);
bool slice_eqs_nocase(struct slice, const char *);
bool slice_starts_nocase(struct slice, struct slice prefix);
int slice_cmp_nocase(struct slice, struct slice);

/* Index of the first/last byte c, or -1. */
ssize_t slice_find(struct slice, char c);
ssize_t slice_rfind(struct slice, char c);

/* Index of the first occurrence of needle, or -1; the empty needle is at 0. */
ssize_t slice_search(struct slice hay, struct slice needle);
ssize_t slice_search_nocase(struct slice hay, struct slice needle);

/* Split at the first c: *head gets what is before it, the result what follows.
 * Without c *head is everything and *found (may be NULL) false. */
struct slice slice_split(struct slice, char c, struct slice *head, bool *found);

/* Without blanks and tabs (and CR, LF) at both ends. */
struct slice slice_trim(struct slice);

#endif
