/* stream_fuzz.c - any sequence of reads gives the input's bytes in order, within the limits asked for
 *
 * Bytes before the first 0xff say what to call (low 3 bits) and with which size (the rest); the
 * bytes behind it are the input.
 */
#include <stdlib.h>

#include "lib/net/literal.h"
#include "lib/net/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct walk {
    struct slice left;          /* input not given out yet */
};

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void take(struct walk *w, struct slice got)
{
    must(slice_starts(w->left, got));
    w->left = slice_skip(w->left, got.n);
}

static err_t take_piece(void *arg, struct slice piece)
{
    must(piece.n > 0);
    take(arg, piece);
    return ERR_OK;
}

static err_t one_line(struct stream *s, struct walk *w, size_t max)
{
    ssize_t lf = slice_find(w->left, '\n');
    struct slice line;
    err_t err = stream_line(s, max, &line);

    if (err == ERR_CLOSED) {
        must(lf < 0);
        return err;
    }
    must(lf >= 0);
    size_t n = (size_t)lf - (lf > 0 && w->left.p[lf - 1] == '\r');
    must((err == ERR_LIMIT) == (n > max));
    if (err == ERR_OK)
        must(slice_eq(line, slice_cut(w->left, 0, n)));
    w->left = slice_skip(w->left, (size_t)lf + 1);
    return ERR_OK;
}

static err_t step(struct stream *s, struct walk *w, uint8_t op)
{
    size_t size = (size_t)(op >> 3) * (op >> 3);
    struct sink sink = { take_piece, w };
    struct buf exact = BUF_INIT;
    struct slice got;
    err_t err = ERR_OK;

    switch (op & 7) {
    case 0:
    case 1:
        return one_line(s, w, size);
    case 2:
        err = stream_some(s, size + 1, &got);
        if (!err) {
            must(got.n >= 1 && got.n <= size + 1);
            take(w, got);
        }
        return err;
    case 3:
        err = stream_exact(s, size, &exact);
        take(w, buf_slice(&exact));
        buf_fini(&exact);
        return err;
    case 4:
        return literal_read(s, size, &sink);
    case 5:
        err = stream_discard(s, size);
        w->left = slice_skip(w->left, size);
        return err;
    case 6:
        stream_printf(s, "%zu", size);
        return stream_flush(s);
    default:
        w->left = slice_skip(w->left, stream_drop_input(s));
        return ERR_OK;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t *mid = n ? memchr(data, 0xff, n) : NULL;

    if (!mid)
        return 0;
    struct walk w = { slice_make(mid + 1, n - (size_t)(mid + 1 - data)) };
    struct buf out = BUF_INIT;
    struct stream *s = stream_new_mem(w.left, &out);
    for (const uint8_t *op = data; op < mid; op++)
        if (step(s, &w, *op) != ERR_OK)
            break;
    stream_close(&s);
    buf_fini(&out);
    return 0;
}
