/* conf_test.c - reading imapd.conf: lines, values, overrides, old names, errors
 * covers: AD-12 MP-02 AD-16
 */
#include "cunit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/conf/conf.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define BASE "configdirectory: /var/c\npartition-default: /var/p\ndefaultpartition: default\n"

static err_t load(const char *service, const char *text, struct buf *why)
{
    struct buf b = BUF_INIT;
    err_t err;

    buf_reset(why);
    buf_adds(&b, BASE);
    buf_adds(&b, text);
    err = conf_load_text(buf_slice(&b), service, why);
    buf_fini(&b);
    return err;
}

static bool loads(const char *service, const char *text)
{
    struct buf why = BUF_INIT;
    err_t err = load(service, text, &why);

    if (err)
        printf("%s\n", buf_cstr(&why));
    buf_fini(&why);
    return err == ERR_OK;
}

static bool str_eq(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* ---- the table itself ---- */

static void test_table(void)
{
    struct buf why = BUF_INIT;

    /* those of 3.6; master_pid_file, master_ready_file, maxargssize, maxliteral, popexclusive;
     * commit_sync, journal_group_wait, journal_path, journal_size */
    CU_ASSERT_EQUAL(CONF_NOPTIONS, 537 + 5 + 4);
    CU_ASSERT_TRUE(loads(NULL, ""));
    for (int i = 0; i < CONF_NOPTIONS; i++) {
        const struct conf_option *o = conf_option((enum conf_id)i);
        enum conf_id id = CONF_NOPTIONS, other;
        CU_CHECK_ROW((size_t)i, o->name && o->section && *o->text && *o->since);
        CU_CHECK_ROW((size_t)i, conf_find(slice_cstr(o->name), &id) && (int)id == i);
        if (o->replaced_by)
            CU_CHECK_ROW((size_t)i, o->mark == CONF_M_OBSOLETE &&
                         conf_find(slice_cstr(o->replaced_by), &other) &&
                         !conf_option(other)->replaced_by && conf_option(other)->type == o->type);
        CU_CHECK_ROW((size_t)i, (o->unit != 0) == (o->type == CONF_T_DURATION));
        CU_CHECK_ROW((size_t)i, (o->words != NULL) == (o->type >= CONF_T_ENUM));
        CU_CHECK_ROW((size_t)i, conf_is_default((enum conf_id)i) ||
                     i == CONF_CONFIGDIRECTORY || i == CONF_DEFAULTPARTITION);
    }
    buf_fini(&why);
    conf_unload();
}

/* How many words may a set have?  As many as bits. */
static void test_table_words(void)
{
    for (int i = 0; i < CONF_NOPTIONS; i++) {
        const char *words = conf_option((enum conf_id)i)->words;
        size_t n = 1;
        for (const char *p = words ? words : ""; *p; p++)
            n += *p == ' ';
        CU_CHECK_ROW((size_t)i, n <= 64);
    }
}

/* ---- texts and lines ---- */

static void test_lines(void)
{
    static const struct {
        const char *text, *admins;
    } rows[] = {
        { "admins: foo", "foo" },
        { "Admins: foo\n", "foo" },
        { "   admins:foo  bar \t\r\n", "foo  bar" },
        { "# admins: x\n\n  # y\nadmins: z", "z" },
        { "admins: foo\\\n   bar\n", "foo   bar" },
        { "admins: foo\\\r\nbar\r\n", "foobar" },
        { "admins: x \\\n# foo\n", "x # foo" },
        { "# comment \\\nadmins: x\n", "" },
        { "admins: x # no comment here", "x # no comment here" },
        { "admins: x\\", "x" },
        { "\\\nadmins: x", "x" },
        { "admins:", "" },
        { "admins: \"a b\"", "\"a b\"" },
        { "admins: x: y", "x: y" },
        { "admins: x\n\\", "x" },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        CU_CHECK_ROW(i, loads(NULL, rows[i].text));
        CU_CHECK_ROW(i, str_eq(conf_string(CONF_ADMINS), rows[i].admins));
    }
    conf_unload();
}

static void test_line_errors(void)
{
    static const struct {
        const char *text;
        err_t err;
        const char *says;
    } rows[] = {
        { "admins foo", ERR_SYNTAX, "text, line 4: \"admins foo\" is no option" },
        { "\nadmins : foo", ERR_SYNTAX, "text, line 5: " },
        { ": foo", ERR_SYNTAX, "line 4" },
        { "a.b: foo", ERR_SYNTAX, "line 4" },
        { "admins: a\nADMINS: b", ERR_SYNTAX,
          "text, line 5: admins is given a second time (first in text, line 4)" },
        { "blah: a\n\nblah: b", ERR_SYNTAX, "text, line 6: blah is given" },
        { "@include: /etc/passwd", ERR_SYNTAX, "@include is not possible" },
        { "@include:", ERR_SYNTAX, "names no file" },
        { "@exclude: x", ERR_SYNTAX, "@exclude is no directive" },
        { "allowplaintext: maybe", ERR_SYNTAX,
          "text, line 4: allowplaintext is \"maybe\"; it must be yes or no." },
        { "a: 1\\\n2\ntimeout: soon", ERR_SYNTAX, "text, line 6: timeout is \"soon\"" },
        { "maxquoted: 12k", ERR_SYNTAX, "must be a whole number" },
        { "auth_mech: none", ERR_SYNTAX, "one of: unix pts krb krb5" },
        { "event_groups: message bogus", ERR_SYNTAX, "words out of: message quota" },
        { "tls_session_timeout: 1w", ERR_SYNTAX, "duration" },
        { "archive_days: many", ERR_SYNTAX, "archive_days is \"many\"" },
    };
    struct buf why = BUF_INIT;

    for (size_t i = 0; i < ROWS(rows); i++) {
        CU_CHECK_ROW(i, load(NULL, rows[i].text, &why) == rows[i].err);
        CU_CHECK_ROW(i, strstr(buf_cstr(&why), rows[i].says) != NULL);
        if (!strstr(buf_cstr(&why), rows[i].says))
            printf("%s\n", buf_cstr(&why));
    }
    buf_fini(&why);
}

static void test_missing(void)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        { "partition-default: /p\n", "text: configdirectory is missing" },
        { "configdirectory: \npartition-default: /p\n", "configdirectory is missing" },
        { "configdirectory: c\npartition-default: /p\n", "text, line 1: configdirectory is \"c\"" },
        { "configdirectory: /c\n", "there is no partition" },
        { "configdirectory: /c\npartition-default:\n", "partition-default is \"\"" },
        { "configdirectory: /c\npartition-a: /a\ndefaultpartition: b\n",
          "text, line 3: defaultpartition is \"b\", but there is no partition-b" },
        { "configdirectory: /c\npartition-a: a\n", "text, line 2: partition-a is \"a\"" },
        { "configdirectory: /c\npartition-a: /a\nmetapartition-a: m\n",
          "metapartition-a is \"m\"" },
    };
    struct buf why = BUF_INIT;

    for (size_t i = 0; i < ROWS(rows); i++) {
        buf_reset(&why);
        CU_CHECK_ROW(i, conf_load_text(slice_cstr(rows[i].text), NULL, &why) == ERR_BADNAME);
        CU_CHECK_ROW(i, strstr(buf_cstr(&why), rows[i].says) != NULL);
    }
    buf_reset(&why);
    CU_ASSERT_EQUAL(
        conf_load_text(SLICE_LIT("configdirectory: /c\nmupdate_server: m\n"), NULL, &why), ERR_OK);
    conf_unload();
    buf_fini(&why);
}

