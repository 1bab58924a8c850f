/* notify.c - NOTIFY, the watches it needs, and waiting for events; see notify.h */
#include "imap/imapd/notify_impl.h"

#include "imap/imapd/view.h"
#include "imap/store/mbname.h"
#include "imap/store/subs.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"

enum {
    WATCHES_MAX = 200,                          /* names outside of the own tree; more: everything */
    EVENTS_PER_TURN = 1000,                     /* then the client is told, before more is heard */
    CHANGED_MAX = 500,                          /* mailboxes at once */
    MS_PER_S = 1000
};

void notify_free(struct notify **np)
{
    struct notify *n = *np;

    if (!n)
        return;
    *np = NULL;
    if (n->watching)
        idle_unwatch();
    if (n->idling)
        idle_stop();
    notify_args_fini(&n->args);
    arena_free(&n->arena);
    map_free(&n->changed);
    buf_fini(&n->idling_on);
    buf_fini(&n->renamed_from);
    buf_fini(&n->renamed_to);
    mem_free(n);
}

static struct notify *notify_new(void)
{
    struct notify *n = mem_zalloc(sizeof *n);

    n->arena = arena_new(0);
    n->args.groups = (struct vec)VEC_INIT(struct notify_group);
    n->changed = map_new(NULL);
    n->fd = -1;
    return n;
}

unsigned notify_selected(const struct session *s)
{
    return s->notify ? s->notify->selected : NOTIFY_MESSAGES;
}

const struct fetch *notify_fetch(const struct session *s)
{
    return s->notify ? s->notify->fetch : NULL;
}

int notify_fd(const struct session *s)
{
    return s->notify ? s->notify->fd : -1;
}

/* ---- watches ---- */

static const struct mailbox_source *first_source(const struct notify_group *g)
{
    return VEC_AT(&g->sources, struct mailbox_source, 0);
}

static bool is_of_selected(const struct notify_group *g)
{
    return first_source(g)->kind == SOURCE_SELECTED || first_source(g)->kind == SOURCE_DELAYED;
}

/* Names as they are meant now: how the client spells them may change (ENABLE UTF8=ACCEPT). */
static void resolve(struct session *s, const struct notify_group *g)
{
    struct buf name = BUF_INIT;

    for (size_t i = 0; i < g->sources.n; i++) {
        struct mailbox_source *source = VEC_AT(&g->sources, struct mailbox_source, i);

        buf_reset(&name);
        if (source->ext.n && namespace_to_internal(s->ns, source->ext, &name) == ERR_OK)
            source->intname = arena_dup(s->notify->arena, buf_slice(&name));
    }
    buf_fini(&name);
}

static void sum_up(struct session *s)
{
    struct notify *n = s->notify;

    for (size_t i = 0; i < n->args.groups.n; i++) {
        const struct notify_group *g = VEC_AT(&n->args.groups, struct notify_group, i);

        resolve(s, g);
        if (is_of_selected(g)) {
            n->selected = g->events;
            n->delayed = first_source(g)->kind == SOURCE_DELAYED;
            n->fetch = g->fetch;
        } else {
            n->others |= g->events;
            n->watches_subscribed |= g->events && first_source(g)->kind == SOURCE_SUBSCRIBED;
        }
    }
}

/* Names to be watched while they are collected. */
struct watch_run {
    struct session *s;
    struct slice own;                           /* INBOX: what is below is watched by itself */
    unsigned count;
    err_t err;
};

static void watch(struct watch_run *r, enum idle_format_scope scope, struct slice name)
{
    if (r->err || r->count > WATCHES_MAX)
        return;
    if (++r->count > WATCHES_MAX) {
        scope = IDLE_SCOPE_TREE;
        name = IDLE_FORMAT_NO_NAME;
    }
    r->err = idle_watch(scope, name, &r->s->notify->fd);
    r->s->notify->watching |= !r->err;
}

static err_t watch_subscription(void *arg, struct slice intname)
{
    struct watch_run *r = arg;

    if (!r->own.n || !(slice_eq(intname, r->own) || mbname_is_below(intname, r->own)))
        watch(r, IDLE_SCOPE_ONE, intname);
    return r->err;
}

static void watch_subscriptions(struct watch_run *r)
{
    err_t err;

    if (r->own.n)
        watch(r, IDLE_SCOPE_TREE, r->own);
    err = subs_foreach(r->s->base->store, ident_userid(r->s->base->ident), watch_subscription, r);
    if (!r->err)
        r->err = err;
}

