/* testservice.c - a service that is not part of the suite, for cunit/wire/master.t
 *
 *   testservice DIR MODE [ARGUMENT ...]
 *
 * Speaks the contract of formats/internal-protocols.md section 1 with master by its own code.
 * At start it writes DIR/<CYRUS_SERVICE or MODE>.<CYRUS_ID or ->.<pid>: arguments, environment of
 * the contract, open descriptors, user, process group.  Modes:
 *   serve      accept, greet with "hello <pid>", answer lines; after "crash" abort, after "exit N"
 *              exit so, after "slow N" sleep N seconds and say "done"
 *   once       serve one connection, then end
 *   status N   end at once with status N          abort      end at once by a signal
 *   noise      write rubbish to the status pipe, then serve
 *   flood      write rubbish to the status pipe for ever
 *   datagram   answer each datagram with its text
 *   daemon     wait for a signal                  ready      the same, after "ok\r\n" on 3
 *   unready    write something else to 3 and wait
 *   stubborn   ignore TERM                        start N    sleep N/10 seconds, end well
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_FD = 3, LISTEN_FD = 4, EXIT_BROKEN = 99 };
enum { AVAILABLE = 1, UNAVAILABLE = 2, CONNECTION = 3 };

static volatile sig_atomic_t hung_up, terminated;

static void on_signal(int signo)
{
    if (signo == SIGHUP)
        hung_up = 1;
    else
        terminated = 1;
}

static void tell(int32_t message)
{
    const int32_t m[2] = { message, getpid() };

    if (write(STATUS_FD, m, sizeof m) != sizeof m)
        _exit(EXIT_BROKEN);
}

static const char *variable(const char *name, const char *other)
{
    const char *value = getenv(name);

    return value ? value : other;
}

static void list_descriptors(FILE *f)
{
    char path[64], target[300];

    for (int fd = 0; fd < 64; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(path, target, sizeof target - 1);
        if (n <= 0 || fd == fileno(f))
            continue;
        target[n] = '\0';
        fprintf(f, "fd %d %s\n", fd, target);
    }
}

/* First under another name, so that whoever waits for the file finds it whole. */
static void write_record(const char *dir, int argc, char **argv)
{
    static const char *const names[] = { "CYRUS_SERVICE", "CYRUS_ID", "CYRUS_ISDAEMON",
                                         "LISTEN_FDS", "NOTIFY_SOCKET", "TEST_KEPT",
                                         "CYRUS_TEMPLATE_FD" };
    char path[2000], tmp[2100];
    struct rlimit lim;
    sigset_t blocked;

    snprintf(path, sizeof path, "%s/%s.%s.%ld", dir, variable("CYRUS_SERVICE", argv[2]),
             variable("CYRUS_ID", "-"), (long)getpid());
    snprintf(tmp, sizeof tmp, "%s/.%ld", dir, (long)getpid());
    FILE *f = fopen(tmp, "we");
    if (!f)
        _exit(EXIT_BROKEN);
    for (int i = 0; i < argc; i++)
        fprintf(f, "arg %d %s\n", i, argv[i]);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i]))
            fprintf(f, "env %s %s\n", names[i], getenv(names[i]));
    list_descriptors(f);
    getrlimit(RLIMIT_NOFILE, &lim);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    fprintf(f, "nofile %ld\nuid %ld\ngroup %s\nblocked %d\n", (long)lim.rlim_cur, (long)getuid(),
            getpgrp() == getpid() ? "own" : "shared",
            sigismember(&blocked, SIGTERM) || sigismember(&blocked, SIGCHLD));
    fclose(f);
    if (rename(tmp, path) < 0)
        _exit(EXIT_BROKEN);
}

/* One line of the client; 0: the connection is over. */
static int answer(int fd, const char *line)
{
    if (strncmp(line, "crash", 5) == 0)
        abort();
    if (strncmp(line, "exit ", 5) == 0)
        _exit((int)strtol(line + 5, NULL, 10));
    if (strncmp(line, "slow ", 5) == 0) {
        struct timespec left = { strtol(line + 5, NULL, 10), 0 };
        while (nanosleep(&left, &left) < 0 && errno == EINTR)
            ;
        dprintf(fd, "done\r\n");
        return !terminated;
    }
    dprintf(fd, "you said %s\r\n", line);
    return 1;
}

