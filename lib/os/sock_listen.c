/* sock_listen.c - from the text of `listen=` to listening sockets; see sock.h */
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/os/file.h"
#include "lib/os/sock.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const struct {
    const char *name;
    int family, type;
} protos[] = {
    [SOCK_TCP] = { "tcp", AF_UNSPEC, SOCK_STREAM },
    [SOCK_TCP4] = { "tcp4", AF_INET, SOCK_STREAM },
    [SOCK_TCP6] = { "tcp6", AF_INET6, SOCK_STREAM },
    [SOCK_UDP] = { "udp", AF_UNSPEC, SOCK_DGRAM },
    [SOCK_UDP4] = { "udp4", AF_INET, SOCK_DGRAM },
    [SOCK_UDP6] = { "udp6", AF_INET6, SOCK_DGRAM },
};

err_t sock_proto_parse(struct slice text, enum sock_proto *out)
{
    for (size_t i = 0; i < sizeof protos / sizeof *protos; i++) {
        if (!slice_eqs_nocase(text, protos[i].name))
            continue;
        *out = (enum sock_proto)i;
        return ERR_OK;
    }
    return ERR_SYNTAX;
}

/* "Address already in use" gets a kind of its own. */
static err_t bind_failed(const char *what, const char *text)
{
    const bool taken = errno == EADDRINUSE;
    err_t err = LOG_IO(what, text);

    return taken ? ERR_INUSE : err;
}

/* --- UNIX ---------------------------------------------------------------- */

static void remove_old_socket(const char *path)
{
    struct stat st;

    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(path);
}

/* Narrow while it is being made, then as wide as wanted. */
static err_t bind_unix(int fd, const char *path, mode_t mode)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };

    memcpy(un.sun_path, path, strlen(path));
    remove_old_socket(path);
    mode_t old = umask(0177);
    int r = bind(fd, (struct sockaddr *)&un, sizeof un);
    umask(old);
    if (r < 0)
        return bind_failed("bind", path);
    return chmod(path, mode) < 0 ? LOG_IO("chmod", path) : ERR_OK;
}

static err_t open_unix(const char *path, int type, mode_t mode, int backlog, int *fd_out)
{
    *fd_out = -1;
    if (strlen(path) > SOCK_UNIX_PATH_MAX) {
        log_err("IOERROR: path too long for a socket: filename=<%s>", path);
        return ERR_LIMIT;
    }
    *fd_out = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (*fd_out < 0)
        return LOG_IO("socket", path);
    err_t err = bind_unix(*fd_out, path, mode);
    if (err == ERR_OK && type == SOCK_STREAM && listen(*fd_out, backlog) < 0)
        err = bind_failed("listen", path);
    if (err)
        file_close(fd_out);
    return err;
}

err_t sock_listen_unix(const char *path, mode_t mode, int backlog, int *fd_out)
{
    return open_unix(path, SOCK_STREAM, mode, backlog, fd_out);
}

err_t sock_bind_unix_dgram(const char *path, mode_t mode, int *fd_out)
{
    return open_unix(path, SOCK_DGRAM, mode, 0, fd_out);
}

/* --- internet ------------------------------------------------------------ */

/* The last colon separates; brackets protect those of an IPv6 address. */
static err_t split_text(const char *text, struct slice *host, struct slice *port)
{
    struct slice s = slice_cstr(text);
    ssize_t colon = slice_rfind(s, ':');

    if (s.n && s.p[0] == '[') {
        ssize_t close = slice_find(s, ']');
        if (close < 0 || colon != close + 1)
            return ERR_SYNTAX;
        *host = slice_cut(s, 1, (size_t)close);
        if (host->n == 0)
            return ERR_SYNTAX;
    } else {
        *host = colon < 0 ? SLICE_NULL : slice_cut(s, 0, (size_t)colon);
    }
    *port = slice_skip(s, (size_t)(colon + 1));
    if (slice_eqs(*host, "*"))
        *host = SLICE_NULL;
    return port->n ? ERR_OK : ERR_SYNTAX;
}

static err_t resolve(const char *text, enum sock_proto proto, struct addrinfo **out)
{
    const struct addrinfo hints = { .ai_family = protos[proto].family,
                                    .ai_socktype = protos[proto].type,
                                    .ai_flags = AI_PASSIVE };
    struct slice host, port;
    err_t err = split_text(text, &host, &port);

    if (err) {
        log_err("IOERROR: malformed listen address: listen=<%s>", text);
        return err;
    }
    char *h = host.n ? mem_strndup(host.p, host.n) : NULL;
    char *p = mem_strndup(port.p, port.n);
    int r = getaddrinfo(h, p, &hints, out);
    mem_free(h);
    mem_free(p);
    if (r == 0)
        return ERR_OK;
    log_err("IOERROR: cannot resolve listen address: listen=<%s> reason=<%s>", text,
            gai_strerror(r));
    return ERR_NOTFOUND;
}

static err_t open_inet(const struct addrinfo *ai, int backlog, const char *text, int *fd_out)
{
    const int on = 1;

    *fd_out = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);
    if (*fd_out < 0)
        return errno == EAFNOSUPPORT ? ERR_UNSUPPORTED : LOG_IO("socket", text);
    setsockopt(*fd_out, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (ai->ai_family == AF_INET6)      /* IPv4 gets its own socket */
        setsockopt(*fd_out, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    err_t err = ERR_OK;
    if (bind(*fd_out, ai->ai_addr, ai->ai_addrlen) < 0)
        err = errno == EADDRNOTAVAIL && ai->ai_family == AF_INET6 ? ERR_UNSUPPORTED
                                                                  : bind_failed("bind", text);
    else if (ai->ai_socktype == SOCK_STREAM && listen(*fd_out, backlog) < 0)
        err = bind_failed("listen", text);
    if (err)
        file_close(fd_out);
    return err;
}

/* Among several failures the one that says most wins over "this family is not here". */
static err_t worse(err_t before, err_t now)
{
    return before == ERR_OK || before == ERR_UNSUPPORTED ? now : before;
}

static err_t listen_inet(const char *text, enum sock_proto proto, int backlog,
                         struct sock_listener *out, size_t *n_out)
{
    struct addrinfo *list = NULL;
    err_t err = resolve(text, proto, &list), failure = ERR_OK;

    if (err)
        return err;
    for (const struct addrinfo *ai = list; ai && *n_out < SOCK_LISTEN_MAX; ai = ai->ai_next) {
        if (ai->ai_family != AF_INET && ai->ai_family != AF_INET6)
            continue;
        err = open_inet(ai, backlog, text, &out[*n_out].fd);
        if (err)
            failure = worse(failure, err);
        else
            (*n_out)++;
    }
    freeaddrinfo(list);
    if (*n_out)
        return ERR_OK;
    if (failure == ERR_UNSUPPORTED)
        log_err("IOERROR: no such address on this machine: listen=<%s>", text);
    return failure ? failure : ERR_NOTFOUND;
}

err_t sock_listen(const char *text, enum sock_proto proto, int backlog,
                  struct sock_listener *out, size_t *n_out)
{
    err_t err;

    *n_out = 0;
    if (text[0] == '/') {
        err = open_unix(text, protos[proto].type, 0777, backlog, &out[0].fd);
        *n_out = err == ERR_OK;
    } else {
        err = listen_inet(text, proto, backlog, out, n_out);
    }
    for (size_t i = 0; i < *n_out; i++)
        (void)!sock_local(out[i].fd, &out[i].addr);
    return err;
}
