/* conn.c - one connection: who it is, its stream, the daemon's session, and the end of it all */
#include <inttypes.h>
#include <unistd.h>

#include "imap/serve/limits.h"
#include "imap/serve/serve_impl.h"
#include "imap/store/store.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"

enum { NAME_KEEP_MS = 10 * 60 * 1000, NO_NAME_KEEP_MS = 60 * 1000 };

/* ---- names ---- */

/* One small cache: most connections come from a few hosts, and a look-up may ask the network. */
const char *conn_reverse_name(struct serve *s, const struct sock_addr *addr)
{
    struct buf ip = BUF_INIT, name = BUF_INIT;
    uint64_t now = clock_mono_ms();
    unsigned hash = 0;

    sock_add_ip(&ip, addr);
    for (size_t i = 0; i < ip.n; i++)
        hash = hash * 31 + (unsigned char)ip.p[i];
    struct known_name *k = &s->names[hash % NAMES_KEPT];
    if (k->until_ms < now || strcmp(k->ip, buf_cstr(&ip)) != 0) {
        bool found = sock_add_reverse(&name, addr);
        snprintf(k->ip, sizeof k->ip, "%s", buf_cstr(&ip));
        snprintf(k->name, sizeof k->name, "%s", found ? buf_cstr(&name) : "");
        k->until_ms = clock_mono_ms() + (found ? NAME_KEEP_MS : NO_NAME_KEEP_MS);
    }
    buf_fini(&ip);
    buf_fini(&name);
    return k->name;
}

static void copy_text(char *dst, size_t size, struct buf *text)
{
    snprintf(dst, size, "%s", buf_cstr(text));
    buf_reset(text);
}

/* virtdomains: on - users without a domain belong to that of the address they connected to. */
static void note_local_domain(struct serve *s, const struct sock_addr *local)
{
    struct slice name = slice_cstr(conn_reverse_name(s, local)), host;

    ident_set_local_domain(slice_split(name, '.', &host, NULL));
}

static void note_peer(struct serve_conn *c, int fd)
{
    struct session_base *b = &c->base;
    struct sock_addr peer = { .len = 0 }, local = { .len = 0 };
    struct buf text = BUF_INIT;
    const char *name = "";
    bool connected = sock_peer(fd, &peer) == ERR_OK && sock_local(fd, &local) == ERR_OK;

    ident_set_local_domain(SLICE_NULL);
    b->is_unix = connected && !sock_is_inet(&peer);
    if (connected && sock_is_inet(&peer)) {
        sock_add_ip(&text, &peer);
        copy_text(b->client_ip, sizeof b->client_ip, &text);
        name = conn_reverse_name(c->serve, &peer);
        sock_add_ipport(&text, &peer);
        copy_text(b->remote_ip_port, sizeof b->remote_ip_port, &text);
        sock_add_ipport(&text, &local);
        copy_text(b->local_ip_port, sizeof b->local_ip_port, &text);
        if (strcmp(conf_enum_word(CONF_VIRTDOMAINS), "on") == 0)
            note_local_domain(c->serve, &local);
    }
    const char *shown = b->client_ip[0] ? b->client_ip : connected ? "local" : "stdin";
    snprintf(b->client, sizeof b->client, "%s%s[%s]", name, *name ? " " : "", shown);
    if (*name)
        snprintf(b->client_host, sizeof b->client_host, "%s", name);
    else
        snprintf(b->client_host, sizeof b->client_host, "[%s]", shown);
    buf_fini(&text);
}

/* ---- start and end ---- */

static void set_socket_options(int fd)
{
    if (conf_bool(CONF_TCP_KEEPALIVE))
        sock_set_keepalive(fd, (int)conf_seconds(CONF_TCP_KEEPALIVE_IDLE),
                           (int)conf_seconds(CONF_TCP_KEEPALIVE_INTVL),
                           (int)conf_int(CONF_TCP_KEEPALIVE_CNT));
}

static bool must_stop(void *arg)
{
    (void)arg;
    return shutdown_term();
}

static void begin(struct serve_conn *c, struct serve *s, int fd_in, int fd_out)
{
    struct session_base *b = &c->base;

    *c = (struct serve_conn){ .serve = s, .proc_fd = -1 };
    b->service = s->service;
    b->service_name = s->service_name;
    b->store = s->store;
    b->tls = s->tls;
    b->tls_at_once = s->tls_at_once;
    b->outer_ssf = (int)s->outer_ssf;
    b->life = s->life;
    b->command = s->command;
    b->started = clock_now();
    s->sessions++;
    set_socket_options(fd_in);
    note_peer(c, fd_in);
    session_id_make(c);
    b->stream = stream_new(fd_in, fd_out);
    stream_set_interrupt(b->stream, must_stop, NULL);
    stream_set_timeout(b->stream, (int64_t)limit_value(LIMIT_PRELOGIN_SECONDS) * 1000);
    if (procfile_open(c) != ERR_OK)
        log_debug("no proc file for this connection");
    serve_proc(b, NULL, NULL);
}

static void end(struct serve_conn *c)
{
    struct session_base *b = &c->base;

    if (conf_bool(CONF_AUDITLOG))
        log_notice("auditlog: traffic sessionid=<%s> bytes_in=<%" PRIu64 ">"
                   " bytes_out=<%" PRIu64 ">",
                   b->session_id, stream_bytes_in(b->stream), stream_bytes_out(b->stream));
    stream_close(&b->stream);
    if (c->layered != b->sasl)
        sasl_server_close(&c->layered);         /* after the stream, which used its layer */
    sasl_server_close(&b->sasl);
    ident_free(&b->ident);
    procfile_close(c);
    arena_reset(b->command);
    arena_reset(b->life);
    if (b->store)
        store_session_end(b->store);
    log_set_session(NULL);
    title_set(c->serve->service->name);
}

void conn_serve(struct serve *s, int fd_in, int fd_out)
{
    struct serve_conn c;
    err_t err;

    begin(&c, s, fd_in, fd_out);
    if (s->tls_at_once)
        err = serve_starttls(&c.base);
    else
        err = conn_new_sasl(&c);
    if (err == ERR_OK)
        s->service->session(&c.base);
    end(&c);
    mem_wipe(&c, sizeof c);
}
