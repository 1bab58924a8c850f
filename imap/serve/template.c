/* template.c - a process that makes workers instead of serving: master/protocol.h, "template"
 *
 *   master --FORK--> template --fork--> (between) --fork--> worker --WORKER--> master
 *
 * Workers share all memory that they do not change: configuration, TLS context, mechanisms, and
 * the relocations of every library.  The one between ends at once, so that the worker becomes a
 * child of master, which adopts orphans; the template has seen it end before it closes the gate
 * at which the worker waits, so that the worker's parent is certain from its first step on.
 *
 * What a worker does not share: libcrypto renews its random state after fork() by itself, that of
 * libsasl belongs to a connection; ids come from the kernel (lib/base/rand.h); nothing keeps a
 * pid; alarms and the signal of a parent's death are not inherited.  The connection to syslog is
 * made anew, and databases are opened only now (start_store()).
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "imap/serve/serve_impl.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/os/file.h"

#define TEMPLATE_VARIABLE "CYRUS_TEMPLATE_FD"

enum message { MSG_HELLO = 1, MSG_FORK = 2, MSG_WORKER = 3, MSG_FAILED = 4 };

struct letter {
    int32_t message, pid;
};

struct template
{
    struct serve *serve;
    int socket;
    pid_t master;
};

/* ---- messages ---- */

static bool say(const struct template *t, enum message what)
{
    const struct letter m = { .message = (int32_t)what, .pid = (int32_t)getpid() };
    ssize_t n;

    do
        n = send(t->socket, &m, sizeof m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == sizeof m;
}

static bool must_end(void)
{
    return shutdown_term() || shutdown_hup();
}

/* Wait for a request.  False: it is time to end. */
static bool hear_request(const struct template *t)
{
    struct letter m;

    while (!must_end()) {
        ssize_t n = recv(t->socket, &m, sizeof m, 0);
        if (n == sizeof m && m.message == MSG_FORK)
            return !must_end();
        if (n == 0 || (n < 0 && errno != EINTR))
            return false; /* master has gone, or wants no more of us */
    }
    return false;
}

/* ---- making one ---- */

/* Until the template lets us go, or has ended. */
static void wait_at_gate(int gate[2])
{
    char nothing;

    file_close(&gate[1]);
    while (read(gate[0], &nothing, 1) < 0 && errno == EINTR)
        ;
    file_close(&gate[0]);
}

/* Master would not know of a worker that it has not heard of, and nobody would end it: such a
 * one leaves without a trace. */
static void begin_worker(struct template *t, int gate[2])
{
    wait_at_gate(gate);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != t->master || !say(t, MSG_WORKER))
        _exit(0);
    file_close(&t->socket);
    log_close();
    start_log(t->serve);
}

/* The one between: its worker is an orphan as soon as it ends.  Returns in the worker only. */
static void leave_orphan(struct template *t, int gate[2])
{
    const pid_t pid = fork();

    if (pid != 0)
        _exit(pid < 0);
    begin_worker(t, gate);
}

static bool ended_well(pid_t pid)
{
    int status = 0;
    pid_t got;

    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    return got == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

enum made { MADE_WORKER, MADE_NONE, IS_WORKER };

static enum made make_worker(struct template *t)
{
    int gate[2];

    if (pipe2(gate, O_CLOEXEC) < 0) {
        (void)!LOG_IO("pipe", t->serve->service_name);
        return MADE_NONE;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        leave_orphan(t, gate);
        return IS_WORKER;
    }
    const bool made = pid > 0 && ended_well(pid);
    if (!made)
        log_err("template of %s: cannot make a process: %s", t->serve->service_name,
                pid < 0 ? strerror(errno) : "the one between failed");
    file_close(&gate[0]);
    file_close(&gate[1]);
    return made ? MADE_WORKER : MADE_NONE;
}

/* ---- the whole ---- */

/* The socket that master gave us, and master, who made it.  Whoever else gets hold of the
 * variable, as the child of a script that is the service, is no template. */
static bool find_socket(struct template *t)
{
    const char *text = getenv(TEMPLATE_VARIABLE);
    struct ucred maker;
    socklen_t n = sizeof maker;
    int type = 0;
    socklen_t type_n = sizeof type;
    uint32_t fd;

    if (!text || num_u32(slice_cstr(text), &fd) != ERR_OK || fd > INT16_MAX)
        return false;
    t->socket = (int)fd;
    if (getsockopt(t->socket, SOL_SOCKET, SO_TYPE, &type, &type_n) < 0 || type != SOCK_SEQPACKET ||
        getsockopt(t->socket, SOL_SOCKET, SO_PEERCRED, &maker, &n) < 0)
        return false;
    fcntl(t->socket, F_SETFD, FD_CLOEXEC);
    t->master = maker.pid;
    return t->master == getppid();
}

/* Free pieces among what is allocated lie in pages that the workers share, and who takes one pays
 * with a copy of its page.  So all are taken now, for ever; what a worker allocates then lies
 * together, in pages of its own.  Small pieces are kept even when they are from the end of the
 * heap: given back they would be holes themselves.  Only for the heap of the C library, which
 * is where sbrk() is. */
static void close_holes(const struct serve *s)
{
    enum { LARGEST = 120 << 10, KEPT = 1040, SMALLEST = 24 };
    const uintptr_t end = (uintptr_t)sbrk(0), top = end - mallinfo2().keepcost;

    if ((uintptr_t)s->life >= end)
        return;
    for (size_t n = LARGEST; n >= SMALLEST; n -= n > KEPT ? 512 : 16) {
        void *piece = mem_alloc(n);
        while ((uintptr_t)piece < top)
            piece = mem_alloc(n);
        if (n > KEPT)
            mem_free(piece);
    }
    malloc_trim(0);
}

static void show_title(const struct template *t)
{
    char text[256];

    snprintf(text, sizeof text, "%s: template", t->serve->service_name);
    title_set(text);
}

static bool serve_requests(struct template *t)
{
    while (hear_request(t)) {
        if (inputs_changed(t->serve)) {
            log_info("files of %s have changed: starting anew", t->serve->service_name);
            return false;
        }
        enum made made = make_worker(t);
        if (made == IS_WORKER)
            return true;
        if (made == MADE_NONE && !say(t, MSG_FAILED))
            return false;
    }
    return false;
}

bool template_run(struct serve *s, int *status)
{
    struct template t = { .serve = s };

    if (s->on_stdio || !pool_is_child(s) || !find_socket(&t))
        return true;
    shutdown_catch_signals();
    show_title(&t);
    close_holes(s);
    *status = 0;
    if (!say(&t, MSG_HELLO))
        return false;
    return serve_requests(&t);
}
