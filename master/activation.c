/* activation.c - see activation.h */
#include "master/activation.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/os/file.h"
#include "master/listen.h"
#include "master/protocol.h"

enum {
    FIRST_FD = 3,                       /* by custom */
    SOCKETS_MAX = 256,
};

static struct activation_socket *at(const struct activation *a, size_t i)
{
    return VEC_AT(&a->sockets, struct activation_socket, i);
}

/* How many descriptors are meant for this process. */
static int announced(void)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    uint32_t n, wanted;

    if (!pid || !fds || num_u32(slice_cstr(pid), &wanted) != ERR_OK ||
        wanted != (uint32_t)getpid() || num_u32(slice_cstr(fds), &n) != ERR_OK)
        return 0;
    return n < SOCKETS_MAX ? (int)n : SOCKETS_MAX;
}

static void add(struct activation *a, int fd, struct slice name)
{
    struct sock_addr addr;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD + SOCKETS_MAX);

    if (moved < 0)                      /* a small limit of descriptors */
        moved = fcntl(fd, F_DUPFD_CLOEXEC, PROTOCOL_LISTEN_FD + 1);
    close(fd);
    if (moved < 0 || sock_local(moved, &addr) != ERR_OK) {
        log_warn("descriptor %d of LISTEN_FDS is no socket and is ignored", fd);
        file_close(&moved);
        return;
    }
    *VEC_PUSH(&a->sockets, struct activation_socket) = (struct activation_socket){
        .name = mem_strndup(name.p ? name.p : "", name.n), .fd = moved, .addr = addr };
}

void activation_init(struct activation *a)
{
    struct slice names = slice_cstr(getenv("LISTEN_FDNAMES")), name;
    const int n = announced();

    vec_init(&a->sockets, sizeof(struct activation_socket));
    for (int i = 0; i < n; i++) {
        names = slice_split(names, ':', &name, NULL);
        add(a, FIRST_FD + i, name);
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}

void activation_fini(struct activation *a)
{
    for (size_t i = 0; i < a->sockets.n; i++) {
        struct activation_socket *s = at(a, i);
        if (s->fd >= 0)
            log_warn("socket '%s' of LISTEN_FDS fits no service and is closed; give it the name "
                     "or the address of a service in cyrus.conf", s->name);
        file_close(&s->fd);
        mem_free(s->name);
    }
    vec_fini(&a->sockets);
}

static bool is_named(const struct activation_socket *s, const char *service)
{
    return strcmp(s->name, service) == 0;
}

size_t activation_take(struct activation *a, const char *service, const char *listen,
                       const char *proto, struct sock_listener *out)
{
    size_t n = 0;

    for (int by_name = 1; by_name >= 0 && n == 0; by_name--) {
        for (size_t i = 0; i < a->sockets.n && n < SOCK_LISTEN_MAX; i++) {
            struct activation_socket *s = at(a, i);
            if (s->fd < 0 || !(by_name ? is_named(s, service)
                                       : listen_fits(listen, proto, s->fd, &s->addr)))
                continue;
            out[n].fd = s->fd;
            out[n++].addr = s->addr;
            s->fd = -1;
        }
    }
    return n;
}
