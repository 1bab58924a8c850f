/* interpose_net.c - the wrapped calls that read files, or have nothing to do with files */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cunit/lab/lab_core.h"
#include "cunit/lab/lab_net.h"

#define ALSO(type, name, of, ...) type name(__VA_ARGS__) __attribute__((alias(#of)))

/* ---- reads ---- */

static size_t shortened(const struct lab_op *op, size_t n)
{
    return op->rule && op->rule->action == LAB_SHORT ? lab_allowed(op, n) : n;
}

ssize_t read(int fd, void *p, size_t n)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_READ, fd, LAB_RECV);
    return LAB_RUN(&op, 0, syscall(SYS_read, fd, p, shortened(&op, n)));
}

ssize_t __read_chk(int fd, void *p, size_t n, size_t room);
ssize_t __read_chk(int fd, void *p, size_t n, size_t room)
{
    return read(fd, p, n < room ? n : room);
}

ssize_t readv(int fd, const struct iovec *v, int nv)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_READ, fd, LAB_RECV);
    return LAB_RUN(&op, 0,
                   op.rule && op.rule->action == LAB_SHORT && nv
                       ? syscall(SYS_read, fd, v->iov_base, shortened(&op, v->iov_len))
                       : syscall(SYS_readv, fd, v, nv));
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_PREAD, fd, LAB_NCALLS);
    return LAB_RUN(&op, 0, syscall(SYS_pread64, fd, p, shortened(&op, n), at));
}
ALSO(ssize_t, pread64, pread, int fd, void *p, size_t n, off_t at);

ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t room);
ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t room)
{
    return pread(fd, p, n < room ? n : room, at);
}
ALSO(ssize_t, __pread64_chk, __pread_chk, int fd, void *p, size_t n, off_t at, size_t room);

ssize_t preadv(int fd, const struct iovec *v, int nv, off_t at)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_PREAD, fd, LAB_NCALLS);
    return LAB_RUN(&op, 0,
                   op.rule && op.rule->action == LAB_SHORT && nv
                       ? syscall(SYS_pread64, fd, v->iov_base, shortened(&op, v->iov_len), at)
                       : syscall(SYS_preadv, fd, v, nv, at, (off_t)0));
}
ALSO(ssize_t, preadv64, preadv, int fd, const struct iovec *v, int nv, off_t at);

void *mmap(void *where, size_t n, int prot, int flags, int fd, off_t at)
{
    struct lab_op op;

    if (flags & MAP_ANONYMOUS)
        lab_op_bare(&op, LAB_MMAP_ANON);
    else
        lab_op_fd(&op, LAB_MMAP, fd, LAB_NCALLS);
    return (void *)LAB_RUN(&op, -1, syscall(SYS_mmap, where, n, prot, flags, fd, at));
}
ALSO(void *, mmap64, mmap, void *where, size_t n, int prot, int flags, int fd, off_t at);

/* ---- descriptors and locks ---- */

int fcntl(int fd, int cmd, ...)
{
    struct lab_op op;
    va_list ap;

    va_start(ap, cmd);
    void *argument = va_arg(ap, void *);
    va_end(ap);
    if (cmd == F_SETLK || cmd == F_SETLKW || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW)
        lab_op_fd(&op, LAB_LOCK, fd, LAB_NCALLS);
    else if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC)
        lab_op_bare(&op, LAB_DUP);
    else
        return (int)syscall(SYS_fcntl, fd, cmd, argument);
    return (int)LAB_RUN(&op, 0, syscall(SYS_fcntl, fd, cmd, argument));
}
ALSO(int, fcntl64, fcntl, int fd, int cmd, ...);

int flock(int fd, int how)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_LOCK, fd, LAB_NCALLS);
    return (int)LAB_RUN(&op, 0, syscall(SYS_flock, fd, how));
}

int dup(int fd)
{
    struct lab_op op;

    lab_op_bare(&op, LAB_DUP);
    return (int)LAB_RUN(&op, -1, syscall(SYS_dup, fd));
}

int dup3(int fd, int to, int flags)
{
    struct lab_op op;

    lab_op_bare(&op, LAB_DUP);
    return (int)LAB_RUN(&op, to, syscall(SYS_dup3, fd, to, flags));
}

int dup2(int fd, int to)
{
    struct lab_op op;

    lab_op_bare(&op, LAB_DUP);
    return (int)LAB_RUN(&op, to, syscall(SYS_dup2, fd, to));
}

int pipe2(int fds[2], int flags)
{
    struct lab_op op;

    lab_op_bare(&op, LAB_PIPE);
    return (int)LAB_RUN(&op, -1, syscall(SYS_pipe2, fds, flags));
}

int pipe(int fds[2])
{
    return pipe2(fds, 0);
}

DIR *opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? NULL : fdopendir(fd);
}

/* fork() has handlers to run: it is libc's. */
pid_t fork(void)
{
    static pid_t (*real)(void);
    struct lab_op op;

    if (!real)
        real = (pid_t(*)(void))dlsym(RTLD_NEXT, "fork");
    lab_op_bare(&op, LAB_FORK);
    return (pid_t)LAB_RUN(&op, -1, real());
}

int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    struct lab_op op;

    lab_op_bare(&op, LAB_POLL);
    return (int)LAB_RUN(&op, 0, syscall(SYS_poll, fds, n, timeout_ms));
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    struct lab_op op;
    struct timespec left = timeout ? *timeout : (struct timespec){ 0 };

    lab_op_bare(&op, LAB_POLL);
    return (int)LAB_RUN(&op, 0,
                        syscall(SYS_ppoll, fds, n, timeout ? &left : NULL, mask,
                                mask ? (size_t)(NSIG - 1) / 8 : 0));
}

