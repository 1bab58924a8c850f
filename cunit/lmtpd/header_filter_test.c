/* covers: DL-16 DL-18 */
#include "imap/lmtpd/header_filter.h"

#include "cunit/test.h"

static err_t collect(void *arg, struct slice piece)
{
    buf_add_slice(arg, piece);
    return ERR_OK;
}

static const char msgid[] = "Message-ID: <new@x>\r\n", date[] = "Date: now\r\n";

static const struct {
    const char *in, *out;
    bool munge;
} rows[] = {
    { "Subject: a\r\n\r\nbody\r\n", "Subject: a\r\nMessage-ID: <new@x>\r\nDate: now\r\n\r\nbody\r\n", true },
    { "MESSAGE-ID: <1>\r\nDate : x\r\n\r\nb", "MESSAGE-ID: <1>\r\nDate : x\r\n\r\nb", true },
    { "Date: x\r\n Message-ID: folded\r\n\r\n", "Date: x\r\n Message-ID: folded\r\nMessage-ID: <new@x>\r\n\r\n", true },
    { "\r\nbody", "Message-ID: <new@x>\r\nDate: now\r\n\r\nbody", true },
    { "", "Message-ID: <new@x>\r\nDate: now\r\n", true },
    { "Date: 1\r\nMessage-ID: 2\r\nS: \xe9\r\n\r\n\xe9", "Date: 1\r\nMessage-ID: 2\r\nS: X\r\n\r\n\xe9", true },
    { "Date: 1\r\nMessage-ID: 2\r\nS: \xe9\r\n\r\n", "Date: 1\r\nMessage-ID: 2\r\nS: \xe9\r\n\r\n", false },
    { "A: 1\r\n\r\nDate: body\r\n", "A: 1\r\nMessage-ID: <new@x>\r\nDate: now\r\n\r\nDate: body\r\n", true },
    { "A-very-long-header-name-indeed: 1\r\n\r\n",
      "A-very-long-header-name-indeed: 1\r\nMessage-ID: <new@x>\r\nDate: now\r\n\r\n", true },
};

/* The same result in whatever pieces the text comes. */
static void test_pieces(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t step = 1; step < 20; step += 3) {
            struct buf out = BUF_INIT;
            struct sink sink = { collect, &out };
            struct header_filter f;
            struct slice in = slice_cstr(rows[i].in);

            header_filter_init(&f, &sink, rows[i].munge, msgid, date);
            for (size_t at = 0; at < in.n; at += step)
                CU_CHECK_ROW(i, header_filter_push(&f, slice_cut(in, at, at + step)) == ERR_OK);
            CU_CHECK_ROW(i, header_filter_end(&f) == ERR_OK);
            CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].out));
            header_filter_fini(&f);
            buf_fini(&out);
        }
    }
}

TEST_SUITE("header_filter", { "rows in pieces", test_pieces })
