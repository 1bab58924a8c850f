/* mbentry_test.c - entries of the mailbox list and their bytes
 *
 * covers: NS-33 AC-01
 */
#include "imap/store/mbentry.h"

#include "cunit/store/instance.h"
#include "cunit/test.h"

/* Values written by the real server. */
static const struct {
    const char *dbname, *value;
    const char *id, *partition, *server, *acl;
    uint32_t type, uidvalidity;
    uint64_t created, folder;
    time_t mtime;
} name_records[] = {
    { "user\x1f"
      "alice",
      "%(T e I yf0uwtepehgwej5wrrmkxhep P default V 1795257759 C 1 F 9 M 1795257758 A %(alice "
      "lrswipkxtecdan bob lrs anyone p))",
      "yf0uwtepehgwej5wrrmkxhep", "default", "", "alice\tlrswipkxtecdan\tbob\tlrs\tanyone\tp\t", 0,
      1795257759, 1, 9, 1795257758 },
    { "shared\x1f"
      "a.b",
      "%(T ed I 4dmqq7lcdeoxran7ad3jgoin V 1795258347 C 2 F 3 M 1795258345)",
      "4dmqq7lcdeoxran7ad3jgoin", "", "", "", MBTYPE_DELETED, 1795258347, 2, 3, 1795258345 },
    { "user\x1f"
      "alice",
      "%(T er P default S be1.example.org M 1795258044 A %(alice lrswipkxtecdan bob lrswip))", "",
      "default", "be1.example.org", "alice\tlrswipkxtecdan\tbob\tlrswip\t", MBTYPE_REMOTE, 0, 0, 0,
      1795258044 },
    { "shared\x1fn",
      "%(T e I r6kptx53ryuc0ghteftwm44l P default V 1 C 1 F 56 M 7 A %(anyone lrs \"a b\" l "
      "group:adm l))",
      "r6kptx53ryuc0ghteftwm44l", "default", "", "anyone\tlrs\ta b\tl\tgroup:adm\tl\t", 0, 1, 1, 56,
      7 },
    { "user\x1fq", "%(T eil I aaaaaaaaaaaaaaaaaaaaaaaa P default M 7 A %())",
      "aaaaaaaaaaaaaaaaaaaaaaaa", "default", "", "", MBTYPE_INTERMEDIATE | MBTYPE_LEGACY, 0, 0, 0,
      7 },
};

static bool same(const struct buf *b, const char *text)
{
    return slice_eqs(buf_slice(b), text);
}

static void test_name_records(void)
{
    struct buf out = BUF_INIT;
    struct mbentry e;

    mbentry_init(&e);
    for (size_t i = 0; i < sizeof name_records / sizeof *name_records; i++) {
        CU_CHECK_ROW(i, mbentry_parse_name_record(slice_cstr(name_records[i].dbname),
                                                  slice_cstr(name_records[i].value), &e) == ERR_OK);
        CU_CHECK_ROW(i, same(&e.uniqueid, name_records[i].id));
        CU_CHECK_ROW(i, same(&e.partition, name_records[i].partition));
        CU_CHECK_ROW(i, same(&e.server, name_records[i].server));
        CU_CHECK_ROW(i, same(&e.acl, name_records[i].acl));
        CU_CHECK_ROW(i, e.type == name_records[i].type);
        CU_CHECK_ROW(i, e.uidvalidity == name_records[i].uidvalidity);
        CU_CHECK_ROW(i, e.createdmodseq == name_records[i].created);
        CU_CHECK_ROW(i, e.foldermodseq == name_records[i].folder);
        CU_CHECK_ROW(i, e.mtime == name_records[i].mtime);
        buf_reset(&out);
        mbentry_put_name_value(&e, &out);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), name_records[i].value));
    }
    mbentry_fini(&e);
    buf_fini(&out);
}

