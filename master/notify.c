/* notify.c - see notify.h */
#include "master/notify.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/os/file.h"

enum { US_PER_MS = 1000 };

/* Half of what the manager waits for, if the watchdog is meant for this process. */
static uint64_t read_watchdog(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t us, wanted;

    if (!usec || num_u64(slice_cstr(usec), &us) != ERR_OK)
        return 0;
    if (pid && (num_u64(slice_cstr(pid), &wanted) != ERR_OK || wanted != (uint64_t)getpid()))
        return 0;
    us /= 2 * US_PER_MS;
    return us ? us : 1;
}

static void connect_to(struct notify *n, const char *name)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    const size_t len = strlen(name);

    if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof un.sun_path) {
        log_warn("NOTIFY_SOCKET is no address of a UNIX socket and is ignored");
        return;
    }
    memcpy(un.sun_path, name, len);
    if (name[0] == '@')
        un.sun_path[0] = '\0';
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (n->fd < 0 || connect(n->fd, (struct sockaddr *)&un,
                             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0) {
        log_warn("cannot reach the service manager at NOTIFY_SOCKET: %m");
        file_close(&n->fd);
    }
}

void notify_open(struct notify *n)
{
    const char *name = getenv("NOTIFY_SOCKET");

    *n = (struct notify){ .fd = -1 };
    if (name && *name)
        connect_to(n, name);
    if (n->fd >= 0)
        n->watchdog_ms = read_watchdog();
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void notify_close(struct notify *n)
{
    file_close(&n->fd);
}

static void tell(const struct notify *n, const char *text)
{
    if (n->fd >= 0 && send(n->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        log_debug("the service manager does not listen: %m");
}

void notify_ready(const struct notify *n)
{
    struct buf text = BUF_INIT;

    buf_addf(&text, "READY=1\nSTATUS=ready for work\nMAINPID=%ld", (long)getpid());
    tell(n, buf_cstr(&text));
    buf_fini(&text);
}

void notify_reloading(const struct notify *n)
{
    struct buf text = BUF_INIT;

    buf_adds(&text, "RELOADING=1\nSTATUS=reading the configuration again\nMONOTONIC_USEC=");
    buf_add_u64(&text, clock_mono_us());
    tell(n, buf_cstr(&text));
    buf_fini(&text);
}

void notify_stopping(const struct notify *n)
{
    tell(n, "STOPPING=1\nSTATUS=waiting for services to end");
}

void notify_watchdog(const struct notify *n)
{
    tell(n, "WATCHDOG=1");
}
