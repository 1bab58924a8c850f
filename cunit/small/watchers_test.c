/* watchers_test.c - who is told of an event, once, in order, and what happens when he does not read */
#include "cunit/test.h"
#include "imap/small/watchers.h"

struct world {
    struct idle_table *table;
    struct watchers *w;
    struct buf log;                     /* "client:number:name " of what was sent; "!" for a PING */
    size_t room;                        /* datagrams that are taken before ERR_AGAIN */
    const char *dead;
};

static err_t take(void *arg, const char *client, struct slice datagram)
{
    struct world *x = arg;
    unsigned long which;
    struct slice name, body;
    struct idle_mark mark;

    if (x->dead && strcmp(client, x->dead) == 0)
        return ERR_CLOSED;
    if (x->room == 0)
        return ERR_AGAIN;
    x->room--;
    CU_ASSERT_EQUAL_FATAL(idle_format_get(datagram, &which, &name, &body), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(idle_format_mark(&body, &mark), ERR_OK);
    buf_addf(&x->log, "%s%s:%u:%.*s ", which == IDLE_FORMAT_PING ? "!" : "", client, mark.number,
             SLICE_ARG(name));
    return ERR_OK;
}

static void begin(struct world *x)
{
    *x = (struct world){ .table = idle_table_new(), .room = SIZE_MAX };
    x->w = watchers_new(x->table, take, x);
}

static void end(struct world *x)
{
    watchers_free(&x->w);
    idle_table_free(&x->table);
    buf_fini(&x->log);
}

static void watch(struct world *x, const char *client, char scope, const char *name, uint32_t generation)
{
    char body[5] = { scope };

    memcpy(body + 1, &generation, sizeof generation);
    watchers_watch(x->w, slice_cstr(client), slice_cstr(name), slice_make(body, sizeof body), 1);
}

static void tell(struct world *x, struct event ev)
{
    struct buf text = BUF_INIT;

    event_put(&ev, &text);
    watchers_tell(x->w, ev.mailbox, buf_slice(&text));
    buf_fini(&text);
}

static void changed(struct world *x, const char *name)
{
    tell(x, (struct event){ .kind = EVENT_CHANGED, .mailbox = slice_cstr(name) });
}

static bool heard(struct world *x, const char *wanted)
{
    bool same = slice_eqs(buf_slice(&x->log), wanted);

    if (!same)
        printf("heard: %s\n", buf_cstr(&x->log));
    buf_reset(&x->log);
    return same;
}

static void test_routes(void)
{
    struct world x;

    begin(&x);
    watch(&x, "/a", '@', "user.alice.box", 5);
    watch(&x, "/a", '/', "user.alice", 5);
    watch(&x, "/b", '/', "user", 9);
    watch(&x, "/c", '/', ".", 1);
    changed(&x, "user.alice.box");
    CU_ASSERT_TRUE(heard(&x, "/a:1:user.alice.box /b:1:user.alice.box /c:1:user.alice.box "));
    changed(&x, "user.alicebox");
    CU_ASSERT_TRUE(heard(&x, "/b:2:user.alicebox /c:2:user.alicebox "));
    changed(&x, "shared");
    CU_ASSERT_TRUE(heard(&x, "/c:3:shared "));
    tell(&x, (struct event){ .kind = EVENT_RENAMED, .mailbox = SLICE_LIT("shared"), .other = SLICE_LIT("user.alice.x") });
    CU_ASSERT_TRUE(heard(&x, "/c:4:shared /a:2:shared /b:3:shared "));
    /* anew: what it watched before is forgotten, and numbers begin again */
    watch(&x, "/a", '@', "shared", 6);
    changed(&x, "user.alice");
    CU_ASSERT_TRUE(heard(&x, "/b:4:user.alice /c:5:user.alice "));
    changed(&x, "shared");
    CU_ASSERT_TRUE(heard(&x, "/a:1:shared /c:6:shared "));
    watchers_ping(x.w, SLICE_LIT("/a"), 2);
    watchers_ping(x.w, SLICE_LIT("/nobody"), 2);
    CU_ASSERT_TRUE(heard(&x, "!/a:1:. !/nobody:0:. "));
    /* waiting for a mailbox is not watching */
    CU_ASSERT_EQUAL(idle_table_add(x.table, SLICE_LIT("/d"), SLICE_LIT("=shared"), 1), ERR_OK);
    tell(&x, (struct event){ .kind = EVENT_CHANGED, .mailbox = SLICE_LIT("other"), .lost = true });
    x.dead = "/b";
    buf_reset(&x.log);
    changed(&x, "user.q");
    CU_ASSERT_EQUAL(idle_table_clients(x.table), 3);
    CU_ASSERT_TRUE(heard(&x, "/c:9:user.q "));          /* a loss counts, too */
    /* rubbish */
    watchers_watch(x.w, SLICE_LIT("/e"), SLICE_LIT("n"), SLICE_LIT("=abcd"), 1);
    watchers_watch(x.w, SLICE_LIT("/e"), SLICE_LIT("n"), SLICE_LIT("/"), 1);
    watch(&x, "/e", '/', "n", 0);
    watchers_tell(x.w, SLICE_LIT("n"), SLICE_LIT("rubbish"));
    CU_ASSERT_EQUAL(idle_table_clients(x.table), 3);
    end(&x);
}

static void test_backlog(void)
{
    struct world x;

    begin(&x);
    watch(&x, "/a", '@', "m", 5);
    x.room = 1;
    for (int i = 0; i < 3; i++)
        changed(&x, "m");
    CU_ASSERT_TRUE(heard(&x, "/a:1:m "));
    CU_ASSERT_TRUE(watchers_have_backlog(x.w));
    x.room = 1;
    CU_ASSERT_TRUE(watchers_retry(x.w));
    watchers_ping(x.w, SLICE_LIT("/a"), 2);
    x.room = SIZE_MAX;
    changed(&x, "m");                                   /* behind what waits */
    CU_ASSERT_FALSE(watchers_retry(x.w));
    CU_ASSERT_TRUE(heard(&x, "/a:2:m /a:3:m !/a:3:. /a:4:m "));
    /* too much of it: dropped, and the number says so */
    x.room = 0;
    for (int i = 0; i < 20000; i++)
        changed(&x, "m");
    x.room = SIZE_MAX;
    CU_ASSERT_FALSE(watchers_retry(x.w));
    CU_ASSERT_TRUE(slice_starts(buf_slice(&x.log), SLICE_LIT("!/a:")));
    x.room = 0;
    changed(&x, "m");
    x.dead = "/a";
    CU_ASSERT_FALSE(watchers_retry(x.w));
    CU_ASSERT_EQUAL(idle_table_clients(x.table), 0);
    end(&x);
}

static void test_limit(void)
{
    struct world x;
    char name[20];

    begin(&x);
    for (int i = 0; i <= IDLE_TABLE_NAMES_MAX; i++) {
        snprintf(name, sizeof name, "m%d", i);
        watch(&x, "/a", '@', name, 5);
    }
    CU_ASSERT_TRUE(heard(&x, "!/a:0:. "));
    end(&x);
}

TEST_SUITE("watchers", { "routes", test_routes }, { "backlog", test_backlog }, { "limit", test_limit })
