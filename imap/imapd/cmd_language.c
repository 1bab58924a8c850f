/* cmd_language.c - LANGUAGE: in which language texts for people are (RFC 5255 3)
 *
 * They are in plain English, which is both "i-default" (RFC 2277 4.5) and "en": to choose between
 * the two changes no text, so that nothing is kept of the choice.
 */
#include "imap/imapd/imapd.h"

#include "lib/text/ascii.h"

enum { SUBTAG_MAX = 8 };

static const char *const languages[] = { "en", "i-default" };

enum { NLANGUAGES = sizeof languages / sizeof *languages };

/* language-range of RFC 4647 2: subtags of letters, behind the first one of digits too, or "*". */
static bool is_range(struct slice range)
{
    struct slice subtag;
    bool more = true, first = true;

    while (more) {
        range = slice_split(range, '-', &subtag, &more);
        if (subtag.n == 0 || subtag.n > SUBTAG_MAX)
            return false;
        for (size_t i = 0; i < subtag.n && !slice_eqs(subtag, "*"); i++)
            if (!ascii_is_alpha(subtag.p[i]) && (first || !ascii_is_digit(subtag.p[i])))
                return false;
        first = false;
    }
    return true;
}

/* The language itself, or what is left of the range when subtags are taken from its end (RFC 4647
 * 3.4).  NULL: there is none. */
static const char *lookup(struct slice range)
{
    if (slice_eqs_nocase(range, "default") || slice_starts(range, SLICE_LIT("*")))
        return "i-default";
    while (range.n) {
        for (size_t i = 0; i < NLANGUAGES; i++)
            if (slice_eqs_nocase(range, languages[i]))
                return languages[i];
        const ssize_t dash = slice_rfind(range, '-');
        range = slice_cut(range, 0, dash < 0 ? 0 : (size_t)dash);
    }
    return NULL;
}

/* The first of the ranges that is there; NULL: none. */
static err_t read_ranges(struct session *s, const char **found)
{
    struct slice range;
    err_t err;

    do {
        if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_astring(&s->tok, &range)) != ERR_OK)
            return err;
        if (!is_range(range)) {
            s->tok.why = "Invalid language range";
            return ERR_SYNTAX;
        }
        if (!*found)
            *found = lookup(range);
    } while (!imaptok_at_end(&s->tok));
    return ERR_OK;
}

void cmd_language(void *session, const struct command *cmd)
{
    struct session *s = session;
    const char *found = NULL;

    if (imaptok_at_end(&s->tok)) {
        untagged(s, "LANGUAGE (%s %s)", languages[0], languages[1]);
        reply_ok(s, "Completed");
        return;
    }
    err_t err = read_ranges(s, &found);
    if (err) {
        args_bad(s, err);
    } else if (!found) {
        reply_no(s, NULL, "Unsupported language");
    } else {
        untagged(s, "LANGUAGE (%s)", found);
        reply_ok(s, "Completed");
    }
}
