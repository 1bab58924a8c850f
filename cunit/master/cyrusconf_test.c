/* cyrusconf_test.c - cyrus.conf: grammar, defaults, remarks
 *
 * covers: ST-20 ST-21 ST-22 ST-23
 */
#include "cunit/test.h"
#include "master/cyrusconf.h"

#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/os/file.h"

struct heard {
    struct buf text;                    /* "W3 sentence\n" or "E3 sentence\n" each */
    int errors;
};

static void hear(void *arg, enum cyrusconf_level level, int line, const char *text)
{
    struct heard *h = arg;

    h->errors += level == CYRUSCONF_ERROR;
    buf_addf(&h->text, "%c%d %s\n", level == CYRUSCONF_ERROR ? 'E' : 'W', line, text);
}

/* The entries as text: "SECTION name|word|word key=value ...\n", defaults left out. */
static void show(const struct cyrusconf *c, struct buf *out)
{
    for (size_t i = 0; i < c->entries.n; i++) {
        const struct cyrusconf_entry *e = cyrusconf_at(c, i);
        buf_addf(out, "%s %s", cyrusconf_section_name(e->section), e->name);
        for (size_t k = 0; e->argv[k]; k++)
            buf_addf(out, "|%s", e->argv[k]);
        if (e->listen)
            buf_addf(out, " listen=%s", e->listen);
        if (strcmp(e->proto, "tcp") != 0)
            buf_addf(out, " proto=%s", e->proto);
        if (e->prefork)
            buf_addf(out, " prefork=%d", e->prefork);
        if (e->maxchild != -1)
            buf_addf(out, " maxchild=%d", e->maxchild);
        if (e->maxforkrate)
            buf_addf(out, " maxforkrate=%d", e->maxforkrate);
        if (e->maxfds)
            buf_addf(out, " maxfds=%d", e->maxfds);
        if (e->period_min)
            buf_addf(out, " period=%d", e->period_min);
        if (e->at_min != CYRUSCONF_NO_TIME)
            buf_addf(out, " at=%d", e->at_min);
        buf_adds(out, e->babysit ? " babysit" : "");
        buf_adds(out, e->wait ? " wait" : "");
        buf_adds(out, e->unusable ? " unusable" : "");
        buf_addf(out, " @%d\n", e->line);
    }
}

