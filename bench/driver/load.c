/* load.c - see load.h */
#include "bench/driver/load.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/driver/drive.h"
#include "bench/driver/proctree.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"

#define MAX_CONNS 256
#define SETTLE_US 30000 /* pause before the second count of processor time */

struct load_run {
    const struct load_kind *kind;
    pthread_barrier_t ready, go, done;
    uint64_t deadline_ns, min_ops, max_ops; /* ops: per worker */
};

struct thread {
    pthread_t id;
    struct worker w;
    struct vec latencies; /* of uint64_t, nanoseconds */
    uint64_t warm_units, warm_bytes;
};

uint64_t worker_random(struct worker *w, uint64_t n)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (w->random >> 33) % n;
}

void load_quiet_disk(void)
{
    sync();
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

uint64_t load_percentile(struct vec *v, unsigned percent)
{
    size_t i;

    if (v->n == 0)
        return 0;
    vec_sort(v, by_value);
    i = (v->n * percent + 99) / 100;
    return *VEC_AT(v, uint64_t, i > 0 ? i - 1 : 0);
}

static uint64_t own_cpu_ns(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return ((uint64_t)u.ru_utime.tv_sec + (uint64_t)u.ru_stime.tv_sec) * 1000000000u +
           ((uint64_t)u.ru_utime.tv_usec + (uint64_t)u.ru_stime.tv_usec) * 1000u;
}

static uint64_t tree_cpu_ns(void)
{
    pid_t tree = (pid_t)opts_u64("tree", 0);

    return tree ? proctree_cpu_ns(tree) : 0;
}

/* Fields of a block device's stat file: Documentation/block/stat.rst of Linux. */
static void read_disk(struct load_step *s)
{
    enum { WRITTEN_SECTORS = 6, FLUSHES = 15, SECTOR = 512 };
    const char *path = opts_str("disk", NULL);
    FILE *f = path ? fopen(path, "r") : NULL;
    char line[512], *at = line;

    if (path && (!f || !fgets(line, sizeof line, f)))
        drive_cannot("%s cannot be read", path);
    for (int field = 0; path && field <= FLUSHES; field++) {
        uint64_t v = strtoull(at, &at, 10);

        if (field == WRITTEN_SECTORS)
            s->disk_bytes = v * SECTOR;
        else if (field == FLUSHES)
            s->flushes = v;
    }
    if (f)
        fclose(f);
}

static void one_op(struct worker *w)
{
    w->start_ns = drive_now_ns();
    w->run->kind->op(w);
    w->rounds++;
}

static void repeat(struct thread *t)
{
    const struct load_run *run = t->w.run;

    for (uint64_t n = 0; n < run->max_ops; n++) {
        uint64_t end;

        if (n >= run->min_ops && drive_now_ns() >= run->deadline_ns)
            break;
        one_op(&t->w);
        end = drive_now_ns();
        *VEC_PUSH(&t->latencies, uint64_t) = end - t->w.start_ns;
    }
}

static void *thread_main(void *arg)
{
    struct thread *t = arg;
    struct worker *w = &t->w;
    struct load_run *run = w->run;

    if (run->kind->open)
        run->kind->open(w);
    one_op(w);
    t->warm_units = w->units;
    t->warm_bytes = w->bytes;
    pthread_barrier_wait(&run->ready);
    pthread_barrier_wait(&run->go);
    repeat(t);
    pthread_barrier_wait(&run->done);
    pthread_barrier_wait(&run->go);
    if (run->kind->close)
        run->kind->close(w);
    return NULL;
}

static void start(struct thread *threads, unsigned n, struct load_run *run)
{
    pthread_barrier_init(&run->ready, NULL, n + 1);
    pthread_barrier_init(&run->go, NULL, n + 1);
    pthread_barrier_init(&run->done, NULL, n + 1);
    for (unsigned i = 0; i < n; i++) {
        vec_init(&threads[i].latencies, sizeof(uint64_t));
        threads[i].w = (struct worker){
            .id = i,
            .quickack = opts_u64("quickack", 0) != 0,
            .random = i + 1,
            .units = 1,
            .run = run,
        };
        if (pthread_create(&threads[i].id, NULL, thread_main, &threads[i]))
            drive_cannot("no more threads");
    }
}

/* What is printed about a measured stretch. */
struct figures {
    uint64_t ops, units, bytes;
    struct load_step spent; /* differences */
    struct vec latencies;   /* of uint64_t, nanoseconds */
};

static void print_result(const char *name, struct figures *f)
{
    printf("result name=%s ops=%ju units=%ju wall_ns=%ju cpu_ns=%ju client_ns=%ju ", name,
           (uintmax_t)f->ops, (uintmax_t)f->units, (uintmax_t)f->spent.start_ns,
           (uintmax_t)f->spent.cpu_ns, (uintmax_t)f->spent.client_ns);
    if (opts_given("disk"))
        printf("disk_bytes=%ju flushes=%ju ", (uintmax_t)f->spent.disk_bytes,
               (uintmax_t)f->spent.flushes);
    printf("bytes=%ju p50_ns=%ju p90_ns=%ju p99_ns=%ju\n", (uintmax_t)f->bytes,
           (uintmax_t)load_percentile(&f->latencies, 50),
           (uintmax_t)load_percentile(&f->latencies, 90),
           (uintmax_t)load_percentile(&f->latencies, 99));
    fflush(stdout);
}

/* From `since` to now; the server's processor time a little later. */
static struct load_step step_difference(const struct load_step *since)
{
    struct load_step d = {
        .start_ns = drive_now_ns() - since->start_ns,
        .client_ns = own_cpu_ns() - since->client_ns,
    };

    usleep(SETTLE_US);
    d.cpu_ns = tree_cpu_ns() - since->cpu_ns;
    if (opts_given("disk"))
        load_quiet_disk();
    read_disk(&d);
    d.disk_bytes -= since->disk_bytes;
    d.flushes -= since->flushes;
    return d;
}

/* Wait for the threads and add up what they did; returns the units of the warm-up. */
static uint64_t collect(struct thread *threads, unsigned n, struct figures *f)
{
    uint64_t warm = 0;

    for (unsigned i = 0; i < n; i++) {
        struct thread *t = &threads[i];

        pthread_join(t->id, NULL);
        for (size_t k = 0; k < t->latencies.n; k++)
            *VEC_PUSH(&f->latencies, uint64_t) = *VEC_AT(&t->latencies, uint64_t, k);
        f->units += t->latencies.n * t->w.units;
        f->bytes += t->w.bytes - t->warm_bytes;
        warm += t->warm_units;
        vec_fini(&t->latencies);
    }
    f->ops = f->latencies.n;
    return warm;
}

uint64_t load_measure(const char *name, const struct load_kind *kind)
{
    unsigned n = (unsigned)opts_u64("conns", 1);
    struct load_run run = { .kind = kind };
    struct thread *threads = mem_array(MAX_CONNS, sizeof *threads);
    struct figures f = { .latencies = VEC_INIT(uint64_t) };
    struct load_step begin;
    uint64_t warm;

    if (n < 1 || n > MAX_CONNS)
        drive_cannot("conns must be 1 to %d", MAX_CONNS);
    run.min_ops = opts_u64("min_ops", 1);
    run.max_ops = opts_u64("max_ops", UINT64_MAX);
    start(threads, n, &run);
    pthread_barrier_wait(&run.ready);
    begin = load_step_begin();
    run.deadline_ns = begin.start_ns + opts_u64("ms", 1000) * 1000000u;
    pthread_barrier_wait(&run.go);
    pthread_barrier_wait(&run.done);
    f.spent = step_difference(&begin);
    pthread_barrier_wait(&run.go);
    warm = collect(threads, n, &f);
    print_result(name, &f);
    vec_fini(&f.latencies);
    mem_free(threads);
    return f.units + warm;
}

void load_measure_stored(const char *name, const struct load_kind *kind)
{
    const char *prefix = opts_str("prefix", "d");
    uint64_t users = opts_u64("users", 1), before, after, done;

    if (!opts_u64("check", 1)) {
        load_measure(name, kind);
        return;
    }
    before = imap_count_users(prefix, users);
    load_quiet_disk();
    done = load_measure(name, kind);
    after = imap_count_users(prefix, users);
    if (after - before != done)
        drive_wrong("%ju messages were acknowledged, %ju are there", (uintmax_t)done,
                    (uintmax_t)(after - before));
}

struct load_step load_step_begin(void)
{
    struct load_step s = { .cpu_ns = tree_cpu_ns(), .client_ns = own_cpu_ns() };

    read_disk(&s);
    s.start_ns = drive_now_ns();
    return s;
}

void load_step_end(const struct load_step *s, const char *name, uint64_t units, uint64_t bytes)
{
    struct figures f = {
        .ops = 1, .units = units, .bytes = bytes, .latencies = VEC_INIT(uint64_t)
    };

    f.spent = step_difference(s);
    *VEC_PUSH(&f.latencies, uint64_t) = f.spent.start_ns;
    print_result(name, &f);
    vec_fini(&f.latencies);
}
