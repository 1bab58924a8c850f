/* policy_test.c - when a service gets another process
 *
 * covers: ST-21
 */
#include "cunit/test.h"
#include "master/policy.h"

static const uint64_t T0 = 1000000;

static struct policy made(int prefork, int maxchild, int maxforkrate, bool persistent)
{
    struct policy p;
    const struct policy_conf conf = { .prefork = prefork, .maxchild = maxchild,
                                      .maxforkrate = maxforkrate, .persistent = persistent };

    policy_init(&p, &conf, T0);
    return p;
}

/* Fork as long as it is wanted at that moment; returns how many. */
static int fork_all(struct policy *p, bool waiting, uint64_t now)
{
    uint64_t when;
    int n = 0;

    while (n < 1000 && policy_next(p, waiting, now, &when) == POLICY_FORK) {
        policy_forked(p, now);
        n++;
    }
    return n;
}

static void test_prefork(void)
{
    struct policy p = made(3, POLICY_UNLIMITED, 0, false);
    enum policy_state s = POLICY_READY;

    CU_ASSERT_EQUAL(fork_all(&p, false, T0), 3);
    CU_ASSERT_TRUE(policy_set_state(&p, &s, POLICY_BUSY));
    CU_ASSERT_EQUAL(fork_all(&p, false, T0), 1);        /* replaced at once */
    CU_ASSERT_EQUAL(p.alive, 4);
    CU_ASSERT_TRUE(policy_set_state(&p, &s, POLICY_READY));
    CU_ASSERT_EQUAL(p.ready, 4);
    CU_ASSERT_EQUAL(fork_all(&p, false, T0), 0);
    CU_ASSERT_FALSE(policy_ended(&p, s, POLICY_END_GOOD, 60000, T0 + 60000));
    CU_ASSERT_EQUAL(fork_all(&p, false, T0 + 60000), 0);
    CU_ASSERT_FALSE(policy_ended(&p, s, POLICY_END_GOOD, 60000, T0 + 60000));
    CU_ASSERT_EQUAL(fork_all(&p, false, T0 + 60000), 1);
}

static void test_on_demand(void)
{
    struct policy p = made(0, POLICY_UNLIMITED, 0, false);
    enum policy_state s = POLICY_READY;
    uint64_t when;

    CU_ASSERT_EQUAL(fork_all(&p, false, T0), 0);
    CU_ASSERT_TRUE(policy_must_watch(&p, T0, &when));
    CU_ASSERT_EQUAL(fork_all(&p, true, T0), 1);
    CU_ASSERT_FALSE(policy_must_watch(&p, T0, &when));  /* the new process will take it */
    policy_set_state(&p, &s, POLICY_BUSY);
    CU_ASSERT_TRUE(policy_must_watch(&p, T0, &when));
    CU_ASSERT_EQUAL(fork_all(&p, true, T0), 1);
}

static void test_maxchild(void)
{
    struct policy p = made(1, 2, 0, false);
    enum policy_state a = POLICY_READY, b = POLICY_READY;
    uint64_t when;

    fork_all(&p, false, T0);
    policy_set_state(&p, &a, POLICY_BUSY);
    fork_all(&p, false, T0);
    policy_set_state(&p, &b, POLICY_BUSY);
    CU_ASSERT_EQUAL(p.alive, 2);
    CU_ASSERT_EQUAL(policy_next(&p, true, T0, &when), POLICY_NOTHING);
    CU_ASSERT_FALSE(policy_must_watch(&p, T0, &when));
    policy_ended(&p, b, POLICY_END_GOOD, 5, T0);
    CU_ASSERT_EQUAL(policy_next(&p, true, T0, &when), POLICY_FORK);
}

