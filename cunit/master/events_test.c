/* events_test.c - which events run, and what reading the file again changes
 *
 * covers: ST-22
 */
#include "cunit/test.h"
#include "master/events.h"

#include "lib/base/buf.h"

static void no_remark(void *arg, enum cyrusconf_level level, int line, const char *text)
{
    (void)arg, (void)level, (void)line, (void)text;
}

static void parse(struct cyrusconf *c, const char *text)
{
    cyrusconf_init(c);
    CU_ASSERT_EQUAL_FATAL(cyrusconf_parse(slice_cstr(text), CYRUSCONF_REFUSE_DUPLICATES, c,
                                          no_remark, NULL), ERR_OK);
}

static void note(void *arg, const struct cyrusconf_entry *e)
{
    buf_addf(arg, "%s ", e->name);
}

/* Names of what runs at that moment. */
static const char *run(struct events *e, struct schedule_now now, struct buf *out)
{
    buf_reset(out);
    events_run(e, now, note, out);
    return buf_cstr(out);
}

static void test_life(void)
{
    struct cyrusconf first, second;
    struct events e;
    struct buf out = BUF_INIT;
    struct schedule_now now = { .wall = 1000000000, .mono_ms = 7 };

    parse(&first, "EVENTS {\n once cmd=x\n half cmd=x period=30\n hour cmd=x period=60\n}\n"
                  "START {\n other cmd=x\n}\n");
    events_init(&e);
    events_load(&e, &first, now);
    CU_ASSERT_EQUAL(events_wait_ms(&e, now), 0);
    CU_ASSERT_STRING_EQUAL(run(&e, now, &out), "once half hour ");
    CU_ASSERT_STRING_EQUAL(run(&e, now, &out), "");
    now.mono_ms += 30 * 60000;
    CU_ASSERT_STRING_EQUAL(run(&e, now, &out), "half ");

    /* read again: what is as before keeps its time, what is new runs now */
    parse(&second, "EVENTS {\n hour cmd=x period=60\n half cmd=y period=30\n fresh cmd=x\n"
                   " once cmd=x\n}\n");
    events_load(&e, &second, now);
    cyrusconf_fini(&first);
    CU_ASSERT_STRING_EQUAL(run(&e, now, &out), "half fresh ");
    now.mono_ms += 30 * 60000;
    CU_ASSERT_STRING_EQUAL(run(&e, now, &out), "hour half ");
    CU_ASSERT_EQUAL(events_wait_ms(&e, now), SCHEDULE_WAIT_MAX_MS);
    events_fini(&e);
    cyrusconf_fini(&second);
    buf_fini(&out);
}

static void test_none(void)
{
    struct events e;
    struct schedule_now now = { .wall = 1, .mono_ms = 1 };

    events_init(&e);
    CU_ASSERT_EQUAL(events_wait_ms(&e, now), -1);
    events_fini(&e);
}

TEST_SUITE("events", { "life", test_life }, { "none", test_none })
