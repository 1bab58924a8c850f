/* health.c - see health.h */
#include "imap/store/health.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/vec.h"
#include "lib/conf/conf.h"
#include "lib/conf/partitions.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/lock.h"
#include "lib/os/map.h"
#include "lib/os/sync.h"

enum { WIDTH = 20, LOCK_MS = 1000, DIR_MODE = 0755, FILE_MODE = 0644 };

/* One line of figures each; those of places without partition have no second one. */
struct place {
    struct slice partition;          /* empty: journal, config */
    size_t failures_at, readonly_at; /* in the file */
};

struct health {
    struct buf path, text; /* text: the file with nothing counted */
    struct vec places;     /* struct place: journal, config, partitions */
    struct filemap map;
};
enum { JOURNAL, CONFIG, FIRST_PARTITION };

static struct place *place_at(const struct health *h, size_t i)
{
    return VEC_AT(&h->places, struct place, i);
}

/* ---- the text ---- */

static size_t add_number(struct buf *out)
{
    const size_t at = out->n;

    buf_addf(out, "%*d\n", WIDTH, 0);
    return at;
}

static void add_failures(struct health *h, const char *kind, struct slice partition)
{
    struct place *p = VEC_PUSH(&h->places, struct place);

    buf_addf(&h->text, "cyrus_sync_failures_total{place=\"%s\",partition=\"%.*s\"} ", kind,
             SLICE_ARG(partition));
    *p = (struct place){ .partition = partition, .failures_at = add_number(&h->text) };
}

static void make_text(struct health *h)
{
    struct slice name;
    size_t pos = 0;

    buf_adds(&h->text,
             "# HELP cyrus_sync_failures_total Syncs that failed since the server was started.\n"
             "# TYPE cyrus_sync_failures_total counter\n");
    add_failures(h, "journal", SLICE_NULL);
    add_failures(h, "config", SLICE_NULL);
    while (partition_next(&pos, &name))
        add_failures(h, "partition", name);
    buf_adds(&h->text, "# HELP cyrus_partition_readonly Closed for changes after failed syncs.\n"
                       "# TYPE cyrus_partition_readonly gauge\n");
    for (size_t i = FIRST_PARTITION; i < h->places.n; i++) {
        buf_addf(&h->text, "cyrus_partition_readonly{partition=\"%.*s\"} ",
                 SLICE_ARG(place_at(h, i)->partition));
        place_at(h, i)->readonly_at = add_number(&h->text);
    }
}

static uint64_t number_at(struct slice text, size_t at)
{
    uint64_t n = 0;

    if (at + WIDTH > text.n || num_u64(slice_trim(slice_cut(text, at, at + WIDTH)), &n) != ERR_OK)
        return 0;
    return n;
}

/* Is it the file of these partitions, whatever the numbers are? */
static bool is_ours(const struct health *h, struct slice file)
{
    size_t from = 0;

    if (file.n != h->text.n)
        return false;
    for (size_t at = 0; at < file.n; at++) {
        if (h->text.p[at] != '\n')
            continue;
        const size_t end = h->text.p[from] == '#' ? at : at - WIDTH;
        if (memcmp(file.p + from, h->text.p + from, end - from) != 0)
            return false;
        from = at + 1;
    }
    return true;
}

/* ---- counting ---- */

static bool is_below(const char *path, const char *dir)
{
    const size_t n = dir ? strlen(dir) : 0;

    return n && strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n]);
}

static bool is_on(struct slice partition, const char *path)
{
    for (enum partition_file kind = 0; kind <= PARTITION_DATA; kind++)
        if (is_below(path, partition_root(partition, kind)))
            return true;
    return is_below(path, partition_archive_root(partition));
}

static bool is_of_journal(const char *path)
{
    struct buf own = BUF_INIT;
    const char *dir = conf_string(CONF_JOURNAL_PATH);

    conf_dir(&own, "journal");
    const bool yes = is_below(path, dir ? dir : buf_cstr(&own));
    buf_fini(&own);
    return yes;
}

static size_t place_of(const struct health *h, const char *path)
{
    if (is_of_journal(path))
        return JOURNAL;
    for (size_t i = FIRST_PARTITION; i < h->places.n; i++)
        if (is_on(place_at(h, i)->partition, path))
            return i;
    return CONFIG;
}

static err_t put_number(int fd, const struct health *h, size_t at, uint64_t n)
{
    char text[WIDTH + 1];

    snprintf(text, sizeof text, "%*llu", WIDTH, (unsigned long long)n);
    return file_pwrite_all(fd, h->path.p, text, WIDTH, at);
}

