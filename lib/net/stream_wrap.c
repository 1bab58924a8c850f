/* stream_wrap.c - layer made of a pair of functions: SASL security layers */
#include "lib/base/mem.h"
#include "lib/net/stream_impl.h"

enum { WIRE_READ = 16 << 10 };

struct wrap {
    struct layer layer;
    struct stream_wrap f;
    struct slice plain;                         /* decoded, not read yet; owned by the codec */
};

static err_t wrap_read(struct layer *l, char *dst, size_t cap, size_t *n_out)
{
    struct wrap *w = (struct wrap *)l;

    while (w->plain.n == 0) {
        char wire[WIRE_READ];
        size_t got;
        err_t err = l->below->ops->read(l->below, wire, sizeof wire, &got);
        if (err)
            return err;
        err = w->f.decode(w->f.arg, slice_make(wire, got), &w->plain);
        if (err)
            return err;
    }
    *n_out = w->plain.n < cap ? w->plain.n : cap;
    memcpy(dst, w->plain.p, *n_out);
    w->plain = slice_skip(w->plain, *n_out);
    return ERR_OK;
}

static err_t wrap_write(struct layer *l, const struct iovec *v, int n, bool flush)
{
    struct wrap *w = (struct wrap *)l;

    for (int i = 0; i < n; i++) {
        struct slice left = slice_make(v[i].iov_base, v[i].iov_len);
        while (left.n > 0) {
            struct slice wire;
            struct slice piece = slice_cut(left, 0, w->f.maxout);
            err_t err = w->f.encode(w->f.arg, piece, &wire);
            if (err == ERR_OK)
                err = layer_write(l->below, wire.p, wire.n, false);
            if (err)
                return err;
            left = slice_skip(left, piece.n);
        }
    }
    return flush ? layer_write(l->below, NULL, 0, true) : ERR_OK;
}

static bool wrap_pending(struct layer *l)
{
    return ((struct wrap *)l)->plain.n > 0 || l->below->ops->pending(l->below);
}

static void wrap_close(struct layer *l)
{
    mem_free(l);
}

static const struct layer_ops wrap_ops = { wrap_read, wrap_write, wrap_pending, wrap_close };

err_t stream_start_wrap(struct stream *s, const struct stream_wrap *f)
{
    err_t err = stream_flush(s);

    if (err)
        return err;
    struct wrap *w = mem_zalloc(sizeof *w);
    w->layer.ops = &wrap_ops;
    w->f = *f;
    if (w->f.maxout == 0)
        w->f.maxout = STREAM_BULK;
    stream_drop_input(s);                       /* it came without protection */
    stream_push(s, &w->layer);
    s->has_wrap = true;
    return ERR_OK;
}
