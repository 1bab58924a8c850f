/* annot_test.c - annotations of mailboxes
 *
 * covers: SU-01
 */
#include "imap/store/annot.h"

#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/annot_format.h"
#include "imap/store/mblist.h"

static void check(struct store *s, const char *id, const char *entry, struct slice userid,
                  const char *want)
{
    struct buf value = BUF_INIT;
    err_t err = annot_read(s, slice_cstr(id), entry, userid, &value);

    CU_ASSERT_EQUAL(err, want ? ERR_OK : ERR_NOTFOUND);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&value), want ? want : "");
    buf_fini(&value);
}

static void test_write(void)
{
    static const char id[] = "aaaaaaaaaaaaaaaaaaaaaaaa", id2[] = "bbbbbbbbbbbbbbbbbbbbbbbb";
    struct store *s = instance_open("");

    check(s, id, "/comment", SLICE_NULL, NULL);
    CU_ASSERT_EQUAL(annot_write(s, slice_cstr(id), "/comment", SLICE_NULL, SLICE_LIT("shared")),
                    ERR_OK);
    CU_ASSERT_EQUAL(annot_write(s, slice_cstr(id), "/comment", ANNOT_OWNER, SLICE_LIT("mine")),
                    ERR_OK);
    CU_ASSERT_EQUAL(
        annot_write(s, slice_cstr(id), ANNOT_SPECIALUSE, ANNOT_OWNER, SLICE_LIT("\\Sent \\Junk")),
        ERR_OK);
    CU_ASSERT_EQUAL(annot_write(s, slice_cstr(id2), "/comment", SLICE_NULL, SLICE_LIT("other")),
                    ERR_OK);
    CU_ASSERT_EQUAL(annot_write(s, SLICE_NULL, "/comment", SLICE_NULL, SLICE_LIT("server")),
                    ERR_OK);
    check(s, id, "/comment", SLICE_NULL, "shared");
    check(s, id, "/comment", ANNOT_OWNER, "mine");
    check(s, id, "/comment", SLICE_LIT("bob"), NULL);
    check(s, "", "/comment", SLICE_NULL, "server");
    CU_ASSERT(annot_has_use(s, slice_cstr(id), SLICE_LIT("\\junk")));
    CU_ASSERT(!annot_has_use(s, slice_cstr(id), SLICE_LIT("\\Jun")));
    CU_ASSERT(!annot_has_use(s, slice_cstr(id2), SLICE_LIT("\\Junk")));
    CU_ASSERT_EQUAL(annot_write(s, slice_cstr(id), "/comment", ANNOT_OWNER, SLICE_NULL), ERR_OK);
    CU_ASSERT_EQUAL(annot_write(s, slice_cstr(id), "/comment", ANNOT_OWNER, SLICE_NULL), ERR_OK);
    check(s, id, "/comment", ANNOT_OWNER, NULL);
    CU_ASSERT_EQUAL(annot_delete_mailbox(s, slice_cstr(id)), ERR_OK);
    CU_ASSERT_EQUAL(annot_delete_mailbox(s, slice_cstr(id)), ERR_OK);
    CU_ASSERT_EQUAL(annot_delete_mailbox(s, SLICE_NULL), ERR_OK);
    check(s, id, "/comment", SLICE_NULL, NULL);
    check(s, id2, "/comment", SLICE_NULL, "other");
    check(s, "", "/comment", SLICE_NULL, "server");
    instance_close(&s);
}

