/* start.c - everything before the first connection; each failure is one sentence
 *
 * In two steps.  Between them a process may become a template (template.c), whose state then is
 * that of many workers: the first step opens nothing that processes must not share.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "imap/serve/serve_impl.h"
#include "imap/store/store.h"
#include "imap/suite/suite.h"
#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/conf/conf.h"
#include "lib/db/db.h"
#include "lib/os/proc.h"

#ifndef CYRUS_USER
#define CYRUS_USER "cyrus"
#endif

static bool fail(int *status, int code, const char *program, struct buf *why)
{
    fprintf(stderr, "%s: fatal error: %s\n", program, buf_cstr(why));
    log_err("fatal error: %s", buf_cstr(why));
    *status = code;
    return false;
}

/* Syslog prefix: of the environment, else as the configuration says. */
void start_log(const struct serve *s)
{
    const char *prefix = getenv("CYRUS_SYSLOG_PREFIX");

    if (!prefix)
        prefix = conf_string(CONF_SYSLOG_PREFIX);
    log_open(prefix && *prefix ? prefix : "cyrus", s->service_name,
             log_facility(conf_string(CONF_SYSLOG_FACILITY)), conf_bool(CONF_DEBUG) || s->debug);
}

static bool start_conf(struct serve *s, struct buf *why)
{
    const char *prefix = getenv("CYRUS_SYSLOG_PREFIX");

    log_open(prefix ? prefix : "cyrus", s->service_name, LOG_LOCAL6, false);
    inputs_note_program(s);
    if (conf_load(s->conf_file, s->service_name, why) != ERR_OK)
        return false;
    inputs_note_settings(s);
    start_log(s);
    return true;
}

/* Only root changes its account; any other user must be the right one already. */
static bool become_mail_user(struct buf *why)
{
    const char *user = getenv("CYRUS_USER"), *group = getenv("CYRUS_GROUP");
    uint32_t mask = 077;

    if (num_oct32(slice_cstr(conf_string(CONF_UMASK)), &mask) == ERR_OK)
        umask((mode_t)mask & 0777);
    if (!user)
        user = conf_string(CONF_CYRUS_USER);
    if (!group)
        group = conf_string(CONF_CYRUS_GROUP);
    if (!user || !*user)
        user = CYRUS_USER;
    if (proc_become(user, group && *group ? group : NULL) == ERR_OK)
        return true;
    buf_addf(why, "must run as user %s (option cyrus_user): start it as root or as that user",
             user);
    return false;
}

/* A sentence that begins with the name of an option gets file and line in front. */
static void add_place(struct buf *why)
{
    struct buf placed = BUF_INIT;
    enum conf_id id;
    size_t n = strspn(buf_cstr(why), "abcdefghijklmnopqrstuvwxyz0123456789_");

    if (conf_find(slice_make(why->p, n), &id))
        conf_place(id, &placed);
    buf_add_slice(&placed, buf_slice(why));
    buf_reset(why);
    buf_add_slice(why, buf_slice(&placed));
    buf_fini(&placed);
}

static bool start_tls(struct serve *s, struct buf *why)
{
    if (!tls_is_configured()) {
        if (s->tls_at_once)
            buf_addf(why, "%s: -s needs TLS; set tls_server_cert and tls_server_key", conf_path());
        return !s->tls_at_once;
    }
    if (tls_server_new(&s->tls, why) != ERR_OK) {
        add_place(why);
        return false;
    }
    starttls_use_cache(s);
    return true;
}

bool start_process(struct serve *s, int *status)
{
    const char *program = s->service->name;
    struct buf why = BUF_INIT;
    bool ok = false;

    if (!start_conf(s, &why) || ident_start(&why) != ERR_OK) {
        fail(status, EX_CONFIG, program, &why);
    } else if (!become_mail_user(&why)) {
        fail(status, EX_NOPERM, program, &why);
    } else if (!start_tls(s, &why)) {
        fail(status, EX_CONFIG, program, &why);
    } else if (sasl_server_setup("Cyrus") != ERR_OK) {
        buf_adds(&why, "the SASL library does not start");
        fail(status, EX_UNAVAILABLE, program, &why);
    } else {
        digest_prepare();
        s->life = arena_new(0);
        s->command = arena_new(0);
        ok = true;
    }
    buf_fini(&why);
    return ok;
}

bool start_store(struct serve *s, int *status)
{
    struct buf why = BUF_INIT;
    bool ok = true;

    if (s->service->needs_store && store_open(&s->store, &why) != ERR_OK)
        ok = fail(status, EX_CONFIG, s->service->name, &why);
    else if (s->store)
        suite_plug(s->store);
    buf_fini(&why);
    return ok;
}

void stop_all(struct serve *s)
{
    store_close(&s->store);
    db_close(&s->tls_db);
    db_close(&s->deny_db);
    tls_server_free(&s->tls);
    arena_free(&s->life);
    arena_free(&s->command);
    buf_fini(&s->proc_dir);
    inputs_forget(s);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    conf_unload();
    log_close();
}

/* -D: debug_command with "%s" as the program and "%d" as the process, through the shell. */
void run_debug_command(const char *program)
{
    const char *p = conf_string(CONF_DEBUG_COMMAND);
    struct buf cmd = BUF_INIT;

    if (!p || !*p)
        return;
    for (; *p; p++) {
        if (p[0] != '%') {
            buf_addc(&cmd, *p);
            continue;
        }
        p++;
        if (p[0] >= '1' && p[0] <= '9' && p[1] == '$')
            p += 2;
        if (*p == 's')
            buf_adds(&cmd, program);
        else if (*p == 'd')
            buf_addf(&cmd, "%d", (int)getpid());
        else if (*p == '%')
            buf_addc(&cmd, '%');
        if (!*p)
            break;
    }
    if (system(buf_cstr(&cmd)) != 0)
        log_warn("debug_command did not succeed: %s", buf_cstr(&cmd));
    buf_fini(&cmd);
}