/* says: NULL no remark; else a part of the remarks.  entries NULL: refused. */
static const struct {
    const char *text, *entries, *says;
} rows[] = {
    { "", "", NULL },
    { "# nothing\n\n   \n", "", NULL },
    { "START {\n a cmd=\"x y  z\"\n}\n", "START a|x|y|z @2\n", NULL },
    { "start{\n a cmd=x\n}\n", "START a|x @2\n", NULL },
    { "Start   {   # why\n\ta\tcmd=x # because\n}\n", "START a|x @2\n", NULL },
    { "START {\n a cmd=x\n}\nSTART {\n b cmd=y\n}\n", "START a|x @2\nSTART b|y @5\n", NULL },
    { "START {\r\n a cmd=x\r\n}\r\n", "START a|x @2\n", NULL },
    { "START {\n a cmd=\"x\" }\nEVENTS {\n b cmd=y\n}\n", "START a|x @2\nEVENTS b|y @4\n", NULL },
    { "START {\n a cmd=x", "START a|x @2\n", "W1 section is not closed" },
    /* services and their defaults */
    { "SERVICES {\n a cmd=x listen=imap\n}\n", "SERVICES a|x listen=imap @2\n", NULL },
    { "SERVICES {\n a listen=\"[::1]:143\" maxfds=256 prefork=3 maxchild=9 maxforkrate=7 "
      "cmd=\"x\"\n}\n",
      "SERVICES a|x listen=[::1]:143 prefork=3 maxchild=9 maxforkrate=7 maxfds=256 @2\n", NULL },
    { "SERVICES {\n a cmd=x listen=1 babysit=y\n}\n",
      "SERVICES a|x listen=1 prefork=1 maxforkrate=10 babysit @2\n", NULL },
    { "SERVICES {\n a cmd=x listen=1 babysit=on prefork=2 maxforkrate=3\n}\n",
      "SERVICES a|x listen=1 prefork=2 maxforkrate=3 babysit @2\n", NULL },
    { "SERVICES {\n a cmd=x listen=1 babysit=off\n}\n", "SERVICES a|x listen=1 @2\n", NULL },
    { "SERVICES {\n a cmd=x listen=/s proto=udp prefork=4\n}\n",
      "SERVICES a|x listen=/s proto=udp prefork=1 maxchild=1 @2\n", NULL },
    { "SERVICES {\n a cmd=x listen=1 prefork=5 maxchild=2\n}\n",
      "SERVICES a|x listen=1 prefork=2 maxchild=2 @2\n", "W2 prefork=5 of service 'a'" },
    { "SERVICES {\n a cmd=x listen=1 proto=TCP6\n}\n",
      "SERVICES a|x listen=1 proto=tcp6 @2\n", NULL },
    { "SERVICES {\n a cmd=x listen=1 proto=sctp\n}\n", "SERVICES a|x listen=1 unusable @2\n",
      "W2 invalid proto 'sctp', disabling a" },
    { "SERVICES {\n a cmd=x listen=1 prefork=x maxchild=\n}\n", "SERVICES a|x listen=1 @2\n",
      "value 'x' for 'prefork' does not look like a number" },
    { "SERVICES {\n a cmd=x listen=1 prefork=-4\n}\n", "SERVICES a|x listen=1 @2\n",
      "does not look like a number" },
    { "SERVICES {\n a cmd=x listen=1 prefork=-1\n}\n", "SERVICES a|x listen=1 @2\n",
      "'prefork' is below zero" },
    { "SERVICES {\n a cmd=x listen=1 prefork=99999999999\n}\n", "SERVICES a|x listen=1 @2\n",
      "does not look like a number" },
    { "SERVICES {\n a cmd=x listen=1 babysit=maybe\n}\n", "SERVICES a|x listen=1 @2\n",
      "neither yes nor no" },
    { "SERVICES {\n a cmd=x listen=1 colour=red\n}\n", "SERVICES a|x listen=1 @2\n",
      "W2 argument 'colour' means nothing in section SERVICES" },
    /* events and daemons */
    { "EVENTS {\n a cmd=x\n b cmd=x period=30\n c cmd=x at=0401 period=5\n d cmd=x at=930\n}\n",
      "EVENTS a|x @2\nEVENTS b|x period=30 @3\nEVENTS c|x period=1440 at=241 @4\n"
      "EVENTS d|x period=1440 at=570 @5\n", NULL },
    { "EVENTS {\n a cmd=x at=2400\n b cmd=x at=1260 period=5\n}\n",
      "EVENTS a|x @2\nEVENTS b|x period=5 @3\n", "W3 value '1260' for 'at'" },
    { "EVENTS {\n a cmd=x at=4\n}\n", "EVENTS a|x @2\n", "is no time of day" },
    { "DAEMON {\n a cmd=idled\n b cmd=y wait=y maxfds=20\n}\n",
      "DAEMON a|idled prefork=1 maxchild=1 maxforkrate=10 @2\n"
      "DAEMON b|y prefork=1 maxchild=1 maxforkrate=10 maxfds=20 wait @3\n", NULL },
    /* passed over */
    { "FOO {\n a b=\"c\"\n x { y }\n}\nSTART {\n a cmd=x\n}\n", "START a|x @6\n",
      "W1 section 'FOO' is unknown" },
    { "START { a cmd=\"x\" }\nSTART {\n b cmd=y\n}\n", "START b|y @3\n",
      "W1 section START is ignored because { does not end its line" },
    { "START { a cmd=x\n b cmd=y\n}\nSTART {\n c cmd=z\n}\n", "START c|z @5\n",
      "W1 section START" },
    { "START\n{\n a cmd=x\n}\n", "", "W1 text outside of a section" },
    { "junk\nSTART {\n a cmd=x\n} SERVICES {\n", "START a|x @3\n", "W4 text behind }" },
    { "}\n", "", "W1 text outside of a section" },
    /* refused */
    { "START {\n a_b cmd=x\n}\n", NULL, "E2 bad character '_' in name" },
    { "START {\n =b\n}\n", NULL, "E2 bad character '=' in name" },
    { "START {\n a\n}\n", NULL, "E2 unable to find command for a" },
    { "START {\n a cmd=\"\"\n}\n", NULL, "E2 unable to find command for a" },
    { "START {\n a cmd=\"  \"\n}\n", NULL, "E2 unable to find command for a" },
    { "START {\n a cmd = x\n}\n", NULL, "E2 bad character ' ' in argument" },
    { "START {\n a cmd\n}\n", NULL, "E2 unexpected end of line in argument" },
    { "START {\n a \"x\"\n}\n", NULL, "E2 bad character '\"' in argument" },
    { "START {\n a cmd=\"x\n}\n", NULL, "E2 missing \"" },
    { "START {\n a cmd=\"x #y\"\n}\n", NULL, "E2 missing \"" },
    { "SERVICES {\n a cmd=x\n}\n", NULL, "unable to find command or port for service 'a'" },
    { "SERVICES {\n a listen=1\n}\n", NULL, "unable to find command or port for service 'a'" },
    { "SERVICES {\n a cmd=x listen=\"\"\n}\n", NULL, "unable to find command or port" },
    { "SERVICES {\n a cmd=x listen=1\n b cmd=x listen=2\n a cmd=x listen=3\n}\n", NULL,
      "E4 multiple entries for service 'a'" },
};

