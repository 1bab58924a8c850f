/* instance.c - see instance.h */
#include "cunit/store/instance.h"

#include <sys/stat.h>
#include <unistd.h>

#include "cunit/test.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/proc.h"

static char dir[300];
static unsigned count;

static void fail(const char *what, const char *detail)
{
    fprintf(stderr, "test instance: %s: %s\n", what, detail);
    abort();
}

const char *instance_dir(void)
{
    return dir;
}

const char *instance_path(const char *relative)
{
    static char paths[4][600];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", dir, relative);
    return path;
}

static void make_dir(const char *name)
{
    if (dir_make(instance_path(name), 0755) != ERR_OK)
        fail("cannot make directory", name);
}

static void new_dir(void)
{
    snprintf(dir, sizeof dir, "%s/i%u", test_tmpdir(), count++);
    if (mkdir(dir, 0755) < 0)
        fail("cannot make directory", dir);
    make_dir("cfg");
    make_dir("spool");
}

static const char *const defaults[] = {
    "configdirectory: @DIR@/cfg", "partition-default: @DIR@/spool",
    "defaultpartition: default",  "unixhierarchysep: no",
    "altnamespace: no",           "admins: admin admin@dom.example",
    "servername: localhost",      "unix_group_enable: no",
    "syslog_prefix: unit",        "journal_size: 1048576",
};

/* One line, "@DIR@" replaced. */
static void add_line(struct buf *out, struct slice rest)
{
    ssize_t at;

    while ((at = slice_search(rest, SLICE_LIT("@DIR@"))) >= 0) {
        buf_add_slice(out, slice_cut(rest, 0, (size_t)at));
        buf_adds(out, dir);
        rest = slice_skip(rest, (size_t)at + 5);
    }
    buf_add_slice(out, rest);
    buf_addc(out, '\n');
}

static struct slice option_name(struct slice line)
{
    struct slice name;

    (void)slice_split(line, ':', &name, NULL);
    return name;
}

static bool is_given(const char *lines, struct slice name)
{
    struct slice rest = slice_cstr(lines), line;

    while (rest.n) {
        rest = slice_split(rest, '\n', &line, NULL);
        if (slice_eq(option_name(line), name))
            return true;
    }
    return false;
}

static void write_and_load(const char *lines)
{
    struct buf text = BUF_INIT, why = BUF_INIT;
    struct slice rest = slice_cstr(lines), line;
    char path[600];

    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
        if (!is_given(lines, option_name(slice_cstr(defaults[i]))))
            add_line(&text, slice_cstr(defaults[i]));
    }
    while (rest.n) {
        rest = slice_split(rest, '\n', &line, NULL);
        if (line.n && line.p[line.n - 1] != ':')
            add_line(&text, line);
    }
    snprintf(path, sizeof path, "%s", instance_path("imapd.conf"));
    if (file_replace(path, instance_path("imapd.conf.NEW"), buf_slice(&text), 0644, FILE_NOSYNC) !=
        ERR_OK)
        fail("cannot write", path);
    conf_unload();
    if (conf_load(path, "test", &why) != ERR_OK)
        fail("configuration refused", buf_cstr(&why));
    buf_fini(&text);
    buf_fini(&why);
}

void instance_conf(const char *lines)
{
    new_dir();
    write_and_load(lines);
}

static struct store *open_here(void)
{
    struct buf why = BUF_INIT;
    struct store *s;

    if (store_open(&s, &why) != ERR_OK)
        fail("store refused", buf_cstr(&why));
    buf_fini(&why);
    return s;
}

struct store *instance_open(const char *lines)
{
    instance_conf(lines);
    return open_here();
}

void instance_reopen(struct store **sp)
{
    store_close(sp);
    *sp = open_here();
}

void instance_close(struct store **sp)
{
    store_close(sp);
    conf_unload();
}

struct store *instance_open_sample(const char *lines)
{
    char archive[4096];
    int status;
    pid_t pid;

    new_dir();
    snprintf(archive, sizeof archive, "%s", test_data("cyrus-3.6.1-spool.tar.gz"));
    char *const argv[] = {
        "tar", "-xzf", archive, "-C", dir, "--no-same-owner", "--strip-components=1", NULL
    };
    const struct proc_spec spec = { .path = "tar", .argv = argv };

    if (proc_spawn(&spec, &pid) != ERR_OK || proc_wait(pid, &status) != ERR_OK || status != 0)
        fail("cannot unpack", archive);
    write_and_load(lines);
    return open_here();
}
