/* notify_args.c - see notify_args.h */
#include "imap/imapd/notify_args.h"

static const struct {
    const char *word;
    unsigned event;                     /* 0: known to the RFC, and not offered here */
} events[] = {
    { "MessageNew", NOTIFY_NEW },
    { "MessageExpunge", NOTIFY_EXPUNGE },
    { "FlagChange", NOTIFY_FLAGS },
    { "AnnotationChange", 0 },
    { "MailboxName", NOTIFY_NAME },
    { "SubscriptionChange", NOTIFY_SUBSCRIPTION },
    { "MailboxMetadataChange", NOTIFY_MAILBOX_METADATA },
    { "ServerMetadataChange", NOTIFY_SERVER_METADATA },
};

#define NEVENTS (sizeof events / sizeof *events)

enum {
    SELECTED_KINDS = 1 << SOURCE_SELECTED | 1 << SOURCE_DELAYED,
    ALLOWED = SELECTED_KINDS | 1 << SOURCE_INBOXES | 1 << SOURCE_PERSONAL | 1 << SOURCE_SUBSCRIBED
              | 1 << SOURCE_SUBTREE | 1 << SOURCE_MAILBOXES
};

/* One NOTIFY while it is read. */
struct reading {
    struct session *s;
    struct arena *arena;
    struct notify_args *args;
    size_t nsources;
    bool has_selected;
};

static bool is_selected(const struct notify_group *g)
{
    const struct mailbox_source *first = g->sources.n ? VEC_AT(&g->sources, struct mailbox_source, 0) : NULL;

    return first && (SELECTED_KINDS & (1 << first->kind));
}

static err_t wrong(struct reading *r, const char *why)
{
    r->s->tok.why = why;
    return ERR_SYNTAX;
}

/* [SP "(" fetch-att ... ")"] behind MessageNew, for the selected mailbox alone. */
static err_t read_fetch(struct reading *r, struct notify_group *g)
{
    struct imaptok *t = &r->s->tok;
    struct imaptok at = *t;
    struct fetch f;
    err_t err;

    if (!imaptok_accept_sp(t) || imaptok_peek(t) != '(') {
        *t = at;                                /* the next event */
        return ERR_OK;
    }
    if (!is_selected(g))
        return wrong(r, "FETCH items are for the selected mailbox only");
    err = fetch_read_atts(r->s, &f);
    if (!err)
        g->fetch = fetch_keep(&f, r->arena);
    fetch_fini(&f);
    return err;
}

static err_t read_event(struct reading *r, struct notify_group *g)
{
    struct slice word;
    err_t err = imaptok_atom(&r->s->tok, &word);

    for (size_t i = 0; !err && i < NEVENTS; i++) {
        if (!slice_eqs_nocase(word, events[i].word) || !events[i].event)
            continue;
        g->events |= events[i].event;
        return events[i].event == NOTIFY_NEW ? read_fetch(r, g) : ERR_OK;
    }
    r->args->has_unknown |= !err;
    return err;
}

/* RFC 5465 5 */
static err_t check_events(struct reading *r, const struct notify_group *g)
{
    const unsigned both = NOTIFY_NEW | NOTIFY_EXPUNGE;

    if (is_selected(g) && (g->events & ~(unsigned)NOTIFY_MESSAGES))
        return wrong(r, "Only message events are for the selected mailbox");
    if ((g->events & both) && (g->events & both) != both)
        return wrong(r, "MessageNew and MessageExpunge belong together");
    if ((g->events & NOTIFY_FLAGS) && (g->events & both) != both)
        return wrong(r, "FlagChange needs MessageNew and MessageExpunge");
    return ERR_OK;
}

/* "(" event *(SP event) ")" / "NONE" */
static err_t read_events(struct reading *r, struct notify_group *g)
{
    struct imaptok *t = &r->s->tok;
    bool more, any = false;
    err_t err;

    if (imaptok_accept_word(t, "NONE"))
        return ERR_OK;
    err = imaptok_open(t);
    for (; !err && (err = imaptok_more(t, &more)) == ERR_OK && more; any = true)
        err = read_event(r, g);
    if (!err && !any)
        err = wrong(r, "No events");
    return err ? err : check_events(r, g);
}

static err_t check_source(struct reading *r, const struct notify_group *g)
{
    r->nsources += g->sources.n;
    if (r->nsources > SOURCES_MAX) {
        r->s->tok.why = "Too many mailboxes";
        return ERR_LIMIT;
    }
    if (is_selected(g) && r->has_selected)
        return wrong(r, "The selected mailbox is named twice");
    r->has_selected |= is_selected(g);
    return ERR_OK;
}

static void keep_names(struct reading *r, struct notify_group *g)
{
    for (size_t i = 0; i < g->sources.n; i++) {
        struct mailbox_source *source = VEC_AT(&g->sources, struct mailbox_source, i);
        source->ext = arena_dup(r->arena, source->ext);
    }
}

/* "(" filter-mailboxes SP events ")" */
static err_t read_group(struct reading *r)
{
    struct imaptok *t = &r->s->tok;
    struct notify_group *g;
    err_t err = imaptok_char(t, '(');

    if (err)
        return err;
    if (r->args->groups.n >= NOTIFY_GROUPS_MAX) {
        t->why = "Too many event groups";
        return ERR_LIMIT;
    }
    g = VEC_PUSH(&r->args->groups, struct notify_group);
    vec_init(&g->sources, sizeof(struct mailbox_source));
    if ((err = mailbox_source_read(t, ALLOWED, &g->sources)) != ERR_OK || (err = check_source(r, g)) != ERR_OK
        || (err = imaptok_sp(t)) != ERR_OK || (err = read_events(r, g)) != ERR_OK)
        return err;
    keep_names(r, g);
    return imaptok_char(t, ')');
}

static err_t read_set(struct reading *r)
{
    struct imaptok *t = &r->s->tok;
    err_t err;

    r->args->is_set = true;
    if ((err = imaptok_sp(t)) != ERR_OK)
        return err;
    if (imaptok_accept_word(t, "STATUS")) {
        r->args->status = true;
        if ((err = imaptok_sp(t)) != ERR_OK)
            return err;
    }
    do {
        err = read_group(r);
    } while (!err && imaptok_accept_sp(t));
    return err;
}

err_t notify_args_read(struct session *s, struct arena *arena, struct notify_args *args)
{
    struct reading r = { .s = s, .arena = arena, .args = args };
    err_t err = imaptok_sp(&s->tok);

    *args = (struct notify_args){ .groups = VEC_INIT(struct notify_group) };
    if (!err && imaptok_accept_word(&s->tok, "SET"))
        err = read_set(&r);
    else if (!err && !imaptok_accept_word(&s->tok, "NONE"))
        err = wrong(&r, "SET or NONE expected");
    return err ? err : imaptok_end(&s->tok);
}

void notify_args_fini(struct notify_args *args)
{
    for (size_t i = 0; i < args->groups.n; i++)
        vec_fini(&VEC_AT(&args->groups, struct notify_group, i)->sources);
    vec_fini(&args->groups);
}
