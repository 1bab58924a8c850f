/* watchers.c - see watchers.h */
#include "imap/small/watchers.h"

#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"

struct watchers {
    struct idle_table *table;
    watchers_send_fn *send;
    void *arg;
    struct map *backlogs;               /* path -> struct backlog, none is empty */
    size_t total;                       /* bytes in them */
};

/* Datagrams that wait, each behind its length. */
struct backlog {
    struct buf bytes;
    size_t sent;                        /* bytes at the front that are out */
};

static void free_backlog(void *p)
{
    struct backlog *b = p;

    buf_fini(&b->bytes);
    mem_free(b);
}

struct watchers *watchers_new(struct idle_table *table, watchers_send_fn *send, void *arg)
{
    struct watchers *w = mem_zalloc(sizeof *w);

    *w = (struct watchers){ .table = table, .send = send, .arg = arg };
    w->backlogs = map_new(free_backlog);
    return w;
}

void watchers_free(struct watchers **wp)
{
    if (!*wp)
        return;
    map_free(&(*wp)->backlogs);
    mem_free(*wp);
    *wp = NULL;
}

static size_t make(char *dst, enum idle_format_which which, struct slice name, struct idle_mark mark,
                   struct slice event)
{
    size_t n = idle_format_put(dst, which, name);

    memcpy(dst + n, &mark, sizeof mark);
    if (event.n)
        memcpy(dst + n + sizeof mark, event.p, event.n);
    return n + sizeof mark + event.n;
}

static void add_waiting(struct watchers *w, struct backlog *b, struct slice datagram)
{
    const uint32_t n = (uint32_t)datagram.n;

    buf_add(&b->bytes, &n, sizeof n);
    buf_add_slice(&b->bytes, datagram);
    w->total += sizeof n + n;
}

/* Some at the front of it is out, or all of it is dropped. */
static void remove_waiting(struct watchers *w, struct backlog *b, size_t n)
{
    w->total -= n;
    buf_remove_front(&b->bytes, n);
    b->sent -= b->sent < n ? b->sent : n;
}

static void drop_backlog(struct watchers *w, struct slice client)
{
    struct backlog *b = map_get(w->backlogs, client);

    if (b)
        remove_waiting(w, b, b->bytes.n);
    map_del(w->backlogs, client);
}

/* Behind what waits already, or in place of all of it. */
static void keep(struct watchers *w, const char *client, struct slice datagram, struct idle_mark mark)
{
    struct backlog *b = map_get(w->backlogs, slice_cstr(client));
    char lost[IDLE_FORMAT_WHOLE_MAX];

    if (!b) {
        b = mem_zalloc(sizeof *b);
        map_put(w->backlogs, slice_cstr(client), b);
    }
    if (b->bytes.n - b->sent + datagram.n > WATCHERS_BACKLOG_MAX || w->total + datagram.n > WATCHERS_TOTAL_MAX) {
        remove_waiting(w, b, b->bytes.n);
        datagram = slice_make(lost, make(lost, IDLE_FORMAT_PING, IDLE_FORMAT_NO_NAME, mark, SLICE_NULL));
    }
    add_waiting(w, b, datagram);
}

/* False: nobody listens any more. */
static bool send_or_keep(struct watchers *w, const char *client, struct slice datagram,
                         struct idle_mark mark)
{
    err_t err = map_has(w->backlogs, slice_cstr(client)) ? ERR_AGAIN
                                                         : w->send(w->arg, client, datagram);

    if (err == ERR_AGAIN)
        keep(w, client, datagram, mark);
    return !err || err == ERR_AGAIN;
}

/* ---- what clients ask for ---- */

static void answer(struct watchers *w, struct slice client, struct idle_mark mark)
{
    char datagram[IDLE_FORMAT_WHOLE_MAX];
    size_t n = make(datagram, IDLE_FORMAT_PING, IDLE_FORMAT_NO_NAME, mark, SLICE_NULL);
    char *path = mem_strndup(client.p, client.n);

    if (!send_or_keep(w, path, slice_make(datagram, n), mark))
        idle_table_drop(w->table, client);
    mem_free(path);
}

static err_t add_key(struct watchers *w, struct slice client, char scope, struct slice name,
                     uint64_t now_ms)
{
    struct buf key = BUF_INIT;
    err_t err;

    buf_addc(&key, scope);
    buf_add_slice(&key, name);
    err = idle_table_add(w->table, client, buf_slice(&key), now_ms);
    buf_fini(&key);
    return err;
}

void watchers_watch(struct watchers *w, struct slice client, struct slice name, struct slice body,
                    uint64_t now_ms)
{
    uint32_t generation;
    err_t err;

    if (body.n != 1 + sizeof generation ||
        (body.p[0] != IDLE_SCOPE_ONE && body.p[0] != IDLE_SCOPE_TREE))
        return;
    memcpy(&generation, body.p + 1, sizeof generation);
    if (!generation)
        return;
    idle_table_generation(w->table, client, generation);
    err = add_key(w, client, body.p[0], name, now_ms);
    if (err) {
        log_warn("too many names are watched: %.*s is told nothing", SLICE_ARG(client));
        answer(w, client, (struct idle_mark){ 0 });
    }
}

