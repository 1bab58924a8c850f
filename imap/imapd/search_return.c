/* search_return.c - RETURN (...) of searching commands; see search_run.h */
#include "imap/imapd/search_run.h"

#include "imap/imapd/fetch.h"
#include "lib/base/num.h"

static const struct {
    const char *word;
    unsigned option;
} options[] = {
    { "ALL", RETURN_ALL }, { "CONTEXT", RETURN_CONTEXT }, { "COUNT", RETURN_COUNT }, { "MAX", RETURN_MAX },
    { "MIN", RETURN_MIN }, { "PARTIAL", RETURN_PARTIAL }, { "SAVE", RETURN_SAVE },   { "UPDATE", RETURN_UPDATE },
};

/* "5" or "-5": a position that is not 0. */
static err_t read_position(struct slice text, bool *from_end, uint32_t *out)
{
    err_t err;

    *from_end = text.n && text.p[0] == '-';
    err = num_u32(slice_skip(text, *from_end), out);
    return err || *out ? err : ERR_SYNTAX;
}

/* a:b from the front, -a:-b from the end (RFC 9394 3.1); the order of the two says nothing. */
static err_t read_range(struct session *s, struct search_return *r)
{
    struct slice head, tail;
    uint32_t a, b;
    bool found, tail_from_end;
    err_t err = imaptok_sp(&s->tok);

    if (!err)
        err = imaptok_name(&s->tok, "-:", &r->range);
    if (err)
        return err;
    tail = slice_split(r->range, ':', &head, &found);
    if (!found || (err = read_position(head, &r->from_end, &a)) != ERR_OK
        || (err = read_position(tail, &tail_from_end, &b)) != ERR_OK || r->from_end != tail_from_end) {
        s->tok.why = "Invalid partial range";
        return err ? err : ERR_SYNTAX;
    }
    r->range = arena_dup(s->base->command, r->range);
    r->first = a < b ? a : b;
    r->last = a < b ? b : a;
    return ERR_OK;
}

/* [SP "(" fetch-att *(SP fetch-att) ")"] behind UPDATE (RFC 5465 7). */
static err_t read_update(struct session *s, struct search_return *r)
{
    struct imaptok at = s->tok;
    struct fetch f;
    err_t err;

    if (!imaptok_accept_sp(&s->tok) || imaptok_peek(&s->tok) != '(') {
        s->tok = at;                            /* the next option */
        return ERR_OK;
    }
    err = fetch_read_atts(s, &f);
    if (!err)
        r->fetch = fetch_keep(&f, s->base->command);
    fetch_fini(&f);
    return err;
}

static err_t read_option(struct session *s, struct search_return *r)
{
    struct slice word;
    err_t err = imaptok_name(&s->tok, "-", &word);

    if (err)
        return err;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (!slice_eqs_nocase(word, options[i].word))
            continue;
        if (options[i].option == RETURN_PARTIAL && (r->what & RETURN_PARTIAL))
            break;
        r->what |= options[i].option;
        if (options[i].option == RETURN_UPDATE)
            return read_update(s, r);
        return options[i].option == RETURN_PARTIAL ? read_range(s, r) : ERR_OK;
    }
    s->tok.why = "Invalid Search return option";
    return ERR_SYNTAX;
}

err_t search_return_read(struct session *s, struct search_return *r)
{
    bool more;
    err_t err;

    if (!imaptok_accept_word(&s->tok, "RETURN"))
        return ERR_OK;
    r->given = true;
    r->what = 0;
    if ((err = imaptok_sp(&s->tok)) == ERR_OK)
        err = imaptok_open(&s->tok);
    while (!err && (err = imaptok_more(&s->tok, &more)) == ERR_OK && more)
        err = read_option(s, r);
    if (!err)
        err = imaptok_sp(&s->tok);
    if (!err && (r->what & RETURN_ALL) && (r->what & RETURN_PARTIAL)) {     /* RFC 5267 4.4 */
        s->tok.why = "ALL and PARTIAL exclude each other";
        err = ERR_SYNTAX;
    }
    if (r->what == 0)
        r->what = RETURN_ALL;
    return err;
}
