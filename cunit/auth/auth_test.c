/* auth_test.c - see auth_test.h */
#include "cunit/auth/auth_test.h"

#include <sasl/sasl.h>
#include <stdio.h>

#include "cunit/test.h"
#include "lib/auth/sasl_server.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"

/* The library's DIGEST-MD5 plug-in does not give back its ciphers. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libcrypto.so\n";
}

void auth_conf(const char *lines)
{
    struct buf why = BUF_INIT;
    char path[300];
    const char *dir = test_tmpdir();

    snprintf(path, sizeof path, "%s/imapd.conf", dir);
    FILE *f = fopen(path, "w");
    fprintf(f,
            "configdirectory: %s\ndefaultpartition: default\npartition-default: %s/data\n"
            "servername: localhost\nsasl_auxprop_plugin: sasldb\nsasl_sasldb_path: %s/sasldb2\n%s%s",
            dir, dir, dir, strstr(lines, "sasl_pwcheck_method") ? "" : "sasl_pwcheck_method: auxprop\n",
            lines);
    fclose(f);
    conf_unload();
    if (conf_load(path, "imap", &why) != ERR_OK) {
        fprintf(stderr, "%s\n", buf_cstr(&why));
        CU_FAIL_FATAL("the test's imapd.conf does not load");
    }
    buf_fini(&why);
}

static void add_user(const char *name)
{
    sasl_conn_t *conn = NULL;

    if (sasl_server_new("imap", "localhost", NULL, NULL, NULL, NULL, 0, &conn) != SASL_OK ||
        sasl_setpass(conn, name, "secret", 6, NULL, 0, SASL_SET_CREATE) != SASL_OK)
        CU_FAIL_FATAL("no user could be added to the sasldb");
    sasl_dispose(&conn);
}

void auth_start(void)
{
    static const char *const users[] = { "alice", "bob", "admin", "lmtpuser", "proxy" };
    static bool started;

    auth_conf("");
    if (started)
        return;
    started = true;
    CU_ASSERT_EQUAL_FATAL(sasl_server_setup("Cyrus"), ERR_OK);
    for (size_t i = 0; i < sizeof users / sizeof *users; i++)
        add_user(users[i]);
}
