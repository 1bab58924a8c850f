/* journal_disk.c - see journal_disk.h */
#include "cunit/store/journal_disk.h"

#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cunit/store/instance.h"
#include "imap/store/index_format.h"
#include "imap/store/msgfile.h"
#include "imap/store/partition.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/proc.h"

enum { FILE_MAX = 10000000 };

static void must(err_t err, const char *what)
{
    if (err) {
        fprintf(stderr, "test disk: %s: %s\n", what, err_name(err));
        abort();
    }
}

/* ---- copies ---- */

void disk_copy(const char *from, const char *to)
{
    char *const argv[] = { "cp", "-a", (char *)from, (char *)to, NULL };
    const struct proc_spec spec = { .path = "cp", .argv = argv };
    int status;
    pid_t pid;

    must(proc_spawn(&spec, &pid), "cp");
    must(proc_wait(pid, &status), "wait");
    must(status ? ERR_IO : ERR_OK, from);
}

static void remove_tree(const char *path)
{
    if (file_exists(path))
        must(dir_remove_tree(path), path);
}

/* One copy for both: links between them are kept. */
void disk_keep(const char *as)
{
    remove_tree(instance_path(as));
    must(dir_make(instance_path(as), 0755), as);
    disk_copy(instance_path("cfg"), instance_path(as));
    disk_copy(instance_path("spool"), instance_path(as));
}

static const char *below(const char *kept, const char *name)
{
    static char path[2][100];
    static unsigned turn;
    char *out = path[turn++ % 2];

    snprintf(out, sizeof path[0], "%s/%s", kept, name);
    return out;
}

void disk_put_journal(const char *kept)
{
    remove_tree(instance_path("cfg/journal"));
    remove_tree(instance_path("cfg/journal.used"));
    disk_copy(instance_path(below(kept, "cfg/journal")), instance_path("cfg"));
    if (file_exists(instance_path(below(kept, "cfg/journal.used"))))
        disk_copy(instance_path(below(kept, "cfg/journal.used")), instance_path("cfg"));
}

void disk_put_spool(const char *kept)
{
    remove_tree(instance_path("spool"));
    disk_copy(instance_path(below(kept, "spool")), instance_dir());
}

void disk_put_cfg(const char *kept, const char *journal_of)
{
    remove_tree(instance_path("cfg"));
    disk_copy(instance_path(below(kept, "cfg")), instance_dir());
    if (journal_of)
        disk_put_journal(journal_of);
}

void disk_put(const char *kept, const char *journal_of)
{
    disk_put_cfg(kept, journal_of);
    disk_put_spool(kept);
}

/* ---- processes ---- */

struct store *disk_open(void)
{
    struct buf why = BUF_INIT;
    struct store *s;

    if (store_open(&s, &why) != ERR_OK) {
        fprintf(stderr, "test disk: the store does not open: %s\n", buf_cstr(&why));
        abort();
    }
    buf_fini(&why);
    return s;
}

int disk_run(int (*fn)(struct store *))
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(fn(disk_open()));
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        abort();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

/* ---- comparison ---- */

static char difference[400];

static const char *say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static const char *say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(difference, sizeof difference, fmt, ap);
    va_end(ap);
    return difference;
}

/* The same path on the disk that was kept. */
static void kept_path(const char *path, const char *kept, struct buf *out)
{
    const size_t n = strlen(instance_dir());

    buf_reset(out);
    buf_addf(out, "%s/%s%s", instance_dir(), kept, path + n);
    (void)buf_cstr(out);
}

static const char *compare_file(const char *path, const char *kept)
{
    struct buf other = BUF_INIT, a = BUF_INIT, b = BUF_INIT;
    const char *wrong = NULL;
    size_t at = 0;

    kept_path(path, kept, &other);
    err_t e1 = file_load(path, FILE_MAX, &a), e2 = file_load(other.p, FILE_MAX, &b);
    while (at < a.n && at < b.n && a.p[at] == b.p[at])
        at++;
    if (e1 != e2)
        wrong = say("%s: %s, was %s", path, err_name(e1), err_name(e2));
    else if (a.n != b.n || at < a.n)
        wrong = say("%s: differs at byte %zu; %zu bytes, were %zu", path, at, a.n, b.n);
    buf_fini(&other);
    buf_fini(&a);
    buf_fini(&b);
    return wrong;
}

struct listing {
    const char *dir, *kept;
    const char *wrong;
};

static err_t compare_message(void *arg, const char *name, enum dir_type type)
{
    struct listing *l = arg;
    char path[600];

    (void)type;
    snprintf(path, sizeof path, "%s/%s", l->dir, name);
    if (msgfile_uid(name))
        l->wrong = compare_file(path, l->kept);
    return l->wrong ? ERR_STOP : ERR_OK;
}

/* All names of both. */
static const char *compare_messages(const char *dir, const char *kept)
{
    struct listing l = { .dir = dir, .kept = kept };
    struct buf other = BUF_INIT;

    kept_path(dir, kept, &other);
    must(dir_list(dir, compare_message, &l), dir);
    if (!l.wrong)
        must(dir_list(other.p, compare_message, &l), other.p);
    buf_fini(&other);
    return l.wrong;
}

const char *disk_difference(const struct mbentry *e, const char *kept)
{
    static const enum store_file files[] = { FILE_INDEX, FILE_HEADER };
    struct buf path = BUF_INIT;
    const char *wrong = NULL;

    for (unsigned i = 0; i < 2 && !wrong; i++) {
        must(partition_file(e, files[i], &path), "path");
        wrong = compare_file(buf_cstr(&path), kept);
    }
    must(partition_dir(e, FILE_MESSAGE, &path), "path");
    if (!wrong)
        wrong = compare_messages(buf_cstr(&path), kept);
    buf_fini(&path);
    return wrong;
}
