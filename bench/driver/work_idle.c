/* work_idle.c - many connections in IDLE: what they cost, and how soon they hear of a delivery
 *
 * Options: imap, lmtp (ports), tree, conns, prefix and users (connection k belongs to user
 * k modulo users), deliveries (fewer when they take longer than budget_ms), max_wait_ms.
 * Results: "idle.setup" (wall time of all log-ins, one after another), "idle.memory"
 * (difference of the whole tree before and with the connections), "idle.notify" (from the 250
 * of a delivery to each untagged EXISTS) and "idle.notify-start" (from the start of the delivery).
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "bench/driver/drive.h"
#include "bench/driver/lmtp.h"
#include "bench/driver/load.h"
#include "bench/driver/mailgen.h"
#include "bench/driver/proctree.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"

#define SPARE_FILES 64

struct idler {
    struct imap im;
    unsigned user;
    bool waits; /* for the EXISTS of the delivery under way */
};

struct idle {
    struct idler *all;
    uint64_t n, users;
    int epoll;
    uint64_t waiting;
    uint64_t start_ns, reply_ns;
    struct vec from_start, from_reply; /* of uint64_t, ns */
};

static void allow_descriptors(uint64_t n)
{
    struct rlimit r;

    getrlimit(RLIMIT_NOFILE, &r);
    r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
    if (r.rlim_cur < n + SPARE_FILES)
        drive_cannot("%ju connections need more than the %ju descriptors allowed (ulimit -n)",
                     (uintmax_t)n, (uintmax_t)r.rlim_cur);
}

static void begin_idle(struct idle *d, uint64_t k)
{
    struct idler *i = &d->all[k];
    struct epoll_event e = { .events = EPOLLIN, .data.u64 = k };
    char user[64];

    i->user = (unsigned)(k % d->users);
    snprintf(user, sizeof user, "%s%02u", opts_str("prefix", "i"), i->user);
    i->im = imap_open(user, true);
    imap_select(&i->im, "INBOX");
    conn_writef(i->im.conn, "i IDLE\r\n");
    if (!slice_starts(conn_line(i->im.conn), SLICE_LIT("+")))
        drive_wrong("IDLE was not accepted");
    epoll_ctl(d->epoll, EPOLL_CTL_ADD, conn_fd(i->im.conn), &e);
}

/* Lines of one connection: the first EXISTS while waiting counts. */
static void hear(struct idle *d, struct idler *i)
{
    struct slice line;
    uint64_t now;

    if (!conn_pump(i->im.conn))
        drive_wrong("an idle connection was closed");
    now = drive_now_ns();
    while (conn_line_ready(i->im.conn, &line)) {
        if (!slice_ends(line, SLICE_LIT(" EXISTS")) || !i->waits)
            continue;
        i->waits = false;
        d->waiting--;
        *VEC_PUSH(&d->from_start, uint64_t) = now - d->start_ns;
        *VEC_PUSH(&d->from_reply, uint64_t) = now > d->reply_ns ? now - d->reply_ns : 0;
    }
}

/* Listen until nobody waits or the time is over; the LMTP connection only interrupts. */
static void listen_for(struct idle *d, int timeout_ms)
{
    struct epoll_event e[256];
    int n = epoll_wait(d->epoll, e, 256, timeout_ms);

    for (int k = 0; k < n; k++)
        if (e[k].data.u64 < d->n)
            hear(d, &d->all[e[k].data.u64]);
}

static void deliver(struct conn *lmtp, unsigned user, uint64_t number)
{
    struct buf m = BUF_INIT;
    char nonce[64];

    snprintf(nonce, sizeof nonce, "idle%ju.%s", (uintmax_t)number, opts_str("nonce", "0"));
    mailgen_make(MAILGEN_SMALL, number, nonce, &m, NULL);
    buf_adds(&m, ".\r\n");
    conn_writef(lmtp, "MAIL FROM:<s@bench.example>\r\nRCPT TO:<%s%02u>\r\nDATA\r\n",
                opts_str("prefix", "i"), user);
    lmtp_expect(lmtp, "250");
    lmtp_expect(lmtp, "250");
    lmtp_expect(lmtp, "354");
    conn_write(lmtp, m.p, m.n);
    buf_fini(&m);
}

