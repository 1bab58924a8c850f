/* loop_test.c - the event loop */
#include "cunit/os/os_test.h"
#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/os/file.h"
#include "lib/os/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum { NPIPES = 4 };

/* State that callbacks share with their test. */
static struct {
    struct loop *loop;
    struct buf log;
    int pipe[NPIPES][2];
    uint64_t id[3];
} t;

static void begin(void)
{
    t.loop = loop_new();
    for (int i = 0; i < NPIPES; i++)
        CU_ASSERT_EQUAL(pipe2(t.pipe[i], O_CLOEXEC), 0);
}

static void end(void)
{
    loop_free(&t.loop);
    CU_ASSERT_PTR_NULL(t.loop);
    loop_free(&t.loop);
    buf_fini(&t.log);
    for (int i = 0; i < NPIPES; i++) {
        file_close(&t.pipe[i][0]);
        file_close(&t.pipe[i][1]);
    }
}

static void once(void)
{
    CU_ASSERT_EQUAL(loop_once(t.loop, 0), ERR_OK);
}

static bool log_is(const char *text)
{
    bool same = strcmp(buf_cstr(&t.log), text) == 0;

    buf_reset(&t.log);
    return same;
}

static void feed(int i)
{
    CU_ASSERT_EQUAL(write(t.pipe[i][1], "x", 1), 1);
}

static void note_fd(void *arg, int fd, unsigned events)
{
    buf_addf(&t.log, "%s%u ", (const char *)arg, events);
    (void)fd;
}

static void take_fd(void *arg, int fd, unsigned events)
{
    char c;

    note_fd(arg, fd, events);
    CU_ASSERT_EQUAL(read(fd, &c, 1), 1);
}

static void test_watch(void)
{
    begin();
    loop_watch(t.loop, t.pipe[0][0], LOOP_READ, take_fd, "a");
    loop_watch(t.loop, t.pipe[1][1], LOOP_READ | LOOP_WRITE, note_fd, "b");
    once();
    CU_ASSERT(log_is("b2 "));
    loop_watch(t.loop, t.pipe[1][1], 0, note_fd, "b");
    feed(0);
    feed(0);
    once();
    once();
    once();
    CU_ASSERT(log_is("a1 a1 "));
    file_close(&t.pipe[1][0]);          /* error on pipe 1, but nothing is asked */
    once();
    CU_ASSERT(log_is(""));
    loop_watch(t.loop, t.pipe[1][1], LOOP_WRITE, note_fd, "c");
    once();
    CU_ASSERT(log_is("c2 "));
    loop_unwatch(t.loop, t.pipe[1][1]);
    loop_unwatch(t.loop, t.pipe[1][1]);
    loop_unwatch(t.loop, 5000);
    file_close(&t.pipe[0][1]);          /* hang-up */
    loop_watch(t.loop, t.pipe[0][0], LOOP_READ, note_fd, "h");
    once();
    CU_ASSERT(log_is("h1 "));
    end();
}

/* All are ready; the first to be called takes the others away. */
static void take_others(void *arg, int fd, unsigned events)
{
    note_fd(arg, fd, events);
    for (int i = 0; i < NPIPES; i++)
        loop_unwatch(t.loop, t.pipe[i][0]);
    /* a new one of an old number must not inherit the event of this round */
    loop_watch(t.loop, t.pipe[NPIPES - 1][0], LOOP_READ, take_fd, "new");
}

static void test_unwatch_inside(void)
{
    begin();
    for (int i = 0; i < NPIPES; i++) {
        feed(i);
        loop_watch(t.loop, t.pipe[i][0], LOOP_READ, take_others, "old");
    }
    once();
    CU_ASSERT(log_is("old1 "));
    once();
    once();
    CU_ASSERT(log_is("new1 "));
    end();
}

/* Random watching and unwatching beside an array that knows the truth. */
static void test_many(void)
{
    static const char *const names[NPIPES] = { "a", "b", "c", "d" };
    bool watched[NPIPES] = { false };

    begin();
    for (int i = 0; i < NPIPES; i++)
        feed(i);
    for (int step = 0; step < 2000; step++) {
        uint32_t i = rand_below(NPIPES);
        watched[i] = rand_below(2);
        if (watched[i])
            loop_watch(t.loop, t.pipe[i][0], LOOP_READ, note_fd, (void *)(uintptr_t)names[i]);
        else
            loop_unwatch(t.loop, t.pipe[i][0]);
        if (rand_below(3))
            continue;
        once();
        size_t expected = 0;
        for (int k = 0; k < NPIPES; k++) {
            expected += watched[k];
            CU_ASSERT_EQUAL(watched[k], slice_find(buf_slice(&t.log), names[k][0]) >= 0);
        }
        CU_ASSERT_EQUAL(t.log.n, 3 * expected);
        buf_reset(&t.log);
    }
    end();
}

