/* search_args.c - see search_args.h: one row per key */
#include "imap/imapd/search_args.h"

#include "imap/imapd/annotation.h"
#include "imap/imapd/flag_words.h"
#include "imap/search/match.h"
#include "imap/store/record.h"
#include "lib/base/endian.h"
#include "lib/base/num.h"
#include "lib/conf/conf.h"
#include "lib/text/charset.h"
#include "lib/text/fold.h"

struct key_row;
typedef err_t read_key(struct search_args *, const struct key_row *, unsigned depth, struct expr **out);

struct key_row {
    const char *name;
    read_key *read;
    enum expr_op op;
    uint32_t num;               /* flag bit; or which end of a date range is open */
    bool negate;
};

enum date_range { BEFORE, ON, SINCE };

static err_t read_one(struct search_args *a, unsigned depth, struct expr **out);
static err_t read_and(struct search_args *a, unsigned depth, bool in_list, struct expr **out);

static struct expr *node(struct search_args *a, enum expr_op op)
{
    a->nodes++;
    return expr_new(a->arena, op);
}

static struct expr *negated(struct search_args *a, struct expr *e)
{
    struct expr *n = node(a, EX_NOT);

    expr_add(n, e);
    return n;
}

static err_t key_plain(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    struct expr *e = node(a, row->op);

    e->num = row->num;
    *out = row->negate ? negated(a, e) : e;
    return ERR_OK;
}

/* IMAP4rev2 knows nothing of \Recent (RFC 9051 E 12). */
static err_t check_rev1(struct search_args *a)
{
    if (!(a->s->enabled & ENABLED_REV2))
        return ERR_OK;
    a->s->tok.why = "IMAP4rev2 has no such Search criteria";
    return ERR_SYNTAX;
}

static err_t key_recent(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    err_t err = check_rev1(a);

    return err ? err : key_plain(a, row, depth, out);
}

/* NEW = RECENT UNSEEN */
static err_t key_new(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    err_t err = check_rev1(a);

    if (err)
        return err;
    *out = node(a, EX_AND);
    expr_add(*out, node(a, EX_RECENT));
    expr_add(*out, negated(a, node(a, EX_SEEN)));
    return ERR_OK;
}

static err_t key_keyword(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    struct expr *e = node(a, EX_KEYWORD);
    struct slice word;
    err_t err = imaptok_sp(&a->s->tok);

    if (!err)
        err = imaptok_flag(&a->s->tok, &word);
    if (err)
        return err;
    e->name = arena_dup(a->arena, word);
    *out = row->negate ? negated(a, e) : e;
    return ERR_OK;
}

static err_t key_date(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    struct expr *e = node(a, row->op);
    time_t start, end;
    err_t err = imaptok_sp(&a->s->tok);

    if (!err)
        err = imaptok_date(&a->s->tok, &start, &end);
    if (err)
        return err;
    e->from = row->num == BEFORE ? 0 : start;
    e->to = row->num == SINCE ? (time_t)INT64_MAX : row->num == ON ? end : start;
    *out = e;
    return ERR_OK;
}

/* RFC 9051 allows 63 bits; no message is larger than 32 can tell. */
static err_t key_number(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    uint64_t n;
    err_t err = imaptok_sp(&a->s->tok);

    *out = node(a, row->op);
    if (!err && (err = imaptok_number64(&a->s->tok, &n)) == ERR_OK)
        (*out)->num = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
    return err;
}

/* RFC 5032 3: an interval is not 0. */
static err_t key_interval(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    err_t err = imaptok_sp(&a->s->tok);

    *out = node(a, row->op);
    return err ? err : imaptok_nz_number(&a->s->tok, &(*out)->num);
}

static err_t read_text(struct search_args *a, struct slice *folded)
{
    struct slice text;
    err_t err = imaptok_sp(&a->s->tok);

    if (!err)
        err = imaptok_astring(&a->s->tok, &text);
    return err ? err : match_needle(a->arena, a->charset, text, a->fold_flags, folded);
}

static err_t key_text(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    *out = node(a, row->op);
    return read_text(a, &(*out)->text);
}

static err_t key_header(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    struct slice name;
    err_t err = imaptok_sp(&a->s->tok);

    *out = node(a, EX_HEADER);
    if (!err)
        err = imaptok_astring(&a->s->tok, &name);
    if (err)
        return err;
    (*out)->name = arena_dup(a->arena, name);
    return read_text(a, &(*out)->text);
}

static err_t key_not(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    struct expr *e;
    err_t err = imaptok_sp(&a->s->tok);

    if (!err)
        err = read_one(a, depth + 1, &e);
    if (!err)
        *out = negated(a, e);
    return err;
}