/* A burst of 1.6 seconds' worth, then the rate, whatever the steps of time. */
static void test_forkrate(void)
{
    static const struct {
        int rate, burst;
        uint64_t step_ms;
        int in_ten_seconds;
    } rows[] = {
        { 5, 8, 1, 50 },        { 5, 8, 170, 50 },     { 1, 1, 10, 10 },
        { 10, 16, 1, 100 },     { 1000, 1000, 50, 10000 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct policy p = made(1000000, POLICY_UNLIMITED, rows[i].rate, false);
        uint64_t when = 0, now = T0;
        int n = fork_all(&p, false, now);
        CU_CHECK_ROW(i, n == rows[i].burst);
        if (rows[i].rate >= 1000)
            n = fork_all(&p, false, now);               /* fork_all stops at 1000 */
        CU_CHECK_ROW(i, policy_next(&p, false, now, &when) == POLICY_LATER && when > now &&
                            when <= now + 1000 / (uint64_t)rows[i].rate + 1);
        for (n = 0; now < T0 + 10000; now += rows[i].step_ms)
            n += fork_all(&p, false, now);
        int slack = 2 + rows[i].rate * (int)rows[i].step_ms / 1000;
        CU_CHECK_ROW(i, n >= rows[i].in_ten_seconds - slack && n <= rows[i].in_ten_seconds + 2);
    }
}

static void test_no_forkrate(void)
{
    struct policy p = made(500, POLICY_UNLIMITED, 0, false);

    CU_ASSERT_EQUAL(fork_all(&p, false, T0), 500);
}

/* Fork and fail again as soon as allowed; returns failures until disabled, at most `max`. */
static int fail_until_disabled(struct policy *p, uint64_t *now, uint64_t pause, int max)
{
    uint64_t when;

    for (int n = 1; n <= max; n++) {
        while (policy_next(p, true, *now, &when) == POLICY_LATER)
            *now = when;
        if (policy_next(p, true, *now, &when) != POLICY_FORK)
            return -n;
        policy_forked(p, *now);
        *now += pause;
        if (policy_ended(p, POLICY_READY, POLICY_END_BAD, pause, *now))
            return n;
    }
    return 0;
}

static void test_failures(void)
{
    struct policy p = made(0, POLICY_UNLIMITED, 0, false);
    const struct policy_conf again = p.conf;
    uint64_t now = T0, when;

    CU_ASSERT_EQUAL(fail_until_disabled(&p, &now, 1, 100), POLICY_FAILURES_MAX);
    CU_ASSERT_TRUE(now > T0 + 100 && now < T0 + 2000);  /* with pauses, but soon */
    CU_ASSERT_TRUE(p.disabled);
    CU_ASSERT_EQUAL(policy_next(&p, true, now + 1000000, &when), POLICY_NOTHING);
    CU_ASSERT_FALSE(policy_must_watch(&p, now + 1000000, &when));
    policy_configure(&p, &again, now);
    CU_ASSERT_EQUAL(policy_next(&p, true, now, &when), POLICY_FORK);
    CU_ASSERT_EQUAL(fail_until_disabled(&p, &now, 1, 100), POLICY_FAILURES_MAX);
}

static void test_failures_apart(void)
{
    struct policy p = made(0, POLICY_UNLIMITED, 0, false);
    uint64_t now = T0;

    CU_ASSERT_EQUAL(fail_until_disabled(&p, &now, POLICY_FAILURE_GAP_MS + 1, 100), 0);
    CU_ASSERT_FALSE(p.disabled);
    p = made(0, POLICY_UNLIMITED, 0, false);
    CU_ASSERT_EQUAL(fail_until_disabled(&p, &now, POLICY_FAILURE_GAP_MS - 2000, 100),
                    POLICY_FAILURES_MAX);
}

/* One that serves between them makes the count begin again. */
static void test_failures_forgiven(void)
{
    struct policy p = made(0, POLICY_UNLIMITED, 0, false);
    uint64_t now = T0;

    for (int i = 0; i < 20; i++) {
        enum policy_state s = POLICY_READY;
        CU_ASSERT_EQUAL(fail_until_disabled(&p, &now, 1, POLICY_FAILURES_MAX - 1), 0);
        now += POLICY_DELAY_MAX_MS;
        policy_forked(&p, now);
        policy_set_state(&p, &s, POLICY_BUSY);
        policy_ended(&p, s, POLICY_END_BAD, 10, now);   /* failing while busy is no failure */
    }
    CU_ASSERT_FALSE(p.disabled);
}

static void test_babysit(void)
{
    struct policy p = made(1, POLICY_UNLIMITED, 0, true);
    uint64_t now = T0;

    CU_ASSERT_EQUAL(fail_until_disabled(&p, &now, 0, 100), 0);
    CU_ASSERT_FALSE(p.disabled);
    CU_ASSERT_TRUE(now >= T0 + 90 * (uint64_t)POLICY_DELAY_MAX_MS);
    CU_ASSERT_TRUE(now <= T0 + 100 * (uint64_t)POLICY_DELAY_MAX_MS);
}

/* Ending at once and well, again and again, must not become a fork storm. */
static void test_useless(void)
{
    struct policy p = made(0, POLICY_UNLIMITED, 0, false);
    uint64_t now = T0, when;
    int forks = 0;

    while (now < T0 + 60000) {
        enum policy_want want = policy_next(&p, true, now, &when);
        if (want == POLICY_LATER) {
            now = when;
            continue;
        }
        CU_ASSERT_EQUAL_FATAL(want, POLICY_FORK);
        policy_forked(&p, now++);
        CU_ASSERT_FALSE(policy_ended(&p, POLICY_READY, POLICY_END_GOOD, 1, now));
        forks++;
    }
    CU_ASSERT_TRUE(forks > 50 && forks < 80);
}

static void test_asked(void)
{
    struct policy p = made(1, POLICY_UNLIMITED, 0, false);
    uint64_t when;

    for (int i = 0; i < 20; i++) {
        CU_ASSERT_EQUAL(policy_next(&p, false, T0, &when), POLICY_FORK);
        policy_forked(&p, T0);
        CU_ASSERT_FALSE(policy_ended(&p, POLICY_READY, POLICY_END_ASKED, 1, T0));
    }
}

static void test_fork_failed(void)
{
    struct policy p = made(1, POLICY_UNLIMITED, 0, false);
    uint64_t when;

    CU_ASSERT_EQUAL(policy_next(&p, false, T0, &when), POLICY_FORK);
    policy_fork_failed(&p, T0);
    CU_ASSERT_EQUAL(policy_next(&p, false, T0, &when), POLICY_LATER);
    CU_ASSERT_EQUAL(when, T0 + POLICY_DELAY_MAX_MS);
    CU_ASSERT_FALSE(policy_must_watch(&p, T0, &when));
    CU_ASSERT_EQUAL(policy_next(&p, false, when, &when), POLICY_FORK);
}

static void test_states(void)
{
    struct policy p = made(1, POLICY_UNLIMITED, 0, false);
    enum policy_state s = POLICY_READY;

    policy_forked(&p, T0);
    CU_ASSERT_FALSE(policy_set_state(&p, &s, POLICY_READY));
    CU_ASSERT_TRUE(policy_set_state(&p, &s, POLICY_BUSY));
    CU_ASSERT_FALSE(policy_set_state(&p, &s, POLICY_BUSY));
    CU_ASSERT_EQUAL(p.ready, 0);
    policy_ended(&p, s, POLICY_END_GOOD, 1, T0);
    CU_ASSERT_EQUAL(p.alive, 0);
    CU_ASSERT_EQUAL(p.ready, 0);
}

static void test_configure(void)
{
    struct policy p = made(5, POLICY_UNLIMITED, 0, false);
    const struct policy_conf less = { .prefork = 1, .maxchild = 3, .maxforkrate = 2 };
    uint64_t when;

    fork_all(&p, false, T0);
    policy_configure(&p, &less, T0);
    CU_ASSERT_EQUAL(p.alive, 5);
    CU_ASSERT_EQUAL(policy_next(&p, false, T0, &when), POLICY_NOTHING);
    for (int i = 0; i < 5; i++)
        policy_ended(&p, POLICY_READY, POLICY_END_ASKED, 5, T0);
    CU_ASSERT_EQUAL(fork_all(&p, false, T0), 1);
}

static void test_give_back(void)
{
    struct policy p = made(2, POLICY_UNLIMITED, 1, false);
    uint64_t when;

    CU_ASSERT_EQUAL(fork_all(&p, false, T0), 1);        /* the rate limit allows no more */
    policy_give_back(&p, 1, T0);
    CU_ASSERT_EQUAL(p.alive, 0);
    CU_ASSERT_EQUAL(p.ready, 0);
    CU_ASSERT_EQUAL(fork_all(&p, false, T0), 1);        /* and does not count what was not */
    policy_give_back(&p, 0, T0);
    CU_ASSERT_EQUAL(policy_next(&p, false, T0, &when), POLICY_LATER);
    policy_give_back(&p, 1, T0 + 60000);                /* the bucket holds no more than ever */
    CU_ASSERT_EQUAL(fork_all(&p, false, T0 + 60000), 1);
}

/* A template that fails counts as a process that does, though it is none. */
static void test_failed(void)
{
    struct policy p = made(1, POLICY_UNLIMITED, 0, false);
    uint64_t when;

    for (unsigned i = 1; i < POLICY_FAILURES_MAX; i++)
        CU_ASSERT_FALSE(policy_failed(&p, T0));
    CU_ASSERT_EQUAL(p.alive, 0);
    CU_ASSERT_EQUAL(policy_next(&p, false, T0, &when), POLICY_LATER);
    CU_ASSERT_TRUE(policy_failed(&p, T0));
    CU_ASSERT_EQUAL(policy_next(&p, true, T0 + 60000, &when), POLICY_NOTHING);
}

TEST_SUITE("policy", { "prefork", test_prefork }, { "on demand", test_on_demand },
           { "maxchild", test_maxchild }, { "maxforkrate", test_forkrate },
           { "no maxforkrate", test_no_forkrate }, { "failures", test_failures },
           { "failures apart", test_failures_apart },
           { "failures forgiven", test_failures_forgiven }, { "babysit", test_babysit },
           { "useless", test_useless }, { "asked", test_asked },
           { "fork failed", test_fork_failed }, { "states", test_states },
           { "configure", test_configure }, { "give back", test_give_back },
           { "failed", test_failed })
