/* messages.c - see messages.h */
#include "master/messages.h"

#include <string.h>

#include "lib/base/bug.h"

enum {
    SIZE = sizeof(struct protocol_status),
    CHUNK_MAX = 4096,                   /* what is looked at in one piece */
};

static bool fits(const struct protocol_status *m, messages_known_fn *known, void *arg)
{
    return m->message >= PROTOCOL_AVAILABLE && m->message <= PROTOCOL_CONNECTION_MULTI &&
           m->pid > 0 && known(arg, m->pid);
}

/* All messages of a piece; what may be the begin of the next one is held back. */
static size_t feed_chunk(struct messages *s, const unsigned char *bytes, size_t n,
                         messages_known_fn *known, messages_take_fn *take, void *arg)
{
    unsigned char all[SIZE - 1 + CHUNK_MAX];
    size_t have = s->nheld + n, at = 0, noise = 0;
    struct protocol_status m;

    BUG_UNLESS(have <= sizeof all);
    memcpy(all, s->held, s->nheld);
    memcpy(all + s->nheld, bytes, n);
    while (have - at >= SIZE) {
        memcpy(&m, all + at, SIZE);
        if (fits(&m, known, arg)) {
            take(arg, &m);
            at += SIZE;
        } else {
            at++;
            noise++;
        }
    }
    s->nheld = have - at;
    memcpy(s->held, all + at, s->nheld);
    return noise;
}

size_t messages_feed(struct messages *s, const void *bytes, size_t n, messages_known_fn *known,
                     messages_take_fn *take, void *arg)
{
    const unsigned char *p = bytes;
    size_t noise = 0;

    while (n > 0) {
        size_t piece = n < CHUNK_MAX ? n : CHUNK_MAX;
        noise += feed_chunk(s, p, piece, known, take, arg);
        p += piece;
        n -= piece;
    }
    return noise;
}