/* ---- values ---- */

static void test_booleans(void)
{
    static const struct {
        const char *text;
        bool value;
    } rows[] = {
        { "yes", true }, { "on", true }, { "t", true }, { "true", true }, { "1", true },
        { "Yes", true }, { "no", false }, { "off", false }, { "f", false }, { "false", false },
        { "0", false }, { "OFF", false },
    };
    char line[100];

    for (size_t i = 0; i < ROWS(rows); i++) {
        snprintf(line, sizeof line, "allowplaintext: %s\nsinglestore: x\nsieveusehomedir: %s",
                 rows[i].text, rows[i].text);
        CU_CHECK_ROW(i, loads(NULL, line));
        CU_CHECK_ROW(i, conf_bool(CONF_ALLOWPLAINTEXT) == rows[i].value);
        CU_CHECK_ROW(i, conf_bool(CONF_SIEVEUSEHOMEDIR) == rows[i].value);
    }
    CU_ASSERT_TRUE(loads(NULL, "singleinstancestore: \nreject8bit: \"\"\n"));
    CU_ASSERT_TRUE(conf_bool(CONF_SINGLEINSTANCESTORE));
    CU_ASSERT_TRUE(conf_is_default(CONF_SINGLEINSTANCESTORE));
    CU_ASSERT_FALSE(conf_bool(CONF_REJECT8BIT));
    conf_unload();
}

