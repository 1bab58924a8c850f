/* partition_select.c - the partition of a new mailbox without parent (partition.h) */
#include "imap/store/partition.h"

#include <sys/statvfs.h>

#include "lib/base/log.h"
#include "lib/base/rand.h"
#include "lib/base/vec.h"
#include "lib/conf/conf.h"
#include "lib/text/ascii.h"

/* Weights are thousandths of a percent, so that a full partition can still have weight 0. */
enum { PERCENT = 1000, WHOLE = 100 * PERCENT };

static uint32_t free_share(const struct partition_usage *u)
{
    if (u->total_kib == 0)
        return 0;
    return (uint32_t)((double)u->free_kib / (double)u->total_kib * WHOLE);
}

static bool is_over(const struct partition_usage *u, unsigned soft_limit)
{
    return soft_limit > 0 && WHOLE - free_share(u) > soft_limit * PERCENT;
}

/* ---- weights, by mode ---- */

struct weighing {
    uint32_t least_free;            /* smallest free share of the candidates */
};

static uint64_t weigh_equal(const struct weighing *w, const struct partition_usage *u)
{
    (void)w;
    (void)u;
    return 1;
}

static uint64_t weigh_free(const struct weighing *w, const struct partition_usage *u)
{
    (void)w;
    return u->free_kib;
}

static uint64_t weigh_share(const struct weighing *w, const struct partition_usage *u)
{
    (void)w;
    return free_share(u);
}

/* How far it is behind the fullest; the fullest itself keeps a small chance. */
static uint64_t weigh_lag(const struct weighing *w, const struct partition_usage *u)
{
    return free_share(u) - w->least_free + PERCENT / 2;
}

struct mode {
    const char *name;
    uint64_t (*weigh)(const struct weighing *, const struct partition_usage *);
    bool draw;                      /* by lot, else the greatest weight */
};

static const struct mode modes[] = {
    { "random", weigh_equal, true },
    { "freespace-most", weigh_free, false },
    { "freespace-percent-most", weigh_share, false },
    { "freespace-percent-weighted", weigh_share, true },
    { "freespace-percent-weighted-delta", weigh_lag, true },
};

static const struct mode *find_mode(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (slice_eqs(slice_cstr(name), modes[i].name))
            return &modes[i];
    }
    return &modes[1];
}

/* ---- choosing ---- */

struct candidates {
    const struct partition_usage *u;
    size_t n;
    unsigned soft_limit;            /* 0: all of them */
};

static bool is_candidate(const struct candidates *c, size_t i)
{
    return !is_over(&c->u[i], c->soft_limit);
}

static size_t greatest(const struct candidates *c, const struct mode *mode,
                       const struct weighing *w)
{
    size_t best = c->n;

    for (size_t i = 0; i < c->n; i++) {
        if (is_candidate(c, i) &&
            (best == c->n || mode->weigh(w, &c->u[i]) > mode->weigh(w, &c->u[best])))
            best = i;
    }
    return best;
}

static size_t draw(const struct candidates *c, const struct mode *mode, const struct weighing *w,
                   uint32_t random)
{
    uint64_t sum = 0, point;
    size_t last = 0;

    for (size_t i = 0; i < c->n; i++)
        sum += is_candidate(c, i) ? mode->weigh(w, &c->u[i]) : 0;
    if (sum == 0)
        return greatest(c, mode, w);
    point = (uint64_t)((double)random / 4294967296.0 * (double)sum);
    for (size_t i = 0; i < c->n; i++) {
        uint64_t weight = is_candidate(c, i) ? mode->weigh(w, &c->u[i]) : 0;

        if (weight == 0)
            continue;
        last = i;
        if (point < weight)
            break;
        point -= weight;
    }
    return last;
}

size_t partition_pick(const char *mode_name, const struct partition_usage *u, size_t n,
                      unsigned soft_limit, uint32_t random)
{
    const struct mode *mode = find_mode(mode_name);
    struct candidates c = { u, n, 0 };
    struct weighing w = { WHOLE };

    for (size_t i = 0; i < n; i++) {
        if (!is_over(&u[i], soft_limit))
            c.soft_limit = soft_limit;          /* at least one is left */
    }
    for (size_t i = 0; i < n; i++) {
        if (is_candidate(&c, i) && free_share(&u[i]) < w.least_free)
            w.least_free = free_share(&u[i]);
    }
    return mode->draw ? draw(&c, mode, &w, random) : greatest(&c, mode, &w);
}

/* ---- measuring ---- */

bool partition_measure(struct slice name, struct partition_usage *out)
{
    const char *root = partition_root(name, PARTITION_DATA);
    struct statvfs vfs;

    if (statvfs(root, &vfs) < 0) {
        (void)LOG_IO("statvfs", root);
        return false;
    }
    *out = (struct partition_usage){ name, vfs.f_bavail * (uint64_t)vfs.f_frsize / 1024,
                                     vfs.f_blocks * (uint64_t)vfs.f_frsize / 1024 };
    return true;
}

/* Is the name among the words of partition_select_exclude (blanks or commas between)? */
static bool is_excluded(struct slice name)
{
    struct slice rest = slice_cstr(conf_string(CONF_PARTITION_SELECT_EXCLUDE));

    while (rest.n) {
        size_t n = 0;

        while (n < rest.n && !ascii_is_space(rest.p[n]) && rest.p[n] != ',')
            n++;
        if (slice_eq(slice_cut(rest, 0, n), name))
            return true;
        rest = slice_skip(rest, n + 1);
    }
    return false;
}

err_t partition_choose(struct buf *out)
{
    const char *fixed = conf_string(CONF_DEFAULTPARTITION);
    int64_t limit = conf_int(CONF_PARTITION_SELECT_SOFT_USAGE_LIMIT);
    struct vec all = VEC_INIT(struct partition_usage);
    struct partition_usage one;
    struct slice name;
    size_t pos = 0;

    buf_reset(out);
    if (fixed) {
        buf_adds(out, fixed);
        return partition_exists(slice_cstr(fixed)) ? ERR_OK : ERR_UNSUPPORTED;
    }
    while (partition_next(&pos, &name)) {
        if (!is_excluded(name) && partition_measure(name, &one))
            *VEC_PUSH(&all, struct partition_usage) = one;
    }
    if (all.n) {
        size_t i = partition_pick(conf_enum_word(CONF_PARTITION_SELECT_MODE), all.p, all.n,
                                  limit > 0 && limit <= 100 ? (unsigned)limit : 0, rand_u32());
        buf_add_slice(out, VEC_AT(&all, struct partition_usage, i)->name);
    }
    vec_fini(&all);
    return out->n ? ERR_OK : ERR_UNSUPPORTED;
}
