/* disk.c - see disk.h: what a record of the log changes */
#include "cunit/lab/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

static struct name *find_name(const struct names *l, const char *text, size_t n)
{
    for (size_t i = 0; i < l->n; i++)
        if (strncmp(l->at[i].text, text, n) == 0 && !l->at[i].text[n])
            return &l->at[i];
    return NULL;
}

static char *copy_text(const char *text, size_t n)
{
    char *s = must_alloc(n + 1);

    memcpy(s, text, n);
    return s;
}

static void remove_name(struct names *l, const char *text)
{
    struct name *found = find_name(l, text, strlen(text));

    if (!found)
        return;
    free(found->text);
    *found = l->at[--l->n];
}

static void set_name(struct names *l, const char *text, struct node *node)
{
    struct name *found = find_name(l, text, strlen(text));

    if (found) {
        found->node = node;
        return;
    }
    if (l->n == l->room) {
        l->room = l->room ? l->room * 2 : 8;
        l->at = must_grow(l->at, l->room * sizeof *l->at);
    }
    l->at[l->n++] = (struct name){ copy_text(text, strlen(text)), node };
}

static void do_naming(struct names *l, const struct naming *c)
{
    if (c->gone)
        remove_name(l, c->gone);
    if (c->come)
        set_name(l, c->come, c->node);
}

/* ---- finding ---- */

static struct node *new_node(struct disk *d, bool is_dir, uint64_t ino, uint32_t mode)
{
    struct node *n = must_alloc(sizeof *n);

    n->ino = ino;
    n->is_dir = is_dir;
    n->mode = mode;
    n->next = d->all;
    d->all = n;
    return n;
}

struct disk *disk_new(void)
{
    struct disk *d = must_alloc(sizeof *d);

    d->root = new_node(d, true, 0, 0755);
    return d;
}

static void free_node(struct node *n)
{
    for (int v = 0; v < DISK_NVIEWS; v++) {
        for (size_t i = 0; i < n->names[v].n; i++)
            free(n->names[v].at[i].text);
        free(n->names[v].at);
    }
    for (size_t i = 0; i < n->nnamings; i++)
        free(n->naming[i].gone), free(n->naming[i].come);
    free(n->naming);
    free(n->change);
    pages_free(&n->now);
    pages_free(&n->durable);
    free(n);
}

void disk_free(struct disk *d)
{
    for (struct node *n = d->all, *next; n; n = next) {
        next = n->next;
        free_node(n);
    }
    free(d);
}

/* Directory of a path, and the length of the part before its last name. */
static struct node *parent_of(struct disk *d, const char *path, size_t n, size_t *cut)
{
    while (n && path[n - 1] != '/')
        n--;
    *cut = n;
    return disk_find(d, path, n ? n - 1 : 0);
}

struct node *disk_find(struct disk *d, const char *path, size_t n)
{
    struct node *at = d->root;

    for (size_t i = 0; at && i < n;) {
        size_t end = i;
        while (end < n && path[end] != '/')
            end++;
        if (end > i) {
            struct name *found =
                at->is_dir ? find_name(&at->names[DISK_NOW], path + i, end - i) : NULL;
            at = found ? found->node : NULL;
        }
        i = end + 1;
    }
    return at;
}

/* Nodes are put in front: the newest with a number comes first. */
struct node *disk_by_ino(struct disk *d, uint64_t ino)
{
    for (struct node *n = d->all; n; n = n->next)
        if (n->ino == ino && n != d->root)
            return n;
    return NULL;
}

struct node *disk_put(struct disk *d, const char *path, bool is_dir, uint64_t ino, uint32_t mode)
{
    size_t cut, n = strlen(path);
    struct node *dir = parent_of(d, path, n, &cut);

    if (!dir) { /* directories above the roots */
        char *up = copy_text(path, cut - 1);
        dir = disk_put(d, up, true, 0, 0755);
        free(up);
    }
    struct node *node = disk_by_ino(d, ino); /* another name of the same file */
    if (!ino || !node || is_dir)
        node = new_node(d, is_dir, ino, mode);
    for (int v = 0; v < DISK_NVIEWS; v++)
        set_name(&dir->names[v], path + cut, node);
    return node;
}

/* ---- syncs ---- */

static void do_change(struct pages *f, uint64_t *time, uint64_t *written, const struct change *c)
{
    switch (c->type) {
    case CHANGE_WRITE:
        pages_write(f, c->at, c->data, c->n);
        break;
    case CHANGE_SIZE:
        pages_resize(f, c->at);
        break;
    case CHANGE_EXTEND:
        if (c->at > f->size)
            pages_resize(f, c->at);
        break;
    case CHANGE_TIME:
        *time = c->at;
        return;
    }
    *written = c->time;
    *time = 0;
}

/* Bytes that were written before `pos` are durable. */
static void sync_bytes(struct node *n, uint64_t pos)
{
    size_t kept = 0;

    for (size_t i = 0; i < n->nchanges; i++) {
        if (n->change[i].pos < pos)
            do_change(&n->durable, &n->time_durable, &n->written_durable, &n->change[i]);
        else
            n->change[kept++] = n->change[i];
    }
    n->nchanges = kept;
}

/* Names that were made before `pos` are durable in a view. */
static void sync_names(struct node *n, uint64_t pos, int view)
{
    size_t kept = 0;
    const unsigned all = 1u << DISK_STRICT | 1u << DISK_ORDERED;

    for (size_t i = 0; i < n->nnamings; i++) {
        struct naming *c = &n->naming[i];
        if (c->pos < pos && !(c->done & 1u << view)) {
            do_naming(&n->names[view], c);
            c->done |= 1u << view;
        }
        if (c->done == all)
            free(c->gone), free(c->come);
        else
            n->naming[kept++] = *c;
    }
    n->nnamings = kept;
}

