/* cmd_list.c - LIST, LSUB and their kin (RFC 3501 6.3.8, 6.3.9, 5258, 5819, 3348, 6154, 8440, 9590)
 *
 * XLIST is LIST with the attributes that came before RFC 6154; RLIST and RLSUB (RFC 2193) would
 * also name mailboxes of other servers, of which there are none.
 */
#include "imap/imapd/list.h"

#include "imap/imapd/metadata.h"
#include "imap/imapd/status_items.h"
#include "imap/store/mbentry.h"
#include "lib/text/imapout.h"

static const char *const kind_names[] = {
    [LIST_PLAIN] = "LIST", [LIST_LSUB] = "LSUB", [LIST_XLIST] = "XLIST"
};

/* ---- one name */

static void put_attribute(struct buf *b, const char *text)
{
    if (b->p[b->n - 1] != '(')
        buf_addc(b, ' ');
    buf_adds(b, text);
}

/* RFC 5819 2: STATUS was asked for and may not be told. */
static bool lacks_status(const struct list_run *r, const struct list_item *it)
{
    return (r->ret & RET_STATUS) && it->entry && policy_check(OP_STATUS, it->rights) != ERR_OK;
}

static void put_attributes(struct list_run *r, struct buf *b, const struct list_item *it)
{
    bool exists = it->exists && it->intname.n;
    bool new_words = r->extended || (r->s->enabled & ENABLED_REV2);

    if (!exists)
        put_attribute(b, r->kind == LIST_PLAIN && new_words ? "\\NonExistent" : "\\Noselect");
    else if (lacks_status(r, it))
        put_attribute(b, "\\Noselect");
    if (r->kind != LIST_LSUB || it->has_children)
        put_attribute(b, it->has_children ? "\\HasChildren" : "\\HasNoChildren");
    if (it->subscribed && ((r->select & SEL_SUBSCRIBED) || (r->ret & RET_SUBSCRIBED)))
        put_attribute(b, "\\Subscribed");
    if (r->kind == LIST_XLIST && slice_eqs(it->ext, "INBOX"))
        put_attribute(b, "\\Inbox");
    if (it->uses.n) {
        put_attribute(b, "");
        buf_add_slice(b, it->uses);
    }
}

/* RFC 5258 4: which selection found something below */
static void put_childinfo(struct list_run *r, struct buf *b)
{
    static const char *const names[] = { "\"SUBSCRIBED\"", "\"SPECIAL-USE\"",
                                         "\"SUBSCRIBED\" \"SPECIAL-USE\"" };
    unsigned which = (r->select & SEL_SUBSCRIBED ? 1 : 0) + (r->select & SEL_SPECIAL ? 2 : 0);

    buf_addf(b, " (CHILDINFO (%s))", names[which - 1]);
}

static void put_line(struct list_run *r, const struct list_item *it, bool childinfo)
{
    struct buf b = BUF_INIT;
    char sep[2] = { r->sep, '\0' };

    buf_addf(&b, "* %s (", kind_names[r->kind]);
    put_attributes(r, &b, it);
    buf_addf(&b, ") \"%s\" ", sep);
    imapout_mailbox(&b, it->ext, out_flags(r->s));
    if (childinfo)
        put_childinfo(r, &b);
    buf_adds(&b, "\r\n");
    stream_put_slice(out(r->s), buf_slice(&b));
    buf_fini(&b);
}

/* ---- what is told of it besides */

static void put_myrights(struct list_run *r, const struct mbentry *e, rights_t rights)
{
    struct buf b = BUF_INIT;

    buf_adds(&b, "* MYRIGHTS ");
    session_put_mailbox(r->s, &b, buf_slice(&e->name));
    buf_addc(&b, ' ');
    acl_rights_text(rights, &b);
    buf_adds(&b, "\r\n");
    stream_put_slice(out(r->s), buf_slice(&b));
    buf_fini(&b);
}

/* Without the right to it LIST tells the name and not the rest (RFC 5819 2, 9590 3). */
static void put_of_entry(struct list_run *r, const struct mbentry *e, rights_t rights)
{
    uint32_t longest = 0;
    err_t err = ERR_OK;

    if ((r->ret & RET_STATUS) && policy_check(OP_STATUS, rights) == ERR_OK)
        err = status_items_put(r->s, e, r->status);
    if (err)
        untagged(r->s, "NO [UNAVAILABLE] Status of one mailbox could not be read");
    if (r->ret & RET_MYRIGHTS)
        put_myrights(r, e, rights);
    if ((r->ret & RET_METADATA) && metadata_may_read(r->s, e, rights) &&
        metadata_put(&(struct metadata_target){ r->s, e }, &r->metadata, UINT32_MAX, &longest) !=
            ERR_OK)
        untagged(r->s, "NO [UNAVAILABLE] Metadata of one mailbox could not be read");
}

