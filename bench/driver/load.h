/* load.h - run one operation over and over from several connections and measure it
 *
 * Each worker is a thread with its own connection.  open() is not timed; then every worker
 * waits for the others, the clock and the count of the server's processor time start, and
 * op() is called until the time is over.  A short pause before the second count lets the
 * server finish what it does after the reply.  The first op() of each worker is a warm-up.
 *
 * Options read here: conns (1), ms (1000), min_ops (1), max_ops (unlimited), quickack (0),
 * tree (pid of the server's supervisor; 0: no count), disk (stat file of a block device, such as
 * /sys/block/sda/stat: count what is written to it, by whomever, until a final sync).
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "bench/driver/imap.h"

struct worker {
    unsigned id; /* 0 .. conns-1 */
    bool quickack;
    uint64_t rounds;   /* operations done so far by this worker, the warm-up included */
    uint64_t random;   /* state of worker_random() */
    uint64_t units;    /* what one op() counts for; open() may set it (1) */
    uint64_t bytes;    /* received; op() adds */
    uint64_t start_ns; /* of this op(): an op() may reset it after a preparation */
    struct imap im;    /* for works that speak IMAP */
    struct conn *conn; /* for the others */
    void *state;       /* the work's own */
    struct load_run *run;
};

struct load_kind {
    void (*open)(struct worker *); /* NULL: nothing to do */
    void (*op)(struct worker *);
    void (*close)(struct worker *); /* NULL: nothing to do; not timed */
};

/* Measure and print one line "result name=...". Returns the units done, the warm-up included. */
uint64_t load_measure(const char *name, const struct load_kind *);

/* The same for works that store messages with users prefix00 ... (options prefix, users): their
 * INBOXes must hold as many more afterwards as were acknowledged.  Option check=0: nobody looks. */
void load_measure_stored(const char *name, const struct load_kind *);

/* The same for a single step that cannot be repeated: begin, do it, end. */
struct load_step {
    uint64_t start_ns, cpu_ns, client_ns;
    uint64_t disk_bytes, flushes; /* with option disk */
};
struct load_step load_step_begin(void);
void load_step_end(const struct load_step *, const char *name, uint64_t units, uint64_t bytes);

/* Percentile (0..100) of latencies, which are sorted in place; 0 without any. */
uint64_t load_percentile(struct vec *latencies, unsigned percent);

/* A pseudo-random number below n, the same sequence in every run. */
uint64_t worker_random(struct worker *, uint64_t n);

/* Write dirty pages out, so that the load before this one is not paid here. */
void load_quiet_disk(void);

#endif
