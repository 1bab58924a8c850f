/* dotstuff_fuzz.c - the reader of dot-terminated text against a byte by byte model of it
 *
 * First byte: flags and size of the chunks.  However the input is cut, the text, the end and the
 * facts must be those of the model.
 */
#include <stdlib.h>

#include "lib/base/buf.h"
#include "lib/net/dotstuff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static err_t collect(void *arg, struct slice piece)
{
    if (piece.n == 0)
        abort();
    buf_add_slice(arg, piece);
    return ERR_OK;
}

/* Length of the input up to and with its end, or SIZE_MAX. */
static size_t model(struct slice in, unsigned flags, struct buf *text)
{
    bool bol = true;

    for (size_t i = 0; i < in.n;) {
        struct slice rest = slice_skip(in, i);
        if (bol && slice_starts(rest, SLICE_LIT(".\r\n")))
            return i + 3;
        if (bol && in.p[i] == '.')
            i++;
        bol = false;
        if (i == in.n)
            break;
        rest = slice_skip(in, i);
        if (slice_starts(rest, SLICE_LIT("\r\n"))) {
            buf_adds(text, "\r\n");
            i += 2;
            bol = true;
        } else if (in.p[i] == '\n') {
            buf_adds(text, "\r\n");
            i++;
        } else {
            /* a CR at the very end is not decided yet */
            if (in.p[i] != '\r' || (!(flags & DOT_DROP_CR) && i + 1 < in.n))
                buf_addc(text, in.p[i]);
            i++;
        }
    }
    return SIZE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 1)
        return 0;
    unsigned flags = data[0] & 1;
    size_t step = 1 + (data[0] >> 1), at = 0;
    struct slice in = slice_make(data + 1, n - 1);
    struct buf want = BUF_INIT, got = BUF_INIT;
    struct sink sink = { collect, &got };
    struct dot_reader r;
    size_t end = model(in, flags, &want);

    dot_reader_init(&r, flags, &sink);
    while (at < in.n && r.state != DOT_END) {
        struct slice chunk = slice_cut(in, at, at + step);
        size_t used = dot_reader_push(&r, chunk);
        if (used != chunk.n && r.state != DOT_END)
            abort();
        at += used;
    }
    if ((r.state == DOT_END) != (end != SIZE_MAX) || (end != SIZE_MAX && at != end))
        abort();
    if (!slice_eq(buf_slice(&want), buf_slice(&got)) || r.facts.bytes != got.n)
        abort();
    if (r.facts.has_nul != (got.n > 0 && memchr(got.p, 0, got.n) != NULL))
        abort();
    buf_fini(&want);
    buf_fini(&got);
    return 0;
}
