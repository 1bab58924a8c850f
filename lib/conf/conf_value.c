/* conf_value.c - texts of options to values: booleans, numbers, durations, words */
#include "lib/base/num.h"
#include "lib/conf/conf_impl.h"
#include "lib/text/ascii.h"

bool conf_value_is_blank(struct slice s)
{
    return s.n == 0 || slice_eqs(s, "\"\"");
}

/* ---- booleans ---- */

static bool is_one_of(struct slice s, const char *const *words)
{
    for (; *words; words++)
        if (slice_eqs_nocase(s, *words))
            return true;
    return false;
}

static err_t parse_bool(struct slice s, bool *out)
{
    static const char *const yes[] = { "yes", "on", "t", "true", "1", NULL };
    static const char *const no[] = { "no", "off", "f", "false", "0", NULL };

    *out = is_one_of(s, yes);
    return *out || is_one_of(s, no) ? ERR_OK : ERR_SYNTAX;
}

/* ---- durations ---- */

static int64_t unit_seconds(char unit)
{
    switch (unit) {
    case 'd':
        return 86400;
    case 'h':
        return 3600;
    case 'm':
        return 60;
    case 's':
        return 1;
    }
    return 0;
}

/* One number and its unit, which the last one may lack. */
static err_t add_part(struct slice *s, char unit, int64_t *sum)
{
    size_t digits = 0;
    int64_t n, seconds;

    while (digits < s->n && ascii_is_digit(s->p[digits]))
        digits++;
    if (num_i64(slice_cut(*s, 0, digits), &n))
        return ERR_SYNTAX;
    *s = slice_skip(*s, digits);
    if (s->n > 0) {
        unit = ascii_lower(s->p[0]);
        *s = slice_skip(*s, 1);
    }
    seconds = unit_seconds(unit);
    if (seconds == 0 || __builtin_mul_overflow(n, seconds, &n) ||
        __builtin_add_overflow(*sum, n, sum))
        return ERR_SYNTAX;
    return ERR_OK;
}

/* "1h30m", "90", "-1": numbers with units, added; a sign in front holds for all. */
static err_t parse_duration(struct slice s, char unit, int64_t *out)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    int64_t sum = 0;

    if (negative)
        s = slice_skip(s, 1);
    if (s.n == 0)
        return ERR_SYNTAX;
    while (s.n > 0)
        if (add_part(&s, unit, &sum))
            return ERR_SYNTAX;
    *out = negative ? -sum : sum;
    return ERR_OK;
}

/* ---- words ---- */

bool conf_next_word(struct slice *rest, struct slice *word)
{
    size_t n = 0;

    while (rest->n > 0 && ascii_is_space(rest->p[0]))
        *rest = slice_skip(*rest, 1);
    while (n < rest->n && !ascii_is_space(rest->p[n]))
        n++;
    *word = slice_cut(*rest, 0, n);
    *rest = slice_skip(*rest, n);
    return n > 0;
}

static bool next_spelling(struct slice *group, struct slice *spelling)
{
    if (group->n == 0)
        return false;
    *group = slice_split(*group, '|', spelling, NULL);
    return true;
}

/* Index of the row's word (or of one of its other spellings); its first spelling in *first. */
static err_t find_word(const char *words, struct slice want, unsigned *index, struct slice *first)
{
    struct slice rest = slice_cstr(words), group, spelling;

    for (unsigned i = 0; conf_next_word(&rest, &group); i++) {
        bool is_first = true;
        while (next_spelling(&group, &spelling)) {
            if (is_first)
                *first = spelling;
            is_first = false;
            if (slice_eq_nocase(spelling, want)) {
                *index = i;
                return ERR_OK;
            }
        }
    }
    return ERR_SYNTAX;
}

/* An enum with the words on and off takes the other words of booleans as well. */
static err_t parse_enum(const struct conf_option *o, struct arena *a, struct slice s,
                        struct conf_value *out)
{
    struct slice first;
    bool flag;

    if (find_word(o->words, s, &out->index, &first) &&
        (o->type != CONF_T_ENUM || parse_bool(s, &flag) ||
         find_word(o->words, flag ? SLICE_LIT("on") : SLICE_LIT("off"), &out->index, &first)))
        return ERR_SYNTAX;
    out->word = arena_cstr(a, first);
    return ERR_OK;
}

static err_t parse_set(const struct conf_option *o, struct slice s, uint64_t *out)
{
    struct slice word, first;
    unsigned index;

    *out = 0;
    if (conf_value_is_blank(s))
        return ERR_OK;
    while (conf_next_word(&s, &word)) {
        if (find_word(o->words, word, &index, &first))
            return ERR_SYNTAX;
        *out |= UINT64_C(1) << index;
    }
    return ERR_OK;
}

void conf_value_put_set(const struct conf_option *o, uint64_t set, struct buf *out)
{
    struct slice rest = slice_cstr(o->words), group, word;
    bool any = false;

    for (unsigned i = 0; conf_next_word(&rest, &group); i++) {
        if (!(set >> i & 1) || !next_spelling(&group, &word))
            continue;
        if (any)
            buf_addc(out, ' ');
        any = true;
        buf_add_slice(out, word);
    }
}

/* ---- all types ---- */

static const char *const expectation[] = {
    [CONF_T_BOOL] = "yes or no",
    [CONF_T_INT] = "a whole number",
    [CONF_T_DURATION] = "a duration such as 90s or 1h30m",
    [CONF_T_ENUM] = "one of: ",
    [CONF_T_ONEOF] = "one of: ",
    [CONF_T_SET] = "words out of: ",
};

static const char *describe(const struct conf_option *o, struct arena *a)
{
    struct buf words = BUF_INIT;
    const char *text = expectation[o->type];

    if (o->words) {
        conf_value_put_set(o, UINT64_MAX, &words);
        text = arena_printf(a, "%s%s", text, buf_cstr(&words));
        buf_fini(&words);
    }
    return text;
}

err_t conf_value_parse(const struct conf_option *o, struct arena *a, const char *text,
                       struct conf_value *out, const char **wrong)
{
    struct slice s = slice_cstr(text);
    err_t err = ERR_OK;

    out->text = text;
    out->number = 0;
    out->word = NULL;
    if (!text && (o->type == CONF_T_ENUM || o->type == CONF_T_ONEOF))
        out->index = CONF_UNSET;
    if (!text)
        return ERR_OK;
    switch (o->type) {
    case CONF_T_STRING:
        break;
    case CONF_T_BOOL:
        err = parse_bool(s, &out->flag);
        break;
    case CONF_T_INT:
        err = num_i64(s, &out->number);
        break;
    case CONF_T_DURATION:
        err = parse_duration(s, o->unit, &out->number);
        break;
    case CONF_T_ENUM:
    case CONF_T_ONEOF:
        err = parse_enum(o, a, s, out);
        break;
    case CONF_T_SET:
        err = parse_set(o, s, &out->set);
        break;
    }
    if (err)
        *wrong = describe(o, a);
    return err ? ERR_SYNTAX : ERR_OK;
}