static void put_rest(struct list_run *r, const struct list_item *it)
{
    struct session_base *b = r->s->base;
    struct mbentry entry;
    rights_t rights;

    if (!(r->ret & RET_OF_ENTRY) || !it->exists || it->intname.n == 0)
        return;
    if (it->entry) {
        put_of_entry(r, it->entry, it->rights);
        return;
    }
    mbentry_init(&entry);
    if (mblist_access(b->store, it->intname, b->ident, b->is_admin, &entry, &rights) == ERR_OK)
        put_of_entry(r, &entry, rights);
    mbentry_fini(&entry);
}

/* ---- all names */

/* A name's ancestor that matches a pattern with "%" but is no mailbox itself: told once. */
static void put_ancestors(struct list_run *r, struct slice name, struct map *told)
{
    for (size_t i = 0; i < r->npatterns; i++) {
        struct glob_match m = glob_match(r->pattern[i], name);
        struct slice parent = slice_cut(name, 0, m.parent);
        struct list_item it = { .ext = parent, .has_children = true };
        if (!r->shows_levels[i] || m.parent == 0 || map_has(told, parent))
            continue;
        map_put(told, parent, r);
        put_line(r, &it, (r->select & SEL_RECURSIVE) != 0);
    }
}

static void put_all(struct list_run *r)
{
    struct map *told = map_new(NULL);
    struct list_item *items = r->items.p;
    bool selects = r->select & (SEL_SUBSCRIBED | SEL_SPECIAL);
    bool ancestors = r->kind == LIST_LSUB || !selects || (r->select & SEL_RECURSIVE);

    for (size_t i = 0; i < r->items.n; i++)
        map_put(told, items[i].ext, r);
    for (size_t i = 0; i < r->items.n; i++) {
        bool childinfo = (r->select & SEL_RECURSIVE) && items[i].child_selected;
        bool selected = list_is_selected(r, &items[i]);
        if ((selected || childinfo) && list_matches(r, items[i].ext)) {
            put_line(r, &items[i], childinfo);
            put_rest(r, &items[i]);
        }
        if (selected && ancestors)
            put_ancestors(r, items[i].ext, told);
    }
    map_free(&told);
}

/* LIST "" "": only the separator is asked for. */
static void put_root(struct list_run *r)
{
    char sep[2] = { r->sep, '\0' };

    if (!r->extended)
        untagged(r->s, "%s (\\Noselect) \"%s\" \"\"", kind_names[r->kind], sep);
}

static void list_fini(struct list_run *r)
{
    map_free(&r->subs);
    specialuse_close(&r->uses);
    vec_fini(&r->items);
    vec_fini(&r->metadata);
    for (size_t i = 0; i < r->entries.n; i++)
        mbentry_fini(*VEC_AT(&r->entries, struct mbentry *, i));
    vec_fini(&r->entries);
}

static void list(struct session *s, enum list_kind kind)
{
    struct list_run r = { .s = s,
                          .arena = s->base->command,
                          .sep = namespace_sep(s->ns),
                          .kind = kind,
                          .items = VEC_INIT(struct list_item),
                          .entries = VEC_INIT(struct mbentry *),
                          .metadata = VEC_INIT(struct metadata_want) };
    err_t err = list_read_args(&r);

    if (err) {
        args_bad(s, err);
    } else if (args_end(s) == ERR_OK) {
        if (r.only_root)
            put_root(&r);
        else
            err = list_collect(&r);
        if (err) {
            reply_err(s, err);
        } else {
            put_all(&r);
            reply_ok(s, "Completed");
        }
    }
    list_fini(&r);
}

void cmd_list(void *session, const struct command *cmd)
{
    list(session, LIST_PLAIN);
}

void cmd_lsub(void *session, const struct command *cmd)
{
    list(session, LIST_LSUB);
}

void cmd_xlist(void *session, const struct command *cmd)
{
    list(session, LIST_XLIST);
}
