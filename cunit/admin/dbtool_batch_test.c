/* dbtool_batch_test.c - the batch language of cyr_dbtool
 *
 * covers: RC-16
 */
#include "cunit/test.h"
#include "imap/admin/dbtool_batch.h"
#include "lib/base/buf.h"

static const struct {
    struct slice in;
    const char *out;
    err_t err;
    const char *told;                   /* part of the message */
} rows[] = {
    { SLICE_LIT("SET a 1\r\nGET a\r\n"), "a 1\n", ERR_OK, "" },
    { SLICE_LIT("SET a 1\nGET a"), "a 1\n", ERR_OK, "" },
    { SLICE_LIT("GET none\nDELETE none\nSHOW\n"), "", ERR_OK, "" },
    { SLICE_LIT("\n\r\n  \nSHOW  \n"), "", ERR_OK, "" },
    { SLICE_LIT("SET {3+}\r\na b {5+}\r\nx\r\nyz\r\nSHOW\r\n"), "\"a b\" {5}\r\nx\r\nyz\n", ERR_OK,
      "" },
    { SLICE_LIT("SET {1}\na {0}\n\nSHOW\n"), "a \"\"\n", ERR_OK, "" },
    { SLICE_LIT("SET \"q r\" \"s\\\"t\"\nSHOW\n"), "\"q r\" {3}\r\ns\"t\n", ERR_OK, "" },
    { SLICE_LIT("SET k a\\b\nSET l NIL\nSHOW\n"), "k {3}\r\na\\b\nl \"NIL\"\n", ERR_OK, "" },
    { SLICE_LIT("SET user\037b 1\nSHOW user\037\n"), "user\037b 1\n", ERR_OK, "" },
    { SLICE_LIT("SET ab 1\nSET ac 2\nSET b 3\nDELETE ac\nSHOW a\n"), "ab 1\n", ERR_OK, "" },
    { SLICE_LIT("BEGIN\nSET a 1\nGET a\nABORT\nGET a\nBEGIN\nSET b 2\nCOMMIT\nSHOW\n"),
      "a 1\nb 2\n", ERR_OK, "" },
    { SLICE_LIT("FOO\nSET a 1\nSHOW\n"), "", ERR_UNSUPPORTED, "line 1 at cmd FOO" },
    { SLICE_LIT("get a\n"), "", ERR_UNSUPPORTED, "cmd get" },
    { SLICE_LIT("SET a 1\nGET\n"), "", ERR_SYNTAX, "line 2 at cmd GET" },
    { SLICE_LIT("SET a\n"), "", ERR_SYNTAX, "SET" },
    { SLICE_LIT("SET a b c\n"), "", ERR_SYNTAX, "SET" },
    { SLICE_LIT("SET a b c d e f g\n"), "", ERR_SYNTAX, "SET" },
    { SLICE_LIT("SET {0+}\r\n x\n"), "", ERR_SYNTAX, "line 1" },
    { SLICE_LIT("SET a {5+}\r\nab"), "", ERR_SYNTAX, "line 1" },
    { SLICE_LIT("SET a {99999999999}\r\n"), "", ERR_SYNTAX, "line 1" },
    { SLICE_LIT("SET a {1000000000}\r\n"), "", ERR_SYNTAX, "line 1" },
    { SLICE_LIT("SET a {}\r\n"), "", ERR_SYNTAX, "line 1" },
    { SLICE_LIT("SET a \"open\n"), "", ERR_SYNTAX, "line 1" },
    { SLICE_LIT("SET a 1\rGET a\n"), "", ERR_SYNTAX, "line 1" },
    { SLICE_LIT("COMMIT\n"), "", ERR_NOTFOUND, "COMMIT" },
    { SLICE_LIT("ABORT\n"), "", ERR_NOTFOUND, "ABORT" },
    { SLICE_LIT("BEGIN\nBEGIN\n"), "", ERR_EXISTS, "line 2 at cmd BEGIN" },
    { SLICE_LIT("BEGIN\nSET a 1\n"), "", ERR_SYNTAX, "inside a transaction" },
    { SLICE_LIT("BEGIN\nSET a 1\nNONSENSE\n"), "", ERR_UNSUPPORTED, "line 3" },
    { SLICE_LIT(""), "", ERR_OK, "" },
};

static void test_batch(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *out = NULL, *told = NULL;
        size_t nout = 0, ntold = 0;
        struct db *db;
        FILE *in = fmemopen((void *)rows[i].in.p, rows[i].in.n ? rows[i].in.n : 1, "r");
        FILE *o = open_memstream(&out, &nout), *e = open_memstream(&told, &ntold);

        if (rows[i].in.n == 0)
            CU_ASSERT_EQUAL(fseek(in, 0, SEEK_END), 0);
        CU_ASSERT_EQUAL_FATAL(db_open("memory", "batch", DB_CREATE, &db), ERR_OK);
        CU_CHECK_ROW(i, dbtool_batch(db, in, o, e) == rows[i].err);
        db_close(&db);
        fclose(in);
        fclose(o);
        fclose(e);
        CU_CHECK_ROW(i, strcmp(out, rows[i].out) == 0);
        CU_CHECK_ROW(i, rows[i].told[0] ? strstr(told, rows[i].told) != NULL : ntold == 0);
        free(out);
        free(told);
    }
}

TEST_SUITE("admin dbtool batch",
    { "commands", test_batch })
