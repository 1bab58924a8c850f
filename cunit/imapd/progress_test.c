/* progress_test.c - when a long command speaks, and what it says */
#include "cunit/test.h"

#include "imap/imapd/progress.h"

static void test_due(void)
{
    struct progress p;
    unsigned n = 0;

    progress_begin(&p, NULL, 1000);
    for (unsigned i = 0; i < 1000; i++)
        n += progress_due(&p);
    CU_ASSERT_EQUAL(n, 0);                      /* a quick command says nothing */
    p.next_ms = 0;
    for (unsigned i = 0; i < 10 * PROGRESS_STEPS; i++)
        n += progress_due(&p);
    CU_ASSERT_EQUAL(n, 10);                     /* the clock is not asked at each step */
}

static void test_words(void)
{
    static const struct {
        const char *tag;
        uint64_t done, goal;
        const char *line;
    } rows[] = {
        { "a1", 16, 1000, "* OK [INPROGRESS (\"a1\" 16 1000)] Still at work\r\n" },
        { "a1", 1016, 1000, "* OK [INPROGRESS (\"a1\" 1000 1000)] Still at work\r\n" },
        { "a1", 16, 0, "* OK [INPROGRESS (\"a1\" 16 NIL)] Still at work\r\n" },
        { "a\"1", 16, 0, "* OK [INPROGRESS (NIL 16 NIL)] Still at work\r\n" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf sent = BUF_INIT;
        struct session_base base = { .stream = stream_new_mem(SLICE_NULL, &sent) };
        struct session s = { .base = &base, .tag = slice_cstr(rows[i].tag) };
        struct progress p;
        progress_begin(&p, &s, rows[i].goal);
        p.done = rows[i].done;
        p.next_ms = 0;
        progress_tell(&p);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&sent), rows[i].line));
        CU_CHECK_ROW(i, p.next_ms > 0);         /* and not again at once */
        stream_close(&base.stream);
        buf_fini(&sent);
    }
}

TEST_SUITE("progress", { "when", test_due }, { "words", test_words })