/* One delivery; everybody who reads that INBOX must hear of it.  A notice may come before the
 * 250: then its time from the reply is what it takes to look. */
static void deliver_and_listen(struct idle *d, struct conn *lmtp, uint64_t number)
{
    unsigned user = (unsigned)(number * 7 % d->users);
    uint64_t limit = opts_u64("max_wait_ms", 45000) * 1000000u;

    for (uint64_t k = 0; k < d->n; k++) {
        if (d->all[k].user == user) {
            d->all[k].waits = true;
            d->waiting++;
        }
    }
    d->start_ns = drive_now_ns();
    deliver(lmtp, user, number);
    lmtp_expect(lmtp, "250");
    d->reply_ns = drive_now_ns();
    while (d->waiting > 0 && drive_now_ns() - d->reply_ns < limit)
        listen_for(d, 100);
    if (d->waiting > 0)
        drive_wrong("%ju of those who wait heard nothing of a delivery to %s%02u",
                    (uintmax_t)d->waiting, opts_str("prefix", "i"), user);
}

static void print_memory(const struct idle *d, struct proctree_memory before,
                         struct proctree_memory with)
{
    printf("result name=idle.memory conns=%ju pss_kb=%jd rss_kb=%jd processes=%jd\n",
           (uintmax_t)d->n, (intmax_t)(with.pss_kb - before.pss_kb),
           (intmax_t)(with.rss_kb - before.rss_kb), (intmax_t)(with.processes - before.processes));
}

static void print_latency(const char *name, struct vec *v)
{
    printf("result name=%s ops=%zu units=%zu p50_ns=%ju p99_ns=%ju\n", name, v->n, v->n,
           (uintmax_t)load_percentile(v, 50), (uintmax_t)load_percentile(v, 99));
}

static void deliveries(struct idle *d, pid_t tree)
{
    struct conn *lmtp = lmtp_connect(true);
    uint64_t most = opts_u64("deliveries", 20), n = 0, cpu = proctree_cpu_ns(tree);
    uint64_t end_ns = drive_now_ns() + opts_u64("budget_ms", 60000) * 1000000u;

    while (n < most && drive_now_ns() < end_ns)
        deliver_and_listen(d, lmtp, n++);
    cpu = proctree_cpu_ns(tree) - cpu;
    printf("result name=idle.delivery ops=%ju units=%ju cpu_ns=%ju\n", (uintmax_t)n, (uintmax_t)n,
           (uintmax_t)cpu);
    lmtp_quit(&lmtp);
}

void work_idle(void)
{
    struct idle d = { .n = opts_u64("conns", 1),
                      .users = opts_u64("users", 1),
                      .epoll = epoll_create1(EPOLL_CLOEXEC) };
    pid_t tree = (pid_t)opts_u64("tree", 0);
    struct proctree_memory before, with;
    struct load_step s;

    allow_descriptors(d.n);
    imap_empty_users(opts_str("prefix", "i"), d.users);
    d.all = mem_array(d.n, sizeof *d.all);
    vec_init(&d.from_start, sizeof(uint64_t));
    vec_init(&d.from_reply, sizeof(uint64_t));
    before = proctree_memory(tree);
    s = load_step_begin();
    for (uint64_t k = 0; k < d.n; k++)
        begin_idle(&d, k);
    load_step_end(&s, "idle.setup", d.n, 0);
    with = proctree_memory(tree);
    print_memory(&d, before, with);
    deliveries(&d, tree);
    print_latency("idle.notify", &d.from_reply);
    print_latency("idle.notify-start", &d.from_start);
    for (uint64_t k = 0; k < d.n; k++)
        imap_close(&d.all[k].im);
    vec_fini(&d.from_start);
    vec_fini(&d.from_reply);
    mem_free(d.all);
}
