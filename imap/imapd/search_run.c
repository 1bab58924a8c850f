/* search_run.c - finding the messages of a searching command; see search_run.h */
#include "imap/imapd/search_run.h"

#include "imap/imapd/progress.h"
#include "imap/imapd/search_state.h"
#include "imap/store/annot.h"

static bool is_seen(void *arg, uint32_t recno)
{
    return view_is_seen(arg, recno);
}

static bool is_recent(void *arg, uint32_t recno)
{
    return view_is_recent(arg, recno);
}

struct matcher *search_begin(struct view *v, const struct search_args *a)
{
    uint32_t n = view_exists(v);
    struct match_who who = { is_seen, is_recent, v, NULL, SLICE_NULL };
    struct expr_place place = {
        .mb = view_mailbox(v), .max_number = n, .max_uid = n ? view_uid(v, n) : 0,
        .saved = search_saved(view_search(v)),
    };

    expr_bind(a->root, &place);
    if (expr_has(a->root, EX_ANNOTATION)) {
        who.annotations = view_annotations_open(v);
        who.userid = annot_userid(mailbox_name(view_mailbox(v)), ident_userid(a->s->base->ident));
    }
    return matcher_new(view_mailbox(v), search_memo(view_search(v)), &who, a->fold_flags);
}

void search_refuse(struct session *s, err_t err, const struct search_return *ret)
{
    const bool undefined = err == ERR_NOTFOUND;         /* RFC 5466 3.1 */

    if (err != ERR_UNSUPPORTED && !undefined) {
        args_bad(s, err);
        return;
    }
    if ((ret->what & RETURN_SAVE) && s->view)
        search_save(view_search(s->view), NULL);
    if (undefined)
        reply_no(s, s->tok.why, "There is no such filter");
    else
        reply_no(s, "BADCHARSET (US-ASCII UTF-8)", "Unrecognized character set");
}

struct run {
    struct view *v;
    struct matcher *m;
    const struct expr *root;
    struct vec *hits;
    struct progress *progress;
};

/* Nothing is half written while a search runs: it may speak after any message (RFC 9585). */
static bool is_hit(const struct run *r, uint32_t n)
{
    uint32_t recno = view_recno(r->v, n);

    if (progress_due(r->progress))
        progress_tell(r->progress);
    return recno && matcher_test(r->m, r->root, n, recno);
}

static void push(const struct run *r, uint32_t n)
{
    *VEC_PUSH(r->hits, uint32_t) = n;
}

/* First and last without what lies between (RFC 4731 5). */
static void find_ends(const struct run *r, unsigned what)
{
    uint32_t n = view_exists(r->v), lo = 0, hi = n;

    if (what & RETURN_MIN) {
        for (lo = 1; lo <= n && !is_hit(r, lo);)
            lo++;
        if (lo > n)
            return;
        push(r, lo);
    }
    if (what & RETURN_MAX) {
        while (hi > lo && !is_hit(r, hi))
            hi--;
        if (hi > lo)
            push(r, hi);
    }
}

static void find_all(const struct run *r)
{
    for (uint32_t n = 1; n <= view_exists(r->v); n++)
        if (is_hit(r, n))
            push(r, n);
}

void search_collect(struct view *v, const struct search_args *a, const struct search_return *ret, struct vec *hits)
{
    struct progress own;
    struct run r = { v, search_begin(v, a), a->root, hits, a->progress ? a->progress : &own };
    unsigned ends = ret->what & (RETURN_MIN | RETURN_MAX);

    progress_begin(&own, a->s, view_exists(v));
    if (ends && !(ret->what & (RETURN_ALL | RETURN_COUNT | RETURN_PARTIAL | RETURN_UPDATE)))
        find_ends(&r, ends);
    else
        find_all(&r);
    matcher_free(&r.m);
}
