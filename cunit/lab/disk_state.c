/* disk_state.c - one state that the disk may be in: names and bytes by the rules of a model
 *
 *   all      everything: the processes were killed, the kernel lives
 *   ordered  names as of the last sync of anything, bytes of synced files
 *   strict   names as of the last sync of their directory, bytes of synced files
 *   torn     names as of some moment since the last sync of anything; of the unsynced writes each
 *            one is there or not, and one of them only in part, cut at a sector
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cunit/lab/disk.h"

enum { SECTOR = 512 };

struct entry {
    char *path;
    const struct node *node;
    struct pages bytes;
    uint64_t time; /* set on purpose, or 0 */
    uint64_t written;
};

struct disk_state {
    struct entry *entry; /* sorted by path: a directory comes before what is in it */
    size_t n, room;
    enum disk_model model;
    uint64_t random;
    uint64_t until; /* torn: names up to this position are there */
};

/* xorshift: the same seed, the same state. */
static uint64_t next_random(struct disk_state *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return s->random;
}

/* ---- bytes ---- */

static void tear(struct disk_state *s, struct pages *f, const struct change *c)
{
    size_t sectors = c->n / SECTOR, n = c->n;

    if (sectors || c->at % SECTOR + c->n > SECTOR) {
        size_t first = (size_t)(SECTOR - c->at % SECTOR);
        n = first + SECTOR * (size_t)(next_random(s) % (sectors + 1));
    }
    pages_write(f, c->at, c->data, n < c->n ? n : c->n);
}

/* The unsynced writes: each there or not; the size follows from those that are. */
static void some_changes(struct disk_state *s, const struct node *node, struct entry *e)
{
    size_t torn = node->nchanges ? next_random(s) % node->nchanges : 0;

    for (size_t i = 0; i < node->nchanges; i++) {
        const struct change *c = &node->change[i];
        if (next_random(s) % 2)
            continue;
        if (c->type == CHANGE_WRITE && i == torn)
            tear(s, &e->bytes, c);
        else if (c->type == CHANGE_WRITE)
            pages_write(&e->bytes, c->at, c->data, c->n);
        else if (c->type == CHANGE_TIME)
            e->time = c->at;
        else if (c->type == CHANGE_SIZE || c->at > e->bytes.size)
            pages_resize(&e->bytes, c->at);
    }
}

static void fill(struct disk_state *s, struct entry *e)
{
    bool now = s->model == MODEL_ALL;

    pages_copy(&e->bytes, now ? &e->node->now : &e->node->durable);
    e->time = now ? e->node->time_now : e->node->time_durable;
    e->written = now ? e->node->written_now : e->node->written_durable;
    if (s->model == MODEL_TORN)
        some_changes(s, e->node, e);
}

/* ---- names ---- */

static void add_entry(struct disk_state *s, const char *dir, const char *name,
                      const struct node *node)
{
    size_t size = strlen(dir) + strlen(name) + 2;

    if (s->n == s->room) {
        s->room = s->room ? s->room * 2 : 64;
        s->entry = must_grow(s->entry, s->room * sizeof *s->entry);
    }
    struct entry *e = &s->entry[s->n++];
    *e = (struct entry){ .path = must_alloc(size), .node = node };
    snprintf(e->path, size, "%s/%s", dir, name);
}

/* Torn: what is durable by the ordered model, and then the namings up to a moment. */
static bool has_later_naming(const struct node *dir, const char *name, uint64_t until,
                             const struct node **out)
{
    bool any = false;

    for (size_t i = 0; i < dir->nnamings; i++) {
        const struct naming *c = &dir->naming[i];
        if ((c->done & 1u << DISK_ORDERED) || c->pos >= until)
            continue;
        if (c->gone && strcmp(c->gone, name) == 0)
            *out = NULL, any = true;
        if (c->come && strcmp(c->come, name) == 0)
            *out = c->node, any = true;
    }
    return any;
}

static void add_torn_names(struct disk_state *s, const char *dir, const struct node *node)
{
    const struct names *l = &node->names[DISK_ORDERED];

    for (size_t i = 0; i < l->n; i++) {
        const struct node *child = l->at[i].node;
        has_later_naming(node, l->at[i].text, s->until, &child);
        if (child)
            add_entry(s, dir, l->at[i].text, child);
    }
    for (size_t i = 0; i < node->nnamings; i++) {
        const struct naming *c = &node->naming[i];
        const struct node *child = NULL;
        bool known = false;
        if (!c->come || (c->done & 1u << DISK_ORDERED) || c->pos >= s->until)
            continue;
        for (size_t k = 0; k < l->n && !known; k++)
            known = strcmp(l->at[k].text, c->come) == 0;
        for (size_t k = 0; k < i && !known; k++)
            known = node->naming[k].come && !(node->naming[k].done & 1u << DISK_ORDERED) &&
                    strcmp(node->naming[k].come, c->come) == 0;
        if (!known && has_later_naming(node, c->come, s->until, &child) && child)
            add_entry(s, dir, c->come, child);
    }
}

