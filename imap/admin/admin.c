/* admin.c - see admin.h */
#include "imap/admin/admin.h"

#include <stdarg.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/os/proc.h"

void admin_init(struct admin *a, const struct admin_tool *tool, int argc, char **argv)
{
    *a = (struct admin){
        .tool = tool, .argv0 = argc > 0 ? argv[0] : tool->name, .argc = argc, .argv = argv,
    };
    opterr = 0;                         /* the message is ours */
    optind = 0;                         /* glibc: start anew, with the mode of the letters */
}

void admin_usage(const struct admin *a)
{
    fprintf(stderr, "Usage: %s [-C altconfig] %s", a->argv0, a->tool->usage);
    if (a->tool->usage_more)
        a->tool->usage_more();
    exit(EX_USAGE);
}

int admin_option(struct admin *a)
{
    struct buf letters = BUF_INIT;
    int c;

    buf_addf(&letters, "%s:C:%s", a->tool->options_first ? "+" : "", a->tool->options);
    do {
        c = getopt(a->argc, a->argv, buf_cstr(&letters));
        if (c == 'C')
            a->config = optarg;
    } while (c == 'C');
    buf_fini(&letters);
    if (c == '?' || c == ':') {
        fprintf(stderr, c == '?' ? "%s: unknown option -%c\n" : "%s: option -%c needs a value\n",
                a->argv0, optopt);
        admin_usage(a);
    }
    a->value = optarg;
    return c;
}

void admin_args(struct admin *a, int min, int max)
{
    a->argv += optind < a->argc ? optind : a->argc;
    a->argc -= optind < a->argc ? optind : a->argc;
    if (a->argc < min || (max != ADMIN_MANY && a->argc > max))
        admin_usage(a);
}

static void become_mail_user(void)
{
    const char *user = getenv("CYRUS_USER");

    if (!user || !*user)
        user = conf_string(CONF_CYRUS_USER);
    if (!user || !*user)
        user = "cyrus";
    if (proc_become(user, conf_string(CONF_CYRUS_GROUP)) != ERR_OK)
        admin_fatal(EX_TEMPFAIL, "must run as the user %s (or as root)", user);
}

void admin_start(struct admin *a, unsigned flags)
{
    struct buf why = BUF_INIT;

    if (conf_load(a->config, a->tool->name, &why) != ERR_OK)
        admin_fatal(EX_CONFIG, "%s", buf_cstr(&why));
    buf_fini(&why);
    log_open(conf_string(CONF_SYSLOG_PREFIX), a->tool->name,
             log_facility(conf_string(CONF_SYSLOG_FACILITY)), conf_bool(CONF_DEBUG));
    if (!(flags & ADMIN_ANY_USER))
        become_mail_user();
}

err_t admin_write(FILE *out, struct slice bytes)
{
    return bytes.n == 0 || fwrite(bytes.p, 1, bytes.n, out) == bytes.n ? ERR_OK : ERR_IO;
}

void admin_flush(void)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        admin_fatal(EX_TEMPFAIL, "cannot write to standard output: %m");
}

err_t admin_close(struct admin *a, err_t err)
{
    (void)a;
    admin_flush();
    conf_unload();
    log_close();
    return err;
}

int admin_status(err_t err)
{
    static const unsigned char status[ERR_NKINDS] = {
        [ERR_OK] = EX_OK,
        [ERR_NOTFOUND] = EX_DATAERR,
        [ERR_EXISTS] = EX_DATAERR,
        [ERR_DENIED] = EX_NOPERM,
        [ERR_OVERQUOTA] = EX_TEMPFAIL,
        [ERR_LIMIT] = EX_DATAERR,
        [ERR_SYNTAX] = EX_DATAERR,
        [ERR_BADNAME] = EX_DATAERR,
        [ERR_LOCKED] = EX_TEMPFAIL,
        [ERR_INUSE] = EX_TEMPFAIL,
        [ERR_AGAIN] = EX_TEMPFAIL,
        [ERR_TIMEOUT] = EX_TEMPFAIL,
        [ERR_IO] = EX_OSERR,
        [ERR_CORRUPT] = EX_SOFTWARE,
        [ERR_NOSPACE] = EX_TEMPFAIL,
        [ERR_READONLY] = EX_NOPERM,
        [ERR_CLOSED] = EX_TEMPFAIL,
        [ERR_AUTH] = EX_NOPERM,
        [ERR_UNSUPPORTED] = EX_CONFIG,
        [ERR_STOP] = EX_OK,
    };

    return err < ERR_NKINDS ? status[err] : EX_SOFTWARE;
}

void admin_fatal(int status, const char *fmt, ...)
{
    struct buf text = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    fprintf(stderr, "fatal error: %s\n", buf_cstr(&text));
    log_err("fatal error: %s", buf_cstr(&text));
    exit(status);
}

void admin_warn(const struct admin *a, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "%s: ", a->tool->name);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

void admin_absolute(const char *path)
{
    if (path[0] == '/')
        return;
    fputs("\nA file name must be absolute here: it has to start with \"/\".\n"
          "Some kinds of databases consist of several files, or name other\n"
          "files, and a relative name would be taken from different places.\n"
          "Give the full path instead.\n\n", stderr);
    exit(EX_OSERR);
}
