/* mboxlist_text.c - see mboxlist_text.h */
#include "imap/admin/mboxlist_text.h"

#include "imap/admin/json.h"
#include "lib/base/num.h"
#include "lib/text/ascii.h"

/* ---- writing ---- */

static void put_pair(struct buf *out, const char *key, struct slice value)
{
    buf_addf(out, ", \"%s\": ", key);
    json_put_string(out, value);
}

static void put_num(struct buf *out, const char *key, uint64_t n)
{
    if (n)
        buf_addf(out, ", \"%s\": \"%llu\"", key, (unsigned long long)n);
}

static void put_type(struct buf *out, uint32_t type)
{
    struct buf text = BUF_INIT;

    mbentry_type_text(type, &text);
    put_pair(out, "mbtype", buf_slice(&text));
    buf_fini(&text);
}

static void put_acl(struct buf *out, struct slice acl)
{
    struct slice id, rights;
    size_t pos = 0;
    bool any = false;

    buf_adds(out, ", \"acl\": {");
    while (acl_next(acl, &pos, &id, &rights)) {
        if (any)
            buf_adds(out, ", ");
        any = true;
        json_put_string(out, id);
        buf_adds(out, ": ");
        json_put_string(out, rights);
    }
    buf_addc(out, '}');
}

static void put_history(struct buf *out, const struct mbhistory *h)
{
    buf_adds(out, "{\"name\": ");
    json_put_string(out, buf_slice(&h->name));
    put_num(out, "mtime", (uint64_t)h->mtime);
    put_num(out, "uidvalidity", h->uidvalidity);
    put_num(out, "createdmodseq", h->createdmodseq);
    put_num(out, "foldermodseq", h->foldermodseq);
    put_type(out, h->type);
    if (h->partition.n)
        put_pair(out, "partition", buf_slice(&h->partition));
    buf_addc(out, '}');
}

void mboxlist_text_put(const struct mbentry *e, const struct vec *history, struct buf *out)
{
    json_put_string(out, buf_slice(&e->name));
    buf_adds(out, ": {\"name\": ");
    json_put_string(out, buf_slice(&e->name));
    put_num(out, "mtime", (uint64_t)e->mtime);
    put_num(out, "uidvalidity", e->uidvalidity);
    put_num(out, "createdmodseq", e->createdmodseq);
    put_num(out, "foldermodseq", e->foldermodseq);
    put_type(out, e->type);
    if (e->server.n)
        put_pair(out, "server", buf_slice(&e->server));
    if (e->partition.n)
        put_pair(out, "partition", buf_slice(&e->partition));
    put_acl(out, buf_slice(&e->acl));
    if (e->uniqueid.n)
        put_pair(out, "uniqueid", buf_slice(&e->uniqueid));
    buf_adds(out, ", \"name_history\": [");
    /* as 3.6.1 prints it, the history belongs to the entry that the id now names */
    for (size_t i = 0; i < history->n && !(e->type & MBTYPE_DELETED); i++) {
        if (i)
            buf_adds(out, ", ");
        put_history(out, VEC_AT(history, struct mbhistory, i));
    }
    buf_adds(out, "]}");
}

/* ---- reading ---- */

struct reading {
    struct json_reader r;
    mboxlist_complain_fn *complain;
    void *arg;
};

