/* patches.c - see patches.h */
#include "lib/db/patches.h"

#include "lib/base/mem.h"
#include "lib/db/dbfile.h"

enum { FIRST_SLOTS = 64, CHUNK = 16 * 1024 };

struct patch {
    uint64_t id, at;
    uint8_t *bytes;
    size_t n;
};

void patches_init(struct patches *ps)
{
    *ps = (struct patches){ .list = VEC_INIT(struct patch) };
}

void patches_fini(struct patches *ps)
{
    vec_fini(&ps->list);
    mem_free(ps->slots);
    if (ps->mem)
        arena_free(&ps->mem);
    patches_init(ps);
}

void patches_clear(struct patches *ps)
{
    if (ps->list.n == 0)
        return;
    ps->list.n = 0;
    memset(ps->slots, 0, ps->nslots * sizeof *ps->slots);
    arena_reset(ps->mem);
}

size_t patches_bytes(const struct patches *ps)
{
    return ps->mem ? arena_used(ps->mem) : 0;
}

/* The slot that holds id, or the free one where it belongs. */
static uint32_t *slot_of(const struct patches *ps, uint64_t id)
{
    uint32_t i = (uint32_t)((id * 0x9e3779b97f4a7c15u) >> 32) & (ps->nslots - 1);

    while (ps->slots[i] && VEC_AT(&ps->list, struct patch, ps->slots[i] - 1)->id != id)
        i = (i + 1) & (ps->nslots - 1);
    return &ps->slots[i];
}

uint8_t *patches_find(const struct patches *ps, uint64_t id)
{
    if (ps->list.n == 0)
        return NULL;
    uint32_t at = *slot_of(ps, id);
    return at ? VEC_AT(&ps->list, struct patch, at - 1)->bytes : NULL;
}

static void grow_slots(struct patches *ps)
{
    mem_free(ps->slots);
    ps->nslots = ps->nslots ? ps->nslots * 2 : FIRST_SLOTS;
    ps->slots = mem_array(ps->nslots, sizeof *ps->slots);
    for (size_t i = 0; i < ps->list.n; i++)
        *slot_of(ps, VEC_AT(&ps->list, struct patch, i)->id) = (uint32_t)i + 1;
}

uint8_t *patches_add(struct patches *ps, uint64_t id, uint64_t at, const void *bytes, size_t n)
{
    if (!ps->mem)
        ps->mem = arena_new(CHUNK);
    if (ps->list.n * 2 >= ps->nslots)
        grow_slots(ps);

    uint32_t *slot = slot_of(ps, id);
    struct patch *p = VEC_PUSH(&ps->list, struct patch);
    *p = (struct patch){ .id = id, .at = at, .bytes = arena_alloc(ps->mem, n), .n = n };
    memcpy(p->bytes, bytes, n);
    *slot = (uint32_t)ps->list.n;
    return p->bytes;
}

static int by_place(const void *a, const void *b)
{
    const struct patch *x = a, *y = b;

    return (x->at > y->at) - (x->at < y->at);
}

err_t patches_write(struct patches *ps, struct dbfile *file)
{
    err_t err = ERR_OK;

    vec_sort(&ps->list, by_place);
    for (size_t i = 0; !err && i < ps->list.n; i++) {
        const struct patch *p = VEC_AT(&ps->list, struct patch, i);
        err = dbfile_write(file, p->bytes, p->n, p->at);
    }
    patches_clear(ps);
    return err;
}
