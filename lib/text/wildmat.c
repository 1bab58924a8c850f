/* wildmat.c - lists of wildmat patterns of glob.h (RFC 3977 4, "@" as in feeds)
 *
 * A failed match goes back to the last "*" only: what an earlier one took can stay, since the
 * later one can make up for it.
 */
#include "lib/text/glob.h"
#include "lib/text/utf8.h"

static size_t character(struct slice s)
{
    uint32_t cp;
    size_t n = utf8_decode(s, &cp);

    return cp == UTF8_BAD ? 1 : n;
}

static bool match_one(struct slice pattern, struct slice text)
{
    size_t p = 0, t = 0, star = 0, resume = 0;
    bool have_star = false;

    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            have_star = true;
            star = ++p;
            resume = t;
        } else if (p < pattern.n && pattern.p[p] == '?') {
            t += character(slice_skip(text, t));
            p++;
        } else if (p < pattern.n && pattern.p[p] == text.p[t]) {
            t++;
            p++;
        } else if (have_star) {
            p = star;
            t = resume += character(slice_skip(text, resume));
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

/* Last pattern of the list, cut off from it. */
static struct slice cut_last(struct slice *list)
{
    ssize_t comma = slice_rfind(*list, ',');
    struct slice last = slice_skip(*list, (size_t)(comma + 1));

    *list = slice_cut(*list, 0, comma < 0 ? 0 : (size_t)comma);
    return slice_trim(last);
}

enum wildmat_verdict wildmat(struct slice list, struct slice text)
{
    while (list.n > 0) {
        struct slice pattern = cut_last(&list);
        enum wildmat_verdict verdict = WILDMAT_MATCH;
        if (pattern.n == 0)
            continue;
        if (pattern.p[0] == '!')
            verdict = WILDMAT_NOT;
        else if (pattern.p[0] == '@')
            verdict = WILDMAT_POISON;
        if (match_one(slice_skip(pattern, verdict != WILDMAT_MATCH), text))
            return verdict;
    }
    return WILDMAT_NONE;
}

bool wildmat_is_pattern(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (memchr("*?,!@", s.p[i], 5))
            return true;
    return false;
}
