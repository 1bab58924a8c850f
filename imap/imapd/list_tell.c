/* list_tell.c - an untagged LIST that nobody asked for (RFC 9051 6.3.2, 6.3.9.7) */
#include "imap/imapd/list.h"

#include "lib/conf/conf.h"

/* INBOX of the alternate namespace stands beside its folders, not above them. */
static bool has_children(struct session *s, const struct list_item *it)
{
    struct session_base *b = s->base;
    struct namespace_view v;

    namespace_describe(s->ns, &v);
    if (slice_eqs(it->ext, "INBOX") && v.has_personal && v.personal.n == 0)
        return false;
    return mblist_has_children(b->store, it->intname, b->ident, b->is_admin);
}

/* As LIST tells them of its own accord. */
static void find_uses(struct list_run *r, struct list_item *it)
{
    struct session_base *b = r->s->base;
    struct mbentry entry;

    if (!conf_bool(CONF_SPECIALUSEALWAYS)
        || specialuse_open(b->store, ident_userid(b->ident), b->is_admin, &r->uses) != ERR_OK)
        return;
    mbentry_init(&entry);
    if (!specialuse_is_empty(r->uses) && mblist_lookup(b->store, it->intname, &entry) == ERR_OK)
        it->uses = arena_dup(r->arena, specialuse_of(r->uses, &entry));
    mbentry_fini(&entry);
    specialuse_close(&r->uses);
}

void list_tell(struct session *s, struct slice intname, struct slice oldname)
{
    struct list_run r = { .s = s, .arena = s->base->command, .sep = namespace_sep(s->ns), .kind = LIST_PLAIN };
    struct list_item it = { .intname = intname, .exists = true };
    struct buf ext = BUF_INIT;

    namespace_to_external(s->ns, intname, &ext);
    if (ext.n) {
        it.ext = arena_dup(r.arena, buf_slice(&ext));
        it.has_children = has_children(s, &it);
        find_uses(&r, &it);
        list_put_line(&r, &it, false, slice_eq(oldname, it.ext) ? SLICE_NULL : oldname);
    }
    buf_fini(&ext);
}
