/* mboxlist_text_test.c - dumps of the mailbox list, written and read back
 *
 * The first dump was printed by Cyrus 3.6.1.
 * covers: RC-23
 */
#include "imap/admin/mboxlist_text.h"

#include "cunit/test.h"

#define ID1 "2mxpzcsi2hjqcq8t1sn6m6q0"
#define ID2 "f3n7v1cs2hjqcq8t1sn6m6q0"

static const char dump[] =
    "{\n"
    "\"shared\": {\"name\": \"shared\", \"mtime\": \"1795280378\", \"uidvalidity\": "
    "\"1795280379\", "
    "\"createdmodseq\": \"1\", \"foldermodseq\": \"2\", \"mbtype\": \"e\", \"partition\": "
    "\"default\", \"acl\": {\"anyone\": \"lrs\", \"-bob\": \"w\"}, \"uniqueid\": \"" ID1
    "\", \"name_history\": []},\n"
    "\"user.bob.y\": {\"name\": \"user.bob.y\", \"mtime\": \"1795280378\", \"uidvalidity\": \"7\", "
    "\"foldermodseq\": \"2\", \"mbtype\": \"ed\", \"acl\": {}, \"uniqueid\": \"" ID2
    "\", \"name_history\": []},\n"
    "\"user.bob.z\": {\"name\": \"user.bob.z\", \"mtime\": \"1795280378\", \"uidvalidity\": \"7\", "
    "\"createdmodseq\": \"1\", \"foldermodseq\": \"2\", \"mbtype\": \"el\", \"partition\": "
    "\"default\", \"acl\": {\"bob\": \"lrswipkxtecdan\"}, \"uniqueid\": \"" ID2
    "\", \"name_history\": [{\"name\": \"user.bob.y\", \"mtime\": \"5\", \"uidvalidity\": \"7\", "
    "\"createdmodseq\": \"1\", \"foldermodseq\": \"2\", \"mbtype\": \"e\", \"partition\": "
    "\"default\"}]}\n"
    "}\n";

static void note(void *arg, const char *text)
{
    buf_adds(arg, text);
    buf_addc(arg, '|');
}

static void put_all(const struct vec *all, struct buf *out)
{
    buf_adds(out, "{");
    for (size_t i = 0; i < all->n; i++) {
        const struct mblist_restored *one = VEC_AT(all, struct mblist_restored, i);

        buf_adds(out, i ? ",\n" : "\n");
        mboxlist_text_put(&one->entry, &one->history, out);
    }
    buf_adds(out, "\n}\n");
}

static void test_round_trip(void)
{
    struct vec all = VEC_INIT(struct mblist_restored);
    struct buf told = BUF_INIT, again = BUF_INIT;

    CU_ASSERT_EQUAL(mboxlist_text_parse(slice_cstr(dump), &all, note, &told), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&told), "");
    CU_ASSERT_EQUAL_FATAL(all.n, 3);
    const struct mblist_restored *one = VEC_AT(&all, struct mblist_restored, 0);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&((struct mblist_restored *)one)->entry.acl),
                           "anyone\tlrs\t-bob\tw\t");
    CU_ASSERT_EQUAL(one->entry.uidvalidity, 1795280379);
    put_all(&all, &again);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&again), dump);
    mboxlist_text_free(&all);
    buf_fini(&told);
    buf_fini(&again);
}

/* One entry "a" with these fields: how many come out, and what is said. */
static const struct {
    const char *fields;
    unsigned n;
    err_t err;
    const char *told;
} rows[] = {
    { "\"mbtype\": \"e\", \"partition\": \"p\", \"uniqueid\": \"" ID1 "\", \"uidvalidity\": \"1\", "
      "\"createdmodseq\": \"1\", \"foldermodseq\": \"1\"",
      1, ERR_OK, "" },
    { "\"mbtype\": \"e\", \"partition\": \"p\", \"uniqueid\": \"" ID1 "\"", 1, ERR_OK,
      "missing uidvalidity for a|missing createdmodseq for a|missing foldermodseq for a|" },
    { "\"mbtype\": \"e\", \"uidvalidity\": \"1\", \"createdmodseq\": \"1\", \"foldermodseq\": "
      "\"1\"",
      0, ERR_OK, "missing partition for a|missing uniqueid for a|" },
    { "\"partition\": \"p\", \"uniqueid\": \"" ID1 "\", \"uidvalidity\": \"1\", "
      "\"createdmodseq\": \"1\", \"foldermodseq\": \"1\"",
      0, ERR_OK, "missing mbtype for a|" },
    { "\"mbtype\": \"ed\"", 1, ERR_OK, "" },
    { "\"mbtype\": \"er\", \"server\": \"s\", \"partition\": \"p\"", 1, ERR_OK, "" },
    { "\"mbtype\": \"ed\", \"new\": {\"x\": [1]}, \"more\": 5, \"acl\": [], \"name\": \"other\"", 1,
      ERR_OK, "" },
    { "\"mbtype\": \"ed\", \"uidvalidity\": \"4294967296\"", 0, ERR_SYNTAX, NULL },
    { "\"mbtype\": \"ed\", \"uidvalidity\": \"-1\"", 0, ERR_SYNTAX, NULL },
    { "\"mbtype\": \"ed\", \"mtime\": \"18446744073709551615\"", 0, ERR_SYNTAX, NULL },
    { "\"mbtype\": \"e?\"", 0, ERR_SYNTAX, NULL },
    { "\"mbtype\": \"ed\", \"acl\": {\"x\\ty\": \"lrs\"}", 0, ERR_SYNTAX, NULL },
    { "\"mbtype\": \"ed\", \"acl\": {\"x\": [\"lrs\"]}", 0, ERR_SYNTAX, NULL },
    { "\"mbtype\": \"ed\", \"uniqueid\": \"a\\u0000b\"", 0, ERR_SYNTAX, NULL },
    { "\"mbtype\": \"ed\", \"name_history\": [{\"name\": \"b\\u001fc\"}]", 0, ERR_SYNTAX, NULL },
    { "\"mbtype\": \"ed\", \"name_history\": [{\"name\": ]", 0, ERR_SYNTAX, NULL },
    { "\"mbtype\": \"ed\"}, \"\": {\"mbtype\": \"ed\"", 1, ERR_OK, "" },
};