/* The journal serves all. */
static err_t close_place(int fd, const struct health *h, size_t which)
{
    err_t err = ERR_OK;

    for (size_t i = FIRST_PARTITION; i < h->places.n && !err; i++) {
        if (which != JOURNAL && which != i)
            continue;
        err = put_number(fd, h, place_at(h, i)->readonly_at, 1);
        log_crit("IOERROR: partition takes no changes any more, as syncs %s failed %d times: look "
                 "at the "
                 "disk, then restart the server: partition=<%.*s>",
                 which == JOURNAL ? "of the journal" : "there", HEALTH_FAILURES_MAX,
                 SLICE_ARG(place_at(h, i)->partition));
    }
    return err;
}

static void count(int fd, const struct health *h, size_t which)
{
    struct buf now = BUF_INIT;
    err_t err = file_load_fd(fd, h->path.p, h->text.n, &now);
    const uint64_t n = number_at(buf_slice(&now), place_at(h, which)->failures_at) + 1;

    if (!err)
        err = put_number(fd, h, place_at(h, which)->failures_at, n);
    if (!err && n == HEALTH_FAILURES_MAX && which != CONFIG)
        err = close_place(fd, h, which);
    if (err)
        log_warn("a failed sync is not counted: filename=<%s> error=<%s>", h->path.p,
                 err_name(err));
    buf_fini(&now);
}

static void on_failure(void *arg, const char *path, int error)
{
    struct health *h = arg;
    int fd;

    if (error == ENOSPC || error == EDQUOT || file_open(h->path.p, O_RDWR, 0, &fd) != ERR_OK)
        return;
    if (lock_file(fd, h->path.p, LOCK_EXCLUSIVE, LOCK_MS) == ERR_OK)
        count(fd, h, place_of(h, path));
    file_close(&fd); /* and the lock */
}

/* ---- opening ---- */

static err_t make_file(struct health *h)
{
    struct buf dir = BUF_INIT, new = BUF_INIT;

    conf_dir(&dir, "stats");
    buf_addf(&new, "%s.NEW", h->path.p);
    err_t err = dir_make(buf_cstr(&dir), DIR_MODE);
    if (!err)
        err = file_replace(h->path.p, buf_cstr(&new), buf_slice(&h->text), FILE_MODE, FILE_NOSYNC);
    buf_fini(&dir);
    buf_fini(&new);
    return err;
}

static err_t open_file(struct health *h)
{
    err_t err = filemap_open(&h->map, h->path.p);

    if (!err && is_ours(h, filemap_slice(&h->map)))
        return ERR_OK;
    if (!err || err == ERR_NOTFOUND)
        err = make_file(h);
    return err ? err : filemap_open(&h->map, h->path.p);
}

struct health *health_open(void)
{
    struct health *h = mem_zalloc(sizeof *h);

    vec_init(&h->places, sizeof(struct place));
    make_text(h);
    conf_dir(&h->path, "stats/store.prom");
    (void)buf_cstr(&h->path);
    err_t err = open_file(h);
    if (err) {
        log_warn("failed syncs will not be counted: filename=<%s> error=<%s>", h->path.p,
                 err_name(err));
        health_close(&h);
        return NULL;
    }
    sync_on_failure(on_failure, h);
    return h;
}

void health_close(struct health **hp)
{
    struct health *h = *hp;

    *hp = NULL;
    if (!h)
        return;
    sync_on_failure(NULL, NULL);
    filemap_fini(&h->map);
    vec_fini(&h->places);
    buf_fini(&h->path);
    buf_fini(&h->text);
    mem_free(h);
}

err_t health_check(const struct health *h, struct slice partition)
{
    for (size_t i = FIRST_PARTITION; h && i < h->places.n; i++)
        if (slice_eq(place_at(h, i)->partition, partition))
            return number_at(filemap_slice(&h->map), place_at(h, i)->readonly_at) ? ERR_IO : ERR_OK;
    return ERR_OK;
}

err_t health_reset(struct health *h)
{
    int fd;
    err_t err = h ? file_open(h->path.p, O_RDWR, 0, &fd) : ERR_OK;

    if (err || !h)
        return err;
    err = lock_file(fd, h->path.p, LOCK_EXCLUSIVE, LOCK_MS);
    if (!err)
        err = file_pwrite_all(fd, h->path.p, h->text.p, h->text.n, 0);
    file_close(&fd);
    return err;
}
