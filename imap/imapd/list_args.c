/* list_args.c - the arguments of LIST (RFC 3501 6.3.8, 5258 6) */
#include "imap/imapd/list.h"

#include "imap/imapd/metadata.h"
#include "imap/imapd/status_items.h"
#include "lib/conf/conf.h"

/* ---- selection */

static const struct {
    const char *word;
    unsigned bit;
} select_words[] = {
    { "SUBSCRIBED", SEL_SUBSCRIBED },
    { "REMOTE", SEL_REMOTE },
    { "RECURSIVEMATCH", SEL_RECURSIVE },
    { "SPECIAL-USE", SEL_SPECIAL },
};

enum { NSELECT = sizeof select_words / sizeof *select_words };

static err_t read_select(struct list_run *r)
{
    struct imaptok *t = &r->s->tok;
    struct slice word;
    bool more;
    err_t err = imaptok_open(t);

    r->extended = true;
    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more) {
        size_t i = 0;
        if ((err = imaptok_atom(t, &word)) != ERR_OK)
            break;
        while (i < NSELECT && !slice_eqs_nocase(word, select_words[i].word))
            i++;
        if (i == NSELECT) {
            t->why = "Unknown selection option";
            return ERR_SYNTAX;
        }
        r->select |= select_words[i].bit;
    }
    /* RFC 5258 3.1: RECURSIVEMATCH only modifies others; REMOTE selects nothing */
    if (!err && (r->select & SEL_RECURSIVE) && !(r->select & (SEL_SUBSCRIBED | SEL_SPECIAL))) {
        t->why = "RECURSIVEMATCH needs another selection option";
        err = ERR_SYNTAX;
    }
    return err ? err : imaptok_sp(t);
}

/* ---- patterns */

static err_t add_pattern(struct list_run *r, struct slice reference, struct slice pattern)
{
    struct buf whole = BUF_INIT;
    struct slice text;

    if (r->npatterns == LIST_PATTERNS_MAX)
        return ERR_LIMIT;
    namespace_pattern(r->s->ns, reference, pattern, &whole);
    if (conf_bool(CONF_FOOLSTUPIDCLIENTS) && slice_eqs(buf_slice(&whole), "*")) {
        buf_reset(&whole);
        buf_adds(&whole, "INBOX*");
    }
    text = arena_dup(r->arena, buf_slice(&whole));
    r->shows_levels[r->npatterns] = slice_ends(text, SLICE_LIT("%"));
    buf_fini(&whole);
    return glob_compile(r->arena, text, r->sep, GLOB_INBOX, &r->pattern[r->npatterns++]);
}

static err_t read_patterns(struct list_run *r, struct slice reference)
{
    struct imaptok *t = &r->s->tok;
    struct slice p;
    bool more;
    err_t err;

    if (r->kind != LIST_PLAIN || imaptok_peek(t) != '(') {
        err = imaptok_list_mailbox(t, &p);
        r->only_root = !err && p.n == 0;
        return err ? err : add_pattern(r, reference, p);
    }
    r->extended = true;
    err = imaptok_open(t);
    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more) {
        err = imaptok_list_mailbox(t, &p);
        if (!err && p.n) /* "" names no mailbox */
            err = add_pattern(r, reference, p);
        r->only_root |= !err && p.n == 0;
    }
    if (!err && !r->npatterns && !r->only_root) {
        t->why = "No patterns";
        err = ERR_SYNTAX;
    }
    r->only_root = r->only_root && !r->npatterns;
    return err;
}

/* ---- what is to be told */

static err_t read_status(struct list_run *r)
{
    return status_items_read(r->s, &r->status);
}

/* RFC 9590 */
static err_t read_metadata(struct list_run *r)
{
    return metadata_read_wants(r->s, 0, &r->metadata);
}

static const struct {
    const char *word;
    unsigned bit;
    err_t (*read)(struct list_run *); /* its own arguments */
} return_words[] = {
    { "SUBSCRIBED", RET_SUBSCRIBED, NULL }, { "CHILDREN", RET_CHILDREN, NULL },
    { "SPECIAL-USE", RET_SPECIAL, NULL },   { "MYRIGHTS", RET_MYRIGHTS, NULL },
    { "STATUS", RET_STATUS, read_status },  { "METADATA", RET_METADATA, read_metadata },
};

static err_t read_return_option(struct list_run *r)
{
    struct imaptok *t = &r->s->tok;
    err_t err;

    for (size_t i = 0; i < sizeof return_words / sizeof *return_words; i++) {
        if (!imaptok_accept_word(t, return_words[i].word))
            continue;
        r->ret |= return_words[i].bit;
        if (!return_words[i].read)
            return ERR_OK;
        err = imaptok_sp(t);
        return err ? err : return_words[i].read(r);
    }
    t->why = "Unknown return option";
    return ERR_SYNTAX;
}

static err_t read_return(struct list_run *r)
{
    struct imaptok *t = &r->s->tok;
    bool more;
    err_t err;

    if (imaptok_at_end(t))
        return ERR_OK;
    if ((err = imaptok_sp(t)) != ERR_OK)
        return err;
    if (!imaptok_accept_word(t, "RETURN"))
        return ERR_SYNTAX;
    r->extended = true;
    if ((err = imaptok_sp(t)) == ERR_OK)
        err = imaptok_open(t);
    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more)
        err = read_return_option(r);
    return err;
}

err_t list_read_args(struct list_run *r)
{
    struct imaptok *t = &r->s->tok;
    struct slice reference;
    err_t err = imaptok_sp(t);

    if (!err && r->kind == LIST_PLAIN && imaptok_peek(t) == '(')
        err = read_select(r);
    if (err || (err = imaptok_astring(t, &reference)) != ERR_OK ||
        (err = imaptok_sp(t)) != ERR_OK || (err = read_patterns(r, reference)) != ERR_OK)
        return err;
    return r->kind == LIST_PLAIN ? read_return(r) : ERR_OK;
}
