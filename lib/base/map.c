/* map.c - see map.h
 *
 * Open addressing with linear probing; a removal shifts the followers back, so there
 * are no tombstones.  The hash is SipHash-1-3 under a key drawn once per process:
 * clients choose keys, and must not be able to choose collisions.
 */
#include "lib/base/map.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"

#include <stdint.h>

enum { MAP_MIN = 16 };

struct entry {
    char *key;                          /* NULL: free slot */
    size_t n;
    uint64_t hash;
    void *value;
};

struct map {
    struct entry *slots;
    size_t cap;                         /* power of two, or 0 */
    size_t count;
    void (*free_value)(void *);
};

static uint64_t rotl(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[0] = rotl(v[0], 32);
    v[2] += v[3];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t m)
{
    v[3] ^= m;
    sip_round(v);
    v[0] ^= m;
}

static const uint64_t *process_key(void)
{
    static uint64_t key[2];
    static bool drawn;

    if (!drawn) {
        rand_bytes(key, sizeof key);
        drawn = true;
    }
    return key;
}

static uint64_t hash_of(struct slice key)
{
    const uint64_t *k = process_key();
    uint64_t v[4] = { k[0] ^ 0x736f6d6570736575, k[1] ^ 0x646f72616e646f6d,
                      k[0] ^ 0x6c7967656e657261, k[1] ^ 0x7465646279746573 };
    uint64_t word;
    size_t i = 0;

    for (; key.n - i >= 8; i += 8) {
        memcpy(&word, key.p + i, 8);
        sip_word(v, word);
    }
    word = (uint64_t)key.n << 56;
    for (size_t b = 0; i + b < key.n; b++)
        word |= (uint64_t)(unsigned char)key.p[i + b] << (8 * b);
    sip_word(v, word);
    v[2] ^= 0xff;
    for (int r = 0; r < 3; r++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct map *map_new(void (*free_value)(void *))
{
    struct map *m = mem_zalloc(sizeof *m);

    m->free_value = free_value;
    return m;
}

static void drop_value(const struct map *m, void *value)
{
    if (m->free_value && value)
        m->free_value(value);
}

void map_free(struct map **mp)
{
    struct map *m = *mp;

    if (!m)
        return;
    *mp = NULL;
    for (size_t i = 0; i < m->cap; i++) {
        if (!m->slots[i].key)
            continue;
        mem_free(m->slots[i].key);
        drop_value(m, m->slots[i].value);
    }
    mem_free(m->slots);
    mem_free(m);
}

/* The slot that holds key, or the free one where it would go.  cap > 0. */
static struct entry *probe(const struct map *m, struct slice key, uint64_t hash)
{
    for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct entry *e = &m->slots[i];
        if (!e->key || (e->hash == hash && slice_eq(slice_make(e->key, e->n), key)))
            return e;
    }
}

static const struct entry *find(const struct map *m, struct slice key)
{
    if (m->count == 0)
        return NULL;
    const struct entry *e = probe(m, key, hash_of(key));
    return e->key ? e : NULL;
}

void *map_get(const struct map *m, struct slice key)
{
    const struct entry *e = find(m, key);

    return e ? e->value : NULL;
}

bool map_has(const struct map *m, struct slice key)
{
    return find(m, key) != NULL;
}

static void grow(struct map *m)
{
    size_t old_cap = m->cap;
    struct entry *old = m->slots;

    m->cap = old_cap ? old_cap * 2 : MAP_MIN;
    m->slots = mem_array(m->cap, sizeof *m->slots);
    for (size_t i = 0; i < old_cap; i++)
        if (old[i].key)
            *probe(m, slice_make(old[i].key, old[i].n), old[i].hash) = old[i];
    mem_free(old);
}

void map_put(struct map *m, struct slice key, void *value)
{
    uint64_t hash = hash_of(key);

    if (m->count >= m->cap / 4 * 3)
        grow(m);
    struct entry *e = probe(m, key, hash);
    if (e->key) {
        void *old = e->value;
        e->value = value;
        if (old != value)
            drop_value(m, old);
        return;
    }
    *e = (struct entry){ mem_strndup(key.p, key.n), key.n, hash, value };
    m->count++;
}

/* Fill the gap at i with followers that may move nearer to their home slot. */
static void close_gap(struct map *m, size_t i)
{
    const size_t mask = m->cap - 1;

    for (size_t j = (i + 1) & mask; m->slots[j].key; j = (j + 1) & mask) {
        size_t home = m->slots[j].hash & mask;
        if (((j - home) & mask) >= ((j - i) & mask)) {
            m->slots[i] = m->slots[j];
            i = j;
        }
    }
    m->slots[i] = (struct entry){ 0 };
}

bool map_del(struct map *m, struct slice key)
{
    const struct entry *e = find(m, key);

    if (!e)
        return false;
    void *value = e->value;
    mem_free(e->key);
    m->count--;
    close_gap(m, (size_t)(e - m->slots));
    drop_value(m, value);
    return true;
}

size_t map_count(const struct map *m)
{
    return m->count;
}

bool map_next(const struct map *m, size_t *pos, struct slice *key, void **value)
{
    while (*pos < m->cap) {
        const struct entry *e = &m->slots[(*pos)++];
        if (!e->key)
            continue;
        *key = slice_make(e->key, e->n);
        *value = e->value;
        return true;
    }
    return false;
}
