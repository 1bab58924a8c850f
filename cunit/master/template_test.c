/* template_test.c - what master makes of the words of a template and its workers
 *
 * covers: ST-21
 */
#include "cunit/test.h"
#include "master/policy.h"
#include "master/protocol.h"
#include "master/template.h"

enum { TEMPLATE_PID = 100, WORKER_PID = 200 };

static enum template_news hear(struct template *t, int32_t message, int32_t pid, pid_t *out)
{
    const struct protocol_template m = { .message = message, .pid = pid };

    return template_hear(t, &m, sizeof m, out);
}

static struct template ready(void)
{
    struct template t = { .state = TEMPLATE_NONE };
    pid_t pid;

    template_offered(&t, TEMPLATE_PID);
    CU_ASSERT_EQUAL(hear(&t, PROTOCOL_T_HELLO, TEMPLATE_PID, &pid), TEMPLATE_BECAME_READY);
    return t;
}

static void test_life(void)
{
    struct template t = { .state = TEMPLATE_NONE };
    pid_t pid = 0;

    CU_ASSERT_TRUE(template_is_wanted(&t));
    template_offered(&t, TEMPLATE_PID);
    CU_ASSERT_FALSE(template_is_wanted(&t));
    CU_ASSERT_EQUAL(t.state, TEMPLATE_STARTING);
    CU_ASSERT_EQUAL(hear(&t, PROTOCOL_T_HELLO, TEMPLATE_PID, &pid), TEMPLATE_BECAME_READY);
    CU_ASSERT_FALSE(template_is_wanted(&t));
    template_asked(&t);
    template_asked(&t);
    template_asked(&t);
    CU_ASSERT_EQUAL(hear(&t, PROTOCOL_T_WORKER, WORKER_PID, &pid), TEMPLATE_GAVE);
    CU_ASSERT_EQUAL(pid, WORKER_PID);
    CU_ASSERT_EQUAL(hear(&t, PROTOCOL_T_FAILED, TEMPLATE_PID, &pid), TEMPLATE_FAILED);
    CU_ASSERT_EQUAL(t.pending, 1);
    CU_ASSERT_EQUAL(template_closed(&t, false), 1);
    CU_ASSERT_EQUAL(t.useless, 0);
    CU_ASSERT_TRUE(template_is_wanted(&t));
}