static void sync_end(struct disk *d, struct node *node, uint64_t pos)
{
    if (node)
        sync_bytes(node, pos);
    if (node && node->is_dir)
        sync_names(node, pos, DISK_STRICT);
    for (struct node *n = d->all; n; n = n->next)
        sync_names(n, pos, DISK_ORDERED);
}

static void sync_all(struct disk *d, uint64_t pos)
{
    for (struct node *n = d->all; n; n = n->next) {
        sync_bytes(n, pos);
        sync_names(n, pos, DISK_STRICT);
        sync_names(n, pos, DISK_ORDERED);
    }
}

/* ---- changes ---- */

static void add_change(struct node *n, struct change c)
{
    do_change(&n->now, &n->time_now, &n->written_now, &c);
    n->change = must_grow(n->change, (n->nchanges + 1) * sizeof c);
    n->change[n->nchanges++] = c;
}

static void add_naming(struct node *dir, uint64_t pos, const char *gone, const char *come,
                       struct node *node)
{
    struct naming c = { .pos = pos,
                        .node = node,
                        .gone = gone ? copy_text(gone, strlen(gone)) : NULL,
                        .come = come ? copy_text(come, strlen(come)) : NULL };

    do_naming(&dir->names[DISK_NOW], &c);
    dir->naming = must_grow(dir->naming, (dir->nnamings + 1) * sizeof c);
    dir->naming[dir->nnamings++] = c;
}

struct parts {
    char *path, *path2;
    const char *data;
    struct node *dir, *dir2;
    const char *base, *base2; /* last names */
};

static struct parts take_apart(struct disk *d, const struct lab_event *e)
{
    const char *p = (const char *)(e + 1);
    struct parts r = { .path = copy_text(p, e->path_len),
                       .path2 = copy_text(p + e->path_len, e->path2_len),
                       .data = p + e->path_len + e->path2_len };
    size_t cut;

    r.dir = parent_of(d, r.path, e->path_len, &cut);
    r.base = r.path + cut;
    r.dir2 = parent_of(d, r.path2, e->path2_len, &cut);
    r.base2 = r.path2 + cut;
    return r;
}

static bool apply_rename(struct parts *p, uint64_t pos)
{
    struct name *from =
        p->dir ? find_name(&p->dir->names[DISK_NOW], p->base, strlen(p->base)) : NULL;

    if (!from || !p->dir2)
        return false;
    struct node *node = from->node;
    if (p->dir == p->dir2) {
        add_naming(p->dir, pos, p->base, p->base2, node);
    } else {
        add_naming(p->dir2, pos, NULL, p->base2, node);
        add_naming(p->dir, pos, p->base, NULL, NULL);
    }
    return true;
}

static bool apply_name(struct disk *d, const struct lab_event *e, struct parts *p, uint64_t pos)
{
    struct node *node;

    switch (e->type) {
    case EV_CREATE:
    case EV_MKDIR:
        node = p->dir ? new_node(d, e->type == EV_MKDIR, e->ino, (uint32_t)e->arg) : NULL;
        if (node)
            node->written_now = e->time;
        if (node)
            add_naming(p->dir, pos, NULL, p->base, node);
        return node != NULL;
    case EV_LINK:
        node = disk_find(d, p->path, e->path_len);
        if (node && p->dir2)
            add_naming(p->dir2, pos, NULL, p->base2, node);
        return node && p->dir2;
    case EV_RENAME:
        return apply_rename(p, pos);
    default: /* EV_UNLINK, EV_RMDIR */
        if (p->dir)
            add_naming(p->dir, pos, p->base, NULL, NULL);
        return p->dir != NULL;
    }
}

static bool apply_bytes(struct disk *d, const struct lab_event *e, struct parts *p, uint64_t pos)
{
    static const enum change_type type[] = { [EV_WRITE] = CHANGE_WRITE,
                                             [EV_TRUNCATE] = CHANGE_SIZE,
                                             [EV_EXTEND] = CHANGE_EXTEND,
                                             [EV_TIMES] = CHANGE_TIME };
    struct node *node = disk_by_ino(d, e->ino);

    if (!node)
        return false;
    add_change(node, (struct change){ .pos = pos,
                                      .type = type[e->type],
                                      .data = p->data,
                                      .n = e->data_len,
                                      .time = e->time,
                                      .at = e->type == EV_TIMES ? e->arg : e->at });
    return true;
}

static bool apply(struct disk *d, const struct lab_event *e, struct parts *p, uint64_t pos)
{
    struct node *node;

    switch (e->type) {
    case EV_WRITE:
    case EV_TRUNCATE:
    case EV_EXTEND:
    case EV_TIMES:
        return apply_bytes(d, e, p, pos);
    case EV_MODE:
        node = disk_by_ino(d, e->ino);
        if (node)
            node->mode = (uint32_t)e->arg;
        return node != NULL;
    case EV_SYNC_END:
        sync_end(d, disk_by_ino(d, e->ino), e->at);
        return true;
    case EV_SYNCFS_END:
        sync_all(d, e->at);
        return true;
    case EV_SYNC_BEGIN:
    case EV_SYNCFS_BEGIN:
    case EV_SEND:
        return true;
    default:
        return apply_name(d, e, p, pos);
    }
}

bool disk_apply(struct disk *d, const struct lab_event *e, uint64_t pos)
{
    struct parts p = take_apart(d, e);
    bool ok = apply(d, e, &p, pos);

    if (!ok)
        fprintf(stderr, "replay: event %u at %llu does not fit: %s %s\n", e->type,
                (unsigned long long)pos, p.path, p.path2);
    free(p.path);
    free(p.path2);
    return ok;
}