/* --- timers -------------------------------------------------------------- */

static void note_timer(void *arg)
{
    buf_addf(&t.log, "%s ", (const char *)arg);
}

static void note_and_stop(void *arg)
{
    note_timer(arg);
    loop_stop(t.loop);
}

static void test_timer_order(void)
{
    begin();
    uint64_t start = clock_mono_ms();
    loop_after(t.loop, 30, note_and_stop, "30");
    loop_after(t.loop, 10, note_timer, "10a");
    uint64_t gone = loop_after(t.loop, 15, note_timer, "15");
    loop_after(t.loop, 20, note_timer, "20");
    loop_after(t.loop, UINT64_MAX, note_timer, "never");
    loop_after(t.loop, 0, note_timer, "0");
    loop_cancel(t.loop, gone);
    loop_cancel(t.loop, gone);
    loop_cancel(t.loop, 0);
    loop_cancel(t.loop, 9999);
    CU_ASSERT_EQUAL(loop_run(t.loop), ERR_OK);
    CU_ASSERT(clock_mono_ms() - start >= 30);
    CU_ASSERT(log_is("0 10a 20 30 "));
    end();
}

static void test_timer_heap(void)
{
    enum { TIMERS = 200 };
    uint64_t ids[TIMERS];
    struct buf expected = BUF_INIT;

    begin();
    clock_mono_ms();
    for (int i = 0; i < TIMERS; i++)    /* all due at once: in the order they were made */
        ids[i] = loop_after(t.loop, 0, note_timer, i % 2 ? "b" : "a");
    for (int i = 0; i < TIMERS; i += 7)
        loop_cancel(t.loop, ids[i]);
    for (int i = 0; i < TIMERS; i++)
        if (i % 7)
            buf_adds(&expected, i % 2 ? "b " : "a ");
    CU_ASSERT_EQUAL(loop_once(t.loop, -1), ERR_OK);
    CU_ASSERT(log_is(buf_cstr(&expected)));
    buf_fini(&expected);
    end();
}

static void every(void *arg)
{
    note_timer(arg);
    if (t.log.n == 6)
        loop_cancel(t.loop, t.id[0]);
}

static void chain(void *arg)
{
    note_timer(arg);
    t.id[1] = loop_after(t.loop, 0, chain, arg);
}

static void cancel_two(void *arg)
{
    note_timer(arg);
    loop_cancel(t.loop, t.id[2]);
}

static void test_timer_inside(void)
{
    begin();
    t.id[0] = loop_every(t.loop, 3, every, "e");
    loop_after(t.loop, 60, note_and_stop, "end");
    CU_ASSERT_EQUAL(loop_run(t.loop), ERR_OK);
    CU_ASSERT(log_is("e e e end "));    /* cancelled itself */
    chain("c");
    once();                             /* one that starts itself anew cannot hold the round */
    CU_ASSERT(log_is("c c "));
    loop_cancel(t.loop, t.id[1]);
    loop_after(t.loop, 0, cancel_two, "first");
    t.id[2] = loop_after(t.loop, 0, note_timer, "second");
    once();
    CU_ASSERT(log_is("first "));
    end();
}

/* --- signals ------------------------------------------------------------- */

static void note_signal(void *arg, int signo)
{
    buf_addf(&t.log, "%s%s ", (const char *)arg, signo == SIGUSR1 ? "1" : "2");
}

static void test_signals(void)
{
    sigset_t mask;

    begin();
    loop_on_signal(t.loop, SIGUSR1, note_signal, "s");
    loop_on_signal(t.loop, SIGUSR2, note_signal, "s");
    raise(SIGUSR1);
    raise(SIGUSR1);
    CU_ASSERT_EQUAL(loop_once(t.loop, 60000), ERR_OK);
    CU_ASSERT(log_is("s1 "));
    /* also when a descriptor is always ready */
    loop_watch(t.loop, t.pipe[0][1], LOOP_WRITE, note_fd, "w");
    raise(SIGUSR2);
    once();
    CU_ASSERT(log_is("w2 s2 "));
    once();
    CU_ASSERT(log_is("w2 "));
    end();
    sigprocmask(SIG_SETMASK, NULL, &mask);
    CU_ASSERT_EQUAL(sigismember(&mask, SIGUSR1), 0);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGUSR2, SIG_DFL);
}

TEST_SUITE("loop", { "watch", test_watch }, { "unwatch inside", test_unwatch_inside },
           { "many", test_many }, { "timer order", test_timer_order },
           { "timer heap", test_timer_heap }, { "timer inside", test_timer_inside },
           { "signals", test_signals })
