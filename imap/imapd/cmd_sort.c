/* cmd_sort.c - SORT and UID SORT (RFC 5256, 5267 3, 5957, 5257 4.9) */
#include "imap/imapd/imapd.h"

#include <inttypes.h>

#include "imap/imapd/annotation.h"
#include "imap/imapd/search_context.h"
#include "imap/imapd/search_filter.h"
#include "imap/imapd/search_state.h"
#include "imap/imapd/sort_run.h"
#include "imap/store/annot.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

static err_t read_annotation(struct session *s, struct sort_key *key)
{
    unsigned attribute;
    err_t err = annotation_read_entry(s, &key->entry);

    if (!err)
        err = annotation_read_attribute(s, false, &attribute);
    if (!err)
        key->shared = attribute == ANNOT_SHARED;
    return err;
}

/* ["REVERSE" SP] sort-key */
static err_t read_key(struct session *s, struct sort_key *key)
{
    struct slice word;
    int field;
    err_t err = imaptok_name(&s->tok, "", &word);

    key->reverse = !err && slice_eqs_nocase(word, "REVERSE");
    if (!err && key->reverse && (err = imaptok_sp(&s->tok)) == ERR_OK)
        err = imaptok_name(&s->tok, "", &word);
    if (err)
        return err;
    field = sort_field_find(word);
    key->field = (enum sort_field)field;
    if (field == SORT_ANNOTATION)
        return read_annotation(s, key);
    if (field >= 0)
        return ERR_OK;
    s->tok.why = "Invalid Sort criterion";
    return ERR_SYNTAX;
}

err_t sort_order_read(struct session *s, struct sort_order *o)
{
    bool more;
    err_t err = imaptok_open(&s->tok);

    while (!err && (err = imaptok_more(&s->tok, &more)) == ERR_OK && more) {
        if (o->n == SORT_KEYS_MAX) {
            s->tok.why = "Too many Sort criteria";
            return ERR_LIMIT;
        }
        err = read_key(s, &o->keys[o->n++]);
    }
    if (err || o->n)
        return err;
    s->tok.why = "Missing Sort criteria";
    return ERR_SYNTAX;
}

void sort_hits(struct view *v, const struct sort_order *o, struct vec *hits)
{
    struct sort_item *items = mem_rearray(NULL, hits->n + 1, sizeof *items);
    struct memo *memo = search_memo(view_search(v));

    for (size_t i = 0; i < hits->n; i++) {
        uint32_t n = *VEC_AT(hits, uint32_t, i);
        items[i] = (struct sort_item){ view_recno(v, n), n };
    }
    memo_begin(memo, view_mailbox(v));
    sort_items(memo, view_mailbox(v), o->keys, o->n, items, hits->n);
    memo_end(memo);
    for (size_t i = 0; i < hits->n; i++)
        *VEC_AT(hits, uint32_t, i) = items[i].id;
    mem_free(items);
}

static void put_sort(struct session *s, const struct search_answer *a)
{
    char num[NUM_U64_MAX + 1] = " ";
    uint64_t highest = 0;

    stream_puts(out(s), "* SORT");
    for (size_t i = 0; i < a->hits->n; i++) {
        uint32_t n = *VEC_AT(a->hits, uint32_t, i);
        stream_put(out(s), num, 1 + num_put_u64(num + 1, a->is_uid ? view_uid(a->view, n) : n));
        if (a->has_modseq) {
            uint64_t modseq = mailbox_modseq_at(view_mailbox(a->view), view_recno(a->view, n));
            highest = modseq > highest ? modseq : highest;
        }
    }
    if (highest)                                /* RFC 7162 3.1.6 */
        stream_printf(out(s), " (MODSEQ %" PRIu64 ")", highest);
    stream_puts(out(s), "\r\n");
}

/* Annotations are not among the things that contexts are told of in time. */
static void begin_context(struct session *s, struct search_args *a, const struct search_return *ret,
                          const struct sort_order *order, const struct vec *hits)
{
    if (!sort_has_annotation(order)) {
        context_begin(s, a, ret, order, hits);
        return;
    }
    untagged(s, "NO [NOUPDATE \"%.*s\"] The order depends on annotations", SLICE_ARG(s->tag));
    context_drop(s, a);
}

static void run(struct session *s, struct search_args *a, const struct search_return *ret, struct sort_order *order)
{
    struct vec hits = VEC_INIT(uint32_t);
    struct search_return all = { .what = RETURN_ALL };
    struct search_answer answer = {
        .view = s->view, .ret = ret, .hits = &hits, .is_uid = s->is_uid, .has_modseq = a->has_modseq,
    };

    search_collect(s->view, a, &all, &hits);    /* both ends are known when all are sorted */
    sort_rank_annotations(s->view, annot_userid(mailbox_name(view_mailbox(s->view)), ident_userid(s->base->ident)),
                          order, &hits);
    sort_hits(s->view, order, &hits);
    sort_forget_ranks(order);
    if (!ret->given)
        put_sort(s, &answer);
    else
        search_tell(s, &answer);
    if (ret->what & RETURN_UPDATE)
        begin_context(s, a, ret, order, &hits);
    vec_fini(&hits);
}

void cmd_sort(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct search_args a = { .s = s, .filter = search_filter_find };
    struct search_return ret = { 0 };
    struct sort_order order = { .n = 0 };
    err_t err = imaptok_sp(&s->tok);

    if (!err)
        err = search_return_read(s, &ret);
    if (!err && (ret.what & RETURN_UPDATE) && context_prepare(s, &a) != ERR_OK)
        return;
    if (!err)
        err = sort_order_read(s, &order);
    if (!err)
        err = imaptok_sp(&s->tok);
    if (!err)
        err = search_args_read(&a, CHARSET_FIRST);
    if (err) {
        search_refuse(s, err, &ret);
        context_drop(s, &a);
    } else {
        run(s, &a, &ret, &order);
        reply_ok(s, "Completed");
    }
}