static void test_durations(void)
{
    static const struct {
        const char *text;
        enum conf_id id;
        int64_t seconds;
    } rows[] = {
        { "timeout: 1h30m", CONF_TIMEOUT, 5400 },
        { "timeout: 90", CONF_TIMEOUT, 5400 },
        { "timeout: 90m", CONF_TIMEOUT, 5400 },
        { "timeout: 1d2h3m4s", CONF_TIMEOUT, 86400 + 7200 + 180 + 4 },
        { "timeout: 1m1m1m", CONF_TIMEOUT, 180 },
        { "timeout: 1H30", CONF_TIMEOUT, 5400 },
        { "timeout: 0", CONF_TIMEOUT, 0 },
        { "", CONF_TIMEOUT, 32 * 60 },
        { "", CONF_POPEXPIRETIME, -86400 },
        { "popexpiretime: 2", CONF_POPEXPIRETIME, 2 * 86400 },
        { "popexpiretime: -1h", CONF_POPEXPIRETIME, -3600 },
        { "", CONF_IMAPIDLEPOLL, 60 },
        { "imapidlepoll: 5", CONF_IMAPIDLEPOLL, 5 },
        { "archive_after: 3", CONF_ARCHIVE_AFTER, 3 * 86400 },
        { "", CONF_TLS_SESSION_TIMEOUT, 86400 },
        { "tls_session_timeout: 10", CONF_TLS_SESSION_TIMEOUT, 600 },
        { "popminpoll: 5", CONF_POPMINPOLL, 300 },
        { "", CONF_POPMINPOLL, 0 },
        { "", CONF_SIEVE_DUPLICATE_MAX_EXPIRATION, 90 * 86400 },
        { "sieve_vacation_min_response: 60", CONF_SIEVE_VACATION_MIN_RESPONSE, 60 },
    };
    static const char *const bad[] = {
        "h", "1w", "1h 30m", "1h-30m", "-", "--1", "+1", "1.5h", "99999999999999999999",
        "9223372036854775807d", "m1",
    };
    struct buf why = BUF_INIT;
    char line[100];

    for (size_t i = 0; i < ROWS(rows); i++) {
        CU_CHECK_ROW(i, loads(NULL, rows[i].text));
        CU_CHECK_ROW(i, conf_seconds(rows[i].id) == rows[i].seconds);
    }
    for (size_t i = 0; i < ROWS(bad); i++) {
        snprintf(line, sizeof line, "timeout: %s", bad[i]);
        CU_CHECK_ROW(i, load(NULL, line, &why) == ERR_SYNTAX);
    }
    buf_fini(&why);
    conf_unload();
}

static void test_words(void)
{
    static const struct {
        const char *text, *word;
        enum conf_id id;
        unsigned index;
    } rows[] = {
        { "", "off", CONF_VIRTDOMAINS, 0 },
        { "virtdomains: userid", "userid", CONF_VIRTDOMAINS, 1 },
        { "virtdomains: UserID", "userid", CONF_VIRTDOMAINS, 1 },
        { "virtdomains: yes", "on", CONF_VIRTDOMAINS, 2 },
        { "virtdomains: 1", "on", CONF_VIRTDOMAINS, 2 },
        { "virtdomains: no", "off", CONF_VIRTDOMAINS, 0 },
        { "", "unix", CONF_AUTH_MECH, 0 },
        { "auth_mech: krb5", "krb5", CONF_AUTH_MECH, 3 },
        { "auth_mech: ", "unix", CONF_AUTH_MECH, 0 },
        { "", NULL, CONF_SQL_ENGINE, CONF_UNSET },
        { "sql_engine: sqlite", "sqlite", CONF_SQL_ENGINE, 2 },
        { "", "delayed", CONF_EXPUNGE_MODE, 2 },
        { "", "cs0", CONF_QOSMARKING, 0 },
        { "qosmarking: ef", "ef", CONF_QOSMARKING, 20 },
        { "", "quotalegacy", CONF_QUOTA_DB, 3 },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        CU_CHECK_ROW(i, loads(NULL, rows[i].text));
        CU_CHECK_ROW(i, conf_enum(rows[i].id) == rows[i].index);
        CU_CHECK_ROW(i, str_eq(conf_enum_word(rows[i].id), rows[i].word));
    }
    conf_unload();
}