static void walk(struct disk_state *s, const char *path, const struct node *node)
{
    static const int view[] = {
        [MODEL_ALL] = DISK_NOW, [MODEL_ORDERED] = DISK_ORDERED, [MODEL_STRICT] = DISK_STRICT
    };
    size_t from = s->n;

    if (s->model == MODEL_TORN) {
        add_torn_names(s, path, node);
    } else {
        const struct names *l = &node->names[view[s->model]];
        for (size_t i = 0; i < l->n; i++)
            add_entry(s, path, l->at[i].text, l->at[i].node);
    }
    for (size_t i = from, end = s->n; i < end; i++)
        if (s->entry[i].node->is_dir)
            walk(s, s->entry[i].path, s->entry[i].node);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

/* A moment between the last one that is surely on the disk and now. */
static uint64_t choose_moment(struct disk_state *s, const struct disk *d)
{
    uint64_t seen = 0, chosen = UINT64_MAX;

    for (const struct node *n = d->all; n; n = n->next)
        for (size_t i = 0; i < n->nnamings; i++)
            if (!(n->naming[i].done & 1u << DISK_ORDERED) && next_random(s) % ++seen == 0)
                chosen = n->naming[i].pos + next_random(s) % 2;
    return next_random(s) % 3 ? chosen : UINT64_MAX;
}

struct disk_state *disk_state(const struct disk *d, enum disk_model model, uint64_t seed)
{
    struct disk_state *s = must_alloc(sizeof *s);

    s->model = model;
    s->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (int i = 0; i < 8; i++)
        next_random(s);
    s->until = model == MODEL_TORN ? choose_moment(s, d) : 0;
    walk(s, "", d->root);
    qsort(s->entry, s->n, sizeof *s->entry, by_path);
    for (size_t i = 0; i < s->n; i++)
        if (!s->entry[i].node->is_dir)
            fill(s, &s->entry[i]);
    return s;
}

void disk_state_free(struct disk_state *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->entry[i].path);
        pages_free(&s->entry[i].bytes);
    }
    free(s->entry);
    free(s);
}

uint64_t disk_state_hash(const struct disk_state *s)
{
    uint64_t h = 3;

    for (size_t i = 0; i < s->n; i++) {
        const struct entry *e = &s->entry[i];
        uint64_t facts[3] = { e->node->is_dir, e->node->is_dir ? 0 : pages_hash(&e->bytes),
                              e->time };
        h = hash_bytes(h, e->path, strlen(e->path));
        h = hash_bytes(h, facts, sizeof facts);
    }
    return h;
}

/* ---- making it ---- */

static int store_file(const struct entry *e, uint32_t uid, uint32_t gid)
{
    uint64_t ns = e->time ? e->time : e->written;
    struct timespec t[2] = { { 0, UTIME_OMIT },
                             { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) } };
    int fd = open(e->path, O_WRONLY | O_CREAT | O_EXCL, e->node->mode & 0777);

    if (fd < 0)
        return -1;
    int r = pages_store(&e->bytes, fd);
    if (r == 0 && fchown(fd, uid, gid) < 0 && errno != EPERM)
        r = -1;
    if (r == 0 && ns)
        r = futimens(fd, t);
    close(fd);
    return r;
}

static int store_dir(const struct entry *e, uint32_t uid, uint32_t gid)
{
    if (mkdir(e->path, 0755) < 0)
        return errno == EEXIST ? 0 : -1;
    return chown(e->path, uid, gid) < 0 && errno != EPERM ? -1 : 0;
}

/* An earlier name of the same file, or i. */
static size_t first_name(const struct disk_state *s, size_t i, const char *top, size_t n)
{
    for (size_t k = 0; k < i; k++)
        if (s->entry[k].node == s->entry[i].node && strncmp(s->entry[k].path, top, n) == 0)
            return k;
    return i;
}

int disk_state_store(const struct disk_state *s, const char *top, uint32_t uid, uint32_t gid)
{
    size_t n = strlen(top);

    for (size_t i = 0; i < s->n; i++) {
        const struct entry *e = &s->entry[i];
        if (strncmp(e->path, top, n) != 0 || (e->path[n] && e->path[n] != '/'))
            continue;
        size_t first = e->node->is_dir ? i : first_name(s, i, top, n);
        int r = e->node->is_dir ? store_dir(e, uid, gid)
                : first < i     ? link(s->entry[first].path, e->path)
                                : store_file(e, uid, gid);
        if (r < 0) {
            fprintf(stderr, "replay: %s: %s\n", e->path, strerror(errno));
            return -1;
        }
    }
    return 0;
}

/* ---- what is not on the disk ---- */

struct telling {
    void (*fn)(void *, const char *, char);
    void *arg;
};

/* Is more than a time of the file at stake? */
static bool has_bytes(const struct node *node)
{
    for (size_t i = 0; i < node->nchanges; i++)
        if (node->change[i].type != CHANGE_TIME)
            return true;
    return false;
}

static void tell(const struct node *node, char *path, size_t n, size_t size,
                 const struct telling *t)
{
    for (size_t i = 0; i < node->nnamings; i++)
        if (!(node->naming[i].done & 1u << DISK_STRICT)) {
            const char *what = node->naming[i].come ? node->naming[i].come : node->naming[i].gone;
            snprintf(path + n, size - n, "/%s", what);
            t->fn(t->arg, path, 'n');
        }
    for (size_t i = 0; i < node->names[DISK_NOW].n; i++) {
        const struct name *c = &node->names[DISK_NOW].at[i];
        int len = snprintf(path + n, size - n, "/%s", c->text);
        if (c->node->is_dir)
            tell(c->node, path, n + (size_t)len, size, t);
        else if (c->node->nchanges)
            t->fn(t->arg, path, has_bytes(c->node) ? 'd' : 't');
    }
    path[n] = '\0';
}

void disk_unsynced(const struct disk *d, void (*fn)(void *, const char *path, char kind), void *arg)
{
    struct telling t = { fn, arg };
    char path[4096] = "";

    tell(d->root, path, 0, sizeof path, &t);
}
