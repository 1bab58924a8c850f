/* main.c - engines: one measurement of one way to make deliveries durable
 *
 *   engines engine=NAME dir=DIR [procs=1] [size=12288] [common=0] [ms=1000] [max_ops=50000]
 *           [noise=0] [device=NAME]
 *   engines list
 *
 * procs processes deliver messages of `size` bytes for `ms` milliseconds (at most max_ops each),
 * each into its own mailbox or (common=1) all into one, below DIR/<something new>, which is left
 * there.  noise=1: another process writes 50 MB/s into a file beside.  device: the block device
 * whose counters are read (/sys/block/NAME/stat); they count what everybody does.
 * Prints one line "result key=value ...".
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/driver/drive.h"
#include "bench/engines/engines.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

enum {
    PROCS_MAX = 64,
    RECORD_MAX = 16 << 20,
    NOISE_PIECE = 1 << 20,
    NOISE_FILE = 200 << 20,
    NOISE_PAUSE_US = 20000,             /* 50 pieces a second */
    PATIENCE_S = 120                    /* then every process ends: one may have failed */
};

const struct engine engines[] = {
    { "journal", "journal record; files behind the sync", 0,
      journal_make, journal_open, journal_deliver, journal_checkpoint },
    { "journal-early", "the same, files before the sync", ENGINE_EARLY,
      journal_make, journal_open, journal_deliver, journal_checkpoint },
    { "journal-1lock", "the same as journal, waiting at one lock", ENGINE_ONE_LOCK,
      journal_make, journal_open, journal_deliver, journal_checkpoint },
    { "group", "files; one syncfs for all who wait", 0,
      group_make, group_open, group_deliver, NULL },
    { "ordered", "message, directory, index synced one after another", 0,
      NULL, NULL, ordered_deliver, NULL },
    { "paired", "message and directory side by side, then the index", 0,
      NULL, paired_open, paired_deliver, NULL },
    { "merged", "all written, then message, directory, index synced", 0,
      NULL, NULL, merged_deliver, NULL },
    { "record", "the journal record only, no files", 0,
      journal_make, journal_open, journal_deliver_record, journal_checkpoint },
    { NULL, NULL, 0, NULL, NULL, NULL, NULL }
};

/* In memory shared between the processes of the benchmark (not of the engines). */
struct shared {
    pthread_barrier_t ready, go, done;
    uint64_t deadline_ns;
    struct {
        uint64_t n, syncs, cpu_ns;
    } by_process[PROCS_MAX];
    uint64_t latencies[];               /* max_ops for each process */
};

struct run {
    const struct engine *engine;
    int top;
    unsigned procs;
    size_t size;
    bool common;
    uint64_t max_ops;
    struct shared *shared;
};

/* ---- a delivering process ---- */

static uint64_t own_cpu_ns(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return ((uint64_t)u.ru_utime.tv_sec + (uint64_t)u.ru_stime.tv_sec) * 1000000000u +
           ((uint64_t)u.ru_utime.tv_usec + (uint64_t)u.ru_stime.tv_usec) * 1000u;
}

static void deliver_one(struct task *t)
{
    t->engine->deliver(t);
    t->serial++;
}

static void deliver_until(struct task *t, const struct run *r, uint64_t *latencies)
{
    uint64_t n = 0;

    while (n < r->max_ops) {
        uint64_t begin = drive_now_ns();
        if (begin >= r->shared->deadline_ns)
            break;
        deliver_one(t);
        latencies[n++] = drive_now_ns() - begin;
        if (t->engine->after)
            t->engine->after(t);
    }
    r->shared->by_process[t->id].n = n;
}

static void open_task(struct task *t, const struct run *r)
{
    char mailbox[32];
    uint8_t *record = mem_alloc(RECORD_MAX);

    for (size_t i = 0; i < RECORD_MAX; i++)
        record[i] = (uint8_t)(' ' + (i * 31 + t->id) % 95);
    t->record = record;
    snprintf(mailbox, sizeof mailbox, "box%u", r->common ? 0 : t->id);
    delivery_open(t, mailbox);
    if (t->engine->open)
        t->engine->open(t);
}

NORETURN static void process(const struct run *r, unsigned id)
{
    struct shared *s = r->shared;
    struct task t = { .id = id, .top = r->top, .message_size = r->size, .engine = r->engine };

    open_task(&t, r);
    deliver_one(&t);
    t.syncs = 0;
    pthread_barrier_wait(&s->ready);
    pthread_barrier_wait(&s->go);
    uint64_t cpu = own_cpu_ns();
    deliver_until(&t, r, &s->latencies[id * r->max_ops]);
    s->by_process[id].cpu_ns = own_cpu_ns() - cpu;
    s->by_process[id].syncs = t.syncs;
    pthread_barrier_wait(&s->done);
    _Exit(0);
}

NORETURN static void make_noise(int top)
{
    uint8_t *piece = mem_zalloc(NOISE_PIECE);
    int fd = sys_open(top, "noise", O_WRONLY | O_CREAT);

    for (int64_t at = 0;; at = (at + NOISE_PIECE) % NOISE_FILE) {
        sys_write(fd, piece, NOISE_PIECE, at);
        usleep(NOISE_PAUSE_US);
    }
}

/* ---- what the disk did ---- */

struct disk {
    uint64_t bytes, flushes;
};

/* Fields of /sys/block/NAME/stat: Documentation/block/stat.rst. */
static struct disk read_disk(void)
{
    enum { WRITE_SECTORS = 6, FLUSHES = 15, SECTOR = 512 };
    struct disk d = { 0, 0 };
    char path[128], line[512];

