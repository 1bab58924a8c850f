/* conf_lint_test.c - remarks about names and values of imapd.conf
 * covers: AD-12
 */
#include "cunit/base/syslog_double.h"
#include "cunit/test.h"

#include <stdio.h>

#include "lib/base/log.h"
#include "lib/conf/conf.h"

#define BASE "configdirectory: /var/c\npartition-default: /var/p\n"

struct seen {
    size_t n;
    struct conf_complaint last;
    char text[300];
};

static void remember(void *arg, const struct conf_complaint *c)
{
    struct seen *s = arg;

    s->n++;
    s->last = *c;
    snprintf(s->text, sizeof s->text, "%s", c->text);
}

#define FINE ((enum conf_complaint_kind)-1)

static const struct {
    const char *line;
    enum conf_complaint_kind kind;
    const char *says;
} rows[] = {
    { "admins: x", FINE, NULL },
    { "imap_timeout: 31m", FINE, NULL },
    { "imap_sasl_mech_list: x", FINE, NULL },
    { "foo_timeout: 31m", CONF_C_UNKNOWN, "foo_timeout is no known option." },
    { "foo_bar: y", CONF_C_UNKNOWN, "foo_bar" },
    { "ldap_bogus: y", CONF_C_UNKNOWN, "ldap_bogus" },
    { "channel_sync_host: y", CONF_C_LATER, "has no effect" },
    { "sync_host: y", CONF_C_LATER, "sync_host has no effect" },
    { "xlist-sent: Sent", FINE, NULL },
    { "xlist-: Sent", CONF_C_UNKNOWN, "xlist-" },
    { "sasl_saslauthd_path: /x", FINE, NULL },
    { "partition-2: /x", FINE, NULL },
    { "metapartition-default: /x", FINE, NULL },
    { "metapartition-other: /x", CONF_C_VALUE, "no partition-other" },
    { "archivepartition-other: /x", CONF_C_VALUE, "no partition-other" },
    { "metadir-index-default: /x", FINE, NULL },
    { "metadir-index-other: /x", CONF_C_VALUE, "no partition-other" },
    { "host_password: x", CONF_C_LATER, "host_password has no effect" },
    { "t1searchpartition-default: /x", CONF_C_LATER, "has no effect" },
    { "searchpartition-default: /x", CONF_C_UNKNOWN, NULL },
    { "backuppartition-a: /x", CONF_C_LATER, "has no effect" },
    { "chatty: yes", CONF_C_LATER, "chatty has no effect" },
    { "imap_chatty: yes", CONF_C_LATER, "imap_chatty has no effect" },
    { "tls_cert_file: /x", CONF_C_OBSOLETE, "write tls_server_cert" },
    { "search_index_parts: no", CONF_C_OBSOLETE, "remove it" },
    { "timeout:", CONF_C_VALUE, "timeout is blank; the default (32m) is used." },
    { "admins:", FINE, NULL },
    { "metapartition_files: \"\"", FINE, NULL },
    { "imap_timeout: soon", CONF_C_VALUE, "imap_timeout must be a duration" },
    { "popexclusive: no", FINE, NULL },
};

static void check_row(size_t i, const char *line)
{
    static const struct slice services[] = { { "imap", 4 }, { "lmtp", 4 } };
    struct buf text = BUF_INIT, why = BUF_INIT;
    struct seen seen = { 0 };

    buf_addf(&text, BASE "%s\n", line);
    CU_CHECK_ROW(i, conf_load_text(buf_slice(&text), NULL, &why) == ERR_OK);
    conf_check(services, 2, remember, &seen);
    CU_CHECK_ROW(i, seen.n == (rows[i].kind != FINE));
    if (rows[i].kind != FINE) {
        CU_CHECK_ROW(i, seen.last.kind == rows[i].kind && seen.last.line == 3);
        CU_CHECK_ROW(i, !rows[i].says || strstr(seen.text, rows[i].says));
    }
    conf_unload();
    buf_fini(&text);
    buf_fini(&why);
}

static void test_rows(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(i, rows[i].line);
}

static void count(void *arg, int line, const char *text)
{
    size_t *n = arg;

    CU_ASSERT_TRUE(line > 0 && *text);
    ++*n;
}

/* Without a list of services any word may stand before an option. */
static void test_lint(void)
{
    struct buf why = BUF_INIT;
    size_t n = 0;

    CU_ASSERT_EQUAL(
        conf_load_text(SLICE_LIT(BASE "foo_timeout: 31m\nblah: 1\niolog: on\n"), NULL, &why),
        ERR_OK);
    conf_lint(count, &n);
    CU_ASSERT_EQUAL(n, 2);
    conf_unload();
    buf_fini(&why);
}

/* One line for each kind, with all names of that kind. */
static void test_log(void)
{
    struct buf why = BUF_INIT;

    CU_ASSERT_EQUAL(
        conf_load_text(SLICE_LIT(BASE "iolog: on\nadmins: x\nchatty: yes\n"), NULL, &why), ERR_OK);
    log_open(NULL, "test", LOG_LOCAL6, false);
    syslog_double.lines = 0;
    conf_log_complaints();
    CU_ASSERT_EQUAL(syslog_double.lines, 1);
    CU_ASSERT_EQUAL(syslog_double.priority & LOG_PRIMASK, LOG_NOTICE);
    CU_ASSERT_PTR_NOT_NULL(strstr(syslog_double.line, "without effect"));
    CU_ASSERT_PTR_NOT_NULL(strstr(syslog_double.line, ": iolog, chatty"));
    CU_ASSERT_PTR_NULL(strstr(syslog_double.line, "admins"));
    CU_ASSERT_EQUAL(conf_load_text(SLICE_LIT(BASE "blah: 1\ntls_cert_file: /x\ntimeout:\n"), NULL,
                                   &why), ERR_OK);
    syslog_double.lines = 0;
    conf_log_complaints();
    CU_ASSERT_EQUAL(syslog_double.lines, 3);
    conf_unload();
    log_close();
    buf_fini(&why);
}

TEST_SUITE("conf_lint", { "rows", test_rows }, { "lint", test_lint }, { "log", test_log })
