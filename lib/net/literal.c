/* literal.c - see literal.h */
#include "lib/net/literal.h"

#include "lib/net/stream.h"
#include "lib/net/stream_impl.h"

err_t literal_read(struct stream *s, uint64_t n, const struct sink *sink)
{
    err_t refused = ERR_OK;

    while (n > 0) {
        struct slice piece;
        err_t err = stream_some(s, n < STREAM_BULK ? (size_t)n : STREAM_BULK, &piece);
        if (err)
            return err;
        n -= piece.n;
        if (refused == ERR_OK)
            refused = sink->write(sink->arg, piece);
    }
    return refused;
}

err_t literal_buf(struct stream *s, uint64_t n, uint64_t max, struct buf *out)
{
    if (n <= max)
        return stream_exact(s, (size_t)n, out);
    if (n > LITERAL_SKIP_MAX)
        return ERR_CLOSED;
    err_t err = stream_discard(s, n);
    return err ? err : ERR_LIMIT;
}