/* ---- sockets ---- */

/* The peer's TCP port, or 0. */
static uint64_t peer_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        char room[128];
    } a;
    socklen_t n = sizeof a;

    if (getpeername(fd, &a.any, &n) < 0)
        return 0;
    return a.any.sa_family == AF_INET    ? ntohs(a.in.sin_port)
           : a.any.sa_family == AF_INET6 ? ntohs(a.in6.sin6_port)
                                         : 0;
}

static void note_sent(uint64_t port, const struct iovec *v, size_t nv, size_t left)
{
    for (size_t i = 0; i < nv && left; i++) {
        size_t n = v[i].iov_len < left ? v[i].iov_len : left;
        lab_log(&(struct lab_note){
            .type = EV_SEND, .ino = port, .data = v[i].iov_base, .n = n, .arg = n });
        left -= n;
    }
}

void lab_note_sendfile(struct lab_op *op, int fd, size_t n)
{
    uint64_t port = lab_recording(op) ? peer_port(fd) : 0;

    if (!port)
        return;
    lab_log_lock();
    lab_log(&(struct lab_note){ .type = EV_SEND, .ino = port, .arg = n });
    lab_log_unlock();
}

/* The log has the reply before the client can answer it.  Nobody waits with the lock held. */
static long does_sendmsg(struct lab_op *op, int fd, const struct msghdr *m, int flags)
{
    uint64_t port = lab_recording(op) ? peer_port(fd) : 0;
    struct pollfd room = { .fd = fd, .events = POLLOUT };

    if (!port)
        return syscall(SYS_sendmsg, fd, m, flags);
    for (;;) {
        lab_log_lock();
        long r = syscall(SYS_sendmsg, fd, m, flags | MSG_DONTWAIT);
        int saved = errno;
        if (r > 0)
            note_sent(port, m->msg_iov, m->msg_iovlen, (size_t)r);
        lab_log_unlock();
        errno = saved;
        if (r >= 0 || errno != EAGAIN || (syscall(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK))
            return r;
        syscall(SYS_poll, &room, 1, -1);
    }
}

static long send_pieces(struct lab_op *op, int fd, const struct iovec *v, int nv)
{
    struct msghdr m = { .msg_iov = (struct iovec *)v, .msg_iovlen = (size_t)nv };

    return does_sendmsg(op, fd, &m, 0);
}

long lab_does_send(struct lab_op *op, int fd, const struct iovec *v, int nv, size_t n)
{
    struct iovec first = nv ? *v : (struct iovec){ NULL, 0 };

    if (nv && n < first.iov_len)
        first.iov_len = n;
    if (op->rule && op->rule->action == LAB_SHORT)
        return send_pieces(op, fd, &first, nv ? 1 : 0);
    return send_pieces(op, fd, v, nv);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    struct lab_op op;
    ssize_t all = 0;

    for (size_t i = 0; i < m->msg_iovlen; i++)
        all += (ssize_t)m->msg_iov[i].iov_len;
    lab_op_fd(&op, LAB_SEND, fd, LAB_SEND);
    return LAB_RUN(&op, all, does_sendmsg(&op, fd, m, flags));
}

ssize_t sendto(int fd, const void *p, size_t n, int flags, const struct sockaddr *to,
               socklen_t tolen)
{
    struct iovec v = { (void *)p, n };
    struct msghdr m = {
        .msg_name = (void *)to, .msg_namelen = tolen, .msg_iov = &v, .msg_iovlen = 1
    };
    struct lab_op op;

    lab_op_fd(&op, LAB_SEND, fd, LAB_SEND);
    enum lab_verdict verdict = lab_before(&op);
    v.iov_len = lab_allowed(&op, n);
    long r = verdict == LAB_MAKE      ? does_sendmsg(&op, fd, &m, flags)
             : verdict == LAB_PRETEND ? (long)n
                                      : -1;
    return lab_after(&op, r, (long)n);
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
    return sendto(fd, p, n, flags, NULL, 0);
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_RECV, fd, LAB_RECV);
    return LAB_RUN(&op, 0, syscall(SYS_recvmsg, fd, m, flags));
}

ssize_t recvfrom(int fd, void *p, size_t n, int flags, struct sockaddr *from, socklen_t *fromlen)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_RECV, fd, LAB_RECV);
    return LAB_RUN(&op, 0, syscall(SYS_recvfrom, fd, p, shortened(&op, n), flags, from, fromlen));
}

ssize_t recv(int fd, void *p, size_t n, int flags)
{
    return recvfrom(fd, p, n, flags, NULL, NULL);
}

int socket(int domain, int type, int protocol)
{
    struct lab_op op;

    lab_op_bare(&op, LAB_SOCKET);
    return (int)LAB_RUN(&op, -1, syscall(SYS_socket, domain, type, protocol));
}

int socketpair(int domain, int type, int protocol, int fds[2])
{
    struct lab_op op;

    lab_op_bare(&op, LAB_SOCKET);
    return (int)LAB_RUN(&op, -1, syscall(SYS_socketpair, domain, type, protocol, fds));
}

int accept4(int fd, struct sockaddr *from, socklen_t *n, int flags)
{
    struct lab_op op;

    lab_op_bare(&op, LAB_ACCEPT);
    return (int)LAB_RUN(&op, -1, syscall(SYS_accept4, fd, from, n, flags));
}

int accept(int fd, struct sockaddr *from, socklen_t *n)
{
    return accept4(fd, from, n, 0);
}

int connect(int fd, const struct sockaddr *to, socklen_t n)
{
    struct lab_op op;

    lab_op_bare(&op, LAB_CONNECT);
    return (int)LAB_RUN(&op, 0, syscall(SYS_connect, fd, to, n));
}
