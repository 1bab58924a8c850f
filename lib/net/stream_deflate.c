/* stream_deflate.c - COMPRESS=DEFLATE (RFC 4978): raw deflate both ways
 *
 * Every flush ends with an empty stored block (Z_SYNC_FLUSH).  What a client sends may not
 * expand more than RATIO_MAX times once more than RATIO_FREE bytes came out: the connection ends.
 * Input is taken block by block, so that what follows the last compressed command can be read as it is
 * when the layer is taken off (RFC 8437 4.1).
 */
#include <zlib.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/stream_impl.h"

enum { WIRE_READ = 4 << 10, WIRE_WRITE = 16 << 10, RATIO_FREE = 1 << 20, RATIO_MAX = 100,
       RAW_WINDOW = -15, LEVEL = 5, MEMORY = 8 };

struct deflate {
    struct layer layer;
    z_stream in, out;
    bool more;                                  /* inflate() may have more without input */
    bool ended;                                 /* the peer ended its compressed data */
    bool dirty;                                 /* written since the last flush */
    char wire[WIRE_READ];
};

static err_t check_ratio(const struct deflate *d)
{
    if (d->in.total_out <= RATIO_FREE || d->in.total_out / RATIO_MAX <= d->in.total_in)
        return ERR_OK;
    log_notice("compressed input expands more than %d times, connection ended", RATIO_MAX);
    return ERR_LIMIT;
}

static err_t deflate_read(struct layer *l, char *dst, size_t cap, size_t *n_out)
{
    struct deflate *d = (struct deflate *)l;

    d->in.next_out = (Bytef *)dst;
    d->in.avail_out = (uInt)cap;
    while (d->in.avail_out == cap) {
        if (d->ended)
            return ERR_CLOSED;                  /* RFC 4978 has no end of compression */
        if (d->in.avail_in == 0 && !d->more) {
            size_t got;
            err_t err = l->below->ops->read(l->below, d->wire, sizeof d->wire, &got);
            if (err)
                return err;
            d->in.next_in = (Bytef *)d->wire;
            d->in.avail_in = (uInt)got;
        }
        int rc = inflate(&d->in, Z_BLOCK);
        d->more = d->in.avail_out == 0 && rc != Z_BUF_ERROR;
        d->ended = rc == Z_STREAM_END;
        if (rc != Z_OK && rc != Z_BUF_ERROR && rc != Z_STREAM_END)
            return ERR_SYNTAX;
    }
    *n_out = cap - d->in.avail_out;
    return check_ratio(d);
}

/* Run the compressor over one piece, or over nothing to flush. */
static err_t compress_piece(struct deflate *d, const struct iovec *v, int mode)
{
    char wire[WIRE_WRITE];

    d->out.next_in = v ? v->iov_base : NULL;
    d->out.avail_in = v ? (uInt)v->iov_len : 0;
    do {
        d->out.next_out = (Bytef *)wire;
        d->out.avail_out = sizeof wire;
        if (deflate(&d->out, mode) == Z_STREAM_ERROR)
            return ERR_IO;
        size_t n = sizeof wire - d->out.avail_out;
        err_t err = n ? layer_write(d->layer.below, wire, n, false) : ERR_OK;
        if (err)
            return err;
    } while (d->out.avail_out == 0);
    return ERR_OK;
}

static err_t deflate_write(struct layer *l, const struct iovec *v, int n, bool flush)
{
    struct deflate *d = (struct deflate *)l;
    err_t err = ERR_OK;

    for (int i = 0; i < n && !err; i++) {
        d->dirty |= v[i].iov_len > 0;
        err = compress_piece(d, &v[i], Z_NO_FLUSH);
    }
    if (err || !flush)
        return err;
    if (d->dirty)
        err = compress_piece(d, NULL, Z_SYNC_FLUSH);
    d->dirty = false;
    return err ? err : layer_write(l->below, NULL, 0, true);
}

static bool deflate_pending(struct layer *l)
{
    struct deflate *d = (struct deflate *)l;

    return d->more || d->in.avail_in > 0 || l->below->ops->pending(l->below);
}

static void deflate_close(struct layer *l)
{
    struct deflate *d = (struct deflate *)l;

    inflateEnd(&d->in);
    deflateEnd(&d->out);
    mem_free(d);
}

bool stream_deflate_end(struct layer *l, struct slice *rest)
{
    struct deflate *d = (struct deflate *)l;
    char out[1];
    int rc = Z_OK;

    d->in.next_out = (Bytef *)out;
    d->in.avail_out = sizeof out;
    if (!d->ended && d->in.avail_in > 0)
        rc = inflate(&d->in, Z_BLOCK);
    *rest = slice_make(d->in.next_in, d->in.avail_in);
    return d->in.avail_out == sizeof out && (rc == Z_OK || rc == Z_STREAM_END);
}

static const struct layer_ops deflate_ops = { deflate_read, deflate_write, deflate_pending,
                                              deflate_close };

err_t stream_start_deflate(struct stream *s)
{
    if (s->has_deflate)
        return ERR_EXISTS;
    err_t err = stream_flush(s);
    if (err)
        return err;
    struct deflate *d = mem_zalloc(sizeof *d);
    if (inflateInit2(&d->in, RAW_WINDOW) != Z_OK) {
        mem_free(d);
        return ERR_IO;
    }
    if (deflateInit2(&d->out, LEVEL, Z_DEFLATED, RAW_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        inflateEnd(&d->in);
        mem_free(d);
        return ERR_IO;
    }
    d->layer.ops = &deflate_ops;
    stream_drop_input(s);                       /* RFC 4978 3: nothing may be sent ahead */
    stream_push(s, &d->layer);
    s->has_deflate = true;
    return ERR_OK;
}