    snprintf(path, sizeof path, "/sys/block/%s/stat", opts_str("device", "vda"));
    FILE *f = fopen(path, "r");
    if (!f || !fgets(line, sizeof line, f)) {
        if (f)
            fclose(f);
        return d;
    }
    fclose(f);
    char *at = line;
    for (int field = 0; field <= FLUSHES; field++) {
        uint64_t v = strtoull(at, &at, 10);
        if (field == WRITE_SECTORS)
            d.bytes = v * SECTOR;
        else if (field == FLUSHES)
            d.flushes = v;
    }
    return d;
}

/* ---- the whole ---- */

static pid_t start(void (*child)(const struct run *, unsigned), const struct run *r, unsigned id)
{
    pid_t pid = fork();

    if (pid < 0)
        drive_cannot("fork: %s", strerror(errno));
    if (pid == 0) {
        alarm(PATIENCE_S);
        child(r, id);
    }
    return pid;
}

static void noise_process(const struct run *r, unsigned id)
{
    (void)id;
    make_noise(r->top);
}

static struct shared *make_shared(const struct run *r)
{
    size_t n = sizeof(struct shared) + r->procs * r->max_ops * sizeof(uint64_t);
    struct shared *s = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_barrierattr_t attr;

    if (s == MAP_FAILED)
        drive_cannot("mmap: %s", strerror(errno));
    pthread_barrierattr_init(&attr);
    pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&s->ready, &attr, r->procs + 1);
    pthread_barrier_init(&s->go, &attr, r->procs + 1);
    pthread_barrier_init(&s->done, &attr, r->procs + 1);
    return s;
}

static int make_top(void)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/run.XXXXXX", opts_str("dir", "."));
    if (!mkdtemp(path))
        drive_cannot("%s: %s", path, strerror(errno));
    return sys_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* All latencies, moved together and sorted; returns their number. */
static uint64_t collect(const struct run *r, uint64_t *syncs, uint64_t *cpu_ns)
{
    struct shared *s = r->shared;
    uint64_t n = 0;

    for (unsigned i = 0; i < r->procs; i++) {
        memmove(&s->latencies[n], &s->latencies[i * r->max_ops],
                s->by_process[i].n * sizeof(uint64_t));
        n += s->by_process[i].n;
        *syncs += s->by_process[i].syncs;
        *cpu_ns += s->by_process[i].cpu_ns;
    }
    qsort(s->latencies, n, sizeof(uint64_t), by_value);
    return n;
}

static void print(const struct run *r, uint64_t wall_ns, uint64_t flushed_ns,
                  const struct disk *before)
{
    struct disk after = read_disk();
    uint64_t syncs = 0, cpu_ns = 0;
    uint64_t n = collect(r, &syncs, &cpu_ns);
    const uint64_t *l = r->shared->latencies;

    if (n == 0)
        drive_cannot("nothing was delivered");
    printf("result engine=%s procs=%u size=%zu common=%d noise=%ju n=%ju", r->engine->name,
           r->procs, r->size, r->common, (uintmax_t)opts_u64("noise", 0), (uintmax_t)n);
    printf(" rate=%.0f sustained=%.0f p50_us=%.0f p90_us=%.0f p99_us=%.0f max_us=%.0f",
           1e9 * (double)n / (double)wall_ns, 1e9 * (double)n / (double)flushed_ns,
           (double)l[n / 2] / 1e3, (double)l[n * 90 / 100] / 1e3, (double)l[n * 99 / 100] / 1e3,
           (double)l[n - 1] / 1e3);
    printf(" syncs=%.2f flushes=%.2f kbytes=%.1f cpu_us=%.0f\n", (double)syncs / (double)n,
           (double)(after.flushes - before->flushes) / (double)n,
           (double)(after.bytes - before->bytes) / 1e3 / (double)n,
           (double)cpu_ns / 1e3 / (double)n);
}

static void measure(struct run *r)
{
    pid_t noise = 0;

    r->shared = make_shared(r);
    if (r->engine->make)
        r->engine->make(r->top);
    for (unsigned i = 0; i < r->procs; i++)
        start(process, r, i);
    if (opts_u64("noise", 0))
        noise = start(noise_process, r, 0);
    pthread_barrier_wait(&r->shared->ready);
    syncfs(r->top);
    struct disk before = read_disk();
    uint64_t begin = drive_now_ns();
    r->shared->deadline_ns = begin + opts_u64("ms", 1000) * 1000000u;
    pthread_barrier_wait(&r->shared->go);
    pthread_barrier_wait(&r->shared->done);
    uint64_t wall = drive_now_ns() - begin;
    if (noise > 0)
        kill(noise, SIGKILL);
    syncfs(r->top);
    print(r, wall, drive_now_ns() - begin, &before);
    while (wait(NULL) > 0) {
    }
}

static const struct engine *find_engine(const char *name)
{
    for (const struct engine *e = engines; e->name; e++)
        if (strcmp(e->name, name) == 0)
            return e;
    return NULL;
}

static int list(void)
{
    for (const struct engine *e = engines; e->name; e++)
        printf("%-14s %s\n", e->name, e->what);
    return EXIT_FINE;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return list();
    opts_set(argc - 1, argv + 1);
    struct run r = {
        .engine = find_engine(opts_str("engine", "")),
        .procs = (unsigned)opts_u64("procs", 1),
        .size = opts_u64("size", 12288),
        .common = opts_u64("common", 0) != 0,
        .max_ops = opts_u64("max_ops", 50000),
    };
    if (!r.engine || r.procs < 1 || r.procs > PROCS_MAX || r.size > RECORD_MAX - JOURNAL_PAGE) {
        fprintf(stderr, "usage: engines engine=NAME dir=DIR procs=N size=BYTES ...\n");
        return EXIT_USAGE;
    }
    alarm(PATIENCE_S);
    r.top = make_top();
    measure(&r);
    return EXIT_FINE;
}
