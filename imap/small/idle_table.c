/* idle_table.c - see idle_table.h
 *
 * Two maps that agree: clients by path with the names they wait for, and for each name the
 * clients.  A name without clients and a client without names are removed at once.
 */
#include "imap/small/idle_table.h"

#include "imap/events/idle_format.h"
#include "lib/base/map.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"

struct client {
    char *path;
    uint64_t heard_ms;
    uint64_t round;                     /* it was told in */
    struct idle_mark mark;
    struct vec boxes;                   /* struct box * */
};

struct box {
    char *name;
    struct vec clients;                 /* struct client * */
};

struct idle_table {
    struct map *clients;                /* path -> struct client */
    struct map *boxes;                  /* name -> struct box */
    uint64_t round;
};

static void free_client(void *p)
{
    struct client *c = p;

    mem_free(c->path);
    vec_fini(&c->boxes);
    mem_free(c);
}

static void free_box(void *p)
{
    struct box *b = p;

    mem_free(b->name);
    vec_fini(&b->clients);
    mem_free(b);
}

struct idle_table *idle_table_new(void)
{
    struct idle_table *t = mem_zalloc(sizeof *t);

    t->clients = map_new(free_client);
    t->boxes = map_new(free_box);
    return t;
}

void idle_table_free(struct idle_table **tp)
{
    if (!*tp)
        return;
    map_free(&(*tp)->clients);
    map_free(&(*tp)->boxes);
    mem_free(*tp);
    *tp = NULL;
}

static bool find_pointer(const struct vec *v, const void *wanted, size_t *at)
{
    for (size_t i = 0; i < v->n; i++) {
        if (*VEC_AT(v, void *, i) == wanted) {
            *at = i;
            return true;
        }
    }
    return false;
}

static void remove_pointer(struct vec *v, const void *wanted)
{
    size_t at;

    if (find_pointer(v, wanted, &at))
        vec_remove(v, at);
}

static struct client *get_client(struct idle_table *t, struct slice path)
{
    struct client *c = map_get(t->clients, path);

    if (c || map_count(t->clients) >= IDLE_TABLE_CLIENTS_MAX)
        return c;
    c = mem_zalloc(sizeof *c);
    c->path = mem_strndup(path.p, path.n);
    vec_init(&c->boxes, sizeof(struct box *));
    map_put(t->clients, path, c);
    return c;
}

static struct box *get_box(struct idle_table *t, struct slice name)
{
    struct box *b = map_get(t->boxes, name);

    if (b)
        return b;
    b = mem_zalloc(sizeof *b);
    b->name = mem_strndup(name.p, name.n);
    vec_init(&b->clients, sizeof(struct client *));
    map_put(t->boxes, name, b);
    return b;
}

err_t idle_table_add(struct idle_table *t, struct slice path, struct slice name,
                     uint64_t now_ms)
{
    struct client *c = get_client(t, path);
    struct box *b = map_get(t->boxes, name);
    size_t at;

    if (!c)
        return ERR_LIMIT;
    c->heard_ms = now_ms;
    if (b && find_pointer(&c->boxes, b, &at))
        return ERR_OK;
    if (c->boxes.n >= IDLE_TABLE_NAMES_MAX)
        return ERR_LIMIT;
    b = get_box(t, name);
    *VEC_PUSH(&c->boxes, struct box *) = b;
    *VEC_PUSH(&b->clients, struct client *) = c;
    return ERR_OK;
}

/* One side of the bond; the caller cuts the other. */
static void leave_box(struct idle_table *t, struct client *c, struct box *b)
{
    remove_pointer(&b->clients, c);
    if (b->clients.n == 0)
        map_del(t->boxes, slice_cstr(b->name));
}

static void drop_client(struct idle_table *t, struct client *c)
{
    for (size_t i = 0; i < c->boxes.n; i++)
        leave_box(t, c, *VEC_AT(&c->boxes, struct box *, i));
    map_del(t->clients, slice_cstr(c->path));
}

