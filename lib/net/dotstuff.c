/* dotstuff.c - see dotstuff.h */
#include "lib/net/dotstuff.h"

#include "lib/net/stream.h"
#include "lib/net/stream_impl.h"

void dot_reader_init(struct dot_reader *r, unsigned flags, const struct sink *sink)
{
    *r = (struct dot_reader){ .state = DOT_BOL, .flags = flags, .sink = sink };
}

static bool has_high_bit(const char *p, size_t n)
{
    uint64_t all = 0;

    for (; n >= sizeof all; p += sizeof all, n -= sizeof all) {
        uint64_t w;
        memcpy(&w, p, sizeof w);
        all |= w;
    }
    for (; n > 0; p++, n--)
        all |= (unsigned char)*p;
    return (all & 0x8080808080808080u) != 0;
}

static void emit(struct dot_reader *r, const char *from, const char *to)
{
    size_t n = (size_t)(to - from);

    if (n == 0)
        return;
    r->facts.bytes += n;
    if (!r->facts.has_nul && memchr(from, 0, n))
        r->facts.has_nul = true;
    if (!r->facts.has_8bit && has_high_bit(from, n))
        r->facts.has_8bit = true;
    if (r->err == ERR_OK)
        r->err = r->sink->write(r->sink->arg, slice_make(from, n));
}

static void emit_newline(struct dot_reader *r)
{
    static const char crlf[] = "\r\n";

    r->facts.lines++;
    emit(r, crlf, crlf + 2);
}

static void emit_bare_cr(struct dot_reader *r)
{
    static const char cr[] = "\r";

    r->facts.has_bare_cr = true;
    if (!(r->flags & DOT_DROP_CR))
        emit(r, cr, cr + 1);
}

/* Note the bare CRs between p and end; where they are dropped hand on what is before each.
 * Returns the start of what is still to be handed on. */
static const char *bare_crs(struct dot_reader *r, const char *start, const char *p,
                            const char *end)
{
    while ((p = memchr(p, '\r', (size_t)(end - p))) != NULL) {
        r->facts.has_bare_cr = true;
        if (!(r->flags & DOT_DROP_CR))
            return start;
        emit(r, start, p);
        start = ++p;
    }
    return start;
}

/* Inside lines: hand on the longest runs that need no change.  Stops behind a CRLF whose next
 * byte is a dot or not known yet, or at the end of the chunk. */
static const char *run(struct dot_reader *r, const char *p, const char *end)
{
    const char *start = p;

    for (;;) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        if (!lf) {
            bool cr = end[-1] == '\r';
            start = bare_crs(r, start, p, end - cr);
            emit(r, start, end - cr);
            r->state = cr ? DOT_CR : DOT_LINE;
            return end;
        }
        bool crlf = lf > p && lf[-1] == '\r';
        start = bare_crs(r, start, p, lf - crlf);
        p = lf + 1;
        if (!crlf) {
            r->facts.has_bare_lf = true;
            emit(r, start, lf);
            emit_newline(r);
            start = p;
            r->state = DOT_LINE;
            if (p == end)
                return p;
            continue;
        }
        r->facts.lines++;
        if (p == end || *p == '.') {
            emit(r, start, p);
            r->state = DOT_BOL;
            return p;
        }
    }
}

size_t dot_reader_push(struct dot_reader *r, struct slice chunk)
{
    const char *p = chunk.p, *end = p + chunk.n;

    while (p < end && r->state != DOT_END) {
        switch (r->state) {
        case DOT_BOL:
            if (*p == '.') {
                r->state = DOT_DOT;
                p++;
                break;
            }
            r->state = DOT_LINE;
            break;
        case DOT_DOT:
            r->state = *p == '\r' ? DOT_DOTCR : DOT_LINE;
            p += *p == '\r';
            break;
        case DOT_DOTCR:
        case DOT_CR:
            if (*p != '\n') {
                emit_bare_cr(r);
                r->state = DOT_LINE;
                break;
            }
            p++;
            if (r->state == DOT_CR)
                emit_newline(r);
            r->state = r->state == DOT_CR ? DOT_BOL : DOT_END;
            break;
        case DOT_LINE:
            p = run(r, p, end);
            break;
        case DOT_END:
            break;
        }
    }
    return (size_t)(p - chunk.p);
}

/* ---- from a stream ---- */

struct bounded {
    const struct sink *to;
    uint64_t left;
};

static err_t write_bounded(void *arg, struct slice piece)
{
    struct bounded *b = arg;

    if (piece.n > b->left)
        return ERR_LIMIT;
    b->left -= piece.n;
    return b->to->write(b->to->arg, piece);
}

err_t dotstuff_read(struct stream *s, uint64_t max, unsigned flags, const struct sink *sink,
                    struct dot_facts *facts)
{
    struct bounded bounded = { sink, max };
    struct sink within = { write_bounded, &bounded };
    struct dot_reader r;
    uint64_t skipped = 0;

    dot_reader_init(&r, flags, &within);
    while (r.state != DOT_END) {
        struct slice chunk;
        err_t err = stream_peek(s, STREAM_BULK, &chunk);
        if (err)
            return err;
        bool refused = r.err != ERR_OK;
        size_t used = dot_reader_push(&r, chunk);
        stream_consume(s, used);
        if (refused && (skipped += used) > DOT_SKIP_MAX)
            return ERR_CLOSED;
    }
    if (facts)
        *facts = r.facts;
    return r.err;
}

/* ---- to a stream ---- */

void dotstuff_put(struct stream *s, struct slice text, bool *bol)
{
    const char *start = text.p, *p = start, *end = start + text.n;

    while (p < end) {
        const char *dot = memchr(p, '.', (size_t)(end - p));
        if (!dot)
            break;
        if (dot == text.p ? *bol : dot[-1] == '\n') {
            stream_put_large(s, slice_make(start, (size_t)(dot - start)));
            stream_put(s, ".", 1);
            start = dot;
        }
        p = dot + 1;
    }
    if (end > start)
        stream_put_large(s, slice_make(start, (size_t)(end - start)));
    if (text.n > 0)
        *bol = end[-1] == '\n';
}

void dotstuff_put_end(struct stream *s, bool bol)
{
    stream_puts(s, bol ? ".\r\n" : "\r\n.\r\n");
}
