/* cmd_metadata.c - GETMETADATA and SETMETADATA (RFC 5464; features AN-*) */
#include "imap/imapd/metadata.h"

#include <inttypes.h>

struct get {
    struct session *s;
    int depth;
    uint32_t maxsize, longest;
    struct vec wants; /* struct metadata_want */
};

/* "(MAXSIZE n DEPTH d)", in front of the mailbox or behind it: the RFC's text has both. */
static err_t read_options(struct get *g)
{
    struct imaptok *t = &g->s->tok;
    bool more;
    err_t err = imaptok_open(t);

    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more) {
        if (imaptok_accept_word(t, "MAXSIZE")) {
            if ((err = imaptok_sp(t)) == ERR_OK)
                err = imaptok_number(t, &g->maxsize);
        } else if (imaptok_accept_word(t, "DEPTH")) {
            if ((err = imaptok_sp(t)) != ERR_OK)
                break;
            if (imaptok_accept_word(t, "0"))
                g->depth = 0;
            else if (imaptok_accept_word(t, "1"))
                g->depth = 1;
            else if (imaptok_accept_word(t, "infinity"))
                g->depth = METADATA_INFINITE;
            else
                err = ERR_SYNTAX;
        } else {
            err = ERR_SYNTAX;
        }
    }
    if (err == ERR_SYNTAX)
        t->why = "Invalid metadata option";
    return err ? err : imaptok_sp(t);
}

/* Is what follows a list of options, and not of entries, which begin with "/"? */
static bool options_follow(const struct imaptok *t)
{
    return t->end - t->p > 1 && t->p[0] == '(' && t->p[1] != '/' && t->p[1] != '"' &&
           t->p[1] != '{' && t->p[1] != ')';
}

static err_t read_get(struct get *g, struct slice *mailbox)
{
    struct imaptok *t = &g->s->tok;
    err_t err = imaptok_sp(t);

    if (!err && imaptok_peek(t) == '(')
        err = read_options(g);
    if (!err && (err = imaptok_list_mailbox(t, mailbox)) == ERR_OK)
        err = imaptok_sp(t);
    if (!err && options_follow(t))
        err = read_options(g);
    return err ? err : metadata_read_wants(g->s, g->depth, &g->wants);
}

static err_t put_mailbox(void *arg, const struct mbentry *entry)
{
    struct get *g = arg;

    return metadata_put(&(struct metadata_target){ g->s, entry }, &g->wants, g->maxsize,
                        &g->longest);
}

static err_t put_one(struct get *g, struct slice ext)
{
    struct session_base *b = g->s->base;
    struct buf name = BUF_INIT;
    struct mbentry entry;
    rights_t rights = 0;
    err_t err = namespace_to_internal(g->s->ns, ext, &name);

    mbentry_init(&entry);
    if (!err)
        err = mblist_access(b->store, buf_slice(&name), b->ident, b->is_admin, &entry, &rights);
    if (!err && !mbentry_is_mail(&entry))
        err = ERR_NOTFOUND;
    if (!err && !metadata_may_read(g->s, &entry, rights))
        err = policy_check(OP_GET_ANNOTATION, rights);
    if (!err)
        err = put_mailbox(g, &entry);
    mbentry_fini(&entry);
    buf_fini(&name);
    return err == ERR_BADNAME ? ERR_NOTFOUND : err;
}

static err_t put_all(struct get *g, struct slice mailbox)
{
    if (!mailbox.n)
        return put_mailbox(g, NULL);
    if (slice_find(mailbox, '*') >= 0 || slice_find(mailbox, '%') >= 0)
        return metadata_mailboxes(g->s, mailbox, put_mailbox, g);
    return put_one(g, mailbox);
}

void cmd_getmetadata(void *session, const struct command *cmd)
{
    struct get g = { .s = session, .maxsize = UINT32_MAX, .wants = VEC_INIT(struct metadata_want) };
    struct slice mailbox;
    err_t err = read_get(&g, &mailbox);

    if (err) {
        metadata_bad(g.s, err);
    } else if (args_end(g.s) == ERR_OK) {
        err = put_all(&g, mailbox);
        if (err)
            reply_err(g.s, err);
        else if (g.longest)
            reply_ok_code(
                g.s, arena_printf(g.s->base->command, "METADATA LONGENTRIES %" PRIu32, g.longest),
                "Completed");
        else
            reply_ok(g.s, "Completed");
    }
    vec_fini(&g.wants);
}

/* ---- SETMETADATA ---- */

static err_t read_set(struct session *s, struct vec *sets)
{
    struct metadata_set set;
    struct slice full;
    err_t err = imaptok_astring(&s->tok, &full);

    if (err)
        return err;
    if (!metadata_split(full, &set.attribute, &set.name)) {
        s->tok.why = metadata_no_prefix;
        return ERR_SYNTAX;
    }
    if (!annot_name_is_valid(set.name)) {
        s->tok.why = "Invalid metadata entry";
        return ERR_SYNTAX;
    }
    if (set.name.n > METADATA_NAME_MAX || sets->n == METADATA_WANTS_MAX)
        return ERR_LIMIT;
    if ((err = imaptok_sp(&s->tok)) == ERR_OK &&
        (err = imaptok_nstring(&s->tok, &set.value)) != ERR_OK)
        s->tok.why = "Missing metadata value";
    if (!err)
        *VEC_PUSH(sets, struct metadata_set) = set;
    return err;
}

static err_t read_sets(struct session *s, struct vec *sets)
{
    bool more;
    err_t err = imaptok_open(&s->tok);

    if (err)
        s->tok.why = "Missing metadata entry list";
    while (!err && (err = imaptok_more(&s->tok, &more)) == ERR_OK && more)
        err = read_set(s, sets);
    if (!err && !sets->n) {
        s->tok.why = "Missing metadata entry";
        err = ERR_SYNTAX;
    }
    return err;
}

void cmd_setmetadata(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct vec sets = VEC_INIT(struct metadata_set);
    struct slice ext;
    err_t err = imaptok_sp(&s->tok);

    s->tok.flags |= IMAPTOK_BINARY; /* value = nstring / literal8 */
    if (!err && (err = imaptok_astring(&s->tok, &ext)) == ERR_OK &&
        (err = imaptok_sp(&s->tok)) == ERR_OK)
        err = read_sets(s, &sets);
    if (err) {
        metadata_bad(s, err);
    } else if (args_end(s) == ERR_OK) {
        metadata_set_named(s, ext, &sets);
    }
    vec_fini(&sets);
}