/* Before 3.6 keys began with the mailbox's name. */
static void test_recover(void)
{
    static const char id[] = "aaaaaaaaaaaaaaaaaaaaaaaa";
    struct store *s = instance_open("");
    struct mbentry e;
    unsigned n;

    mbentry_init(&e);
    buf_adds(&e.name, "user.ann.x");
    buf_adds(&e.uniqueid, id);
    CU_ASSERT_EQUAL(mblist_put(s, &e), ERR_OK);
    mbentry_fini(&e);
    CU_ASSERT_EQUAL(
        annot_write(s, SLICE_LIT("user.ann.x"), "/comment", SLICE_NULL, SLICE_LIT("shared")),
        ERR_OK);
    CU_ASSERT_EQUAL(
        annot_write(s, SLICE_LIT("user.ann.x"), "/comment", SLICE_LIT("ann"), SLICE_LIT("own")),
        ERR_OK);
    CU_ASSERT_EQUAL(
        annot_write(s, SLICE_LIT("user.ann.x"), "/comment", SLICE_LIT("bob"), SLICE_LIT("bob's")),
        ERR_OK);
    CU_ASSERT_EQUAL(
        annot_write(s, SLICE_LIT("user.gone"), "/comment", SLICE_NULL, SLICE_LIT("left")), ERR_OK);
    CU_ASSERT_EQUAL(annot_write(s, SLICE_NULL, "/comment", SLICE_NULL, SLICE_LIT("server")),
                    ERR_OK);
    CU_ASSERT_EQUAL(annot_recover(s, &n), ERR_OK);
    CU_ASSERT_EQUAL(n, 3);
    check(s, id, "/comment", SLICE_NULL, "shared");
    check(s, id, "/comment", ANNOT_OWNER, "own");
    check(s, id, "/comment", SLICE_LIT("bob"), "bob's");
    check(s, "user.ann.x", "/comment", SLICE_NULL, NULL);
    check(s, "", "/comment", SLICE_NULL, "server");
    CU_ASSERT_EQUAL(annot_recover(s, &n), ERR_OK);
    CU_ASSERT_EQUAL(n, 0);
    instance_close(&s);
}

static void test_format(void)
{
    static const struct {
        const char *bytes;
        size_t n;
        bool ok, deleted;
        const char *value;
    } rows[] = {
        { "\0\0\0\2\0\0\0\0ab", 10, true, false, "ab" },            /* an old record ends there */
        { "\0\0\0\0\0\0\0\0", 8, true, false, "" },
        { "\0\0\0\3\0\0\0\0ab", 10, false, false, "" },
        { "\0\0\0\2\0\0\0", 7, false, false, "" },
        { "", 0, false, false, "" },
        { "\xff\xff\xff\xff\0\0\0\0ab", 10, false, false, "" },
    };
    struct buf out = BUF_INIT;
    struct slice value;
    bool deleted;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        value = SLICE_NULL;
        deleted = false;
        CU_CHECK_ROW(i, annot_format_parse(slice_make(rows[i].bytes, rows[i].n), &value,
                                           &deleted) == rows[i].ok);
        CU_CHECK_ROW(i, !rows[i].ok || slice_eqs(value, rows[i].value));
        CU_CHECK_ROW(i, deleted == rows[i].deleted);
    }
    annot_format_value(SLICE_LIT("shared note"), 0, 0, &out);
    CU_ASSERT(slice_eq(buf_slice(&out), slice_make("\0\0\0\x0b\0\0\0\0shared note\0text/plain\0"
                                                   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 48)));
    annot_format_value(SLICE_NULL, 9, 1, &out);
    CU_ASSERT(annot_format_parse(buf_slice(&out), &value, &deleted));
    CU_ASSERT(deleted);
    buf_fini(&out);
}

static err_t count(void *arg, struct slice id, struct slice entry, struct slice userid,
                   struct slice value)
{
    unsigned *n = arg;

    (void)id, (void)entry, (void)userid, (void)value;
    ++*n;
    return ERR_OK;
}

static void test_sample(void)
{
    struct store *s = instance_open_sample("");
    unsigned n = 0;

    check(s, "", "/comment", SLICE_NULL, "server wide note");
    check(s, "6todto7sfmscuz3e2ewdwaup", "/comment", SLICE_LIT("mary"), "mary box comment");
    check(s, "de27kkdiqf0x87b3maibiy1d", "/comment", ANNOT_OWNER, "private box comment");
    CU_ASSERT(annot_has_use(s, SLICE_LIT("z558rvt15cjj7vixdmodgumw"), SLICE_LIT("\\Trash")));
    CU_ASSERT_EQUAL(annot_foreach(s, SLICE_NULL, count, &n), ERR_OK);
    CU_ASSERT_EQUAL(n, 5);
    n = 0;
    CU_ASSERT_EQUAL(annot_foreach(s, SLICE_LIT("de27kkdiqf0x87b3maibiy1d"), count, &n), ERR_OK);
    CU_ASSERT_EQUAL(n, 2);
    instance_close(&s);
}

TEST_SUITE("annot", { "write", test_write }, { "recover", test_recover }, { "format", test_format },
           { "sample", test_sample })
