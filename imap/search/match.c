/* match.c - see match.h */
#include "imap/search/match.h"

#include "imap/search/message_text.h"
#include "imap/store/annot_entry.h"
#include "imap/store/msgannot.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/text/charset.h"
#include "lib/text/fold.h"
#include "lib/text/glob.h"

enum { SCRATCH_CHUNK = 65536 };

struct matcher {
    struct mailbox *mb;
    struct memo *memo;
    struct match_who who;
    unsigned fold;
    struct arena *scratch;
    time_t now;
    /* the message being tested */
    uint32_t msgno, recno;
    struct record rec;
    bool has_rec;
    int file_state;                             /* 0 not tried, 1 there, -1 not to be had */
    struct slice message;
};

struct matcher *matcher_new(struct mailbox *mb, struct memo *memo, const struct match_who *who, unsigned fold_flags)
{
    struct matcher *m = mem_zalloc(sizeof *m);

    m->mb = mb;
    m->memo = memo;
    memo_set_fold(memo, fold_flags);
    memo_begin(memo, mb);
    m->who = *who;
    m->fold = fold_flags;
    m->now = clock_now();
    m->scratch = arena_new(SCRATCH_CHUNK);
    return m;
}

void matcher_free(struct matcher **mp)
{
    struct matcher *m = *mp;

    if (!m)
        return;
    *mp = NULL;
    memo_end(m->memo);
    arena_free(&m->scratch);
    mem_free(m);
}

err_t match_needle(struct arena *a, struct slice charset, struct slice text, unsigned fold_flags, struct slice *out)
{
    struct buf utf8 = BUF_INIT, folded = BUF_INIT;
    err_t err = ERR_OK;

    if (charset.n && !slice_eqs_nocase(charset, "us-ascii") && !slice_eqs_nocase(charset, "utf-8"))
        err = charset_to_utf8(charset, text, &utf8);
    else
        buf_add_slice(&utf8, text);
    if (!err) {
        fold_add(&folded, buf_slice(&utf8), fold_flags);
        *out = arena_dup(a, buf_slice(&folded));
    }
    buf_fini(&utf8);
    buf_fini(&folded);
    return err;
}

static const struct record *record(struct matcher *m)
{
    if (!m->has_rec)
        mailbox_record(m->mb, m->recno, &m->rec);
    m->has_rec = true;
    return &m->rec;
}

static bool file(struct matcher *m)
{
    if (!m->file_state)
        m->file_state = mailbox_message(m->mb, m->recno, &m->message) == ERR_OK ? 1 : -1;
    return m->file_state > 0;
}

static bool in_known_text(struct matcher *m, const struct expr *e)
{
    static const unsigned char texts[EX_NOPS] = {
        [EX_FROM] = MEMO_FIND_FROM, [EX_TO] = MEMO_FIND_TO, [EX_CC] = MEMO_FIND_CC, [EX_BCC] = MEMO_FIND_BCC,
        [EX_SUBJECT] = MEMO_FIND_SUBJECT,
    };

    return slice_search(memo_text(m->memo, (enum memo_text)texts[e->op], m->recno), e->text) >= 0;
}

static bool in_header(struct matcher *m, const struct expr *e)
{
    struct slice values;

    if (!memo_can_header(e->name, record(m)->cache_version))
        return file(m)
               && message_header_has(slice_cut(m->message, 0, record(m)->header_size), e->name, e->text, m->fold);
    return memo_header(m->memo, e->name, m->recno, &values)
           && (e->text.n == 0 || slice_search(values, e->text) >= 0);
}

static bool in_message(struct matcher *m, const struct expr *e)
{
    bool found;

    if (!file(m))
        return false;
    found = message_text_has(m->message, e->text, e->op == EX_TEXT, m->fold, m->scratch);
    arena_reset(m->scratch);
    return found;
}

static bool has_keyword(struct matcher *m, uint32_t n)
{
    return n < USER_FLAGS_MAX && (record(m)->user_flags[n / 32] >> (n % 32) & 1);
}

static bool in_span(uint32_t stored, const struct expr *e)
{
    time_t t = (time_t)stored;

    return t >= e->from && t < e->to;
}

struct annotation_test {
    struct matcher *m;
    const struct expr *e;
    unsigned has;                               /* enum annot_attribute: with a value */
    bool found;
};

