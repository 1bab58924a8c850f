/* conf_file_test.c - imapd.conf on disk: includes, missing and looping files
 * covers: AD-12
 */
#include "cunit/test.h"

#include <stdio.h>

#include "lib/conf/conf.h"

#define BASE "configdirectory: /var/c\npartition-default: /var/p\n"

static const char *put(const char *name, const char *text)
{
    static char path[4][500];
    static int turn;
    char *p = path[turn++ % 4];
    FILE *f;

    snprintf(p, sizeof path[0], "%s/%s", test_tmpdir(), name);
    f = fopen(p, "w");
    if (f) {
        fputs(text, f);
        fclose(f);
    }
    return p;
}

static void test_include(void)
{
    struct buf why = BUF_INIT;
    const char *main_conf, *path = NULL;
    size_t pos = 0, n = 0;

    put("inner.conf", "servername: inner\n");
    put("extra.conf", "admins: one\n@include: inner.conf\npostmaster: p\n");
    main_conf = put("main.conf", BASE "@include: extra.conf\nquotawarn: 80\n");
    CU_ASSERT_EQUAL(conf_load(main_conf, "imap", &why), ERR_OK);
    CU_ASSERT_STRING_EQUAL(conf_path(), main_conf);
    CU_ASSERT_STRING_EQUAL(conf_string(CONF_ADMINS), "one");
    CU_ASSERT_STRING_EQUAL(conf_servername(), "inner");
    CU_ASSERT_STRING_EQUAL(conf_string(CONF_POSTMASTER), "p");
    CU_ASSERT_EQUAL(conf_int(CONF_QUOTAWARN), 80);
    while (conf_next_file(&pos, &path))
        CU_ASSERT_PTR_NOT_NULL(strstr(path, n++ == 0 ? "main.conf" : n == 2 ? "extra.conf"
                                                                            : "inner.conf"));
    CU_ASSERT_EQUAL(n, 3);
    conf_unload();
    buf_fini(&why);
}

static void test_broken_include(void)
{
    static const struct {
        const char *text;
        err_t err;
        const char *says;
    } rows[] = {
        { BASE "\n@include: nofile.conf\n", ERR_NOTFOUND,
          "main.conf, line 4: cannot read the included file" },
        { BASE "@include: main.conf\n", ERR_SYNTAX, "includes itself" },
        { BASE "@include: loop1.conf\n", ERR_SYNTAX, "loop2.conf, line 1: " },
        { BASE "@include: twice.conf\nadmins: x\n", ERR_SYNTAX,
          "main.conf, line 4: admins is given a second time (first in " },
        { BASE "@include: bad.conf\n", ERR_SYNTAX, "bad.conf, line 2: " },
    };
    struct buf why = BUF_INIT;

    put("loop1.conf", "@include: loop2.conf\n");
    put("loop2.conf", "@include: loop1.conf\n");
    put("twice.conf", "admins: y\n");
    put("bad.conf", "admins: y\nrubbish\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&why);
        CU_CHECK_ROW(i, conf_load(put("main.conf", rows[i].text), NULL, &why) == rows[i].err);
        CU_CHECK_ROW(i, strstr(buf_cstr(&why), rows[i].says) != NULL);
    }
    buf_fini(&why);
}

static void test_too_deep(void)
{
    struct buf why = BUF_INIT;
    char name[40], text[80];

    for (int i = 0; i < 15; i++) {
        snprintf(name, sizeof name, "deep%d.conf", i);
        snprintf(text, sizeof text, "@include: deep%d.conf\n", i + 1);
        put(name, text);
    }
    CU_ASSERT_EQUAL(conf_load(put("main.conf", BASE "@include: deep0.conf\n"), NULL, &why),
                    ERR_LIMIT);
    CU_ASSERT_PTR_NOT_NULL(strstr(buf_cstr(&why), "deep9.conf, line 1: "));
    buf_fini(&why);
}

static void test_missing_file(void)
{
    struct buf why = BUF_INIT;

    CU_ASSERT_EQUAL(conf_load("/nonexistent/imapd.conf", NULL, &why), ERR_NOTFOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(buf_cstr(&why), "/nonexistent/imapd.conf"));
    buf_fini(&why);
}

TEST_SUITE("conf_file", { "include", test_include }, { "broken include", test_broken_include },
           { "too deep", test_too_deep }, { "missing file", test_missing_file })
