/* imapurl_test.c - IMAP URLs: what each part becomes, and what is refused
 * covers: IM-10
 */
#include "cunit/test.h"

#include "lib/base/buf.h"
#include "lib/text/imapurl.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define TEXT(s) { (s), sizeof(s) - 1 }

static void test_parts(void)
{
    static const struct {
        const char *url;
        bool has_server;
        const char *user, *host, *mailbox;
        uint32_t uidvalidity, uid;
        const char *section;
        uint32_t start, count;
    } rows[] = {
        { "imap://joe@example.com/INBOX/;uid=20/;section=1.2", true, "joe", "example.com", "INBOX", 0, 20, "1.2", 0, 0 },
        { "imap://minbari.example.org/gray-council;UIDVALIDITY=385759045/;UID=20/;PARTIAL=0.1024", true, "",
          "minbari.example.org", "gray-council", 385759045, 20, "", 0, 1024 },
        { "imap://michael;AUTH=*@host:1143/users.%2A", true, "michael", "host:1143", "users.*", 0, 0, "", 0, 0 },
        { "/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(DATE)/;PARTIAL=5", false, "", "", "INBOX", 0, 1, "HEADER.FIELDS (DATE)", 5, 0 },
        { "/%E5%8F%B0/x;UIDVALIDITY=1", false, "", "", "\xe5\x8f\xb0/x", 1, 0, "", 0, 0 },
        { ";UID=7", false, "", "", "", 0, 7, "", 0, 0 },
        { "/;UID=7", false, "", "", "", 0, 7, "", 0, 0 },
        { "a%3Bb/;UID=7/;SECTION=TEXT", false, "", "", "a;b", 0, 7, "TEXT", 0, 0 },
        { "", false, "", "", "", 0, 0, "", 0, 0 },
        { "/INBOX/", false, "", "", "INBOX/", 0, 0, "", 0, 0 },
    };
    struct arena *arena = arena_new(4096);

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct imapurl u;
        CU_CHECK_ROW(i, imapurl_parse(slice_cstr(rows[i].url), arena, &u) == ERR_OK);
        CU_CHECK_ROW(i, u.has_server == rows[i].has_server);
        CU_CHECK_ROW(i, slice_eqs(u.user, rows[i].user) && slice_eqs(u.host, rows[i].host));
        CU_CHECK_ROW(i, slice_eqs(u.mailbox, rows[i].mailbox));
        CU_CHECK_ROW(i, u.uidvalidity == rows[i].uidvalidity && u.uid == rows[i].uid);
        CU_CHECK_ROW(i, slice_eqs(u.section, rows[i].section));
        CU_CHECK_ROW(i, u.start == rows[i].start && u.count == rows[i].count);
        CU_CHECK_ROW(i, u.access == IMAPURL_NO_ACCESS && u.rump == slice_cstr(rows[i].url).n);
    }
    arena_free(&arena);
}

static void test_authorization(void)
{
    static const struct {
        const char *url;
        enum imapurl_access access;
        const char *user, *mech, *token, *rump;
        int64_t expire;
    } rows[] = {
        { "imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred:internal:91354a473744909de610943775f92038",
          IMAPURL_SUBMIT, "fred", "internal", "91354a473744909de610943775f92038",
          "imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred", 0 },
        { "imap://joe@example.com/INBOX/;uid=20;expire=2006-12-19T16:39:57-08:00;urlauth=user+a%20b", IMAPURL_USER, "a b", "", "",
          "imap://joe@example.com/INBOX/;uid=20;expire=2006-12-19T16:39:57-08:00;urlauth=user+a%20b", 1166575197 },
        { "/x/;UID=1;EXPIRE=1970-01-01T00:00:01.5Z;URLAUTH=authuser:INTERNAL:ff", IMAPURL_AUTHUSER, "", "INTERNAL", "ff",
          "/x/;UID=1;EXPIRE=1970-01-01T00:00:01.5Z;URLAUTH=authuser", 1 },
        { "/x/;UID=1;EXPIRE=2000-03-01T00:00:00Z;URLAUTH=ANONYMOUS", IMAPURL_ANONYMOUS, "", "", "",
          "/x/;UID=1;EXPIRE=2000-03-01T00:00:00Z;URLAUTH=ANONYMOUS", 951868800 },
    };
    struct arena *arena = arena_new(4096);

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct imapurl u;
        CU_CHECK_ROW(i, imapurl_parse(slice_cstr(rows[i].url), arena, &u) == ERR_OK);
        CU_CHECK_ROW(i, u.access == rows[i].access && slice_eqs(u.access_user, rows[i].user));
        CU_CHECK_ROW(i, slice_eqs(u.mech, rows[i].mech) && slice_eqs(u.token, rows[i].token));
        CU_CHECK_ROW(i, slice_eqs(slice_cut(slice_cstr(rows[i].url), 0, u.rump), rows[i].rump));
        CU_CHECK_ROW(i, u.has_expire == (rows[i].expire != 0) && u.expire == rows[i].expire);
    }
    arena_free(&arena);
}