static void test_id_record(void)
{
    static const char value[] =
        "%(T e N shared\x1f"
        "c P default V 1795258347 C 2 F 3 M 1795258345 A %(anyone lrs) H "
        "(%(N shared\x1f"
        "b M 5 V 1795258347 C 2 F 3 T edl P old) %(N \"dom\x1duser\x1fx.y\" M 4 T ed)))";
    struct vec history = VEC_INIT(struct mbhistory);
    struct buf out = BUF_INIT;
    struct mbentry e;

    mbentry_init(&e);
    CU_ASSERT_EQUAL(mbentry_parse_id_record(SLICE_LIT("4dmqq7lcdeoxran7ad3jgoin"),
                                            slice_cstr(value), &e, &history),
                    ERR_OK);
    CU_ASSERT(same(&e.name, "shared.c"));
    CU_ASSERT(same(&e.uniqueid, "4dmqq7lcdeoxran7ad3jgoin"));
    CU_ASSERT_EQUAL_FATAL(history.n, 2);
    CU_ASSERT(same(&VEC_AT(&history, struct mbhistory, 0)->name, "shared.b"));
    CU_ASSERT(same(&VEC_AT(&history, struct mbhistory, 0)->partition, "old"));
    CU_ASSERT_EQUAL(VEC_AT(&history, struct mbhistory, 0)->type, MBTYPE_DELETED | MBTYPE_LEGACY);
    CU_ASSERT(same(&VEC_AT(&history, struct mbhistory, 1)->name, "dom!user.x^y"));
    mbentry_put_id_value(&e, &history, &out);
    CU_ASSERT(slice_eqs(buf_slice(&out), value));
    mbhistory_free_all(&history);
    mbentry_fini(&e);
    buf_fini(&out);
}

/* The old plain form, as 3.6.1 converts it. */
static void test_old_records(void)
{
    static const struct {
        const char *value, *id, *partition, *server, *acl, *type;
    } rows[] = {
        { "0 default fred\tlrs\tmary\tl\t", "", "default", "", "fred\tlrs\tmary\tl\t", "el" },
        { "(uniqueid bbb) 0 default fred\tlrs", "bbb", "default", "", "fred\tlrs\t", "el" },
        { "(uniqueid bbb specialuse \\Sent) 0 default fred\tlrs\t", "bbb", "default", "",
          "fred\tlrs\t", "el" },
        { "1 default x\tl\t", "", "default", "", "x\tl\t", "nl" },
        { "2 default x\tl\t", "", "default", "", "x\tl\t", "sl" },
        { "8 default x\tl\t", "", "default", "", "x\tl\t", "bl" },
        { "9 default x\tl\t", "", "default", "", "x\tl\t", "cl" },
        { "10 default x\tl\t", "", "default", "", "x\tl\t", "al" },
        { "16 be1.example!p2 x\tl\t", "", "p2", "be1.example", "x\tl\t", "erl" },
        { "32 default x\tl\t", "", "default", "", "x\tl\t", "ezl" },
        { "64 default x\tl\t", "", "default", "", "x\tl\t", "eml" },
        { "128 default x\tl\t", "", "default", "", "x\tl\t", "edl" },
        { "256 default x\tl\t", "", "default", "", "x\tl\t", "eil" },
        { "0 default", "", "default", "", "", "el" },
        { "0 default ", "", "default", "", "", "el" },
        { "%(A %(fred lrs) I qwertyuiop P default T e V 123)", "qwertyuiop", "default", "",
          "fred\tlrs\t", "el" },
        { "%(I qwertyuiop P default)", "qwertyuiop", "default", "", "", "el" },
    };
    struct buf type = BUF_INIT;
    struct mbentry e;

    mbentry_init(&e);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, mbentry_parse_old_record(SLICE_LIT("user.fred.x"),
                                                 slice_cstr(rows[i].value), &e) == ERR_OK);
        CU_CHECK_ROW(i, same(&e.name, "user.fred.x"));
        CU_CHECK_ROW(i, same(&e.uniqueid, rows[i].id));
        CU_CHECK_ROW(i, same(&e.partition, rows[i].partition));
        CU_CHECK_ROW(i, same(&e.server, rows[i].server));
        CU_CHECK_ROW(i, same(&e.acl, rows[i].acl));
        buf_reset(&type);
        mbentry_type_text(e.type, &type);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&type), rows[i].type));
    }
    mbentry_fini(&e);
    buf_fini(&type);
}