static void serve_connection(int fd)
{
    char line[200];
    ssize_t n;
    int more = 1;

    dprintf(fd, "hello %ld\r\n", (long)getpid());
    while (more && !terminated) {
        n = read(fd, line, sizeof line - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        line[n] = '\0';
        line[strcspn(line, "\r\n")] = '\0';
        more = answer(fd, line);
    }
    close(fd);
}

/* Until the listener is readable; false: a signal came.  Signals are only let in here, so
 * that none is missed between looking and waiting. */
static int await(void)
{
    struct pollfd p = { .fd = LISTEN_FD, .events = POLLIN };
    sigset_t none;

    sigemptyset(&none);
    while (!hung_up && !terminated)
        if (ppoll(&p, 1, NULL, &none) > 0)
            return 1;
    return 0;
}

static void hold_signals(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigprocmask(how, &set, NULL);
}

static int serve(int connections)
{
    fcntl(LISTEN_FD, F_SETFL, O_NONBLOCK);      /* another process may be faster */
    while (connections-- != 0) {
        if (!await())
            return 0;
        int fd = accept(LISTEN_FD, NULL, NULL);
        if (fd < 0 && errno != EAGAIN)
            return EXIT_BROKEN;
        if (fd < 0) {
            connections++;
            continue;
        }
        tell(UNAVAILABLE);
        tell(CONNECTION);
        hold_signals(SIG_UNBLOCK);
        serve_connection(fd);
        hold_signals(SIG_BLOCK);
        if (hung_up || terminated)
            return 0;
        tell(AVAILABLE);
    }
    tell(UNAVAILABLE);
    return 0;
}

static int serve_datagrams(void)
{
    char text[500];
    struct sockaddr_storage from;
    socklen_t len = sizeof from;

    while (await()) {
        ssize_t n = recvfrom(LISTEN_FD, text, sizeof text, 0, (struct sockaddr *)&from, &len);
        if (n > 0)
            sendto(LISTEN_FD, text, (size_t)n, 0, (struct sockaddr *)&from, len);
        len = sizeof from;
    }
    return 0;
}

static int wait_for_signal(void)
{
    sigset_t none;

    sigemptyset(&none);
    while (!hung_up && !terminated)
        sigsuspend(&none);
    return 0;
}

static int flood(void)
{
    char rubbish[1000];

    hold_signals(SIG_UNBLOCK);
    memset(rubbish, 'x', sizeof rubbish);
    while (!terminated && !hung_up)
        if (write(STATUS_FD, rubbish, sizeof rubbish) < 0 && errno != EINTR)
            return EXIT_BROKEN;
    return 0;
}

static void say(const char *text)
{
    if (write(STATUS_FD, text, strlen(text)) < 0)
        _exit(EXIT_BROKEN);
}

static int stubborn(void)
{
    signal(SIGTERM, SIG_IGN);
    hold_signals(SIG_UNBLOCK);
    while (!hung_up)
        pause();
    return 0;
}

static int act(const char *mode, const char *argument)
{
    const struct timespec tenth = { 0, 100000000 };

    if (strcmp(mode, "serve") == 0)
        return serve(-1);
    if (strcmp(mode, "once") == 0)
        return serve(1);
    if (strcmp(mode, "status") == 0)
        return (int)strtol(argument, NULL, 10);
    if (strcmp(mode, "abort") == 0)
        abort();
    if (strcmp(mode, "noise") == 0) {
        say("this is no status message");
        return serve(-1);
    }
    if (strcmp(mode, "flood") == 0)
        return flood();
    if (strcmp(mode, "datagram") == 0)
        return serve_datagrams();
    if (strcmp(mode, "ready") == 0)
        say("ok\r\n");
    if (strcmp(mode, "unready") == 0)
        say("no\r\n");
    if (strcmp(mode, "stubborn") == 0)
        return stubborn();
    if (strcmp(mode, "start") != 0)
        return wait_for_signal();
    hold_signals(SIG_UNBLOCK);
    for (long n = strtol(argument, NULL, 10); n > 0 && !terminated; n--)
        nanosleep(&tenth, NULL);
    return 0;
}

int main(int argc, char **argv)
{
    const struct sigaction action = { .sa_handler = on_signal };
    const struct rlimit no_core = { 0, 0 };

    if (argc < 3)
        return EXIT_BROKEN;
    setrlimit(RLIMIT_CORE, &no_core);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    write_record(argv[1], argc, argv);
    hold_signals(SIG_BLOCK);
    return act(argv[2], argc > 3 ? argv[3] : "0");
}