/* The next key of a filter that is in the place of one of the command. */
static bool take_more(struct search_args *a, struct expr **out)
{
    if (!a->more)
        return false;
    *out = a->more;
    a->more = a->more->next;
    (*out)->next = NULL;
    return true;
}

static err_t key_or(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    struct expr *e = NULL;
    err_t err = ERR_OK;

    *out = node(a, EX_OR);
    for (int i = 0; !err && i < 2; i++) {
        err = take_more(a, &e) ? ERR_OK : imaptok_sp(&a->s->tok);
        if (!err && !e)
            err = read_one(a, depth + 1, &e);
        if (!err)
            expr_add(*out, e);
        e = NULL;
    }
    return err;
}

/* RFC 9586: a client that wants no message numbers may not send any; "$" is none. */
static err_t check_number(struct search_args *a)
{
    if (!(a->s->enabled & ENABLED_UIDONLY) || imaptok_peek(&a->s->tok) == '$')
        return ERR_OK;
    a->s->tok.why = "[UIDREQUIRED] Message numbers are not allowed now";
    return ERR_SYNTAX;
}

/* Numbers beyond the mailbox are no error, they match nothing (RFC 7377 2). */
static err_t read_set(struct search_args *a, enum expr_op op, struct expr **out)
{
    struct imapset set;
    err_t err = imaptok_set(&a->s->tok, &set);

    if (err)
        return err;
    *out = node(a, set.saved ? EX_UID : op);
    (*out)->written = set;
    (void)expr_ranges(a->arena, *out);
    return ERR_OK;
}

static err_t key_uid(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    err_t err = imaptok_sp(&a->s->tok);

    return err ? err : read_set(a, EX_UID, out);
}

/* MODSEQ [entry-name entry-type] n: only flags have modseqs, so the entry says nothing new. */
static err_t key_modseq(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    struct imaptok *t = &a->s->tok;
    struct slice entry, type;
    err_t err = imaptok_sp(t);

    *out = node(a, EX_MODSEQ);
    a->has_modseq = true;
    a->s->enabled |= ENABLED_CONDSTORE;
    if (!err && imaptok_peek(t) == '"') {
        if ((err = imaptok_quoted(t, &entry)) != ERR_OK || (err = imaptok_sp(t)) != ERR_OK
            || (err = imaptok_atom(t, &type)) != ERR_OK || (err = imaptok_sp(t)) != ERR_OK)
            return err;
        if (!slice_eqs_nocase(type, "priv") && !slice_eqs_nocase(type, "shared") && !slice_eqs_nocase(type, "all"))
            return ERR_SYNTAX;
    }
    return err ? err : imaptok_number64(t, &(*out)->num64);
}

/* ANNOTATION entry attribute value (RFC 5257 4.8).  NIL finds messages where one of the attributes has no value. */
static err_t key_annotation(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    struct imaptok *t = &a->s->tok;
    struct expr *e = node(a, EX_ANNOTATION);
    struct slice name, text;
    struct glob *glob;
    err_t err = imaptok_sp(t);

    *out = e;
    if (!err)
        err = imaptok_list_mailbox(t, &name);
    if (!err && glob_compile(a->arena, name, '/', 0, &glob) != ERR_OK)
        err = ERR_SYNTAX;
    if (!err)
        err = annotation_read_attribute(a->s, true, &e->num);
    if (!err)
        err = imaptok_sp(t);
    t->flags |= IMAPTOK_BINARY;                 /* value = nstring / literal8 */
    if (!err)
        err = imaptok_nstring(t, &text);
    if (err)
        return err;
    e->glob = glob;
    return text.p ? match_needle(a->arena, a->charset, text, a->fold_flags, &e->text) : ERR_OK;
}

/* "M" and "T" with hex digits (RFC 8474); another shape is an id that no message has. */
static err_t key_objectid(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    enum { EMAILID_BYTES = 12, THREADID_BYTES = 8 };
    size_t n = row->op == EX_EMAILID ? EMAILID_BYTES : THREADID_BYTES;
    struct slice id;
    uint8_t bytes[EMAILID_BYTES];
    err_t err = imaptok_sp(&a->s->tok);

    if (!err)
        err = imaptok_astring(&a->s->tok, &id);
    if (err)
        return err;
    *out = node(a, row->op);
    if (id.n != 2 * n + 1 || id.p[0] != (row->op == EX_EMAILID ? 'M' : 'T')
        || num_unhex(bytes, n, slice_skip(id, 1)) != ERR_OK)
        (*out)->op = EX_NONE;
    else if (row->op == EX_EMAILID)
        (*out)->text = arena_dup(a->arena, slice_make(bytes, n));
    else
        (*out)->num64 = be64_get(bytes);
    return ERR_OK;
}

/* No engine stands behind FUZZY: the nearest match is the exact one (RFC 6203 3 leaves that open). */
static err_t key_fuzzy(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    err_t err = imaptok_sp(&a->s->tok);

    return err ? err : read_one(a, depth + 1, out);
}