static void complain(const struct reading *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void complain(const struct reading *d, const char *fmt, ...)
{
    struct buf text = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    d->complain(d->arg, buf_cstr(&text));
    buf_fini(&text);
}

static bool is_clean(struct slice text, bool tabs)
{
    for (size_t i = 0; i < text.n; i++) {
        if (ascii_is_ctl(text.p[i]) && !(tabs && text.p[i] == '\t'))
            return false;
    }
    return true;
}

/* Control characters would be taken for separators in the stored forms of names and ACLs. */
static err_t next_event(struct reading *d, enum json_event *out)
{
    err_t err = json_read(&d->r, out);

    if (!err && (!is_clean(buf_slice(&d->r.key), false) ||
                 (*out == JSON_STRING && !is_clean(buf_slice(&d->r.text), false))))
        err = ERR_SYNTAX;
    return err;
}

/* Fields common to entries and former names.  ERR_NOTFOUND: another key. */
struct common {
    struct buf *name, *partition;
    uint32_t *type, *uidvalidity;
    uint64_t *createdmodseq, *foldermodseq;
    time_t *mtime;
};

static void set(struct buf *dst, struct slice bytes)
{
    buf_reset(dst);
    buf_add_slice(dst, bytes);
}

static err_t take_time(struct slice text, time_t *out)
{
    uint64_t n;
    err_t err = num_u64(text, &n);

    if (!err && n > INT64_MAX)
        err = ERR_LIMIT;
    if (!err)
        *out = (time_t)n;
    return err;
}

static err_t take_common(struct slice key, struct slice text, const struct common *c)
{
    if (slice_eqs(key, "name"))
        set(c->name, text);
    else if (slice_eqs(key, "partition"))
        set(c->partition, text);
    else if (slice_eqs(key, "mbtype"))
        return mbentry_type_parse(text, c->type);
    else if (slice_eqs(key, "uidvalidity"))
        return num_u32(text, c->uidvalidity);
    else if (slice_eqs(key, "createdmodseq"))
        return num_u64(text, c->createdmodseq);
    else if (slice_eqs(key, "foldermodseq"))
        return num_u64(text, c->foldermodseq);
    else if (slice_eqs(key, "mtime"))
        return take_time(text, c->mtime);
    else
        return ERR_NOTFOUND;
    return ERR_OK;
}

static err_t read_acl(struct reading *d, struct buf *acl)
{
    enum json_event ev;
    err_t err;

    buf_reset(acl);
    while ((err = next_event(d, &ev)) == ERR_OK && ev != JSON_CLOSE) {
        if (ev != JSON_STRING)
            return ERR_SYNTAX;
        buf_add_slice(acl, buf_slice(&d->r.key));
        buf_addc(acl, '\t');
        buf_add_slice(acl, buf_slice(&d->r.text));
        buf_addc(acl, '\t');
    }
    return err;
}

static err_t skip_event(struct reading *d, enum json_event ev)
{
    return ev == JSON_OBJECT || ev == JSON_ARRAY ? json_skip(&d->r) : ERR_OK;
}

static err_t read_former(struct reading *d, struct mbhistory *h)
{
    const struct common c = { &h->name, &h->partition, &h->type, &h->uidvalidity, &h->createdmodseq,
                              &h->foldermodseq, &h->mtime };
    enum json_event ev;
    err_t err;

    while ((err = next_event(d, &ev)) == ERR_OK && ev != JSON_CLOSE) {
        if (ev == JSON_STRING)
            err = take_common(buf_slice(&d->r.key), buf_slice(&d->r.text), &c);
        else
            err = skip_event(d, ev);
        if (err && err != ERR_NOTFOUND)
            return ERR_SYNTAX;
    }
    return err;
}

static err_t read_history(struct reading *d, struct vec *history)
{
    enum json_event ev;
    err_t err;

    while ((err = next_event(d, &ev)) == ERR_OK && ev != JSON_CLOSE) {
        err = ev == JSON_OBJECT ? read_former(d, VEC_PUSH(history, struct mbhistory))
                                : skip_event(d, ev);
        if (err)
            return err;
    }
    return err;
}

/* Which fields an entry had. */
struct presence {
    bool uidvalidity, createdmodseq, foldermodseq, type, acl;
};

static void note_presence(struct presence *p, struct slice key)
{
    p->uidvalidity |= slice_eqs(key, "uidvalidity");
    p->createdmodseq |= slice_eqs(key, "createdmodseq");
    p->foldermodseq |= slice_eqs(key, "foldermodseq");
    p->type |= slice_eqs(key, "mbtype");
    p->acl |= slice_eqs(key, "acl");
}

static err_t read_field(struct reading *d, enum json_event ev, struct mblist_restored *one)
{
    struct mbentry *e = &one->entry;
    struct slice key = buf_slice(&d->r.key), text = buf_slice(&d->r.text);
    const struct common c = { &e->name, &e->partition, &e->type, &e->uidvalidity, &e->createdmodseq,
                              &e->foldermodseq, &e->mtime };

    if (ev == JSON_OBJECT && slice_eqs(key, "acl"))
        return read_acl(d, &e->acl);
    if (ev == JSON_ARRAY && slice_eqs(key, "name_history"))
        return read_history(d, &one->history);
    if (ev != JSON_STRING)
        return skip_event(d, ev);
    if (slice_eqs(key, "uniqueid"))
        set(&e->uniqueid, text);
    else if (slice_eqs(key, "server"))
        set(&e->server, text);
    else
        return take_common(key, text, &c);
    return ERR_OK;
}

static void complain_of_gaps(const struct reading *d, const struct mbentry *e,
                             const struct presence *p)
{
    struct slice name = buf_slice(&e->name);

    if (e->type & (MBTYPE_DELETED | MBTYPE_REMOTE))
        return;
    if (!p->uidvalidity)
        complain(d, "missing uidvalidity for %.*s", SLICE_ARG(name));
    if (!p->createdmodseq)
        complain(d, "missing createdmodseq for %.*s", SLICE_ARG(name));
    if (!p->foldermodseq)
        complain(d, "missing foldermodseq for %.*s", SLICE_ARG(name));
    if (!p->type)
        complain(d, "missing mbtype for %.*s", SLICE_ARG(name));
    if (e->partition.n == 0)
        complain(d, "missing partition for %.*s", SLICE_ARG(name));
    if (e->uniqueid.n == 0)
        complain(d, "missing uniqueid for %.*s", SLICE_ARG(name));
}

/* A local mailbox needs a place and an id. */
static bool is_usable(const struct mbentry *e, const struct presence *p)
{
    if (!p->type || e->name.n == 0)
        return false;
    if (e->type & (MBTYPE_DELETED | MBTYPE_REMOTE))
        return true;
    return e->partition.n && e->uniqueid.n;
}

static void drop_last(struct vec *all)
{
    struct mblist_restored *one = VEC_AT(all, struct mblist_restored, all->n - 1);

    mbentry_fini(&one->entry);
    mbhistory_free_all(&one->history);
    vec_pop(all);
}

static err_t read_entry(struct reading *d, struct vec *all)
{
    struct mblist_restored *one = vec_push(all);
    struct presence present = { .acl = false };
    struct buf key = BUF_INIT;
    enum json_event ev;
    err_t err;

    mbentry_init(&one->entry);
    vec_init(&one->history, sizeof(struct mbhistory));
    buf_add_slice(&key, buf_slice(&d->r.key));
    while ((err = next_event(d, &ev)) == ERR_OK && ev != JSON_CLOSE) {
        note_presence(&present, buf_slice(&d->r.key));
        err = read_field(d, ev, one);
        if (err && err != ERR_NOTFOUND)
            break;
    }
    set(&one->entry.name, buf_slice(&key));
    if (!err) {
        complain_of_gaps(d, &one->entry, &present);
        if (!is_usable(&one->entry, &present))
            drop_last(all);
    }
    buf_fini(&key);
    return err;
}

err_t mboxlist_text_parse(struct slice text, struct vec *out, mboxlist_complain_fn *fn, void *arg)
{
    struct reading d = { .complain = fn, .arg = arg };
    enum json_event ev = JSON_END;
    err_t err;

    json_reader_init(&d.r, text);
    err = next_event(&d, &ev);
    if (!err && ev != JSON_OBJECT)
        err = ERR_SYNTAX;
    while (!err) {
        err = next_event(&d, &ev);
        if (err || ev == JSON_CLOSE)
            break;
        err = ev == JSON_OBJECT ? read_entry(&d, out) : ERR_SYNTAX;
    }
    if (!err)
        err = next_event(&d, &ev);         /* nothing may follow */
    if (err)
        complain(&d, "parse error at line %u: this is not a dump of the mailbox list", d.r.line);
    json_reader_fini(&d.r);
    return err ? ERR_SYNTAX : ERR_OK;
}

/* ---- older versions ---- */

/* "type partition [>uniqueid TAB]acl" behind the name. */
static err_t parse_old_value(struct slice name, struct slice value, struct mbentry *e)
{
    ssize_t at = slice_search(value, SLICE_LIT(" >"));
    struct buf plain = BUF_INIT;
    struct slice id = SLICE_NULL;
    err_t err;

    if (at >= 0) {
        struct slice rest = slice_split(slice_skip(value, (size_t)at + 2), '\t', &id, NULL);

        buf_add_slice(&plain, slice_cut(value, 0, (size_t)at + 1));
        buf_add_slice(&plain, rest);
        value = buf_slice(&plain);
    }
    err = mbentry_parse_old_record(name, value, e);
    if (id.n)
        set(&e->uniqueid, id);
    buf_fini(&plain);
    return err;
}

err_t mboxlist_text_parse_old(struct slice text, struct vec *out, mboxlist_complain_fn *fn,
                              void *arg)
{
    struct reading d = { .complain = fn, .arg = arg };
    struct slice line, name, value;
    unsigned number = 0;
    bool found;

    while (text.n) {
        text = slice_split(text, '\n', &line, NULL);
        number++;
        if (slice_ends(line, SLICE_LIT("\r")))
            line.n--;
        if (line.n == 0)
            continue;
        value = slice_split(line, '\t', &name, &found);
        struct mblist_restored *one = vec_push(out);

        mbentry_init(&one->entry);
        vec_init(&one->history, sizeof(struct mbhistory));
        if (!found || name.n == 0 || !is_clean(line, true) ||
            parse_old_value(name, value, &one->entry) || one->entry.partition.n == 0) {
            complain(&d, "line %u: no partition found", number);
            drop_last(out);
        }
    }
    return ERR_OK;
}

void mboxlist_text_free(struct vec *all)
{
    while (all->n)
        drop_last(all);
    vec_fini(all);
}
