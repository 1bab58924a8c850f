/* glob.c - LIST patterns of glob.h as a set automaton
 *
 * Token i of the pattern is bit i of a state set; the bit behind the last token accepts.  A
 * literal moves its bit up by one when its octet comes; a wildcard keeps its bit and, needing
 * no octet, sets the next one too.  Neighbouring wildcards are joined on compiling, so that
 * one such step is enough.
 */
#include "lib/text/glob.h"

#include "lib/text/ascii.h"

enum { BITS = 64, MAX_WORDS = GLOB_MAX_PATTERN / BITS + 1 };

struct glob {
    size_t ntokens;
    size_t words;                       /* of a state set */
    uint8_t class_of[256];              /* octets that stand in the pattern, from 1; others 0 */
    const uint64_t *moves;              /* per class: tokens that are this octet */
    const uint64_t *star, *percent;
    struct slice prefix;
    char sep;
    unsigned flags;
};

struct state {
    uint64_t w[MAX_WORDS];
};

/* ---- compiling ---- */

/* Wildcards side by side are one: "*" if there is a "*" among them. */
static size_t join_wildcards(struct slice pattern, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];
        bool joins = (c == '*' || c == '%') && n > 0 && (out[n - 1] == '*' || out[n - 1] == '%');
        if (joins && c == '*')
            out[n - 1] = '*';
        if (!joins)
            out[n++] = c;
    }
    return n;
}

static bool may_begin_inbox(struct slice prefix)
{
    return slice_starts_nocase(SLICE_LIT("INBOX"), slice_cut(prefix, 0, 5));
}

static struct slice fixed_start(const char *tokens, size_t n, unsigned flags)
{
    size_t k = 0;

    while (k < n && tokens[k] != '*' && tokens[k] != '%')
        k++;
    if ((flags & GLOB_INBOX) && may_begin_inbox(slice_make(tokens, k)))
        k = 0;
    return slice_make(tokens, k);
}

static void set_bit(uint64_t *set, size_t i)
{
    set[i / BITS] |= UINT64_C(1) << (i % BITS);
}

static void fill_tables(struct arena *a, struct glob *g, const char *tokens)
{
    unsigned classes = 0;
    uint64_t *star = arena_array(a, g->words, sizeof *star);
    uint64_t *percent = arena_array(a, g->words, sizeof *percent);
    uint64_t *moves;

    for (size_t i = 0; i < g->ntokens; i++) {
        uint8_t *class = &g->class_of[(unsigned char)tokens[i]];
        if (tokens[i] == '*')
            set_bit(star, i);
        else if (tokens[i] == '%')
            set_bit(percent, i);
        else if (*class == 0)
            *class = (uint8_t)++classes;
    }
    moves = arena_array(a, (classes + 1) * g->words, sizeof *moves);
    for (size_t i = 0; i < g->ntokens; i++) {
        unsigned class = g->class_of[(unsigned char)tokens[i]];
        if (class)
            set_bit(moves + class * g->words, i);
    }
    g->star = star;
    g->percent = percent;
    g->moves = moves;
}

err_t glob_compile(struct arena *a, struct slice pattern, char sep, unsigned flags,
                   struct glob **out)
{
    struct glob *g;
    char *tokens;

    if (pattern.n > GLOB_MAX_PATTERN - 1)
        return ERR_LIMIT;
    if (pattern.n > 0 && memchr(pattern.p, '\0', pattern.n))
        return ERR_SYNTAX;
    g = arena_alloc(a, sizeof *g);
    tokens = arena_alloc(a, pattern.n + 1);
    g->ntokens = join_wildcards(pattern, tokens);
    g->words = g->ntokens / BITS + 1;
    g->sep = sep;
    g->flags = flags;
    g->prefix = fixed_start(tokens, g->ntokens, flags);
    fill_tables(a, g, tokens);
    *out = g;
    return ERR_OK;
}

/* ---- matching ---- */

/* Wildcards may stand for nothing: the token behind one is reached as well. */
static void pass_wildcards(const struct glob *g, struct state *s)
{
    uint64_t carry = 0;

    for (size_t i = 0; i < g->words; i++) {
        uint64_t at = s->w[i] & (g->star[i] | g->percent[i]);
        s->w[i] |= at << 1 | carry;
        carry = at >> (BITS - 1);
    }
}

/* One octet; `other` is a second spelling of it that is taken as well.  False: no way on. */
static bool step(const struct glob *g, struct state *s, char c, char other)
{
    const uint64_t *moves = g->moves + g->class_of[(unsigned char)c] * g->words;
    const uint64_t *moves2 = g->moves + g->class_of[(unsigned char)other] * g->words;
    uint64_t carry = 0, any = 0;

    for (size_t i = 0; i < g->words; i++) {
        uint64_t from = s->w[i];
        uint64_t moved = from & (moves[i] | moves2[i]);
        uint64_t kept = from & (c == g->sep ? g->star[i] : g->star[i] | g->percent[i]);
        s->w[i] = moved << 1 | carry | kept;
        carry = moved >> (BITS - 1);
        any |= s->w[i];
    }
    pass_wildcards(g, s);
    return any != 0;
}

static bool accepts(const struct glob *g, const struct state *s)
{
    return s->w[g->ntokens / BITS] >> (g->ntokens % BITS) & 1;
}

/* Is there a token that more octets could go through? */
static bool may_go_on(const struct glob *g, const struct state *s)
{
    uint64_t end = UINT64_C(1) << (g->ntokens % BITS);

    for (size_t i = 0; i < g->words; i++)
        if (s->w[i] & (i == g->words - 1 ? ~end : UINT64_MAX))
            return true;
    return false;
}

static void start(const struct glob *g, struct state *s)
{
    memset(s->w, 0, g->words * sizeof *s->w);
    s->w[0] = 1;
    pass_wildcards(g, s);
}

static bool is_below_inbox(const struct glob *g, struct slice name)
{
    return (g->flags & GLOB_INBOX) && slice_starts_nocase(name, SLICE_LIT("INBOX")) &&
           (name.n == 5 || name.p[5] == g->sep);
}

struct glob_match glob_match(const struct glob *g, struct slice name)
{
    struct glob_match m = { false, false, 0 };
    size_t folded = is_below_inbox(g, name) ? 5 : 0;
    struct state s;

    start(g, &s);
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (c == g->sep && accepts(g, &s))
            m.parent = i;
        if (!step(g, &s, i < folded ? ascii_lower(c) : c, i < folded ? ascii_upper(c) : c))
            return m;
    }
    m.full = accepts(g, &s);
    m.child = step(g, &s, g->sep, g->sep) && may_go_on(g, &s);
    return m;
}

bool glob_matches(const struct glob *g, struct slice name)
{
    return glob_match(g, name).full;
}

struct slice glob_literal_prefix(const struct glob *g)
{
    return g->prefix;
}

bool glob_is_literal(const struct glob *g)
{
    for (size_t i = 0; i < g->words; i++)
        if (g->star[i] | g->percent[i])
            return false;
    return true;
}
