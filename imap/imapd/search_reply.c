/* search_reply.c - the ESEARCH response (RFC 4466 2.6.2, 4731 3.1) and what "$" keeps of a result; see search_run.h */
#include "imap/imapd/search_run.h"

#include <inttypes.h>

#include "imap/imapd/search_state.h"
#include "lib/base/num.h"

/* Stretch of the hits: from <= i < to. */
struct span {
    size_t from, to;
};

static uint32_t hit(const struct vec *hits, size_t i)
{
    return *VEC_AT(hits, uint32_t, i);
}

static uint32_t shown(const struct view *v, const struct vec *hits, size_t i, bool is_uid)
{
    return is_uid ? view_uid(v, hit(hits, i)) : hit(hits, i);
}

/* "3" or "3:9", with a comma before it unless it is the first. */
static void put_member(struct stream *o, bool first, uint32_t lo, uint32_t hi)
{
    char text[2 * NUM_U64_MAX + 2];
    size_t n = 0;

    if (!first)
        text[n++] = ',';
    n += num_put_u64(text + n, lo);
    if (hi != lo) {
        text[n++] = ':';
        n += num_put_u64(text + n, hi);
    }
    stream_put(o, text, n);
}

void search_put_set(struct stream *o, const struct view *v, const struct vec *hits, size_t from, size_t to, bool is_uid)
{
    for (size_t i = from; i < to;) {
        uint32_t lo = shown(v, hits, i, is_uid), hi = lo;
        bool first = i == from;
        while (++i < to && shown(v, hits, i, is_uid) == hi + 1)
            hi++;
        put_member(o, first, lo, hi);
    }
}

/* Where the positions of PARTIAL lie. */
static struct span partial_span(const struct search_return *r, size_t n)
{
    struct span s = { 0, 0 };

    if (r->first > n)
        return s;
    if (r->from_end) {
        s.from = r->last > n ? 0 : n - r->last;
        s.to = n - r->first + 1;
    } else {
        s.from = r->first - 1;
        s.to = r->last > n ? n : r->last;
    }
    return s;
}

/* Stretches that the response speaks of: for MODSEQ (RFC 4731 3.2) and for "$" (RFC 5182 2.4). */
static size_t told_spans(const struct search_answer *a, struct span *out)
{
    unsigned what = a->ret->what;
    size_t n = a->hits->n, k = 0;

    if ((what & (RETURN_ALL | RETURN_COUNT)) || !(what & (RETURN_MIN | RETURN_MAX | RETURN_PARTIAL))) {
        out[k++] = (struct span){ 0, n };
        return k;
    }
    if ((what & RETURN_MIN) && n)
        out[k++] = (struct span){ 0, 1 };
    if ((what & RETURN_MAX) && n)
        out[k++] = (struct span){ n - 1, n };
    if (what & RETURN_PARTIAL)
        out[k++] = partial_span(a->ret, n);
    return k;
}

enum { SPANS_MAX = 3 };

static uint64_t highest_modseq(const struct search_answer *a)
{
    struct span spans[SPANS_MAX];
    size_t k = told_spans(a, spans);
    struct mailbox *mb = view_mailbox(a->view);
    uint64_t highest = 0;

    for (size_t s = 0; s < k; s++) {
        for (size_t i = spans[s].from; i < spans[s].to; i++) {
            uint64_t modseq = mailbox_modseq_at(mb, view_recno(a->view, hit(a->hits, i)));
            highest = modseq > highest ? modseq : highest;
        }
    }
    return highest;
}

static int compare_uids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

void search_uid_set(const struct vec *list, struct ranges *uids)
{
    struct vec sorted = VEC_INIT(uint32_t);

    for (size_t i = 0; i < list->n; i++)
        *VEC_PUSH(&sorted, uint32_t) = *VEC_AT(list, uint32_t, i);
    vec_sort(&sorted, compare_uids);            /* a set grows cheaply in order only */
    for (size_t i = 0; i < sorted.n; i++)
        ranges_add(uids, *VEC_AT(&sorted, uint32_t, i), *VEC_AT(&sorted, uint32_t, i));
    vec_fini(&sorted);
}

static void keep(const struct search_answer *a, struct ranges *uids)
{
    struct span spans[SPANS_MAX];
    size_t k = told_spans(a, spans);
    struct vec all = VEC_INIT(uint32_t);

    for (size_t s = 0; s < k; s++)
        for (size_t i = spans[s].from; i < spans[s].to; i++)
            *VEC_PUSH(&all, uint32_t) = view_uid(a->view, hit(a->hits, i));
    search_uid_set(&all, uids);
    vec_fini(&all);
}

static void put_partial(struct stream *o, const struct search_answer *a)
{
    struct span s = partial_span(a->ret, a->hits->n);

    stream_printf(o, " PARTIAL (%.*s ", SLICE_ARG(a->ret->range));
    if (s.from < s.to)
        search_put_set(o, a->view, a->hits, s.from, s.to, a->is_uid);
    else
        stream_puts(o, "NIL");
    stream_puts(o, ")");
}

static void put_results(struct stream *o, const struct search_answer *a)
{
    unsigned what = a->ret->what;
    size_t n = a->hits->n;

    if ((what & RETURN_MIN) && n)
        stream_printf(o, " MIN %" PRIu32, shown(a->view, a->hits, 0, a->is_uid));
    if ((what & RETURN_MAX) && n)
        stream_printf(o, " MAX %" PRIu32, shown(a->view, a->hits, n - 1, a->is_uid));
    if ((what & RETURN_ALL) && n) {
        stream_puts(o, " ALL ");
        search_put_set(o, a->view, a->hits, 0, n, a->is_uid);
    }
    if (what & RETURN_COUNT)
        stream_printf(o, " COUNT %zu", n);
    if (what & RETURN_PARTIAL)
        put_partial(o, a);
}

void search_put_esearch(struct session *s, const struct search_answer *a)
{
    struct stream *o = out(s);
    uint64_t modseq = a->has_modseq ? highest_modseq(a) : 0;

    stream_printf(o, "* ESEARCH (TAG \"%.*s\"", SLICE_ARG(s->tag));
    if (a->mailbox.n)
        stream_printf(o, " MAILBOX %.*s UIDVALIDITY %" PRIu32, SLICE_ARG(a->mailbox),
                      mailbox_head(view_mailbox(a->view))->uidvalidity);
    stream_puts(o, a->is_uid ? ") UID" : ")");
    put_results(o, a);
    if (modseq)
        stream_printf(o, " MODSEQ %" PRIu64, modseq);
    stream_puts(o, "\r\n");
}

void search_tell(struct session *s, const struct search_answer *a)
{
    struct ranges uids = RANGES_INIT;

    if ((a->ret->what & ~(unsigned)RETURN_CONTEXT) != RETURN_SAVE)       /* SAVE alone tells nothing: RFC 5182 2.1 */
        search_put_esearch(s, a);
    if (!(a->ret->what & RETURN_SAVE))
        return;
    keep(a, &uids);
    search_save(view_search(a->view), &uids);
    ranges_fini(&uids);
}
