/* cte.c - see cte.h */
#include "lib/text/cte.h"

#include "lib/text/base64.h"
#include "lib/text/qp.h"

enum { PIECE = 32768 };

static void decode_qp(struct slice body, size_t end, struct buf *out)
{
    struct qp_dec dec;

    qp_dec_init(&dec);
    for (size_t off = 0; off < body.n && out->n < end; off += PIECE)
        qp_dec_push(&dec, slice_cut(body, off, off + PIECE), out);
    qp_dec_end(&dec, out);
}

static void decode_base64(struct slice body, size_t end, struct buf *out)
{
    struct base64_dec dec = BASE64_DEC_INIT;
    uint8_t tail[3];

    for (size_t off = 0; off < body.n && out->n < end; off += PIECE) {
        struct slice piece = slice_cut(body, off, off + PIECE);
        buf_reserve(out, BASE64_DEC_MAX(piece.n));
        out->n += base64_dec_push(&dec, piece.p, piece.n, (uint8_t *)out->p + out->n);
    }
    buf_add(out, tail, base64_dec_end(&dec, tail));
}

err_t cte_decode(enum mime_encoding encoding, struct slice body, size_t want, struct buf *out)
{
    size_t end = want < SIZE_MAX - out->n ? out->n + want : SIZE_MAX;

    switch (encoding) {
    case MIME_ENC_NONE:
        buf_add_slice(out, slice_cut(body, 0, want));
        return ERR_OK;
    case MIME_ENC_QP:
        decode_qp(body, end, out);
        return ERR_OK;
    case MIME_ENC_BASE64:
        decode_base64(body, end, out);
        return ERR_OK;
    default:
        return ERR_UNSUPPORTED;
    }
}
