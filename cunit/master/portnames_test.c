/* portnames_test.c - numbers and names of ports
 *
 * covers: ST-28
 */
#include "cunit/test.h"
#include "master/portnames.h"

static void test_builtin(void)
{
    static const struct {
        const char *name;
        uint16_t port;
    } rows[] = {
        { "pop3", 110 }, { "nntp", 119 }, { "imap", 143 }, { "nntps", 563 }, { "imaps", 993 },
        { "pop3s", 995 }, { "kpop", 1109 }, { "lmtp", 2003 }, { "smmap", 2004 }, { "csync", 2005 },
        { "mupdate", 3905 }, { "sieve", 4190 }, { "fud", 4201 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint16_t port = 0;
        CU_CHECK_ROW(i, portnames_builtin(slice_cstr(rows[i].name), &port) == ERR_OK);
        CU_CHECK_ROW(i, port == rows[i].port);
        CU_CHECK_ROW(i, portnames_find(slice_cstr(rows[i].name), false, &port) == ERR_OK);
    }
}

static void test_find(void)
{
    static const struct {
        const char *text;
        err_t err;
        uint16_t port;
    } rows[] = {
        { "0", ERR_OK, 0 }, { "143", ERR_OK, 143 }, { "65535", ERR_OK, 65535 },
        { "65536", ERR_NOTFOUND, 0 }, { "-1", ERR_NOTFOUND, 0 }, { "", ERR_NOTFOUND, 0 },
        { "99999999999999999999", ERR_NOTFOUND, 0 }, { "nosuchservice", ERR_NOTFOUND, 0 },
        { "143 ", ERR_NOTFOUND, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint16_t port = 0;
        CU_CHECK_ROW(i, portnames_find(slice_cstr(rows[i].text), false, &port) == rows[i].err);
        CU_CHECK_ROW(i, port == rows[i].port);
    }
}

TEST_SUITE("portnames", { "builtin", test_builtin }, { "find", test_find })
