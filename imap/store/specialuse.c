/* specialuse.c - see specialuse.h */
#include "imap/store/specialuse.h"

#include "imap/store/annot.h"
#include "imap/store/mbname.h"
#include "imap/store/store_impl.h"
#include "lib/base/map.h"
#include "lib/base/mem.h"

/* After so many mailboxes a database of at most so many bytes is read as a whole. */
enum { FEW_MAILBOXES = 8, SMALL_DATABASE = 128 * 1024 };

/* ---- conflicts ---- */

struct search {
    struct store *store;
    const struct mbentry *entry;
    struct slice userid, uses;
    struct buf value;
    bool found;
};

static bool have_common(struct slice a, struct slice b)
{
    struct slice one, other, rest;

    for (a = slice_trim(a); a.n;) {
        a = slice_trim(slice_split(a, ' ', &one, NULL));
        for (rest = slice_trim(b); rest.n;) {
            rest = slice_trim(slice_split(rest, ' ', &other, NULL));
            if (slice_eq_nocase(one, other))
                return true;
        }
    }
    return false;
}

static err_t look_at(void *arg, const struct mbentry *e)
{
    struct search *s = arg;

    if (mbname_is_inbox(buf_slice(&e->name)) ||
        slice_eq(buf_slice(&e->name), buf_slice(&s->entry->name)))
        return ERR_OK;
    err_t err =
        annot_read(s->store, buf_slice(&e->uniqueid), ANNOT_SPECIALUSE, s->userid, &s->value);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    s->found = have_common(s->uses, buf_slice(&s->value));
    return s->found ? ERR_STOP : ERR_OK;
}

err_t specialuse_taken(struct store *store, const struct mbentry *entry, struct slice userid,
                       struct slice uses, bool *taken)
{
    struct search s = {
        .store = store, .entry = entry, .userid = userid, .uses = uses, .value = BUF_INIT
    };
    struct buf owner = BUF_INIT, inbox = BUF_INIT;
    err_t err = ERR_OK;

    *taken = false;
    if (mbname_owner(buf_slice(&entry->name), &owner)) {
        mbname_inbox(buf_slice(&owner), &inbox);
        err = mblist_foreach(store, buf_slice(&inbox), 0, look_at, &s);
    }
    *taken = s.found;
    buf_fini(&s.value);
    buf_fini(&owner);
    buf_fini(&inbox);
    return err == ERR_STOP ? ERR_OK : err;
}

/* ---- lists ---- */

struct specialuse_view {
    struct store *store;
    struct slice userid;
    bool is_admin;
    bool whole, tried; /* everything was read; it was tried */
    unsigned nasked;
    struct map *uses;  /* "<uniqueid>" -> struct use * */
    struct map *asked; /* uniqueids that were looked up one by one */
};

/* Values of one mailbox. */
struct use {
    struct buf owner, user, shared;
};

static void free_use(void *p)
{
    struct use *u = p;

    buf_fini(&u->owner);
    buf_fini(&u->user);
    buf_fini(&u->shared);
    mem_free(u);
}

static err_t take(void *arg, struct slice id, struct slice entry, struct slice userid,
                  struct slice value)
{
    struct specialuse_view *v = arg;
    bool is_owner = slice_eq(userid, ANNOT_OWNER);

    if (!id.n || !value.n || !slice_eqs(entry, ANNOT_SPECIALUSE) ||
        (userid.n && !is_owner && !slice_eq(userid, v->userid)))
        return ERR_OK;
    struct use *u = map_get(v->uses, id);
    if (!u) {
        u = mem_zalloc(sizeof *u);
        map_put(v->uses, id, u);
    }
    buf_add_slice(is_owner ? &u->owner : userid.n ? &u->user : &u->shared, value);
    return ERR_OK;
}

err_t specialuse_open(struct store *s, struct slice userid, bool is_admin,
                      struct specialuse_view **out)
{
    struct db *db;
    err_t err = store_db(s, STORE_DB_ANNOTATIONS, &db);

    *out = NULL;
    if (err)
        return err;
    *out = mem_zalloc(sizeof **out);
    **out = (struct specialuse_view){ .store = s,
                                      .userid = userid,
                                      .is_admin = is_admin,
                                      .uses = map_new(free_use),
                                      .asked = map_new(NULL) };
    return ERR_OK;
}

/* So many were asked for that one read of everything is cheaper, if that is not much. */
static void read_whole(struct specialuse_view *v)
{
    struct db_version version;
    struct db *db;

    v->tried = true;
    if (store_db(v->store, STORE_DB_ANNOTATIONS, &db) != ERR_OK ||
        db_version_of(db, &version) != ERR_OK || version.size > SMALL_DATABASE)
        return;
    map_free(&v->uses);
    v->uses = map_new(free_use);
    v->whole = annot_foreach(v->store, SLICE_NULL, take, v) == ERR_OK;
    if (v->whole)
        return;
    map_free(&v->uses); /* logged; one by one as before */
    v->uses = map_new(free_use);
    map_free(&v->asked);
    v->asked = map_new(NULL);
}

void specialuse_close(struct specialuse_view **vp)
{
    struct specialuse_view *v = *vp;

    *vp = NULL;
    if (!v)
        return;
    map_free(&v->uses);
    map_free(&v->asked);
    mem_free(v);
}

struct slice specialuse_of(struct specialuse_view *v, const struct mbentry *e)
{
    struct slice id = buf_slice(&e->uniqueid), name = buf_slice(&e->name);

    if (!id.n || mbname_is_inbox(name))
        return SLICE_NULL;
    if (!v->tried && ++v->nasked > FEW_MAILBOXES)
        read_whole(v);
    if (!v->whole && !map_has(v->asked, id)) {
        map_put(v->asked, id, v);
        if (annot_of(v->store, id, take, v) != ERR_OK)
            return SLICE_NULL; /* logged */
    }
    const struct use *u = map_get(v->uses, id);
    if (!u)
        return SLICE_NULL;
    bool owned = mbname_owned_by(name, v->userid);
    const struct buf *own = owned ? &u->owner : v->is_admin ? &u->shared : &u->user;
    return own->n ? buf_slice(own) : buf_slice(&u->shared);
}

bool specialuse_is_empty(const struct specialuse_view *v)
{
    return v->whole && map_count(v->uses) == 0;
}