static err_t test_annotation(void *arg, const struct msgannot_item *item)
{
    struct annotation_test *t = arg;
    const unsigned attribute = item->userid.n ? ANNOT_PRIVATE : ANNOT_SHARED;
    struct buf folded = BUF_INIT;

    if (item->deleted || !(t->e->num & attribute) || (item->userid.n && !slice_eq(item->userid, t->m->who.userid)) ||
        !glob_matches(t->e->glob, item->entry))
        return ERR_OK;
    t->has |= attribute;
    if (t->e->text.p && !t->found) {
        fold_add(&folded, item->value, t->m->fold);
        t->found = slice_search(buf_slice(&folded), t->e->text) >= 0;
        buf_fini(&folded);
    }
    return ERR_OK;
}

static bool in_annotation(struct matcher *m, const struct expr *e)
{
    struct annotation_test t = { .m = m, .e = e };

    if (m->who.annotations
        && msgannot_foreach(m->who.annotations, mailbox_uid_at(m->mb, m->recno), test_annotation, &t) != ERR_OK)
        return false;
    return e->text.p ? t.found : t.has != e->num;
}

/* Questions that need the index record as a whole. */
static bool test_record(struct matcher *m, const struct expr *e)
{
    const struct record *r = record(m);

    switch (e->op) {
    case EX_SAVEDATE: return r->savedate && in_span(r->savedate, e);
    case EX_KEYWORD: return has_keyword(m, e->num);
    case EX_EMAILID: return e->text.n && memcmp(r->guid.b, e->text.p, e->text.n) == 0;
    case EX_THREADID: return r->cid && r->cid == e->num64;
    default: return false;
    }
}

/* Questions that one field of it answers. */
static bool test_field(struct matcher *m, const struct expr *e)
{
    switch (e->op) {
    case EX_INTERNALDATE: return in_span(mailbox_internaldate_at(m->mb, m->recno), e);
    case EX_SENTDATE: return in_span(mailbox_sentdate_at(m->mb, m->recno), e);
    case EX_OLDER: return (time_t)mailbox_internaldate_at(m->mb, m->recno) <= m->now - (time_t)e->num;
    case EX_YOUNGER: return (time_t)mailbox_internaldate_at(m->mb, m->recno) >= m->now - (time_t)e->num;
    case EX_LARGER: return mailbox_size_at(m->mb, m->recno) > e->num;
    case EX_SMALLER: return mailbox_size_at(m->mb, m->recno) < e->num;
    default: return test_record(m, e);
    }
}

static bool test(struct matcher *m, const struct expr *e);

static bool test_children(struct matcher *m, const struct expr *e)
{
    bool all = e->op == EX_AND;

    for (const struct expr *c = e->child; c; c = c->next)
        if (test(m, c) != all)
            return !all;
    return all;
}

/* Depth is bounded by EXPR_DEPTH_MAX when the tree is built. */
static bool test(struct matcher *m, const struct expr *e)
{
    switch (e->op) {
    case EX_ALL: return true;
    case EX_AND:
    case EX_OR: return test_children(m, e);
    case EX_NOT: return !test(m, e->child);
    case EX_NUMBER: return ranges_has(e->set, m->msgno);
    case EX_UID: return ranges_has(e->set, mailbox_uid_at(m->mb, m->recno));
    case EX_FLAG: return (mailbox_flags_at(m->mb, m->recno) & e->num) == e->num;
    case EX_SEEN: return m->who.is_seen(m->who.arg, m->recno);
    case EX_RECENT: return m->who.is_recent(m->who.arg, m->recno);
    case EX_MODSEQ: return mailbox_modseq_at(m->mb, m->recno) >= e->num64;
    case EX_FROM:
    case EX_TO:
    case EX_CC:
    case EX_BCC:
    case EX_SUBJECT: return in_known_text(m, e);
    case EX_HEADER: return in_header(m, e);
    case EX_ANNOTATION: return in_annotation(m, e);
    case EX_BODY:
    case EX_TEXT: return in_message(m, e);
    default: return test_field(m, e);
    }
}

bool matcher_test(struct matcher *m, const struct expr *e, uint32_t msgno, uint32_t recno)
{
    m->msgno = msgno;
    m->recno = recno;
    m->has_rec = false;
    m->file_state = 0;
    return mailbox_record_ok(m->mb, recno) && test(m, e);
}
