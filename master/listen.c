/* listen.c - see listen.h */
#include "master/listen.h"

#include <netdb.h>
#include <sys/un.h>

#include "lib/base/log.h"
#include "master/portnames.h"

err_t listen_split(struct slice text, struct listen_parts *out)
{
    ssize_t colon = slice_rfind(text, ':');

    *out = (struct listen_parts){ .is_path = text.n > 0 && text.p[0] == '/' };
    if (out->is_path)
        return ERR_OK;
    if (text.n > 0 && text.p[0] == '[') {
        ssize_t close = slice_find(text, ']');
        if (close < 2 || colon != close + 1)
            return ERR_SYNTAX;
        out->host = slice_cut(text, 1, (size_t)close);
    } else if (colon >= 0) {
        out->host = slice_cut(text, 0, (size_t)colon);
    }
    out->port = slice_skip(text, (size_t)(colon + 1));
    if (slice_eqs(out->host, "*"))
        out->host = SLICE_NULL;
    return out->port.n > 0 ? ERR_OK : ERR_SYNTAX;
}

static bool is_datagram(const char *proto)
{
    return proto[0] == 'u';
}

err_t listen_open(const char *text, const char *proto, int backlog, struct sock_listener *out,
                  size_t *n_out)
{
    struct listen_parts parts;
    struct buf address = BUF_INIT;
    enum sock_proto p;
    uint16_t port;
    err_t err = sock_proto_parse(slice_cstr(proto), &p);

    *n_out = 0;
    if (!err)
        err = listen_split(slice_cstr(text), &parts);
    if (!err && parts.is_path) {
        buf_adds(&address, text);
    } else if (!err) {
        err = portnames_find(parts.port, is_datagram(proto), &port);
        if (err)
            err = ERR_BADNAME;
        else
            buf_addf(&address, parts.host.n ? "[%.*s]:%u" : "%.*s%u", SLICE_ARG(parts.host), port);
    }
    if (!err)
        err = sock_listen(buf_cstr(&address), p, backlog, out, n_out);
    buf_fini(&address);
    return err;
}

/* Is it one of the addresses that the host name stands for? */
static bool host_fits(struct slice host, const struct sock_addr *bound)
{
    const struct addrinfo hints = { .ai_family = bound->ss.ss_family, .ai_flags = AI_PASSIVE,
                                    .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    struct buf name = BUF_INIT;
    bool fits = false;

    buf_add_slice(&name, host);
    if (getaddrinfo(host.n ? buf_cstr(&name) : NULL, "0", &hints, &list) == 0) {
        for (const struct addrinfo *ai = list; ai && !fits; ai = ai->ai_next) {
            struct sock_addr a = { .len = ai->ai_addrlen };
            memcpy(&a.ss, ai->ai_addr, ai->ai_addrlen);
            fits = sock_same_host(&a, bound);
        }
        freeaddrinfo(list);
    }
    buf_fini(&name);
    return fits;
}

static bool path_fits(const char *text, const struct sock_addr *bound)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&bound->ss;

    return bound->ss.ss_family == AF_UNIX &&
           strncmp(un->sun_path, text, sizeof un->sun_path) == 0;
}

static bool type_fits(const char *proto, int fd)
{
    int type = 0;
    socklen_t n = sizeof type;

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
           type == (is_datagram(proto) ? SOCK_DGRAM : SOCK_STREAM);
}

bool listen_fits(const char *text, const char *proto, int fd, const struct sock_addr *bound)
{
    const char family = proto[strlen(proto) - 1];       /* '4', '6' or a letter */
    struct listen_parts parts;
    uint16_t port;

    if (listen_split(slice_cstr(text), &parts) != ERR_OK || !type_fits(proto, fd))
        return false;
    if (parts.is_path)
        return path_fits(text, bound);
    if (!sock_is_inet(bound) || portnames_find(parts.port, is_datagram(proto), &port) != ERR_OK ||
        port != sock_port(bound))
        return false;
    if ((family == '4' && bound->ss.ss_family != AF_INET) ||
        (family == '6' && bound->ss.ss_family != AF_INET6))
        return false;
    return host_fits(parts.host, bound);
}

const char *listen_family(const struct sock_addr *a)
{
    return a->ss.ss_family == AF_INET ? "ipv4" : a->ss.ss_family == AF_INET6 ? "ipv6" : "unix";
}

bool listen_pause(int fd, const struct sock_addr *a)
{
    return sock_is_inet(a) && shutdown(fd, SHUT_RDWR) == 0;
}

bool listen_resume(int fd, const struct sock_addr *a, int backlog)
{
    struct sock_addr now;

    return sock_is_inet(a) && listen(fd, backlog) == 0 && sock_local(fd, &now) == ERR_OK &&
           sock_port(&now) == sock_port(a);     /* the system chooses anew for port 0 */
}
