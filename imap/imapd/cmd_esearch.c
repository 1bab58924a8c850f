/* cmd_esearch.c - ESEARCH: one search in many mailboxes (RFC 7377)
 *
 * Mailboxes that the user may not read are passed over in silence, as if they were not there; so are those not named by
 * the client that he may not look up.  The selected mailbox comes last: a context settles the program for it.
 */
#include "imap/imapd/imapd.h"

#include "imap/imapd/mailbox_source.h"
#include "imap/imapd/progress.h"
#include "imap/imapd/search_context.h"
#include "imap/imapd/search_filter.h"
#include "imap/imapd/search_state.h"
#include "lib/base/map.h"

enum {
    ALLOWED = 1 << SOURCE_SELECTED | 1 << SOURCE_INBOXES | 1 << SOURCE_PERSONAL | 1 << SOURCE_SUBSCRIBED
              | 1 << SOURCE_SUBTREE | 1 << SOURCE_SUBTREE_ONE | 1 << SOURCE_MAILBOXES
};

struct esearch {
    struct session *s;
    struct search_args args;
    struct search_return ret;
    struct vec sources;                 /* struct mailbox_source */
    bool selected;                      /* the selected mailbox is to be searched */
    struct map *found;                  /* internal names: each is searched once */
    struct vec targets;                 /* struct slice: the same in order; arena */
};

/* ---- what the client wrote ---- */

static err_t add_selected(struct esearch *e)
{
    *VEC_PUSH(&e->sources, struct mailbox_source) = (struct mailbox_source){ .kind = SOURCE_SELECTED };
    return ERR_OK;
}

/* ["IN" SP "(" sources ")" SP]; without it the selected mailbox. */
static err_t read_sources(struct esearch *e)
{
    struct imaptok *t = &e->s->tok;
    bool more;
    err_t err;

    if (!imaptok_accept_word(t, "IN"))
        return add_selected(e);
    if ((err = imaptok_sp(t)) == ERR_OK)
        err = imaptok_open(t);
    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more)
        err = mailbox_source_read(t, ALLOWED, &e->sources);
    if (!err && e->sources.n == 0) {
        t->why = "No mailboxes to search";
        err = ERR_SYNTAX;
    }
    return err ? err : imaptok_sp(t);
}

static bool names(const struct esearch *e, bool others)
{
    for (size_t i = 0; i < e->sources.n; i++)
        if ((VEC_AT(&e->sources, struct mailbox_source, i)->kind != SOURCE_SELECTED) == others)
            return true;
    return false;
}

/* What RFC 7377 2.2 rules out. */
static const char *why_not(const struct esearch *e)
{
    bool is_selected = e->s->state == ST_SELECTED;

    if (names(e, false) && !is_selected)
        return "Please select a mailbox first";
    if ((e->ret.what & RETURN_UPDATE) && !is_selected)
        return "UPDATE needs a selected mailbox";
    if ((e->ret.what & RETURN_SAVE) && names(e, true))
        return "SAVE is for the selected mailbox alone";
    return NULL;
}

/* ---- which mailboxes that means ---- */

static void add_target(void *arg, struct slice intname)
{
    struct esearch *e = arg;
    struct slice kept;

    if (map_has(e->found, intname))
        return;
    map_put(e->found, intname, e);
    if (e->s->view && slice_eq(intname, mailbox_name(view_mailbox(e->s->view)))) {
        e->selected = true;
        return;
    }
    kept = arena_dup(e->s->base->command, intname);
    *VEC_PUSH(&e->targets, struct slice) = kept;
}

static err_t find_targets(struct esearch *e)
{
    err_t err = ERR_OK;

    for (size_t i = 0; !err && i < e->sources.n; i++) {
        const struct mailbox_source *source = VEC_AT(&e->sources, struct mailbox_source, i);
        e->selected |= source->kind == SOURCE_SELECTED;
        err = mailbox_source_walk(e->s, source, add_target, e);
    }
    return err;
}

/* ---- searching ---- */