/* Rows: state, message, pid, bytes; none of them may change anything. */
static void test_noise(void)
{
    static const struct {
        enum template_state state;
        int pending;
        int32_t message, pid;
        size_t n;
    } rows[] = {
        { TEMPLATE_STARTING, 0, PROTOCOL_T_HELLO, WORKER_PID, 8 },      /* of somebody else */
        { TEMPLATE_READY, 0, PROTOCOL_T_HELLO, TEMPLATE_PID, 8 },       /* a second time */
        { TEMPLATE_STARTING, 1, PROTOCOL_T_WORKER, WORKER_PID, 8 },     /* before it is one */
        { TEMPLATE_READY, 0, PROTOCOL_T_WORKER, WORKER_PID, 8 },        /* not asked for */
        { TEMPLATE_READY, 0, PROTOCOL_T_FAILED, TEMPLATE_PID, 8 },
        { TEMPLATE_READY, 1, PROTOCOL_T_WORKER, TEMPLATE_PID, 8 },      /* itself */
        { TEMPLATE_READY, 1, PROTOCOL_T_WORKER, 0, 8 },
        { TEMPLATE_READY, 1, PROTOCOL_T_WORKER, -1, 8 },
        { TEMPLATE_READY, 1, PROTOCOL_T_FORK, TEMPLATE_PID, 8 },        /* is ours to say */
        { TEMPLATE_READY, 1, 0, WORKER_PID, 8 },
        { TEMPLATE_READY, 1, 99, WORKER_PID, 8 },
        { TEMPLATE_READY, 1, PROTOCOL_T_WORKER, WORKER_PID, 7 },        /* cut */
        { TEMPLATE_READY, 1, PROTOCOL_T_WORKER, WORKER_PID, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct template t = { .state = rows[i].state, .pid = TEMPLATE_PID,
                              .pending = rows[i].pending };
        const struct protocol_template m = { rows[i].message, rows[i].pid };
        pid_t pid = -7;
        CU_CHECK_ROW(i, template_hear(&t, &m, rows[i].n, &pid) == TEMPLATE_NOISE);
        CU_CHECK_ROW(i, pid == -7 && t.given == 0);
        CU_CHECK_ROW(i, t.state == rows[i].state && t.pending == rows[i].pending);
    }
}

static void test_offer_refused(void)
{
    struct template t = { .state = TEMPLATE_NONE };

    for (int i = 0; i < 2 * TEMPLATE_USELESS_MAX; i++) {    /* an ordinary worker each time */
        template_offered(&t, TEMPLATE_PID);
        CU_ASSERT_EQUAL(template_closed(&t, false), 0);
        CU_ASSERT_TRUE(template_is_wanted(&t));
    }
}

static void test_useless(void)
{
    struct template t = ready();

    for (int i = 1; i <= TEMPLATE_USELESS_MAX; i++) {
        CU_ASSERT_FALSE(template_is_wanted(&t));
        template_asked(&t);
        CU_ASSERT_EQUAL(template_closed(&t, false), 1);
        CU_ASSERT_EQUAL(template_is_wanted(&t), i < TEMPLATE_USELESS_MAX);
        pid_t pid;
        template_offered(&t, TEMPLATE_PID);
        CU_ASSERT_EQUAL(hear(&t, PROTOCOL_T_HELLO, TEMPLATE_PID, &pid), TEMPLATE_BECAME_READY);
    }
    CU_ASSERT_EQUAL(template_closed(&t, true), 0);
    CU_ASSERT_FALSE(template_is_wanted(&t));
    template_forgive(&t);
    CU_ASSERT_TRUE(template_is_wanted(&t));
}

static void test_useful_again(void)
{
    struct template t = ready();
    pid_t pid;

    CU_ASSERT_EQUAL(template_closed(&t, false), 0);
    CU_ASSERT_EQUAL(t.useless, 1);
    template_offered(&t, TEMPLATE_PID);
    CU_ASSERT_EQUAL(hear(&t, PROTOCOL_T_HELLO, TEMPLATE_PID, &pid), TEMPLATE_BECAME_READY);
    CU_ASSERT_EQUAL(template_closed(&t, true), 0);          /* told to end: says nothing of it */
    CU_ASSERT_EQUAL(t.useless, 1);
    template_offered(&t, TEMPLATE_PID);
    CU_ASSERT_EQUAL(hear(&t, PROTOCOL_T_HELLO, TEMPLATE_PID, &pid), TEMPLATE_BECAME_READY);
    template_asked(&t);
    CU_ASSERT_EQUAL(hear(&t, PROTOCOL_T_WORKER, WORKER_PID, &pid), TEMPLATE_GAVE);
    CU_ASSERT_EQUAL(t.useless, 0);
}

/* The counts of the policy over the life of a template, as service_template.c keeps them. */
static void test_counts(void)
{
    const struct policy_conf conf = { .prefork = 2, .maxchild = 3, .maxforkrate = 10 };
    struct policy p;
    uint64_t when;

    policy_init(&p, &conf, 1000);
    policy_forked(&p, 1000);                                /* the first, offered */
    policy_forked(&p, 1000);                                /* an ordinary one beside it */
    CU_ASSERT_EQUAL(policy_next(&p, false, 1000, &when), POLICY_NOTHING);
    policy_give_back(&p, 1, 1000);                          /* HELLO */
    CU_ASSERT_EQUAL(p.alive, 1);
    CU_ASSERT_EQUAL(p.ready, 1);
    CU_ASSERT_EQUAL(policy_next(&p, false, 1000, &when), POLICY_FORK);
    policy_forked(&p, 1000);                                /* FORK */
    CU_ASSERT_EQUAL(policy_next(&p, true, 1000, &when), POLICY_NOTHING);
    policy_give_back(&p, 1, 1000);                          /* FAILED */
    policy_fork_failed(&p, 1000);
    CU_ASSERT_EQUAL(policy_next(&p, false, 1000, &when), POLICY_LATER);
    CU_ASSERT_EQUAL(when, 1000 + POLICY_DELAY_MAX_MS);
}

TEST_SUITE("template", { "life", test_life }, { "noise", test_noise },
           { "offer refused", test_offer_refused }, { "useless", test_useless },
           { "useful again", test_useful_again }, { "counts", test_counts })
