/* sort_annotation.c - annotations as sort keys: each value becomes its place among those of the hits (RFC 5257 4.9) */
#include "imap/imapd/sort_run.h"

#include "imap/search/collate.h"
#include "imap/store/annot_format.h"
#include "imap/store/msgannot.h"
#include "lib/base/mem.h"

struct ranked {
    struct buf text;                            /* in the form that is compared */
    uint32_t recno;
};

static int by_text(const void *x, const void *y)
{
    return slice_cmp(buf_slice(&((const struct ranked *)x)->text), buf_slice(&((const struct ranked *)y)->text));
}

static void add_value(struct msgannot *a, uint32_t uid, uint32_t recno, struct slice entry, struct slice userid,
                      struct vec *out)
{
    struct buf key = BUF_INIT, raw = BUF_INIT;
    struct slice value;
    bool deleted;

    msgannot_key(uid, entry, userid, &key);
    if (msgannot_raw(a, buf_slice(&key), &raw) == ERR_OK && annot_format_parse(buf_slice(&raw), &value, &deleted)
        && !deleted) {
        struct ranked *r = VEC_PUSH(out, struct ranked);
        buf_init(&r->text);
        collate_add(&r->text, value);
        r->recno = recno;
    }
    buf_fini(&key);
    buf_fini(&raw);
}

/* 0 for messages without a value: they come first. */
static uint32_t *rank(struct view *v, struct slice entry, struct slice userid, const struct vec *hits)
{
    uint32_t *ranks = mem_array(mailbox_nrecords(view_mailbox(v)) + 1, sizeof *ranks), n = 0;
    struct vec values = VEC_INIT(struct ranked);
    struct msgannot *a = view_annotations(v);

    for (size_t i = 0; i < hits->n && a; i++) {
        const uint32_t m = *VEC_AT(hits, uint32_t, i);
        add_value(a, view_uid(v, m), view_recno(v, m), entry, userid, &values);
    }
    vec_sort(&values, by_text);
    for (size_t i = 0; i < values.n; i++) {
        const struct ranked *r = VEC_AT(&values, struct ranked, i);
        if (i == 0 || by_text(r - 1, r) != 0)
            n++;
        ranks[r->recno] = n;
    }
    for (size_t i = 0; i < values.n; i++)
        buf_fini(&VEC_AT(&values, struct ranked, i)->text);
    vec_fini(&values);
    return ranks;
}

bool sort_has_annotation(const struct sort_order *o)
{
    for (size_t i = 0; i < o->n; i++)
        if (o->keys[i].field == SORT_ANNOTATION)
            return true;
    return false;
}

void sort_rank_annotations(struct view *v, struct slice userid, struct sort_order *o, const struct vec *hits)
{
    if (!sort_has_annotation(o))
        return;
    (void)view_annotations_open(v);
    for (size_t i = 0; i < o->n; i++)
        if (o->keys[i].field == SORT_ANNOTATION)
            o->keys[i].ranks = rank(v, o->keys[i].entry, o->keys[i].shared ? SLICE_NULL : userid, hits);
}

void sort_forget_ranks(struct sort_order *o)
{
    for (size_t i = 0; i < o->n; i++) {
        mem_free((uint32_t *)o->keys[i].ranks);
        o->keys[i].ranks = NULL;
    }
}
