/* lock_test.c - record locks between processes
 *
 * covers: PT-43
 */
#include "cunit/os/os_test.h"
#include "cunit/base/syslog_double.h"
#include "lib/base/clock.h"
#include "lib/os/file.h"
#include "lib/os/lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A process that holds a lock from holder_start() until its pipe says so. */
struct holder {
    pid_t pid;
    int tell;                           /* a byte or the end: let go */
};

static struct holder holder_start(const char *path, enum lock_mode mode)
{
    struct holder h;
    int orders[2], ready[2];
    char c;

    CU_ASSERT(pipe2(orders, O_CLOEXEC) == 0 && pipe2(ready, O_CLOEXEC) == 0);
    fflush(NULL);
    h.pid = fork();
    if (h.pid == 0) {
        int fd;
        close(orders[1]);
        err_t err = lock_path_take(path, mode, LOCK_TRY, &fd);
        (void)!write(ready[1], err ? "n" : "y", 1);
        (void)!read(orders[0], &c, 1);
        _exit(0);
    }
    close(orders[0]);
    close(ready[1]);
    CU_ASSERT(read(ready[0], &c, 1) == 1 && c == 'y');
    close(ready[0]);
    h.tell = orders[1];
    return h;
}

static void holder_end(struct holder *h)
{
    close(h->tell);
    waitpid(h->pid, NULL, 0);
}

static uint64_t cpu_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void test_modes(void)
{
    static const struct {
        enum lock_mode held, wanted;
        err_t err;
    } rows[] = {
        { LOCK_SHARED, LOCK_SHARED, ERR_OK },
        { LOCK_SHARED, LOCK_EXCLUSIVE, ERR_LOCKED },
        { LOCK_EXCLUSIVE, LOCK_SHARED, ERR_LOCKED },
        { LOCK_EXCLUSIVE, LOCK_EXCLUSIVE, ERR_LOCKED },
    };
    const char *path = in_tmp("modes.lock");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct holder h = holder_start(path, rows[i].held);
        int fd = -1;
        CU_CHECK_ROW(i, file_open(path, O_RDWR, 0, &fd) == ERR_OK);
        CU_CHECK_ROW(i, lock_file(fd, path, rows[i].wanted, LOCK_TRY) == rows[i].err);
        CU_CHECK_ROW(i, lock_holder(fd, rows[i].wanted) == (rows[i].err ? h.pid : 0));
        holder_end(&h);
        CU_CHECK_ROW(i, lock_file(fd, path, rows[i].wanted, LOCK_TRY) == ERR_OK);
        lock_release(fd, path);
        file_close(&fd);
    }
}

static void test_deadline(void)
{
    const char *path = in_tmp("deadline.lock");
    struct holder h = holder_start(path, LOCK_EXCLUSIVE);
    int fd;
    char expected[100];

    uint64_t begin = clock_mono_ms(), cpu = cpu_ms();
    CU_ASSERT_EQUAL(lock_path_take(path, LOCK_SHARED, 150, &fd), ERR_LOCKED);
    uint64_t waited = clock_mono_ms() - begin;
    CU_ASSERT(waited >= 150 && waited < 10000);
    CU_ASSERT(cpu_ms() - cpu < 100);    /* it slept */
    CU_ASSERT_EQUAL(fd, -1);
    snprintf(expected, sizeof expected, "holder=<%ld>", (long)h.pid);
    CU_ASSERT_PTR_NOT_NULL(strstr(syslog_double.line, expected));
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    CU_ASSERT_EQUAL(sigismember(&mask, SIGRTMIN + 5), 0);
    holder_end(&h);
}

static int release_fd;

/* Interrupts the waiting process and lets the holder go at the third time. */
static void on_alarm(int signo)
{
    static int count;

    (void)signo;
    if (++count == 3)
        (void)!write(release_fd, "x", 1);
}

