/* view_seen.c - \Seen of a user whose seen state is not in the index */
#include "imap/imapd/view_impl.h"

static struct slice userid(const struct view *v)
{
    return ident_userid(v->session->base->ident);
}

err_t view_update_seen(struct view *v, const struct seen_change *change)
{
    struct seen after;
    err_t err = seen_update(v->session->base->store, userid(v), mailbox_uniqueid(v->mb), change, &after);

    if (err) {
        seen_fini(&after);
        return err;
    }
    seen_fini(&v->seen);
    v->seen = after;
    return ERR_OK;
}

/* UIDs that are in the one and not in the other. */
static void add_difference(struct ranges *out, const struct ranges *one, const struct ranges *other)
{
    struct ranges diff = RANGES_INIT;

    ranges_copy(&diff, one);
    ranges_subtract(&diff, other);
    ranges_union(out, &diff);
    ranges_fini(&diff);
}

err_t view_reread_seen(struct view *v)
{
    struct seen now;

    seen_init(&now);
    err_t err = seen_read(v->session->base->store, userid(v), mailbox_uniqueid(v->mb), &now);
    if (!err) {
        add_difference(&v->seen_news, &now.uids, &v->seen.uids);
        add_difference(&v->seen_news, &v->seen.uids, &now.uids);
        ranges_copy(&v->seen.uids, &now.uids);
    }
    seen_fini(&now);
    return err;
}

err_t view_store_seen(struct view *v, const struct ranges *uids, bool seen)
{
    struct seen_change change = {
        .add = seen ? uids : NULL,
        .remove = seen ? NULL : uids,
        .last_change = (time_t)mailbox_head(v->mb)->last_appenddate,
        .durable = true,
    };

    return view_update_seen(v, &change);
}