/* Where the mailboxes of a subtree are.  What is no mailbox name (a prefix of others) is a part of the list. */
static void watch_tree(struct watch_run *r, const struct mailbox_source *source)
{
    enum { RANGES_MAX = 8 };
    struct buf name = BUF_INIT, bytes = BUF_INIT;
    struct slice ranges[RANGES_MAX];
    size_t n = 0;

    if (source->intname.n) {
        watch(r, IDLE_SCOPE_TREE, source->intname);
        return;
    }
    buf_add_slice(&name, source->ext);
    buf_addc(&name, namespace_sep(r->s->ns));
    n = namespace_scan_ranges(r->s->ns, buf_slice(&name), &bytes, ranges, RANGES_MAX);
    if (n == 0)
        watch(r, IDLE_SCOPE_TREE, IDLE_FORMAT_NO_NAME);
    for (size_t i = 0; i < n; i++) {
        const bool is_all = !ranges[i].n || slice_ends(ranges[i], SLICE_LIT("!"));
        watch(r, IDLE_SCOPE_TREE, is_all ? IDLE_FORMAT_NO_NAME : ranges[i]);
    }
    buf_fini(&name);
    buf_fini(&bytes);
}

/* Its children matter to a mailbox whose LIST is told when they come and go (RFC 5465 5.4). */
static void watch_one(struct watch_run *r, const struct mailbox_source *source, unsigned events)
{
    if (source->intname.n)
        watch(r, events & NOTIFY_NAME ? IDLE_SCOPE_TREE : IDLE_SCOPE_ONE, source->intname);
}

static void watch_group(struct watch_run *r, const struct notify_group *g)
{
    for (size_t i = 0; i < g->sources.n && g->events; i++) {
        const struct mailbox_source *source = VEC_AT(&g->sources, struct mailbox_source, i);

        switch (source->kind) {
        case SOURCE_INBOXES:
        case SOURCE_PERSONAL:
            if (r->own.n)
                watch(r, IDLE_SCOPE_TREE, r->own);
            break;
        case SOURCE_SUBSCRIBED: watch_subscriptions(r); break;
        case SOURCE_SUBTREE: watch_tree(r, source); break;
        case SOURCE_MAILBOXES: watch_one(r, source, g->events); break;
        default: break;
        }
    }
}

static err_t watch_all(struct session *s)
{
    struct notify *n = s->notify;
    struct watch_run r = { .s = s, .own = namespace_inbox(s->ns) };

    idle_watch_begin();
    for (size_t i = 0; i < n->args.groups.n; i++) {
        const struct notify_group *g = VEC_AT(&n->args.groups, struct notify_group, i);
        if (!is_of_selected(g))
            watch_group(&r, g);
    }
    if (n->others & NOTIFY_SUBSCRIPTION || n->watches_subscribed)
        watch(&r, IDLE_SCOPE_ONE, ident_userid(s->base->ident));
    if (n->others & NOTIFY_SERVER_METADATA)
        watch(&r, IDLE_SCOPE_ONE, IDLE_FORMAT_NO_NAME);
    return r.err;
}

void notify_subscribed(struct session *s, struct slice intname)
{
    struct watch_run r = { .s = s, .own = s->ns ? namespace_inbox(s->ns) : SLICE_NULL };

    if (s->notify && s->notify->watches_subscribed && s->notify->watching)
        (void)!watch_subscription(&r, intname);
    if (r.err)
        log_notice("a new subscription of %s cannot be watched", s->base->client);
}

void notify_selection(struct session *s)
{
    struct notify *n = s->notify;
    int fd = -1;

    if (!n)
        return;
    if (n->idling)
        idle_stop();
    n->idling = s->view && n->selected && idle_start(mailbox_name(view_mailbox(s->view)), &fd) == ERR_OK;
    buf_reset(&n->idling_on);
    if (n->idling)
        buf_add_slice(&n->idling_on, mailbox_name(view_mailbox(s->view)));
    if (!n->watching)
        n->fd = fd;                             /* else it is the same one */
}

/* ---- hearing ---- */

/* From now on as after NOTIFY NONE. */
static void stop(struct session *s)
{
    notify_free(&s->notify);
    s->notify = notify_new();
}

static void overflow(struct session *s)
{
    stop(s);
    untagged(s, "OK [NOTIFICATIONOVERFLOW] Too much has happened: NOTIFY is off");
}