static void wait_for_release(int timeout_ms)
{
    const char *path = in_tmp("wait.lock");
    struct holder h = holder_start(path, LOCK_EXCLUSIVE);
    struct sigaction sa = { .sa_handler = on_alarm };
    const struct itimerval often = { { 0, 20000 }, { 0, 20000 } }, never = { { 0, 0 }, { 0, 0 } };
    int fd;

    release_fd = h.tell;
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    CU_ASSERT_EQUAL(lock_path_take(path, LOCK_EXCLUSIVE, timeout_ms, &fd), ERR_OK);
    setitimer(ITIMER_REAL, &never, NULL);
    signal(SIGALRM, SIG_IGN);           /* one may still be on its way */
    lock_path_drop(&fd);
    CU_ASSERT_EQUAL(fd, -1);
    lock_path_drop(&fd);
    holder_end(&h);
}

static void test_wait(void)
{
    lock_set_debug_time(1);
    wait_for_release(30000);
    CU_ASSERT_PTR_NOT_NULL(strstr(syslog_double.line, "lock waited for"));
    lock_set_debug_time(0);
}

enum { WRITERS = 4, TURNS = 100 };

/* Read, add one, write, each time under the lock. */
static int add_turns(const char *lock, const char *path)
{
    for (int i = 0; i < TURNS; i++) {
        int fd, counter, n = 0;
        size_t got;
        if (lock_path_take(lock, LOCK_EXCLUSIVE, 60000, &fd) ||
            file_open(path, O_RDWR | O_CREAT, 0600, &counter) ||
            file_pread(counter, path, &n, sizeof n, 0, &got))
            return 1;
        n++;
        if (file_pwrite_all(counter, path, &n, sizeof n, 0))
            return 2;
        file_close(&counter);
        lock_path_drop(&fd);
    }
    return 0;
}

static void test_contention(void)
{
    const char *lock = in_tmp("contention.lock"), *path = in_tmp("counter");
    struct buf b = BUF_INIT;
    pid_t pids[WRITERS];
    int status, n = 0;

    fflush(NULL);
    for (int i = 0; i < WRITERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(add_turns(lock, path));
    }
    for (int i = 0; i < WRITERS; i++)
        CU_ASSERT(waitpid(pids[i], &status, 0) == pids[i] && status == 0);
    CU_ASSERT_EQUAL(file_load(path, sizeof n, &b), ERR_OK);
    CU_ASSERT_EQUAL(b.n, sizeof n);
    memcpy(&n, b.p, b.n);
    CU_ASSERT_EQUAL(n, WRITERS * TURNS);
    buf_fini(&b);
}

static void test_refused(void)
{
    const char *path = in_tmp("refused");
    int fd = -1;

    CU_ASSERT_EQUAL(lock_file(fd, "none", LOCK_SHARED, LOCK_TRY), ERR_IO);
    make_file(path, "");
    CU_ASSERT_EQUAL(file_open(path, O_RDONLY, 0, &fd), ERR_OK);
    CU_ASSERT_EQUAL(lock_file(fd, path, LOCK_EXCLUSIVE, LOCK_TRY), ERR_IO);
    CU_ASSERT_EQUAL(lock_file(fd, path, LOCK_SHARED, LOCK_TRY), ERR_OK);
    file_close(&fd);
}

static void test_path(void)
{
    const char *path = in_tmp("locks/q/*U*fred.lock");
    struct stat st;
    int fd;

    CU_ASSERT_EQUAL(lock_path_take(path, LOCK_EXCLUSIVE, LOCK_TRY, &fd), ERR_OK);
    CU_ASSERT(fstat(fd, &st) == 0 && st.st_size == 0);
    CU_ASSERT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    lock_path_drop(&fd);
    CU_ASSERT(file_exists(path));
    make_file(in_tmp("plain"), "");
    CU_ASSERT_EQUAL(lock_path_take(in_tmp("plain/x.lock"), LOCK_SHARED, LOCK_TRY, &fd), ERR_IO);
    CU_ASSERT_EQUAL(fd, -1);
}

