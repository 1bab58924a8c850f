/* search_run_test.c - a search tells its progress; the mailbox and the matcher are doubles
 * covers: IM-05
 */
#include "cunit/test.h"

#include "imap/imapd/progress.h"
#include "imap/imapd/search_run.h"
#include "imap/imapd/search_state.h"

enum { EXISTS = 100 };

/* ---- a mailbox of 100 messages of which every third matches ---- */

static uint64_t tested;

uint32_t view_exists(const struct view *v)
{
    (void)v;
    return EXISTS;
}

uint32_t view_recno(const struct view *v, uint32_t msgno)
{
    (void)v;
    return msgno;
}

uint32_t view_uid(const struct view *v, uint32_t msgno)
{
    (void)v;
    return msgno;
}

struct mailbox *view_mailbox(struct view *v)
{
    (void)v;
    return NULL;
}

bool view_is_seen(const struct view *v, uint32_t recno)
{
    (void)v;
    return recno == 0;
}

bool view_is_recent(const struct view *v, uint32_t recno)
{
    (void)v;
    return recno == 0;
}

struct search_state *view_search(const struct view *v)
{
    (void)v;
    return NULL;
}

const struct ranges *search_saved(const struct search_state *s)
{
    (void)s;
    return NULL;
}

void search_save(struct search_state *s, const struct ranges *uids)
{
    (void)s;
    (void)uids;
}

struct memo *search_memo(struct search_state *s)
{
    (void)s;
    return NULL;
}

void expr_bind(struct expr *e, const struct expr_place *place)
{
    (void)e;
    (void)place;
}

bool expr_has(const struct expr *e, enum expr_op op)
{
    (void)e;
    (void)op;
    return false;
}

struct msgannot *view_annotations_open(struct view *v)
{
    (void)v;
    return NULL;
}

struct matcher *matcher_new(struct mailbox *mb, struct memo *memo, const struct match_who *who, unsigned fold_flags)
{
    (void)mb;
    (void)memo;
    (void)who;
    (void)fold_flags;
    return NULL;
}

void matcher_free(struct matcher **m)
{
    *m = NULL;
}

bool matcher_test(struct matcher *m, const struct expr *e, uint32_t msgno, uint32_t recno)
{
    (void)m;
    (void)e;
    (void)recno;
    tested++;
    return msgno % 3 == 0;
}

void args_bad(struct session *s, err_t err)
{
    (void)s;
    (void)err;
}

void reply_no(struct session *s, const char *code, const char *text)
{
    (void)s;
    (void)code;
    (void)text;
}

/* ---- */

static void test_progress(void)
{
    static const struct {
        unsigned what;
        bool late;                              /* the time to speak has come */
        size_t hits;
        uint64_t tested;
        const char *told;
    } rows[] = {
        { RETURN_ALL, true, 33, EXISTS, "* OK [INPROGRESS (\"a1\" 16 100)] Still at work\r\n" },
        { RETURN_ALL, false, 33, EXISTS, "" },
        { RETURN_COUNT, true, 33, EXISTS, "* OK [INPROGRESS (\"a1\" 16 100)] Still at work\r\n" },
        { RETURN_MAX, true, 1, 2, "" },
        { RETURN_MIN | RETURN_MAX, true, 2, 5, "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf sent = BUF_INIT;
        struct session_base base = { .stream = stream_new_mem(SLICE_NULL, &sent) };
        struct session s = { .base = &base, .tag = SLICE_LIT("a1") };
        struct search_return ret = { .what = rows[i].what };
        struct progress progress;
        struct search_args a = { .s = &s, .progress = &progress };
        struct vec hits = VEC_INIT(uint32_t);

        tested = 0;
        progress_begin(&progress, &s, EXISTS);
        if (rows[i].late)
            progress.next_ms = 0;
        search_collect(NULL, &a, &ret, &hits);
        CU_CHECK_ROW(i, hits.n == rows[i].hits);
        CU_CHECK_ROW(i, tested == rows[i].tested);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&sent), rows[i].told));
        vec_fini(&hits);
        stream_close(&base.stream);
        buf_fini(&sent);
    }
}

/* One alone begins anew: a quick search says nothing. */
static void test_own(void)
{
    struct buf sent = BUF_INIT;
    struct session_base base = { .stream = stream_new_mem(SLICE_NULL, &sent) };
    struct session s = { .base = &base, .tag = SLICE_LIT("a1") };
    struct search_return ret = { .what = RETURN_ALL };
    struct search_args a = { .s = &s };
    struct vec hits = VEC_INIT(uint32_t);

    search_collect(NULL, &a, &ret, &hits);
    CU_ASSERT(hits.n == 33 && sent.n == 0);
    vec_fini(&hits);
    stream_close(&base.stream);
    buf_fini(&sent);
}

TEST_SUITE("search_run", { "progress", test_progress }, { "own", test_own })