static void search_view(struct esearch *e, struct view *v, bool may_watch)
{
    struct buf name = BUF_INIT;
    struct vec hits = VEC_INIT(uint32_t);
    struct search_answer answer = { .view = v, .ret = &e->ret, .hits = &hits, .is_uid = true,
                                    .has_modseq = e->args.has_modseq };

    session_put_mailbox(e->s, &name, mailbox_name(view_mailbox(v)));
    answer.mailbox = buf_slice(&name);
    search_collect(v, &e->args, &e->ret, &hits);
    if (hits.n)                                 /* RFC 7377 2.1: nothing is told of a mailbox without */
        search_tell(e->s, &answer);
    else if (e->ret.what & RETURN_SAVE)
        search_save(view_search(v), NULL);
    if (may_watch) {
        e->s->is_uid = true;
        e->args.progress = NULL;                /* the context outlives the command */
        context_begin(e->s, &e->args, &e->ret, NULL, &hits);
    }
    vec_fini(&hits);
    buf_fini(&name);
}

/* As EXAMINE would open it: nothing changes by being searched. */
static void search_named(struct esearch *e, struct slice intname)
{
    struct session_base *b = e->s->base;
    struct mbentry entry;
    struct mailbox *mb;
    struct view *v = NULL;
    rights_t rights = 0;
    err_t err;

    mbentry_init(&entry);
    err = mblist_access(b->store, intname, b->ident, b->is_admin, &entry, &rights);
    if (!err && mbentry_is_mail(&entry) && policy_check(OP_SELECT, rights) == ERR_OK
        && mailbox_open_entry(b->store, &entry, &mb) == ERR_OK
        && view_open(e->s, mb, rights, VIEW_READONLY, &v) == ERR_OK)
        search_view(e, v, false);
    view_close(&v);
    mbentry_fini(&entry);
}

static void run(struct esearch *e)
{
    struct progress progress;
    err_t err;

    progress_begin(&progress, e->s, 0);         /* how many messages there are nobody knows */
    e->args.progress = &progress;
    e->found = map_new(NULL);
    err = find_targets(e);
    for (size_t i = 0; !err && i < e->targets.n && stream_error(out(e->s)) == ERR_OK; i++)
        search_named(e, *VEC_AT(&e->targets, struct slice, i));
    if (!err && e->selected)
        search_view(e, e->s->view, e->ret.what & RETURN_UPDATE);
    else if (!err && (e->ret.what & RETURN_UPDATE))
        untagged(e->s, "NO [NOUPDATE \"%.*s\"] The selected mailbox is not searched", SLICE_ARG(e->s->tag));
    if (err || !e->selected)
        context_drop(e->s, &e->args);
    map_free(&e->found);
    if (err)
        reply_err(e->s, err);
    else
        reply_ok(e->s, "Completed");
}

static err_t read_args(struct esearch *e)
{
    struct session *s = e->s;
    const char *refusal;
    err_t err = imaptok_sp(&s->tok);

    if (!err)
        err = read_sources(e);
    if (!err)
        err = search_return_read(s, &e->ret);
    if (!err && (refusal = why_not(e)) != NULL) {
        reply_bad(s, refusal);
        return ERR_SYNTAX;
    }
    if (!err && (e->ret.what & RETURN_UPDATE) && context_prepare(s, &e->args) != ERR_OK)
        return ERR_EXISTS;
    if (!err)
        err = search_args_read(&e->args, CHARSET_OPTIONAL);
    if (err) {
        search_refuse(s, err, &e->ret);
        context_drop(s, &e->args);
    }
    if (!e->ret.given)
        e->ret.what = RETURN_ALL;
    return err;
}

void cmd_esearch(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct esearch e = { .s = s, .args = { .s = s, .filter = search_filter_find }, .sources = VEC_INIT(struct mailbox_source),
                         .targets = VEC_INIT(struct slice) };

    if (read_args(&e) == ERR_OK)
        run(&e);
    vec_fini(&e.sources);
    vec_fini(&e.targets);
}