static void check(size_t row, struct slice text, const char *entries, const char *says)
{
    struct cyrusconf c;
    struct heard h = { .text = BUF_INIT };
    struct buf shown = BUF_INIT;

    cyrusconf_init(&c);
    err_t err = cyrusconf_parse(text, CYRUSCONF_REFUSE_DUPLICATES, &c, hear, &h);
    CU_CHECK_ROW(row, err == (entries ? ERR_OK : ERR_SYNTAX));
    CU_CHECK_ROW(row, h.errors == (entries ? 0 : 1));
    show(&c, &shown);
    if (entries)
        CU_CHECK_ROW(row, strcmp(buf_cstr(&shown), entries) == 0);
    if (says)
        CU_CHECK_ROW(row, strstr(buf_cstr(&h.text), says) != NULL);
    else
        CU_CHECK_ROW(row, h.text.n == 0);
    buf_fini(&shown);
    buf_fini(&h.text);
    cyrusconf_fini(&c);
}

static void test_table(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(i, slice_cstr(rows[i].text), rows[i].entries, rows[i].says);
}

/* Lines, pairs and words: the limit itself is fine, one more is refused. */
static void test_limits(void)
{
    for (int over = 0; over < 2; over++) {
        struct buf text = BUF_INIT;
        buf_adds(&text, "START {\n");
        buf_adds(&text, "a cmd=x #");
        while (text.n < strlen("START {\n") + CYRUSCONF_LINE_MAX + (size_t)over)
            buf_addc(&text, '-');
        buf_adds(&text, "\n}\n");
        check((size_t)over, buf_slice(&text), over ? NULL : "START a|x @2\n",
              over ? "E2 line of more than 4096 bytes" : NULL);

        buf_reset(&text);
        buf_adds(&text, "SERVICES {\na listen=1 cmd=x");
        for (int i = 2; i < CYRUSCONF_ARGS_MAX + over; i++)
            buf_adds(&text, " prefork=0");
        buf_adds(&text, "\n}\n");
        check(10 + (size_t)over, buf_slice(&text), over ? NULL : "SERVICES a|x listen=1 @2\n",
              over ? "E2 more than 64 arguments" : NULL);

        struct buf shown = BUF_INIT;
        buf_reset(&text);
        buf_adds(&text, "START {\na cmd=\"");
        buf_adds(&shown, "START a");
        for (int i = 0; i < CYRUSCONF_ARGS_MAX + over; i++) {
            buf_adds(&text, " w");
            buf_adds(&shown, "|w");
        }
        buf_adds(&text, "\"\n}\n");
        buf_adds(&shown, " @2\n");
        check(20 + (size_t)over, buf_slice(&text), over ? NULL : buf_cstr(&shown),
              over ? "E2 command of more than 64 words" : NULL);
        buf_fini(&shown);
        buf_fini(&text);
    }
}

static void test_nul(void)
{
    check(0, SLICE_LIT("START {\n a cmd=x\0y\n}\n"), NULL, "E2 NUL byte");
}

static void test_duplicates_read_again(void)
{
    struct cyrusconf c;
    struct heard h = { .text = BUF_INIT };
    struct slice text = SLICE_LIT("SERVICES {\n a cmd=x listen=1\n a cmd=y listen=2\n}\n");

    cyrusconf_init(&c);
    CU_ASSERT_EQUAL(cyrusconf_parse(text, CYRUSCONF_SKIP_DUPLICATES, &c, hear, &h), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(c.entries.n, 1);
    CU_ASSERT_STRING_EQUAL(cyrusconf_at(&c, 0)->listen, "1");
    CU_ASSERT_PTR_NOT_NULL(strstr(buf_cstr(&h.text), "W3 multiple entries"));
    buf_fini(&h.text);
    cyrusconf_fini(&c);
}

static void test_load(void)
{
    struct cyrusconf c;
    struct heard h = { .text = BUF_INIT };
    char path[300];

    snprintf(path, sizeof path, "%s/cyrus.conf", test_tmpdir());
    cyrusconf_init(&c);
    CU_ASSERT_EQUAL(cyrusconf_load(path, CYRUSCONF_REFUSE_DUPLICATES, &c, hear, &h), ERR_NOTFOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(buf_cstr(&h.text), "E0 no such file"));
    CU_ASSERT_EQUAL(file_replace(path, path, SLICE_LIT("EVENTS {\n a cmd=x\n}\n"), 0600,
                                 FILE_NOSYNC), ERR_OK);
    CU_ASSERT_EQUAL(cyrusconf_load(path, CYRUSCONF_REFUSE_DUPLICATES, &c, hear, &h), ERR_OK);
    CU_ASSERT_EQUAL(c.entries.n, 1);
    unlink(path);
    buf_fini(&h.text);
    cyrusconf_fini(&c);
}

TEST_SUITE("cyrusconf", { "table", test_table }, { "limits", test_limits }, { "nul", test_nul },
           { "duplicates", test_duplicates_read_again }, { "load", test_load })