/* ---- FILTER (RFC 5466 3.1) ---- */

/* The filter's text to its keys, which go on from the outer text as if they had stood there. */
static err_t expand(struct search_args *a, struct slice text, unsigned depth, struct expr **out)
{
    struct imaptok outer = a->s->tok;
    struct expr *keys = NULL;

    imaptok_init(&a->s->tok, text, a->arena, IMAPTOK_UTF8);
    a->filters++;
    err_t err = read_and(a, depth + 1, false, &keys);
    a->filters--;
    outer.why = a->s->tok.why;
    a->s->tok = outer;
    if (err)
        return err;
    *out = keys->child;
    a->more = keys->child->next;
    keys->child->next = NULL;
    return ERR_OK;
}

/* "Inserted verbatim": NOT and OR before it take as many of its keys as they need. */
static err_t key_filter(struct search_args *a, const struct key_row *row, unsigned depth, struct expr **out)
{
    struct imaptok *t = &a->s->tok;
    struct slice name, text;
    err_t err = imaptok_sp(t);

    if (!err)
        err = imaptok_atom(t, &name);
    if (!err && slice_find(name, '/') >= 0)
        err = ERR_SYNTAX;
    if (!err && a->charset.n && !slice_eqs_nocase(a->charset, "utf-8") && !slice_eqs_nocase(a->charset, "us-ascii")) {
        t->why = "[BADCHARSET (US-ASCII UTF-8)] FILTER is in UTF-8";
        err = ERR_SYNTAX;
    }
    if (err)
        return err;
    *out = node(a, row->op);
    if (a->names_only)
        return ERR_OK;
    if (a->filters < SEARCH_FILTERS_MAX && a->filter && a->filter(a->s, name, &text) == ERR_OK)
        return expand(a, text, depth, out);
    t->why = arena_printf(a->s->base->command, "UNDEFINED-FILTER %.*s", SLICE_ARG(name));
    return ERR_NOTFOUND;
}

static const struct key_row keys[] = {
    { "ALL", key_plain, EX_ALL, 0, false },
    { "ANNOTATION", key_annotation, EX_ANNOTATION, 0, false },
    { "ANSWERED", key_plain, EX_FLAG, FLAG_ANSWERED, false },
    { "BCC", key_text, EX_BCC, 0, false },
    { "BEFORE", key_date, EX_INTERNALDATE, BEFORE, false },
    { "BODY", key_text, EX_BODY, 0, false },
    { "CC", key_text, EX_CC, 0, false },
    { "DELETED", key_plain, EX_FLAG, FLAG_DELETED, false },
    { "DRAFT", key_plain, EX_FLAG, FLAG_DRAFT, false },
    { "EMAILID", key_objectid, EX_EMAILID, 0, false },
    { "FILTER", key_filter, EX_ALL, 0, false },
    { "FLAGGED", key_plain, EX_FLAG, FLAG_FLAGGED, false },
    { "FROM", key_text, EX_FROM, 0, false },
    { "FUZZY", key_fuzzy, EX_AND, 0, false },
    { "HEADER", key_header, EX_HEADER, 0, false },
    { "KEYWORD", key_keyword, EX_KEYWORD, 0, false },
    { "LARGER", key_number, EX_LARGER, 0, false },
    { "MODSEQ", key_modseq, EX_MODSEQ, 0, false },
    { "NEW", key_new, EX_AND, 0, false },
    { "NOT", key_not, EX_NOT, 0, false },
    { "OLD", key_recent, EX_RECENT, 0, true },
    { "OLDER", key_interval, EX_OLDER, 0, false },
    { "ON", key_date, EX_INTERNALDATE, ON, false },
    { "OR", key_or, EX_OR, 0, false },
    { "RECENT", key_recent, EX_RECENT, 0, false },
    { "SAVEDATESUPPORTED", key_plain, EX_ALL, 0, false },
    { "SAVEDBEFORE", key_date, EX_SAVEDATE, BEFORE, false },
    { "SAVEDON", key_date, EX_SAVEDATE, ON, false },
    { "SAVEDSINCE", key_date, EX_SAVEDATE, SINCE, false },
    { "SEEN", key_plain, EX_SEEN, 0, false },
    { "SENTBEFORE", key_date, EX_SENTDATE, BEFORE, false },
    { "SENTON", key_date, EX_SENTDATE, ON, false },
    { "SENTSINCE", key_date, EX_SENTDATE, SINCE, false },
    { "SINCE", key_date, EX_INTERNALDATE, SINCE, false },
    { "SMALLER", key_number, EX_SMALLER, 0, false },
    { "SUBJECT", key_text, EX_SUBJECT, 0, false },
    { "TEXT", key_text, EX_TEXT, 0, false },
    { "THREADID", key_objectid, EX_THREADID, 0, false },
    { "TO", key_text, EX_TO, 0, false },
    { "UID", key_uid, EX_UID, 0, false },
    { "UNANSWERED", key_plain, EX_FLAG, FLAG_ANSWERED, true },
    { "UNDELETED", key_plain, EX_FLAG, FLAG_DELETED, true },
    { "UNDRAFT", key_plain, EX_FLAG, FLAG_DRAFT, true },
    { "UNFLAGGED", key_plain, EX_FLAG, FLAG_FLAGGED, true },
    { "UNKEYWORD", key_keyword, EX_KEYWORD, 0, true },
    { "UNSEEN", key_plain, EX_SEEN, 0, true },
    { "YOUNGER", key_interval, EX_YOUNGER, 0, false },
};