static void test_sets(void)
{
    static const struct {
        const char *text;
        enum conf_id id;
        uint64_t set;
        const char *shown;
    } rows[] = {
        { "", CONF_METAPARTITION_FILES, 0, "" },
        { "metapartition_files: ", CONF_METAPARTITION_FILES, 0, "" },
        { "metapartition_files: \"\"", CONF_METAPARTITION_FILES, 0, "" },
        { "metapartition_files: index  header\tdav", CONF_METAPARTITION_FILES, 1 | 2 | 128,
          "header index dav" },
        { "event_groups: quota message", CONF_EVENT_GROUPS, 3, "message quota" },
        { "", CONF_EVENT_GROUPS, 1 | 16, "message mailbox" },
        { "sieve_extensions: x-cyrus-snooze imapflags fileinto imap4flags", CONF_SIEVE_EXTENSIONS,
          1 | UINT64_C(1) << 15 | UINT64_C(1) << 32, "fileinto imap4flags snooze" },
    };
    struct buf shown = BUF_INIT;

    for (size_t i = 0; i < ROWS(rows); i++) {
        CU_CHECK_ROW(i, loads(NULL, rows[i].text));
        CU_CHECK_ROW(i, conf_set(rows[i].id) == rows[i].set);
        buf_reset(&shown);
        conf_value_text(rows[i].id, &shown);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&shown), rows[i].shown));
    }
    CU_ASSERT_TRUE(loads(NULL, ""));
    CU_ASSERT_EQUAL(conf_set(CONF_SIEVE_EXTENSIONS), (UINT64_C(1) << 33) - 1);
    buf_fini(&shown);
    conf_unload();
}

static void test_value_text(void)
{
    static const struct {
        const char *text;
        enum conf_id id;
        const char *shown;
    } rows[] = {
        { "", CONF_QUOTAWARN, "90" },
        { "timeout: 90", CONF_TIMEOUT, "90" },
        { "allowplaintext: 1", CONF_ALLOWPLAINTEXT, "yes" },
        { "", CONF_LMTPSOCKET, "/var/c/socket/lmtp" },
        { "", CONF_PROC_PATH, "" },
        { "lmtpsocket: {configdirectory}/x", CONF_LMTPSOCKET, "/var/c/x" },
        { "admins: a{configdirectory}", CONF_ADMINS, "a{configdirectory}" },
        { "", CONF_VIRTDOMAINS, "off" },
        { "", CONF_SQL_ENGINE, "" },
    };
    struct buf shown = BUF_INIT;

    for (size_t i = 0; i < ROWS(rows); i++) {
        CU_CHECK_ROW(i, loads(NULL, rows[i].text));
        buf_reset(&shown);
        conf_value_text(rows[i].id, &shown);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&shown), rows[i].shown));
    }
    buf_fini(&shown);
    conf_unload();
}

/* ---- overrides and old names ---- */

static void test_override(void)
{
    const char *text = "admins: a\nlmtp_admins: b\nsync_timeout: 5m\nsasl_mech_list: PLAIN\n"
                       "lmtp_sasl_mech_list: LOGIN\npop3_timeout: soon\n";

    CU_ASSERT_TRUE(loads("lmtp", text));
    CU_ASSERT_STRING_EQUAL(conf_string(CONF_ADMINS), "b");
    CU_ASSERT_STRING_EQUAL(conf_text("admins"), "b");
    CU_ASSERT_STRING_EQUAL(conf_text("sasl_mech_list"), "LOGIN");
    CU_ASSERT_EQUAL(conf_seconds(CONF_TIMEOUT), 32 * 60);
    CU_ASSERT_TRUE(loads("imap", text));
    CU_ASSERT_STRING_EQUAL(conf_string(CONF_ADMINS), "a");
    CU_ASSERT_STRING_EQUAL(conf_text("sasl_mech_list"), "PLAIN");
    CU_ASSERT_PTR_NULL(conf_text("nothing"));
    CU_ASSERT_STRING_EQUAL(conf_service(), "imap");
    CU_ASSERT_TRUE(loads("sync", text));
    CU_ASSERT_EQUAL(conf_seconds(CONF_TIMEOUT), 300);
    CU_ASSERT_EQUAL(conf_seconds(CONF_SYNC_TIMEOUT), 300);
    CU_ASSERT_TRUE(loads(NULL, text));
    CU_ASSERT_PTR_NULL(conf_service());
    conf_unload();
}