static void test_fields(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vec all = VEC_INIT(struct mblist_restored);
        struct buf told = BUF_INIT, text = BUF_INIT;

        buf_addf(&text, "{\"a\": {%s}}", rows[i].fields);
        CU_CHECK_ROW(i, mboxlist_text_parse(buf_slice(&text), &all, note, &told) == rows[i].err);
        CU_CHECK_ROW(i, rows[i].err || all.n == rows[i].n);
        if (rows[i].told)
            CU_CHECK_ROW(i, slice_eqs(buf_slice(&told), rows[i].told));
        else
            CU_CHECK_ROW(i, slice_starts(buf_slice(&told), SLICE_LIT("parse error at line 1:")));
        if (rows[i].err == ERR_OK && all.n)
            CU_CHECK_ROW(
                i, slice_eqs(buf_slice(&VEC_AT(&all, struct mblist_restored, 0)->entry.name), "a"));
        mboxlist_text_free(&all);
        buf_fini(&told);
        buf_fini(&text);
    }
}

static void test_no_dump(void)
{
    static const char *const texts[] = { "", "[]", "\"a\"", "{\"a\": 1}", "{\"a\": {}} x",
                                         "user.bob\t0 default bob\tlrs\t\n", "{\"a\": {" };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct vec all = VEC_INIT(struct mblist_restored);
        struct buf told = BUF_INIT;

        CU_CHECK_ROW(i, mboxlist_text_parse(slice_cstr(texts[i]), &all, note, &told) == ERR_SYNTAX);
        CU_CHECK_ROW(i, told.n > 0);
        mboxlist_text_free(&all);
        buf_fini(&told);
    }
}

/* Lines of 2.x and 3.0: type numbers, with and without an id. */
static void test_old_lines(void)
{
    static const char text[] = "user.bob\t0 default bob\tlrswipcda\t\r\n"
                               "\n"
                               "user.bob.x\t0 part2 >" ID1 "\tbob\tlrs\t\n"
                               "shared\t16 back.example!default \n"
                               "nothing\n"
                               "\t0 default \n"
                               "user.bad\x01\t0 default \n"
                               "last\t0 default";
    static const char *const names[] = { "user.bob", "user.bob.x", "shared", "last" };
    struct vec all = VEC_INIT(struct mblist_restored);
    struct buf told = BUF_INIT;

    CU_ASSERT_EQUAL(mboxlist_text_parse_old(slice_cstr(text), &all, note, &told), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&told), "line 5: no partition found|line 6: no partition found|"
                                            "line 7: no partition found|");
    CU_ASSERT_EQUAL_FATAL(all.n, 4);
    for (size_t i = 0; i < all.n; i++) {
        struct mbentry *e = &VEC_AT(&all, struct mblist_restored, i)->entry;
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&e->name), names[i]));
    }
    struct mbentry *x = &VEC_AT(&all, struct mblist_restored, 1)->entry;
    CU_ASSERT_STRING_EQUAL(buf_cstr(&x->uniqueid), ID1);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&x->partition), "part2");
    CU_ASSERT_STRING_EQUAL(buf_cstr(&x->acl), "bob\tlrs\t");
    CU_ASSERT(VEC_AT(&all, struct mblist_restored, 2)->entry.type & MBTYPE_REMOTE);
    mboxlist_text_free(&all);
    buf_fini(&told);
}

TEST_SUITE("mboxlist_text", { "round_trip", test_round_trip }, { "fields", test_fields },
           { "no_dump", test_no_dump }, { "old_lines", test_old_lines })