void watchers_ping(struct watchers *w, struct slice client, uint64_t now_ms)
{
    const struct idle_mark *mark = idle_table_mark(w->table, client, now_ms);

    answer(w, client, mark ? *mark : (struct idle_mark){ 0 });
}

void watchers_drop(struct watchers *w, struct slice client)
{
    drop_backlog(w, client);
}

/* ---- telling ---- */

struct telling {
    struct watchers *w;
    struct slice name, event;
};

static bool tell_one(void *arg, const char *client, struct idle_mark *mark)
{
    const struct telling *t = arg;
    char datagram[IDLE_FORMAT_WHOLE_MAX];

    mark->number++;
    return send_or_keep(t->w, client,
                        slice_make(datagram, make(datagram, IDLE_FORMAT_EVENT, t->name, *mark, t->event)),
                        *mark);
}

/* Some events never got here: whoever watches anything may miss one. */
static bool tell_loss(void *arg, const char *client, struct idle_mark *mark)
{
    const struct telling *t = arg;
    char datagram[IDLE_FORMAT_WHOLE_MAX];
    size_t n;

    if (!mark->generation)
        return true;
    mark->number++;
    n = make(datagram, IDLE_FORMAT_PING, IDLE_FORMAT_NO_NAME, *mark, SLICE_NULL);
    return send_or_keep(t->w, client, slice_make(datagram, n), *mark);
}

/* Those who watch the name, and the trees that it is in: up to the domain, and "." for all. */
static void tell_name(struct telling *t, struct slice name)
{
    struct buf key = BUF_INIT;
    struct slice rest = name;
    ssize_t dot;

    buf_addc(&key, IDLE_SCOPE_ONE);
    buf_add_slice(&key, name);
    idle_table_tell_once(t->w->table, buf_slice(&key), tell_one, t);
    while (rest.n) {
        buf_reset(&key);
        buf_addc(&key, IDLE_SCOPE_TREE);
        buf_add_slice(&key, rest);
        idle_table_tell_once(t->w->table, buf_slice(&key), tell_one, t);
        dot = slice_rfind(rest, '.');
        rest.n = dot > 0 ? (size_t)dot : 0;
    }
    buf_reset(&key);
    buf_addc(&key, IDLE_SCOPE_TREE);
    buf_add_slice(&key, IDLE_FORMAT_NO_NAME);
    idle_table_tell_once(t->w->table, buf_slice(&key), tell_one, t);
    buf_fini(&key);
}

void watchers_tell(struct watchers *w, struct slice name, struct slice text)
{
    struct telling t = { .w = w, .name = name, .event = text };
    struct event ev;

    if (event_get(text, &ev) != ERR_OK)
        return;
    if (ev.lost)
        idle_table_tell_all(w->table, tell_loss, &t);
    idle_table_round(w->table);
    tell_name(&t, name);
    if (ev.kind == EVENT_RENAMED && ev.other.n)
        tell_name(&t, ev.other);
}

/* ---- what waits ---- */

/* ERR_AGAIN: some still waits. */
static err_t send_waiting(struct watchers *w, const char *client, struct backlog *b)
{
    err_t err = ERR_OK;
    uint32_t n;

    while (!err && b->sent < b->bytes.n) {
        memcpy(&n, b->bytes.p + b->sent, sizeof n);
        err = w->send(w->arg, client, slice_make(b->bytes.p + b->sent + sizeof n, n));
        if (!err)
            b->sent += sizeof n + n;
    }
    if (b->sent > WATCHERS_BACKLOG_MAX / 2)
        remove_waiting(w, b, b->sent);
    return err;
}

bool watchers_retry(struct watchers *w)
{
    struct vec done = VEC_INIT(struct buf);
    struct slice path;
    size_t pos = 0;
    void *b;

    while (map_next(w->backlogs, &pos, &path, &b)) {
        struct buf client = BUF_INIT;
        err_t err;

        buf_add_slice(&client, path);
        err = send_waiting(w, buf_cstr(&client), b);
        if (err == ERR_AGAIN) {
            buf_fini(&client);
            continue;
        }
        if (err)
            idle_table_drop(w->table, path);
        *VEC_PUSH(&done, struct buf) = client;
    }
    for (size_t i = 0; i < done.n; i++) {
        drop_backlog(w, buf_slice(VEC_AT(&done, struct buf, i)));
        buf_fini(VEC_AT(&done, struct buf, i));
    }
    vec_fini(&done);
    return watchers_have_backlog(w);
}

bool watchers_have_backlog(const struct watchers *w)
{
    return map_count(w->backlogs) > 0;
}