static void test_old_names(void)
{
    static const struct {
        const char *text, *service, *cert;
    } rows[] = {
        { "tls_cert_file: /x", NULL, "/x" },
        { "tls_cert_file: /x\ntls_server_cert: /y", NULL, "/y" },
        { "imap_tls_cert_file: /x", "imap", "/x" },
        { "imap_tls_cert_file: /x", "pop3", NULL },
        { "imap_tls_cert_file: /x\ntls_cert_file: /z", "imap", "/x" },
        { "imap_tls_cert_file: /x\ntls_server_cert: /y", "imap", "/y" },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        CU_CHECK_ROW(i, loads(rows[i].service, rows[i].text));
        CU_CHECK_ROW(i, str_eq(conf_string(CONF_TLS_SERVER_CERT), rows[i].cert));
        CU_CHECK_ROW(i, conf_is_default(CONF_TLS_SERVER_CERT) == !rows[i].cert);
    }
    CU_ASSERT_TRUE(loads(NULL, "archive_days: 3\nautocreatequota: 5\ncreateonpost: on"));
    CU_ASSERT_EQUAL(conf_seconds(CONF_ARCHIVE_AFTER), 3 * 86400);
    CU_ASSERT_EQUAL(conf_int(CONF_AUTOCREATE_QUOTA), 5);
    CU_ASSERT_TRUE(conf_bool(CONF_AUTOCREATE_POST));
    CU_ASSERT_TRUE(loads(NULL, ""));
    CU_ASSERT_EQUAL(conf_int(CONF_AUTOCREATE_QUOTA), -1);
    conf_unload();
}

static void test_environment(void)
{
    setenv("CYRUS_USER", "postman", 1);
    CU_ASSERT_TRUE(loads(NULL, "cyrus_user: other"));
    CU_ASSERT_STRING_EQUAL(conf_string(CONF_CYRUS_USER), "postman");
    unsetenv("CYRUS_USER");
    CU_ASSERT_TRUE(loads(NULL, "cyrus_user: other"));
    CU_ASSERT_STRING_EQUAL(conf_string(CONF_CYRUS_USER), "other");
    conf_unload();
}

static void test_asking(void)
{
    struct slice name, value;
    struct buf dir = BUF_INIT;
    size_t pos = 0, n = 0;
    int line, last = 0;

    CU_ASSERT_TRUE(
        loads(NULL, "admins: cyrus\tadmin  root\nservername: mail.example.org\nFoo: 1\n"));
    CU_ASSERT_TRUE(conf_has_word(CONF_ADMINS, SLICE_LIT("admin")));
    CU_ASSERT_TRUE(conf_has_word(CONF_ADMINS, SLICE_LIT("root")));
    CU_ASSERT_FALSE(conf_has_word(CONF_ADMINS, SLICE_LIT("adm")));
    CU_ASSERT_FALSE(conf_has_word(CONF_PROXYSERVERS, SLICE_LIT("x")));
    CU_ASSERT_STRING_EQUAL(conf_servername(), "mail.example.org");
    conf_dir(&dir, "proc");
    CU_ASSERT_STRING_EQUAL(buf_cstr(&dir), "/var/c/proc");
    while (conf_next(&pos, &name, &value, &line)) {
        CU_CHECK_ROW(n, line > last);
        last = line;
        n++;
    }
    CU_ASSERT_EQUAL(n, 6);
    CU_ASSERT_TRUE(slice_eqs(name, "foo") && slice_eqs(value, "1"));
    CU_ASSERT_TRUE(loads(NULL, ""));
    CU_ASSERT_TRUE(conf_servername() && *conf_servername());
    buf_fini(&dir);
    conf_unload();
}

/* A file that does not load leaves what was loaded. */
static void test_reload(void)
{
    struct buf why = BUF_INIT;

    CU_ASSERT_TRUE(loads(NULL, "admins: first"));
    CU_ASSERT_EQUAL(load(NULL, "admins second", &why), ERR_SYNTAX);
    CU_ASSERT_STRING_EQUAL(conf_string(CONF_ADMINS), "first");
    CU_ASSERT_TRUE(loads(NULL, "admins: second"));
    CU_ASSERT_STRING_EQUAL(conf_string(CONF_ADMINS), "second");
    conf_unload();
    buf_fini(&why);
}

TEST_SUITE("conf", { "table", test_table }, { "table words", test_table_words },
           { "lines", test_lines }, { "line errors", test_line_errors },
           { "missing", test_missing }, { "booleans", test_booleans },
           { "durations", test_durations }, { "words", test_words }, { "sets", test_sets },
           { "value text", test_value_text }, { "override", test_override },
           { "old names", test_old_names }, { "environment", test_environment },
           { "asking", test_asking }, { "reload", test_reload })