static void test_refused(void)
{
    static const struct slice rows[] = {
        TEXT("imap://"), TEXT("imap:///INBOX"), TEXT("imap://a@/x"), TEXT("imap://a;FOO=1@h/x"),
        TEXT("/%"), TEXT("/%4"), TEXT("/%gg"), TEXT("/%00"), TEXT("/a\0b"), TEXT("/%ff"), TEXT("/%c3"),
        TEXT("/x;UIDVALIDITY=0"), TEXT("/x;UIDVALIDITY=4294967296"), TEXT("/x;UIDVALIDITY="), TEXT("/x/;UID="), TEXT("/x/;UID=-1"),
        TEXT("/x/;UID=1x"), TEXT("/x/;UID=1/"), TEXT("/x/;UID=1/;SECTION="), TEXT("/x/;UID=1/;PARTIAL=1."), TEXT("/x/;UID=1/;PARTIAL=1.0"),
        TEXT("/x/;UID=1/;PARTIAL=x"), TEXT("/x/;UID=1/;PARTIAL=1/;SECTION=1"), TEXT("/x;FOO=1"), TEXT("/x/;UID=1;URLAUTH=foo"),
        TEXT("/x/;UID=1;URLAUTH=user+"), TEXT("/x/;UID=1;URLAUTH=anonymous:"), TEXT("/x/;UID=1;URLAUTH=anonymous:internal"),
        TEXT("/x/;UID=1;URLAUTH=anonymous:internal:"), TEXT("/x/;UID=1;URLAUTH=anonymous::ff"), TEXT("/x/;UID=1;EXPIRE=2000"),
        TEXT("/x/;UID=1;EXPIRE=2000-00-01T00:00:00Z"), TEXT("/x/;UID=1;EXPIRE=2000-13-01T00:00:00Z"), TEXT("/x/;UID=1;EXPIRE=2000-01-01T24:00:00Z"),
        TEXT("/x/;UID=1;EXPIRE=2000-01-01T00:00:00"), TEXT("/x/;UID=1;EXPIRE=2000-01-01T00:00:00+1"),
    };
    struct arena *arena = arena_new(4096);
    struct buf huge = BUF_INIT;
    struct imapurl u;

    for (size_t i = 0; i < ROWS(rows); i++)
        CU_CHECK_ROW(i, imapurl_parse(rows[i], arena, &u) == ERR_SYNTAX);
    for (size_t i = 0; i <= IMAPURL_MAX; i++)
        buf_addc(&huge, 'x');
    CU_ASSERT_EQUAL(imapurl_parse(buf_slice(&huge), arena, &u), ERR_LIMIT);
    buf_truncate(&huge, IMAPURL_MAX);
    CU_ASSERT_EQUAL(imapurl_parse(buf_slice(&huge), arena, &u), ERR_OK);
    buf_fini(&huge);
    arena_free(&arena);
}

TEST_SUITE("imapurl", { "parts", test_parts }, { "authorization", test_authorization },
           { "refused", test_refused })
