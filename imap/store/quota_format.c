/* quota_format.c - see quota_format.h */
#include "imap/store/quota_format.h"

#include "lib/base/num.h"
#include "lib/text/dlist.h"

struct resource {
    const char *key;                /* in the value */
    int64_t unit;                   /* bytes or items per unit of a stored limit */
};

static const struct resource resources[QUOTA_NRES] = {
    [QUOTA_STORAGE] = { "S", 1024 },
    [QUOTA_MESSAGE] = { "M", 1 },
    [QUOTA_ANNOTATION] = { "AS", 1024 },
    [QUOTA_FOLDERS] = { "NF", 1 },
};

static int find_resource(struct slice key)
{
    for (int i = 0; i < QUOTA_NRES; i++) {
        if (slice_eqs(key, resources[i].key))
            return i;
    }
    return -1;
}

/* A stored limit; what is too large to be counted is no limit. */
static int64_t limit_of(int64_t stored, int64_t unit)
{
    return stored < 0 || stored > INT64_MAX / unit ? QUOTA_UNLIMITED : stored * unit;
}

/* ---- keyed form ---- */

/* "(used [limit])", the list event has been read. */
static err_t read_pair(struct dlist_reader *r, struct quota_state *out, int res)
{
    int64_t n[2] = { 0, -1 };
    enum dlist_event ev;
    size_t i = 0;
    err_t err;

    while ((err = dlist_read(r, &ev)) == ERR_OK && ev != DLIST_EV_CLOSE) {
        if (ev != DLIST_EV_ATOM || i == 2 || num_i64(r->text, &n[i++]))
            return ERR_CORRUPT;
    }
    if (err || i == 0)
        return ERR_CORRUPT;
    out->used[res] = n[0] > 0 ? n[0] : 0;
    out->limit[res] = limit_of(n[1], resources[res].unit);
    return ERR_OK;
}

static err_t parse_keyed(struct slice value, struct quota_state *out)
{
    struct dlist_reader r;
    enum dlist_event ev;
    err_t err;

    dlist_reader_init(&r, value, DLIST_STREAM);
    err = dlist_read(&r, &ev);
    if (err || ev != DLIST_EV_KVLIST)
        return ERR_CORRUPT;
    while ((err = dlist_read(&r, &ev)) == ERR_OK && ev != DLIST_EV_CLOSE) {
        int res = find_resource(r.key);

        if (res >= 0 && ev == DLIST_EV_LIST)
            err = read_pair(&r, out, res);
        else if (ev == DLIST_EV_LIST || ev == DLIST_EV_KVLIST)
            err = dlist_skip(&r);
        else if (slice_eqs(r.key, "MODSEQ"))
            err = num_u64(r.text, &out->modseq);
        if (err)
            return ERR_CORRUPT;
    }
    return err ? ERR_CORRUPT : ERR_OK;
}

/* ---- old form ---- */

static err_t take_number(struct slice *rest, int64_t *out)
{
    struct slice word;

    *rest = slice_trim(slice_split(*rest, ' ', &word, NULL));
    return num_i64(word, out) ? ERR_CORRUPT : ERR_OK;
}

static err_t take_pair(struct slice *rest, struct quota_state *out, int res)
{
    int64_t used, limit;

    if (take_number(rest, &used) || take_number(rest, &limit))
        return ERR_CORRUPT;
    out->used[res] = used > 0 ? used : 0;
    out->limit[res] = limit_of(limit, resources[res].unit);
    return ERR_OK;
}

static err_t parse_old(struct slice value, struct quota_state *out)
{
    struct slice rest = slice_trim(value), word;
    err_t err = take_pair(&rest, out, QUOTA_STORAGE);

    while (!err && rest.n) {
        int res;

        rest = slice_trim(slice_split(rest, ' ', &word, NULL));
        res = find_resource(word);
        err = res < 0 ? ERR_CORRUPT : take_pair(&rest, out, res);
    }
    return err;
}

err_t quota_format_parse(struct slice value, struct quota_state *out)
{
    *out = (struct quota_state){ .modseq = 0 };
    for (int i = 0; i < QUOTA_NRES; i++)
        out->limit[i] = QUOTA_UNLIMITED;
    if (value.n && value.p[0] == '%')
        return parse_keyed(value, out);
    return parse_old(value, out);
}

/* ---- writing ---- */

void quota_format_put(const struct quota_state *q, struct buf *out)
{
    size_t start = out->n, length;
    struct buf modseq = BUF_INIT;

    buf_adds(out, "%(");
    for (int i = 0; i < QUOTA_NRES; i++) {
        buf_addf(out, "%s (%lld", resources[i].key, (long long)q->used[i]);
        if (q->limit[i] != QUOTA_UNLIMITED)
            buf_addf(out, " %lld", (long long)(q->limit[i] / resources[i].unit));
        buf_adds(out, ") ");
    }
    buf_adds(out, "MODSEQ ");
    buf_add_u64(&modseq, q->modseq);
    for (length = out->n - start + modseq.n + 2; length % QUOTA_FORMAT_STEP; length++)
        buf_addc(out, '0');         /* 2: the ")" and the LF of the file */
    buf_add_slice(out, buf_slice(&modseq));
    buf_addc(out, ')');
    buf_fini(&modseq);
}