void idle_table_remove(struct idle_table *t, struct slice path, struct slice name)
{
    struct client *c = map_get(t->clients, path);
    struct box *b = map_get(t->boxes, name);

    if (!c || !b)
        return;
    remove_pointer(&c->boxes, b);
    leave_box(t, c, b);
    if (c->boxes.n == 0)
        drop_client(t, c);
}

void idle_table_drop(struct idle_table *t, struct slice path)
{
    struct client *c = map_get(t->clients, path);

    if (c)
        drop_client(t, c);
}

void idle_table_generation(struct idle_table *t, struct slice path, uint32_t generation)
{
    struct client *c = get_client(t, path);
    size_t kept = 0;

    if (!c || c->mark.generation == generation)
        return;
    c->mark = (struct idle_mark){ .generation = generation };
    for (size_t i = 0; i < c->boxes.n; i++) {
        struct box *b = *VEC_AT(&c->boxes, struct box *, i);

        if (b->name[0] == IDLE_SCOPE_WAIT)
            *VEC_AT(&c->boxes, struct box *, kept++) = b;
        else
            leave_box(t, c, b);
    }
    c->boxes.n = kept;
}

struct idle_mark *idle_table_mark(struct idle_table *t, struct slice path, uint64_t now_ms)
{
    struct client *c = map_get(t->clients, path);

    if (!c || !c->mark.generation)
        return NULL;
    c->heard_ms = now_ms;
    return &c->mark;
}

/* All those of a list: dropping changes the lists and maps it was made from. */
static size_t drop_all(struct idle_table *t, struct vec *gone)
{
    const size_t n = gone->n;

    for (size_t i = 0; i < n; i++)
        drop_client(t, *VEC_AT(gone, struct client *, i));
    vec_fini(gone);
    return n;
}

size_t idle_table_expire(struct idle_table *t, uint64_t now_ms, uint64_t silence_ms)
{
    struct vec gone = VEC_INIT(struct client *);
    struct slice path;
    size_t pos = 0;
    void *c;

    while (map_next(t->clients, &pos, &path, &c))
        if (now_ms - ((struct client *)c)->heard_ms > silence_ms)
            *VEC_PUSH(&gone, struct client *) = c;
    return drop_all(t, &gone);
}

static void tell_one(struct client *c, idle_table_tell_fn *tell, void *arg, struct vec *gone)
{
    if (!tell(arg, c->path, &c->mark))
        *VEC_PUSH(gone, struct client *) = c;
}

void idle_table_tell(struct idle_table *t, struct slice name, idle_table_tell_fn *tell,
                     void *arg)
{
    struct vec gone = VEC_INIT(struct client *);
    const struct box *b = map_get(t->boxes, name);

    for (size_t i = 0; b && i < b->clients.n; i++)
        tell_one(*VEC_AT(&b->clients, struct client *, i), tell, arg, &gone);
    drop_all(t, &gone);
}

void idle_table_round(struct idle_table *t)
{
    t->round++;
}

void idle_table_tell_once(struct idle_table *t, struct slice name, idle_table_tell_fn *tell,
                          void *arg)
{
    struct vec gone = VEC_INIT(struct client *);
    const struct box *b = map_get(t->boxes, name);

    for (size_t i = 0; b && i < b->clients.n; i++) {
        struct client *c = *VEC_AT(&b->clients, struct client *, i);

        if (c->round != t->round) {
            c->round = t->round;
            tell_one(c, tell, arg, &gone);
        }
    }
    drop_all(t, &gone);
}

void idle_table_tell_all(struct idle_table *t, idle_table_tell_fn *tell, void *arg)
{
    struct vec gone = VEC_INIT(struct client *);
    struct slice path;
    size_t pos = 0;
    void *c;

    while (map_next(t->clients, &pos, &path, &c))
        tell_one(c, tell, arg, &gone);
    drop_all(t, &gone);
}

size_t idle_table_clients(const struct idle_table *t)
{
    return map_count(t->clients);
}
