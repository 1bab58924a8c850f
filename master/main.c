/* main.c - master(8): command line, configuration, background; then master_run()
 *
 * Exit status: 0 asked to end; 1 an entry of START failed; 64 usage; 71 another master holds the
 * pid file, or no listener could be opened; 75 another master is starting; 78 configuration.
 */
#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/os/file.h"
#include "lib/os/proc.h"
#include "master/master.h"
#include "master/pidfile.h"
#include "master/procfiles.h"
#include "master/report.h"
#include "master/start.h"

#define VERSION_LINE "cyrus-imapd 3.6.1-halcyon"
#define PIDFILE_DEFAULT "/var/run/master.pid"

static const char *or_else(const char *text, const char *other)
{
    return text && *text ? text : other;
}

/* Descriptors 0-2 must exist: what we open would get their numbers. */
static void fill_stdio(void)
{
    int fd;

    do
        if (file_open("/dev/null", O_RDWR, 0, &fd) != ERR_OK)
            return;
    while (fd <= STDERR_FILENO);
    file_close(&fd);
}

/* ---- configuration ---- */

static void remark(void *arg, enum cyrusconf_level level, int line, const char *text)
{
    const struct options *o = arg;
    void (*report)(const char *, ...) = level == CYRUSCONF_ERROR ? report_fatal : report_warning;

    if (line > 0)
        report("%s, line %d: %s", o->cyrus_conf, line, text);
    else
        report("%s: %s", o->cyrus_conf, text);
}

static err_t read_imapd_conf(const struct options *o)
{
    struct buf why = BUF_INIT;
    err_t err = conf_load(o->imapd_conf, "master", &why);

    if (err)
        report_fatal("%s", buf_cstr(&why));
    buf_fini(&why);
    if (err)
        return err;
    log_open(conf_string(CONF_SYSLOG_PREFIX), "master",
             log_facility(conf_string(CONF_SYSLOG_FACILITY)), conf_bool(CONF_DEBUG) || o->verbose);
    conf_log_complaints();
    return ERR_OK;
}

static err_t configure(struct master *m)
{
    err_t err = read_imapd_conf(m->options);

    if (!err)
        err = privilege_init(&m->privilege);
    if (!err)
        err = cyrusconf_load(m->options->cyrus_conf, CYRUSCONF_REFUSE_DUPLICATES, &m->conf, remark,
                             (void *)(uintptr_t)m->options);
    if (err)
        return err;
    m->bind_errors_fatal = conf_bool(CONF_MASTER_BIND_ERRORS_FATAL);
    m->spawn.user = m->privilege.user;
    m->spawn.group = m->privilege.group;
    m->spawn.null_stdio = !m->options->keep_stdio && !m->options->logfile;
    procfiles_dir(&m->procdir);
    buf_adds(&m->ready_file, or_else(conf_string(CONF_MASTER_READY_FILE), ""));
    return start_check_programs(m);
}

/* ---- pid file, background, output ---- */

static int report_pidfile(err_t err, const char *pidfile, const char *what, int status_locked)
{
    if (err == ERR_LOCKED) {
        report_fatal("%s %s; stop it first, or give this one a pid file of its own with -p",
                     what, pidfile);
        return status_locked;
    }
    report_fatal("cannot write the pid file %s; make its directory writable or name another file "
                 "with -p", pidfile);
    return EX_OSERR;
}

static void enter_directory(void)
{
    const char *dir = conf_string(CONF_CONFIGDIRECTORY);

    if (chdir(dir) < 0)
        (void)!LOG_IO("chdir", dir);
    else if (chdir("cores") < 0)
        log_debug("no directory cores below %s, core files are left in it", dir);
}

static int take_pidfile(const char *pidfile)
{
    err_t err = pidfile_take(pidfile);

    return err ? report_pidfile(err, pidfile, "another master holds", EX_OSERR) : EX_OK;
}

/* In the child when it returns 0 after -d. */
static int detach(const struct options *o, const char *pidfile)
{
    int ready = -1, status;
    err_t err;

    if (!o->background)
        return take_pidfile(pidfile);
    err = pidfile_begin(pidfile);
    if (err)
        return report_pidfile(err, pidfile, "another master is starting with", EX_TEMPFAIL);
    if (proc_daemonise(&ready) != ERR_OK)
        return EX_OSERR;
    enter_directory();
    status = take_pidfile(pidfile);
    pidfile_end(pidfile);
    if (status == EX_OK && !o->logfile && proc_redirect(NULL, STDIN_FILENO, STDERR_FILENO))
        status = EX_OSERR;
    if (status == EX_OK)
        proc_daemon_ready(&ready, EX_OK);
    return status;
}

static int redirect_output(const struct options *o)
{
    if (!o->keep_stdio && proc_redirect(NULL, STDIN_FILENO, STDIN_FILENO))
        return EX_OSERR;
    if (!o->logfile || proc_redirect(o->logfile, STDOUT_FILENO, STDERR_FILENO) == ERR_OK)
        return EX_OK;
    report_fatal("cannot open the log file %s; make its directory writable or name another file "
                 "with -L", o->logfile);
    return EX_CANTCREAT;
}

static int run(const struct options *o)
{
    struct master m = { .options = o };
    const char *pidfile;
    int status = EX_CONFIG;

    cyrusconf_init(&m.conf);
    activation_init(&m.activation);
    notify_open(&m.notify);
    if (configure(&m) == ERR_OK) {
        pidfile = or_else(o->pidfile, or_else(conf_string(CONF_MASTER_PID_FILE), PIDFILE_DEFAULT));
        status = redirect_output(o);
        if (status == EX_OK)
            status = detach(o, pidfile);
        if (status == EX_OK)
            status = master_run(&m);
    }
    activation_fini(&m.activation);
    notify_close(&m.notify);
    buf_fini(&m.procdir);
    buf_fini(&m.ready_file);
    cyrusconf_fini(&m.conf);
    conf_unload();
    return status;
}

static int read_options(int argc, char **argv, struct options *o)
{
    struct buf why = BUF_INIT;
    err_t err = options_read(argc, argv, o, &why);

    if (err)
        report_fatal("%s", buf_cstr(&why));
    buf_fini(&why);
    return !err ? EX_OK : err == ERR_SYNTAX ? EX_USAGE : EX_CONFIG;
}

int main(int argc, char **argv)
{
    struct options o;
    int status;

    fill_stdio();
    log_open(getenv("CYRUS_SYSLOG_PREFIX"), "master", LOG_LOCAL6, false);
    status = read_options(argc, argv, &o);
    if (status == EX_OK && o.version)
        printf("%s\n", VERSION_LINE);
    else if (status == EX_OK)
        status = run(&o);
    options_fini(&o);
    return status;
}
