/* sock_name.c - addresses as text; see sock.h */
#include "lib/os/sock.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

enum { HOST_NAME_MAX_BYTES = 255 };     /* RFC 1035 section 2.3.4 */

err_t sock_peer(int fd, struct sock_addr *out)
{
    out->len = sizeof out->ss;
    if (getpeername(fd, (struct sockaddr *)&out->ss, &out->len) == 0)
        return ERR_OK;
    out->len = 0;
    return ERR_CLOSED;
}

err_t sock_local(int fd, struct sock_addr *out)
{
    out->len = sizeof out->ss;
    if (getsockname(fd, (struct sockaddr *)&out->ss, &out->len) == 0)
        return ERR_OK;
    out->len = 0;
    return ERR_CLOSED;
}

static int family(const struct sock_addr *a)
{
    return a->len >= sizeof(sa_family_t) ? a->ss.ss_family : AF_UNSPEC;
}

bool sock_is_inet(const struct sock_addr *a)
{
    return family(a) == AF_INET || family(a) == AF_INET6;
}

static struct sockaddr_in as_v4(const struct sock_addr *a)
{
    struct sockaddr_in in;

    memcpy(&in, &a->ss, sizeof in);
    return in;
}

static struct sockaddr_in6 as_v6(const struct sock_addr *a)
{
    struct sockaddr_in6 in6;

    memcpy(&in6, &a->ss, sizeof in6);
    return in6;
}

uint16_t sock_port(const struct sock_addr *a)
{
    if (family(a) == AF_INET)
        return ntohs(as_v4(a).sin_port);
    return family(a) == AF_INET6 ? ntohs(as_v6(a).sin6_port) : 0;
}

/* An IPv4 client of an IPv6 socket is shown as what it is. */
static struct sock_addr unmapped(const struct sock_addr *a)
{
    struct sock_addr out = { .len = sizeof(struct sockaddr_in) };
    struct sockaddr_in in = { .sin_family = AF_INET };

    if (family(a) != AF_INET6)
        return *a;
    struct sockaddr_in6 in6 = as_v6(a);
    if (!IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
        return *a;
    in.sin_port = in6.sin6_port;
    memcpy(&in.sin_addr, in6.sin6_addr.s6_addr + 12, sizeof in.sin_addr);
    memcpy(&out.ss, &in, sizeof in);
    return out;
}

bool sock_same_host(const struct sock_addr *a, const struct sock_addr *b)
{
    const struct sock_addr x = unmapped(a), y = unmapped(b);

    if (!sock_is_inet(&x) || family(&x) != family(&y))
        return false;
    if (family(&x) == AF_INET)
        return as_v4(&x).sin_addr.s_addr == as_v4(&y).sin_addr.s_addr;
    const struct sockaddr_in6 p = as_v6(&x), q = as_v6(&y);
    return memcmp(&p.sin6_addr, &q.sin6_addr, sizeof p.sin6_addr) == 0;
}

void sock_add_ip(struct buf *out, const struct sock_addr *addr)
{
    const struct sock_addr a = unmapped(addr);
    char text[INET6_ADDRSTRLEN] = "unknown";

    if (family(&a) == AF_INET) {
        const struct sockaddr_in in = as_v4(&a);
        inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    } else if (family(&a) == AF_INET6) {
        const struct sockaddr_in6 in6 = as_v6(&a);
        inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text);
    }
    buf_adds(out, family(&a) == AF_UNIX ? "unix" : text);
}

void sock_add_ipport(struct buf *out, const struct sock_addr *a)
{
    if (!sock_is_inet(a))
        return;
    sock_add_ip(out, a);
    buf_addc(out, ';');
    buf_add_u64(out, sock_port(a));
}

/* Whoever owns the address block chooses the name, so nothing but host name characters
 * gets any further. */
static bool is_host_name(struct slice s)
{
    if (s.n == 0 || s.n > HOST_NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '.' || c == '_';
        if (!fine)
            return false;
    }
    return true;
}

bool sock_add_reverse(struct buf *out, const struct sock_addr *addr)
{
    const struct sock_addr a = unmapped(addr);
    unsigned char binary[sizeof(struct in6_addr)];
    char host[NI_MAXHOST];

    if (!sock_is_inet(&a) || getnameinfo((const struct sockaddr *)&a.ss, a.len, host,
                                         sizeof host, NULL, 0, NI_NAMEREQD) != 0)
        return false;
    if (!is_host_name(slice_cstr(host)) || inet_pton(AF_INET, host, binary) == 1)
        return false;
    buf_adds(out, host);
    return true;
}

void sock_add_name(struct buf *out, const struct sock_addr *a, bool look_up)
{
    if (family(a) == AF_UNIX) {
        buf_adds(out, "[local]");
        return;
    }
    if (look_up && sock_add_reverse(out, a))
        buf_addc(out, ' ');
    buf_addc(out, '[');
    sock_add_ip(out, a);
    buf_addc(out, ']');
}
