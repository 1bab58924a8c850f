/* options.c - see options.h */
#include "master/options.h"

#include <getopt.h>

#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/os/path.h"

enum {
    BACKLOG_DEFAULT = 32,
    BACKLOG_MAX = 1 << 16,
    JANITOR_DEFAULT = 1,
    JANITOR_MAX = 1000,
};

static const char usage[] =
    "usage: master [-C imapd.conf] [-M cyrus.conf] [-p pidfile] [-l backlog] [-d | -D] "
    "[-L logfile] [-j sweeps] [-v] [-V]";

static err_t take_number(const char *text, int option, int min, int max, int *out,
                         struct buf *why)
{
    uint32_t n;

    if (num_u32(slice_cstr(text), &n) != ERR_OK || n < (uint32_t)min || n > (uint32_t)max) {
        buf_addf(why, "value '%s' of option -%c is impossible; give a number from %d to %d", text,
                 option, min, max);
        return ERR_BADNAME;
    }
    *out = (int)n;
    return ERR_OK;
}

/* A file name, from the directory we are in now. */
static void take_path(const char *text, char **out)
{
    struct buf path = BUF_INIT;
    char dir[PATH_LENGTH_MAX + 1];

    if (text[0] != '/' && getcwd(dir, sizeof dir))
        path_join(&path, dir, text);
    else
        buf_adds(&path, text);
    mem_free(*out);
    *out = buf_steal(&path);
}

static err_t take(struct options *o, int option, struct buf *why)
{
    switch (option) {
    case 'C':
        take_path(optarg, &o->imapd_conf);
        break;
    case 'M':
        take_path(optarg, &o->cyrus_conf);
        break;
    case 'p':
        take_path(optarg, &o->pidfile);
        break;
    case 'L':
        take_path(optarg, &o->logfile);
        break;
    case 'l':
        return take_number(optarg, 'l', 1, BACKLOG_MAX, &o->backlog, why);
    case 'j':
        return take_number(optarg, 'j', 1, JANITOR_MAX, &o->janitor_per_second, why);
    case 'd':
        o->background = true;
        break;
    case 'D':
        o->keep_stdio = true;
        break;
    case 'v':
        o->verbose = true;
        break;
    case 'V':
        o->version = true;
        break;
    default:
        buf_adds(why, usage);
        return ERR_SYNTAX;
    }
    return ERR_OK;
}

/* Where a file of /etc is: CYRUS_PREFIX of the environment moves it. */
static char *default_path(const char *name)
{
    const char *prefix = getenv("CYRUS_PREFIX");
    struct buf path = BUF_INIT;

    buf_adds(&path, prefix ? prefix : "");
    buf_adds(&path, name);
    return buf_steal(&path);
}

err_t options_read(int argc, char **argv, struct options *out, struct buf *why)
{
    const char *verbose = getenv("CYRUS_VERBOSE");
    err_t err = ERR_OK;
    int c;

    *out = (struct options){ .backlog = BACKLOG_DEFAULT, .janitor_per_second = JANITOR_DEFAULT,
                             .verbose = verbose && *verbose };
    opterr = 0;
    optind = 1;
    while (!err && (c = getopt(argc, argv, "C:M:p:l:L:j:dDvV")) != -1)
        err = take(out, c, why);
    if (!err && optind < argc)
        err = take(out, '?', why);
    if (!err && out->background && out->keep_stdio) {
        buf_adds(why, "options -d and -D exclude each other; give one of them, or -d with -L");
        err = ERR_BADNAME;
    }
    if (!out->imapd_conf && getenv("CYRUS_PREFIX"))
        out->imapd_conf = default_path("/etc/imapd.conf");
    if (!out->cyrus_conf)
        out->cyrus_conf = default_path("/etc/cyrus.conf");
    return err;
}

void options_fini(struct options *o)
{
    mem_free(o->imapd_conf);
    mem_free(o->cyrus_conf);
    mem_free(o->pidfile);
    mem_free(o->logfile);
}
