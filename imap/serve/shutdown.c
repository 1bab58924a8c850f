/* shutdown.c - when a session, or an idle process, has to end
 *
 * Handlers only set flags and interrupt what sleeps.  A signal may come just before a call begins
 * to sleep and so be slept over; therefore the first one starts an alarm that ticks every second
 * until the process has ended.
 */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "imap/serve/serve_impl.h"
#include "lib/base/clock.h"
#include "lib/conf/conf.h"
#include "lib/os/sig.h"

enum { FILE_EVERY_MS = 1000, TICK_SECONDS = 1 };

static volatile sig_atomic_t got_term, got_hup, got_alarm;

static void on_signal(int signo)
{
    if (signo == SIGHUP)
        got_hup = 1;
    else if (signo == SIGALRM)
        got_alarm = 1;
    else
        got_term = 1;
    alarm(TICK_SECONDS);
}

void shutdown_catch_signals(void)
{
    static const int caught[] = { SIGTERM, SIGQUIT, SIGHUP, SIGALRM };
    struct sigaction sa = { .sa_handler = on_signal };      /* no SA_RESTART: sleeps must end */

    sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
        sigaction(caught[i], &sa, NULL);
    sig_ignore(SIGPIPE);
}

bool shutdown_term(void)
{
    return got_term;
}

bool shutdown_hup(void)
{
    return got_hup;
}

bool shutdown_alarm_take(void)
{
    bool was = got_alarm;

    got_alarm = 0;
    return was;
}

/* First line of a file below configdirectory; false: there is none. */
static bool first_line(const char *name, char *text, size_t size)
{
    struct buf path = BUF_INIT;

    conf_dir(&path, name);
    int fd = open(buf_cstr(&path), O_RDONLY | O_CLOEXEC);
    buf_fini(&path);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, size - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    return true;
}

bool serve_motd(char *text, size_t size)
{
    return first_line("msg/motd", text, size) && *text;
}

static void look(struct serve *s)
{
    s->shutting_down = first_line("msg/shutdown", s->shutdown_text, sizeof s->shutdown_text);
}

bool serve_must_end(struct session_base *base, const char **why)
{
    struct serve *s = conn_of(base)->serve;
    uint64_t now = clock_mono_ms();

    *why = "";
    if (got_term)
        return true;
    if (!s->shutdown_looked_ms || now - s->shutdown_looked_ms >= FILE_EVERY_MS) {
        s->shutdown_looked_ms = now;
        look(s);
    }
    if (s->shutting_down)
        *why = s->shutdown_text;
    return s->shutting_down;
}
