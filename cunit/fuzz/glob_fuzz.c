/* glob_fuzz.c - LIST patterns against a plain table of (pattern, name) prefixes; wildmats
 *
 * Input: pattern, line feed, name.
 */
#include "lib/base/bug.h"
#include "lib/text/glob.h"

enum { MAX = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Row by row: does the pattern up to here match the name up to there? */
static bool reference(struct slice p, struct slice n)
{
    bool row[MAX + 1] = { true };

    for (size_t i = 0; i < p.n; i++) {
        bool diagonal = row[0];
        bool wild = p.p[i] == '*' || p.p[i] == '%';
        row[0] = row[0] && wild;
        for (size_t k = 1; k <= n.n; k++) {
            bool above = row[k];
            if (wild)
                row[k] = above || (row[k - 1] && (p.p[i] == '*' || n.p[k - 1] != '.'));
            else
                row[k] = diagonal && p.p[i] == n.p[k - 1];
            diagonal = above;
        }
    }
    return row[n.n];
}

static void check(struct slice pattern, struct slice name)
{
    struct arena *a = arena_new(0);
    struct glob *g;

    if (glob_compile(a, pattern, '.', 0, &g) == ERR_OK) {
        struct glob_match m = glob_match(g, name);
        if (pattern.n <= MAX && name.n <= MAX) {
            BUG_UNLESS(m.full == reference(pattern, name));
            BUG_UNLESS(m.parent == 0 || reference(pattern, slice_cut(name, 0, m.parent)));
        }
        BUG_UNLESS(!m.full || slice_starts(name, glob_literal_prefix(g)));
    }
    if (glob_compile(a, pattern, '.', GLOB_INBOX, &g) == ERR_OK)
        glob_match(g, name);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice pattern, name = slice_split(slice_make(data, n), '\n', &pattern, NULL);

    check(pattern, name);
    if (n <= 4 * MAX)
        wildmat(pattern, name);
    return 0;
}