/* Another process replaces the file while we wait for it. */
static void test_reopen(void)
{
    const char *path = in_tmp("db"), *fresh = in_tmp("db.NEW");
    struct stat st;
    bool replaced = true;
    int fd;

    make_file(path, "old");
    CU_ASSERT_EQUAL(file_open(path, O_RDWR, 0, &fd), ERR_OK);
    CU_ASSERT_EQUAL(lock_reopen(fd, path, O_RDWR, LOCK_SHARED, LOCK_TRY, &replaced), ERR_OK);
    CU_ASSERT_FALSE(replaced);
    lock_release(fd, path);
    make_file(fresh, "newer");
    CU_ASSERT_EQUAL(file_rename(fresh, path), ERR_OK);
    const int number = fd;
    CU_ASSERT_EQUAL(lock_reopen(fd, path, O_RDWR, LOCK_EXCLUSIVE, 5000, &replaced), ERR_OK);
    CU_ASSERT(replaced && fd == number && fstat(fd, &st) == 0 && st.st_size == 5);
    CU_ASSERT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    lock_release(fd, path);
    struct holder h = holder_start(path, LOCK_EXCLUSIVE);       /* the lock was on the new file */
    CU_ASSERT_EQUAL(lock_reopen(fd, path, O_RDWR, LOCK_SHARED, LOCK_TRY, &replaced), ERR_LOCKED);
    CU_ASSERT_FALSE(replaced);
    holder_end(&h);
    CU_ASSERT_EQUAL(file_unlink(path), ERR_OK);
    CU_ASSERT_EQUAL(lock_reopen(fd, path, O_RDWR, LOCK_SHARED, LOCK_TRY, NULL), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(lock_reopen(fd, path, O_RDWR | O_CREAT, LOCK_SHARED, LOCK_TRY, &replaced),
                    ERR_OK);
    CU_ASSERT(replaced && file_is_same(fd, path));
    file_close(&fd);
}

/* One byte of many: others are free; a long wait is said once, with the one who has it; a wait with
 * an end ends; and one without gets the lock when it is given back. */
static void test_byte(void)
{
    const char *path = in_tmp("bytes");
    struct holder h;
    int fd;

    h = holder_start(path, LOCK_EXCLUSIVE); /* all bytes */
    CU_ASSERT_EQUAL_FATAL(file_open(path, O_RDWR, 0, &fd), ERR_OK);
    CU_ASSERT_EQUAL(lock_byte(fd, path, 3, LOCK_EXCLUSIVE, LOCK_TRY), ERR_LOCKED);
    lock_set_note_time(40);
    syslog_double.lines = 0;
    uint64_t before = clock_mono_ms();
    CU_ASSERT_EQUAL(lock_byte(fd, path, 3, LOCK_EXCLUSIVE, 20), ERR_LOCKED);
    CU_ASSERT_EQUAL(syslog_double.lines, 1); /* its end */
    CU_ASSERT_TRUE(clock_mono_ms() - before >= 20);
    CU_ASSERT_EQUAL(lock_byte(fd, path, 3, LOCK_SHARED, 300), ERR_LOCKED);
    CU_ASSERT_EQUAL(syslog_double.lines, 3); /* and once on the way */
    CU_ASSERT_PTR_NOT_NULL(strstr(syslog_double.line, "byte=<3>"));
    char holder[40];
    snprintf(holder, sizeof holder, "holder=<%ld>", (long)h.pid);
    CU_ASSERT_PTR_NOT_NULL(strstr(syslog_double.line, holder));
    syslog_double.lines = 0;
    const pid_t child = fork(); /* which lets it go when we have waited a while */
    if (child == 0) {
        const struct timespec pause = { .tv_nsec = 200 * 1000000L };
        nanosleep(&pause, NULL);
        kill(h.pid, SIGKILL);
        _exit(0);
    }
    CU_ASSERT_EQUAL(lock_byte(fd, path, 3, LOCK_EXCLUSIVE, LOCK_FOREVER), ERR_OK);
    CU_ASSERT_EQUAL(syslog_double.lines, 2); /* "waiting", "free" */
    waitpid(child, NULL, 0);
    holder_end(&h);
    lock_set_note_time(10000);
    lock_byte_release(fd, path, 3);
    file_close(&fd);
}

TEST_SUITE("lock", { "modes", test_modes }, { "deadline", test_deadline }, { "wait", test_wait },
           { "contention", test_contention }, { "refused", test_refused }, { "path", test_path },
           { "reopen", test_reopen }, { "byte", test_byte })