void notify_tell(struct session *s)
{
    struct event ev;
    enum idle_kind kind = IDLE_CHANGED;

    for (int i = 0; notify_fd(s) >= 0 && i < EVENTS_PER_TURN && kind != IDLE_NOTHING; i++) {
        kind = idle_read(s->notify->fd, &ev);
        if (kind == IDLE_EVENT)
            notify_event(s, &ev);
        if (kind == IDLE_LOST || (kind == IDLE_ALERT && s->notify->watching))
            overflow(s);
        else if (map_count(s->notify->changed) >= CHANGED_MAX)
            notify_put_changed(s);
    }
    if (s->notify)
        notify_put_changed(s);
}

/* Between commands: SELECTED tells at once, SELECTED-DELAYED all but expunges (RFC 5465 6.1). */
static void tell_selected(struct session *s)
{
    const struct notify *n = s->notify;

    if (s->state != ST_SELECTED || !n->selected)
        return;
    view_tell(s, !n->delayed);
    if (s->view && n->idling && !slice_eq(buf_slice(&n->idling_on), mailbox_name(view_mailbox(s->view))))
        notify_selection(s);                    /* it was renamed */
}

/* A command that may not tell of expunges has just ended. */
static bool has_held_news(const struct session *s)
{
    return s->state == ST_SELECTED && s->notify->selected && !s->notify->delayed && view_holds_news(s->view);
}

/* The selected mailbox is looked at as often as in IDLE, whatever got lost. */
static int64_t wait_ms(uint64_t end_ms)
{
    const uint64_t now = clock_mono_ms(), left = end_ms > now ? end_ms - now : 0;
    int64_t seconds = conf_seconds(CONF_IMAPIDLEPOLL);

    if (seconds > IDLE_REFRESH_S)
        seconds = IDLE_REFRESH_S;
    return left < (uint64_t)seconds * MS_PER_S ? (int64_t)left : seconds * MS_PER_S;
}

/* ERR_OK: the client has sent something. */
static err_t wait_once(struct session *s, uint64_t end_ms)
{
    bool input = false, other = false;
    err_t err;

    if (has_held_news(s))
        tell_selected(s);
    err = stream_wait(out(s), notify_fd(s), wait_ms(end_ms), &input, &other);
    if (input || (err && err != ERR_TIMEOUT))
        return err;
    if (other)
        notify_tell(s);
    else
        serve_rest();
    idle_refresh();
    tell_selected(s);
    if (s->state == ST_LOGOUT)
        return ERR_CLOSED;
    return clock_mono_ms() > end_ms ? ERR_TIMEOUT : ERR_LOCKED;
}

err_t notify_wait(struct session *s, int64_t idle_ms)
{
    const uint64_t end_ms = clock_mono_ms() + (uint64_t)idle_ms;
    const char *why;
    err_t err = ERR_LOCKED;                     /* nothing has come of a wait yet */

    if (!s->notify)
        return ERR_OK;
    s->cmd = NULL;
    s->is_uid = false;
    while (err == ERR_LOCKED && !stream_has_input(out(s))) {
        if (serve_must_end(s->base, &why))
            return ERR_AGAIN;
        err = wait_once(s, end_ms);
        arena_reset(s->base->command);
    }
    return err == ERR_LOCKED ? ERR_OK : err;
}

/* ---- the command ---- */

static void refuse(struct session *s)
{
    overflow(s);
    reply_no(s, "UNAVAILABLE", "Other mailboxes cannot be watched now");
}

static void set(struct session *s, struct notify *n)
{
    err_t err;

    notify_free(&s->notify);
    s->notify = n;
    sum_up(s);
    err = watch_all(s);
    if (err) {
        refuse(s);
        return;
    }
    notify_selection(s);
    err = notify_begin(s, n->args.status);
    if (err)
        reply_err(s, err);
    else
        reply_ok(s, "Completed");
}

void cmd_notify(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct notify *n = notify_new();
    err_t err = notify_args_read(s, n->arena, &n->args);

    if (err == ERR_LIMIT) {
        reply_no(s, "NOTIFICATIONOVERFLOW", s->tok.why ? s->tok.why : "Too much is asked for");
    } else if (err) {
        args_bad(s, err);
    } else if (n->args.has_unknown) {
        reply_no(s, "BADEVENT (" NOTIFY_EVENTS_TEXT ")", "No such event");
    } else if (!idle_is_enabled()) {
        reply_no(s, "UNAVAILABLE", "NOTIFY is turned off");
    } else {
        set(s, n);
        n = NULL;
    }
    notify_free(&n);
}