/* key *(SP key) up to ")" or the end. */
static err_t read_and(struct search_args *a, unsigned depth, bool in_list, struct expr **out)
{
    struct expr *e = NULL;
    err_t err;

    *out = node(a, EX_AND);
    do {
        err = read_one(a, depth, &e);
        if (err)
            return err;
        do
            expr_add(*out, e);
        while (take_more(a, &e));
        if (in_list ? imaptok_peek(&a->s->tok) == ')' : imaptok_at_end(&a->s->tok))
            return ERR_OK;
        err = imaptok_sp(&a->s->tok);
    } while (!err);
    return err;
}

static err_t read_named(struct search_args *a, unsigned depth, struct expr **out)
{
    struct slice word;
    err_t err = imaptok_name(&a->s->tok, "", &word);

    if (err)
        return err;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (slice_eqs_nocase(word, keys[i].name))
            return keys[i].read(a, &keys[i], depth, out);
    a->s->tok.why = "Invalid Search criteria";
    return ERR_SYNTAX;
}

static err_t read_one(struct search_args *a, unsigned depth, struct expr **out)
{
    struct imaptok *t = &a->s->tok;
    int c = imaptok_peek(t);
    err_t err;

    if (depth > EXPR_DEPTH_MAX || a->nodes > EXPR_NODES_MAX) {
        t->why = "Search too complex";
        return ERR_LIMIT;
    }
    if (c == '(') {
        if ((err = imaptok_open(t)) != ERR_OK || (err = read_and(a, depth + 1, true, out)) != ERR_OK)
            return err;
        return imaptok_close(t);
    }
    if ((c >= '0' && c <= '9') || c == '*' || c == '$')
        return (err = check_number(a)) != ERR_OK ? err : read_set(a, EX_NUMBER, out);
    return read_named(a, depth, out);
}

/* The name must be remembered: a context asks again. */
static err_t take_charset(struct search_args *a)
{
    struct slice name;
    err_t err = imaptok_astring(&a->s->tok, &name);

    if (err)
        return err;
    a->charset = arena_dup(a->arena, name);
    err = imaptok_sp(&a->s->tok);
    if (err)
        return err;
    return charset_is_known(a->charset) ? ERR_OK : ERR_UNSUPPORTED;
}

/* Behind the word CHARSET (RFC 6855 3). */
static err_t take_charset_word(struct search_args *a)
{
    if (a->s->enabled & ENABLED_ACCEPT) {
        a->s->tok.why = "UTF8=ACCEPT leaves no choice of CHARSET";
        return ERR_SYNTAX;
    }
    err_t err = imaptok_sp(&a->s->tok);
    return err ? err : take_charset(a);
}

/* As search_skipdiacrit and search_whitespace (its words: skip merge keep) want it. */
static unsigned fold_flags(void)
{
    static const unsigned space[] = { FOLD_SKIP_SPACE, FOLD_MERGE_SPACE, 0 };

    return space[conf_enum(CONF_SEARCH_WHITESPACE)] | (conf_bool(CONF_SEARCH_SKIPDIACRIT) ? FOLD_SKIP_DIACRIT : 0u);
}

static err_t read_program(struct search_args *a, bool charset_first)
{
    err_t err = ERR_OK;

    a->fold_flags = fold_flags();
    if (charset_first)
        err = take_charset(a);
    else if (imaptok_accept_word(&a->s->tok, "CHARSET"))
        err = take_charset_word(a);
    return err ? err : read_and(a, 0, false, &a->root);
}

err_t search_args_read(struct search_args *a, enum search_args_charset where)
{
    struct arena *before = a->s->tok.arena;
    err_t err;

    if (!a->arena)
        a->arena = a->s->base->command;
    a->s->tok.arena = a->arena;                 /* sets live as long as the tree */
    err = read_program(a, where == CHARSET_FIRST);
    a->s->tok.arena = before;
    if (err == ERR_OK)
        (void)expr_prepare(a->root);
    return err;
}
