/* boxes.c - see boxes.h */
#include "imap/admin/boxes.h"

#include "imap/store/mbname.h"
#include "imap/store/namespace.h"
#include "lib/base/arena.h"
#include "lib/text/glob.h"

/* Users' trees come first, what was deleted last, as an administrator's LIST shows them. */
enum part { PART_USERS, PART_SHARED, PART_DELETED, NPARTS };

struct walk {
    const struct namespace *ns;
    enum part part;
    const struct glob *glob;            /* NULL: all */
    admin_box_fn *fn;
    void *arg;
    struct buf ext;
};

static enum part part_of(struct slice intname)
{
    if (mbname_is_deleted(intname))
        return PART_DELETED;
    return slice_starts(mbname_local(intname), SLICE_LIT("user.")) ? PART_USERS : PART_SHARED;
}

static err_t visit(void *arg, const struct mbentry *e)
{
    struct walk *w = arg;

    if (!mbentry_is_mailbox(e) || (w->part != NPARTS && part_of(buf_slice(&e->name)) != w->part))
        return ERR_OK;
    buf_reset(&w->ext);
    namespace_to_external(w->ns, buf_slice(&e->name), &w->ext);
    if (!w->ext.n)                      /* no way to spell it: as it is stored */
        buf_add_slice(&w->ext, buf_slice(&e->name));
    if (w->glob && !glob_matches(w->glob, buf_slice(&w->ext)))
        return ERR_OK;
    return w->fn(w->arg, e, buf_slice(&w->ext));
}

/* A plain name is looked up, which costs the same however long the list is. */
static err_t one_name(struct store *s, struct walk *w, struct slice word)
{
    struct buf intname = BUF_INIT;
    struct mbentry e;

    mbentry_init(&e);
    err_t err = namespace_to_internal(w->ns, word, &intname);
    if (!err)
        err = mblist_lookup(s, buf_slice(&intname), &e);
    if (err)
        err = err == ERR_NOTFOUND || err == ERR_BADNAME ? ERR_OK : err;
    else
        err = visit(w, &e);
    mbentry_fini(&e);
    buf_fini(&intname);
    return err;
}

static err_t whole_list(struct store *s, struct walk *w)
{
    err_t err = ERR_OK;

    for (w->part = 0; w->part < NPARTS && !err; w->part++)
        err = mblist_foreach(s, SLICE_NULL, MBLIST_DELETED_TREE, visit, w);
    w->part = NPARTS;
    return err;
}

static err_t one_word(struct store *s, struct walk *w, const char *word, struct arena *arena)
{
    struct glob *glob;
    err_t err = glob_compile(arena, slice_cstr(word), namespace_sep(w->ns), 0, &glob);

    if (err)
        return err;
    if (glob_is_literal(glob))
        return one_name(s, w, slice_cstr(word));
    w->glob = glob;
    err = whole_list(s, w);
    w->glob = NULL;
    return err;
}

err_t admin_boxes(struct store *s, char *const *words, int n, admin_box_fn *fn, void *arg)
{
    struct namespace *ns = namespace_new(SLICE_NULL, true);
    struct walk w = { .ns = ns, .part = NPARTS, .fn = fn, .arg = arg, .ext = BUF_INIT };
    struct arena *arena = arena_new(0);
    err_t err = ERR_OK;

    if (n == 0)
        err = whole_list(s, &w);
    for (int i = 0; i < n && !err; i++)
        err = one_word(s, &w, words[i], arena);
    arena_free(&arena);
    buf_fini(&w.ext);
    namespace_free(&ns);
    return err;
}
