/* journal_history.c - see journal_history.h */
#include "imap/store/journal_history.h"

#include "lib/base/log.h"
#include "lib/base/mem.h"

static void free_history(void *p)
{
    struct journal_history *h = p;

    vec_fini(&h->steps);
    mem_free(h);
}

static void add_step(struct journal_book *b, const struct journal_step *s)
{
    struct journal_history *h = map_get(b->by_id, s->box->uniqueid);

    if (!h) {
        h = mem_zalloc(sizeof *h);
        vec_init(&h->steps, sizeof(struct journal_step));
        map_put(b->by_id, s->box->uniqueid, h);
    }
    *VEC_PUSH(&h->steps, struct journal_step) = *s;
}

static err_t read_change(struct journal_book *b, const struct journal_found *record)
{
    struct journal_change c;
    err_t err = journal_change_decode(record->body, b->arena, &c);

    for (size_t i = 0; i < c.nmailboxes && !err; i++)
        add_step(b, &(struct journal_step){ .record = record,
                                    .box = &c.mailboxes[i],
                                    .contents = c.contents,
                                    .boxes = c.mailboxes,
                                    .nboxes = c.nmailboxes });
    return err;
}

static err_t read_void(struct journal_book *b, const struct journal_found *record)
{
    struct journal_void v;
    err_t err = journal_void_decode(record->body, &v);
    struct journal_history *h = err ? NULL : map_get(b->by_id, v.uniqueid);

    for (size_t i = 0; h && i < h->steps.n; i++) {
        struct journal_step *s = journal_step_at(h, i);
        s->is_void |= s->record->sequence == v.sequence && s->record->number == v.number;
    }
    return err;
}

void journal_book_read(struct journal_book *b, const struct journal_found *all, size_t n)
{
    *b = (struct journal_book){ .arena = arena_new(0), .by_id = map_new(free_history) };
    for (size_t i = 0; i < n; i++) {
        err_t err = all[i].kind == JOURNAL_CHANGE ? read_change(b, &all[i])
                    : all[i].kind == JOURNAL_VOID ? read_void(b, &all[i])
                                                  : ERR_UNSUPPORTED;
        if (err)
            log_err("IOERROR: a record of the journal is not understood: number=<%llu> error=<%s>",
                    (unsigned long long)all[i].number, err_name(err));
    }
}

bool journal_key_same(const struct journal_key *a, const struct journal_key *b)
{
    return a->modseq == b->modseq && a->last_uid == b->last_uid && a->nrecords == b->nrecords &&
           a->crc == b->crc;
}

/* From the end. */
const struct journal_step *journal_history_judge(struct journal_history *h)
{
    const struct journal_step *next = NULL, *last = NULL;

    for (size_t i = h->steps.n; i-- > 0;) {
        struct journal_step *s = journal_step_at(h, i);
        if (next && !journal_key_same(&s->box->after, &next->box->before))
            s->is_void = true;
        if (s->is_void)
            continue;
        next = s;
        if (!last)
            last = s;
    }
    return last;
}

bool journal_history_has_void(const struct journal_history *h)
{
    for (size_t i = 0; i < h->steps.n; i++)
        if (journal_step_at(h, i)->is_void)
            return true;
    return false;
}

void journal_book_fini(struct journal_book *b)
{
    map_free(&b->by_id);
    arena_free(&b->arena);
}
