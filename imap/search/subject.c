/* subject.c - see subject.h
 *
 * Names are those of the grammar in RFC 5256 5.  White space has been reduced to single blanks before it is applied,
 * so WSP is a blank.
 */
#include "imap/search/subject.h"

#include "lib/text/ascii.h"

struct cut {
    struct slice s;
    bool is_reply;
};

/* (1) tabs and line ends become blanks, several blanks one. */
static void reduce_space(struct slice utf8, struct buf *out)
{
    bool blank = false;

    buf_reserve(out, utf8.n + 1);               /* an address even for nothing */
    for (size_t i = 0; i < utf8.n; i++) {
        char c = utf8.p[i];
        bool is_blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (!is_blank || !blank)
            out->p[out->n++] = is_blank ? ' ' : c;
        blank = is_blank;
    }
}

static void skip(struct slice *s, size_t n)
{
    *s = slice_skip(*s, n);
}

static void skip_blanks(struct slice *s)
{
    while (s->n && s->p[0] == ' ')
        skip(s, 1);
}

/* subj-blob = "[" *BLOBCHAR "]" *WSP */
static bool take_blob(struct slice *s)
{
    if (s->n == 0 || s->p[0] != '[')
        return false;
    for (size_t i = 1; i < s->n && s->p[i] != '[' && s->p[i]; i++) {
        if (s->p[i] == ']') {
            skip(s, i + 1);
            skip_blanks(s);
            return true;
        }
    }
    return false;
}

/* subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":" */
static bool take_refwd(struct slice *s)
{
    static const char *const words[] = { "re", "fwd", "fw" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct slice rest = *s, word = slice_cstr(words[i]);
        if (!slice_starts_nocase(rest, word))
            continue;
        skip(&rest, word.n);
        skip_blanks(&rest);
        (void)take_blob(&rest);
        if (rest.n && rest.p[0] == ':') {
            *s = slice_skip(rest, 1);
            return true;
        }
    }
    return false;
}

/* (2) subj-trailer = "(fwd)" / WSP */
static void cut_trailers(struct cut *c)
{
    static const struct slice fwd = SLICE_LIT("(fwd)");

    for (;;) {
        size_t n = c->s.n;
        if (n && c->s.p[n - 1] == ' ') {
            c->s.n--;
        } else if (n >= fwd.n && slice_eq_nocase(slice_skip(c->s, n - fwd.n), fwd)) {
            c->s.n -= fwd.n;
            c->is_reply = true;
        } else {
            return;
        }
    }
}

/* (3) to (5).  A run of blobs is looked at once: either a refwd follows it, which goes with it, or every one of them
 * goes by (4) as long as something is left behind it. */
static void cut_leaders(struct cut *c)
{
    for (;;) {
        struct slice rest, last;
        skip_blanks(&c->s);
        rest = last = c->s;
        while (take_blob(&rest)) {
            if (rest.n)
                last = rest;
        }
        if (take_refwd(&rest)) {
            c->s = rest;
            c->is_reply = true;
        } else {
            c->s = rest.n ? rest : last;
            return;
        }
    }
}

/* (6) */
static bool cut_forward(struct cut *c)
{
    static const struct slice head = SLICE_LIT("[fwd:");

    if (c->s.n <= head.n || !slice_starts_nocase(c->s, head) || c->s.p[c->s.n - 1] != ']')
        return false;
    c->s = slice_cut(c->s, head.n, c->s.n - 1);
    c->is_reply = true;
    return true;
}

bool subject_base(struct slice utf8, struct buf *out)
{
    size_t start = out->n;
    struct cut c = { .is_reply = false };

    reduce_space(utf8, out);
    c.s = slice_make(out->p + start, out->n - start);
    do {
        cut_trailers(&c);
        cut_leaders(&c);
    } while (cut_forward(&c));
    if (c.s.n)
        memmove(out->p + start, c.s.p, c.s.n);
    buf_truncate(out, start + c.s.n);
    return c.is_reply;
}
