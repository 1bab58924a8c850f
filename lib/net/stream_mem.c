/* stream_mem.c - base of a stream in memory, for tests and fuzzing */
#include "lib/base/mem.h"
#include "lib/net/stream_impl.h"

struct base_mem {
    struct layer layer;
    struct slice input;                         /* not read yet */
    struct buf *out;                            /* borrowed; NULL: thrown away */
};

static err_t mem_read(struct layer *l, char *dst, size_t cap, size_t *n_out)
{
    struct base_mem *m = (struct base_mem *)l;
    size_t n = m->input.n < cap ? m->input.n : cap;

    if (n == 0)
        return ERR_CLOSED;
    memcpy(dst, m->input.p, n);
    m->input = slice_skip(m->input, n);
    *n_out = n;
    return ERR_OK;
}

static err_t mem_write(struct layer *l, const struct iovec *v, int n, bool flush)
{
    struct base_mem *m = (struct base_mem *)l;

    (void)flush;
    for (int i = 0; m->out && i < n; i++)
        buf_add(m->out, v[i].iov_base, v[i].iov_len);
    return ERR_OK;
}

static bool mem_pending(struct layer *l)
{
    (void)l;
    return true;
}

static void mem_close(struct layer *l)
{
    mem_free(l);
}

static const struct layer_ops mem_ops = { mem_read, mem_write, mem_pending, mem_close };

struct layer *base_mem_new(struct slice input, struct buf *out)
{
    struct base_mem *m = mem_zalloc(sizeof *m);

    m->layer.ops = &mem_ops;
    m->input = input;
    m->out = out;
    return &m->layer;
}
