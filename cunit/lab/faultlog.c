/* faultlog.c - what a program tells the system log, written to a file (LD_PRELOAD)
 *
 * The file named by $FAULT_LOG gets one line "<level> <text>" for each message.  System calls are
 * made directly and nothing is kept open or allocated: the program's own calls, descriptors and
 * memory are what a laboratory watches and takes away.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2000 };

static char log_path[256];

/* The environment may be moved later: a program that shows its state in its title does so. */
__attribute__((constructor)) static void remember_path(void)
{
    const char *path = getenv("FAULT_LOG");

    if (path && strlen(path) < sizeof log_path)
        memcpy(log_path, path, strlen(path) + 1);
}

static void put(int priority, const char *fmt, va_list ap)
{
    char line[LINE_MAX_BYTES];
    int n = snprintf(line, sizeof line, "%d ", LOG_PRI(priority));

    if (!log_path[0])
        return;
    n += vsnprintf(line + n, sizeof line - (size_t)n - 1, fmt, ap);
    if (n > (int)sizeof line - 2)
        n = (int)sizeof line - 2;
    line[n++] = '\n';
    long fd = syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
                      0666);
    if (fd < 0)
        return;
    (void)!syscall(SYS_write, fd, line, (size_t)n);
    syscall(SYS_close, fd);
}

void vsyslog(int priority, const char *fmt, va_list ap)
{
    put(priority, fmt, ap);
}

void syslog(int priority, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put(priority, fmt, ap);
    va_end(ap);
}

/* The names that programs built with _FORTIFY_SOURCE call. */
void __vsyslog_chk(int priority, int flag, const char *fmt, va_list ap);
void __syslog_chk(int priority, int flag, const char *fmt, ...);

void __vsyslog_chk(int priority, int flag, const char *fmt, va_list ap)
{
    (void)flag;
    put(priority, fmt, ap);
}

void __syslog_chk(int priority, int flag, const char *fmt, ...)
{
    va_list ap;

    (void)flag;
    va_start(ap, fmt);
    put(priority, fmt, ap);
    va_end(ap);
}