static void test_damaged(void)
{
    static const char *const rows[] = {
        "",
        "x",
        "%",
        "%(",
        "%(T e",
        "%(T e))",
        "%(T q)",
        "%(T e V x)",
        "%(T e V 99999999999)",
        "%(T e M -1)",
        "%(T e A (x))",
        "%(T e A %(x))",
        "%(T e A %(x (l)))",
        "%(T e) ",
        "(T e)",
        "%(T)",
        "(uniqueid x 0 default",
        "abc default",
        "%(T e C 18446744073709551616)",
        "%(T e M 9223372036854775808)",
    };
    struct mbentry e;

    mbentry_init(&e);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, mbentry_parse_name_record(SLICE_LIT("user\x1fx"), slice_cstr(rows[i]),
                                                  &e) == ERR_CORRUPT);
    mbentry_fini(&e);
}

static void test_types(void)
{
    static const char *const rows[] = { "e",  "n",   "c",   "a",  "b",  "s",  "p",  "f",
                                        "ed", "edl", "ezl", "em", "er", "ei", "cd", "fdmrzil" };
    struct buf out = BUF_INIT;
    uint32_t type;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&out);
        CU_CHECK_ROW(i, mbentry_type_parse(slice_cstr(rows[i]), &type) == ERR_OK);
        mbentry_type_text(type, &out);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i]));
    }
    CU_ASSERT_EQUAL(mbentry_type_parse(SLICE_LIT("ex"), &type), ERR_SYNTAX);
    buf_fini(&out);
}

static void test_kinds(void)
{
    static const struct {
        const char *type;
        bool mailbox, mail;
    } rows[] = {
        { "e", true, true },    { "el", true, true },   { "n", true, true },
        { "c", true, false },   { "f", true, false },   { "ed", false, false },
        { "er", false, false }, { "ez", false, false }, { "ei", false, false },
        { "em", true, true },
    };
    struct mbentry e;

    mbentry_init(&e);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, mbentry_type_parse(slice_cstr(rows[i].type), &e.type) == ERR_OK);
        CU_CHECK_ROW(i, mbentry_is_mailbox(&e) == rows[i].mailbox);
        CU_CHECK_ROW(i, mbentry_is_mail(&e) == rows[i].mail);
    }
    mbentry_fini(&e);
}

static void test_may_concern(void)
{
    static const struct {
        const char *acl, *userid;
        bool want;
    } rows[] = {
        { "%(fred lrs)", "fred", true },
        { "%(fred lrs)", "mary", false },
        { "%(anyone l)", "mary", true },
        { "%(group:adm l)", "mary", true },
        { "%(freddy lrs)", "fred", false },
        { "%(fred lrs mary l)", "mary", true },
        { "%(lrs fred)", "fred", false },           /* a right, not an identifier */
        { "%(-mary l)", "mary", false },            /* takes away only */
        { "%(\"a b\" l)", "a b", true },
        { "%(\"m\\ary\" l)", "mary", true },          /* quoted: it is looked at closer */
        { "%({4+}\r\nmary l)", "mary", true },
        { "%()", "mary", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf value = BUF_INIT;

        buf_addf(&value, "%%(T e I abcdefghijkl P default V 1 M 2 A %s)", rows[i].acl);
        CU_CHECK_ROW(i, mbentry_may_concern(buf_slice(&value), slice_cstr(rows[i].userid)) ==
                            rows[i].want);
        buf_fini(&value);
    }
}

TEST_SUITE("mbentry", { "name_records", test_name_records }, { "id_record", test_id_record },
           { "old_records", test_old_records }, { "damaged", test_damaged },
           { "types", test_types }, { "kinds", test_kinds }, { "may_concern", test_may_concern })
