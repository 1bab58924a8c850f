/* list_tell.c - see list_tell.h */
#include "imap/imapd/list_tell.h"

#include "imap/store/specialuse.h"
#include "imap/store/subs.h"
#include "lib/conf/conf.h"
#include "lib/text/imapout.h"

static void put_attribute(struct buf *b, struct slice text)
{
    if (b->p[b->n - 1] != '(')
        buf_addc(b, ' ');
    buf_add_slice(b, text);
}

/* Children in the tree that the client sees: those of INBOX are elsewhere in the alternate namespace. */
static bool has_children(struct session *s, struct slice intname, struct slice ext)
{
    struct buf child = BUF_INIT, child_ext = BUF_INIT;
    bool below;

    buf_add_slice(&child, intname);
    buf_adds(&child, ".x");
    namespace_to_external(s->ns, buf_slice(&child), &child_ext);
    below = child_ext.n > ext.n && slice_starts(buf_slice(&child_ext), ext)
            && child_ext.p[ext.n] == namespace_sep(s->ns);
    buf_fini(&child);
    buf_fini(&child_ext);
    return below && mblist_has_children(s->base->store, intname, s->base->ident, s->base->is_admin);
}

static void put_uses(struct session *s, const struct mbentry *entry, struct buf *b)
{
    struct specialuse_view *uses = NULL;
    struct slice words;

    if (!conf_bool(CONF_SPECIALUSEALWAYS)
        || specialuse_open(s->base->store, ident_userid(s->base->ident), s->base->is_admin, &uses) != ERR_OK)
        return;
    words = specialuse_of(uses, entry);
    if (words.n)
        put_attribute(b, words);
    specialuse_close(&uses);
}

static bool find(struct session *s, struct slice intname, struct mbentry *entry)
{
    struct session_base *b = s->base;
    rights_t rights = 0;

    return mblist_access(b->store, intname, b->ident, b->is_admin, entry, &rights) == ERR_OK && mbentry_is_mail(entry)
           && policy_check(OP_LOOKUP, rights) == ERR_OK && !namespace_hides(s->ns, intname);
}

static void put_attributes(struct session *s, struct slice intname, struct slice ext, unsigned flags, struct buf *b)
{
    struct mbentry entry;
    bool exists, children = has_children(s, intname, ext);

    mbentry_init(&entry);
    exists = find(s, intname, &entry) || (flags & LIST_TELL_EXISTS);
    if (!exists)
        put_attribute(b, SLICE_LIT("\\NonExistent"));
    if (flags & LIST_TELL_NO_ACCESS)
        put_attribute(b, SLICE_LIT("\\NoAccess"));
    if (exists || children)
        put_attribute(b, children ? SLICE_LIT("\\HasChildren") : SLICE_LIT("\\HasNoChildren"));
    if (subs_has(s->base->store, ident_userid(s->base->ident), intname))
        put_attribute(b, SLICE_LIT("\\Subscribed"));
    if (exists)
        put_uses(s, &entry, b);
    mbentry_fini(&entry);
}

void list_tell(struct session *s, struct slice intname, struct slice oldname, unsigned flags)
{
    struct buf b = BUF_INIT, ext = BUF_INIT;

    namespace_to_external(s->ns, intname, &ext);
    if (ext.n) {
        buf_adds(&b, "* LIST (");
        put_attributes(s, intname, buf_slice(&ext), flags, &b);
        buf_addf(&b, ") \"%c\" ", namespace_sep(s->ns));
        imapout_mailbox(&b, buf_slice(&ext), out_flags(s));
        if (oldname.n && !slice_eq(oldname, buf_slice(&ext))) {
            buf_adds(&b, " (\"OLDNAME\" (");
            imapout_mailbox(&b, oldname, out_flags(s));
            buf_adds(&b, "))");
        }
        buf_adds(&b, "\r\n");
        stream_put_slice(out(s), buf_slice(&b));
    }
    buf_fini(&b);
    buf_fini(&ext);
}
