/* match.c - see match.h */
#include "imap/search/match.h"

#include "imap/search/message_text.h"
#include "lib/base/mem.h"
#include "lib/text/charset.h"
#include "lib/text/fold.h"

enum { SCRATCH_CHUNK = 65536 };

struct matcher {
    struct mailbox *mb;
    struct match_who who;
    unsigned fold;
    struct arena *scratch;
    struct buf folded;
    /* the message being tested */
    uint32_t msgno, recno;
    struct record rec;
    bool has_rec;
    int cache_state, file_state;                /* 0 not tried, 1 there, -1 not to be had */
    struct cache_record cache;
    struct slice message;
};

struct matcher *matcher_new(struct mailbox *mb, const struct match_who *who, unsigned fold_flags)
{
    struct matcher *m = mem_zalloc(sizeof *m);

    m->mb = mb;
    m->who = *who;
    m->fold = fold_flags;
    m->scratch = arena_new(SCRATCH_CHUNK);
    return m;
}

void matcher_free(struct matcher **mp)
{
    struct matcher *m = *mp;

    if (!m)
        return;
    *mp = NULL;
    mailbox_message_done(m->mb);
    arena_free(&m->scratch);
    buf_fini(&m->folded);
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

static const struct cache_record *cache(struct matcher *m)
{
    if (!m->cache_state)
        m->cache_state = mailbox_cache(m->mb, m->recno, &m->cache) == ERR_OK ? 1 : -1;
    return m->cache_state > 0 ? &m->cache : NULL;
}

static bool file(struct matcher *m)
{
    if (!m->file_state)
        m->file_state = mailbox_message(m->mb, m->recno, &m->message) == ERR_OK ? 1 : -1;
    return m->file_state > 0;
}

static bool in_text(struct matcher *m, struct slice utf8, struct slice needle)
{
    if (needle.n == 0)
        return true;
    buf_reset(&m->folded);
    fold_add(&m->folded, utf8, m->fold);
    return slice_search(buf_slice(&m->folded), needle) >= 0;
}

/* Bytes of an nstring as the cache writes it: NIL, quoted without escapes, or literal. */
static struct slice nstring_bytes(struct slice s)
{
    ssize_t lf;

    if (s.n >= 2 && s.p[0] == '"')
        return slice_cut(s, 1, s.n - 1);
    if (s.n && s.p[0] == '{' && (lf = slice_find(s, '\n')) >= 0)
        return slice_skip(s, (size_t)lf + 1);
    return SLICE_NULL;
}

static bool in_cache_item(struct matcher *m, const struct expr *e)
{
    static const unsigned char items[EX_NOPS] = {
        [EX_FROM] = CACHE_FROM, [EX_TO] = CACHE_TO, [EX_CC] = CACHE_CC, [EX_BCC] = CACHE_BCC,
        [EX_SUBJECT] = CACHE_SUBJECT,
    };
    const struct cache_record *c = cache(m);
    struct slice item;

    if (!c)
        return false;
    item = c->item[items[e->op]];
    return in_text(m, e->op == EX_SUBJECT ? nstring_bytes(item) : item, e->text);
}

static bool in_header(struct matcher *m, const struct expr *e)
{
    const struct cache_record *c;

    if (cache_header_is_cached(e->name, record(m)->cache_version)) {
        c = cache(m);
        return c && message_header_has(c->item[CACHE_HEADERS], e->name, e->text, m->fold);
    }
    return file(m)
           && message_header_has(slice_cut(m->message, 0, record(m)->header_size), e->name, e->text, m->fold);
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
    case EX_KEYWORD: return has_keyword(m, e->num);
    case EX_SEEN: return m->who.is_seen(m->who.arg, m->recno);
    case EX_RECENT: return m->who.is_recent(m->who.arg, m->recno);
    case EX_INTERNALDATE:
        return (time_t)record(m)->internaldate >= e->from && (time_t)record(m)->internaldate < e->to;
    case EX_SENTDATE: return (time_t)record(m)->sentdate >= e->from && (time_t)record(m)->sentdate < e->to;
    case EX_LARGER: return record(m)->size > e->num;
    case EX_SMALLER: return record(m)->size < e->num;
    case EX_MODSEQ: return mailbox_modseq_at(m->mb, m->recno) >= e->num64;
    case EX_FROM:
    case EX_TO:
    case EX_CC:
    case EX_BCC:
    case EX_SUBJECT: return in_cache_item(m, e);
    case EX_HEADER: return in_header(m, e);
    case EX_BODY:
    case EX_TEXT: return in_message(m, e);
    default: return false;
    }
}

bool matcher_test(struct matcher *m, const struct expr *e, uint32_t msgno, uint32_t recno)
{
    m->msgno = msgno;
    m->recno = recno;
    m->has_rec = false;
    m->cache_state = m->file_state = 0;
    return test(m, e);
}
