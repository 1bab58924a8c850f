/* pool.c - see pool.h */
#include "bench/driver/pool.h"

#include "bench/driver/drive.h"
#include "bench/driver/mailgen.h"
#include "lib/base/mem.h"

#define ID_DIGITS "00000000000000000000"
#define ID_LEN    (sizeof ID_DIGITS - 1)

enum {
    POOL_MESSAGES = 256,                /* at least POOL_PARTS */
    POOL_BYTES = 64 << 20               /* large messages: fewer, the same one several times */
};

struct pooled {
    struct buf text;
    size_t id_at; /* of ID_LEN bytes to overwrite */
};

struct pool {
    unsigned n;
    struct pooled *m;
};

static void make(struct pooled *m, unsigned i, const char *nonce, uint64_t size, const char *end)
{
    char id[128];

    snprintf(id, sizeof id, ID_DIGITS ".%s", nonce);
    if (size > 0)
        mailgen_make_sized(i, id, size, &m->text);
    else
        mailgen_make(MAILGEN_REAL, i, id, &m->text, NULL);
    m->id_at = (size_t)slice_search(buf_slice(&m->text), SLICE_LIT(ID_DIGITS));
    buf_adds(&m->text, end);
}

struct pool *pool_new(const char *nonce, const char *end)
{
    struct pool *p = mem_zalloc(sizeof *p);
    uint64_t size = opts_u64("size", 0);

    p->n = POOL_MESSAGES;
    if (size > POOL_BYTES / POOL_MESSAGES)
        p->n = size < POOL_BYTES ? (unsigned)(POOL_BYTES / size) : 1;
    p->m = mem_array(p->n, sizeof *p->m);
    for (unsigned i = 0; i < p->n; i++)
        make(&p->m[i], i, nonce, size, end);
    return p;
}

void pool_free(struct pool **pp)
{
    struct pool *p = *pp;

    *pp = NULL;
    for (unsigned i = 0; i < p->n; i++)
        buf_fini(&p->m[i].text);
    mem_free(p->m);
    mem_free(p);
}

struct slice pool_message(struct pool *p, const struct worker *w, unsigned part)
{
    struct pooled *m = &p->m[(w->rounds * w->units + w->id * 31 + part) % p->n];
    char id[ID_LEN + 1];

    snprintf(id, sizeof id, "%04u%03u%013ju", w->id, part, (uintmax_t)w->rounds);
    memcpy(m->text.p + m->id_at, id, ID_LEN);
    return buf_slice(&m->text);
}
