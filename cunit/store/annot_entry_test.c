/* annot_entry_test.c - names, values and definitions of annotations
 *
 * covers: AN-03 AN-04 AN-07 SU-01
 */
#include "imap/store/annot_define.h"
#include "imap/store/annot_entry.h"

#include "cunit/store/instance.h"
#include "cunit/test.h"

static void test_names(void)
{
    static const struct {
        const char *name;
        bool valid;
    } rows[] = {
        { "/comment", true },   { "/vendor/cmu/cyrus-imapd/expire", true },
        { "", false },          { "/", false },
        { "comment", false },   { "/a/", false },
        { "/a//b", false },     { "/a*", false },
        { "/a%", false },       { "/a\x01", false },
        { "/\xc3\xa4", false }, { "/a b", true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, annot_name_is_valid(slice_cstr(rows[i].name)) == rows[i].valid);
    struct store *s = instance_open("");
    CU_ASSERT(annot_entry_find(ANNOT_MAILBOX, SLICE_LIT("/Comment")) != NULL);
    CU_ASSERT(annot_entry_find(ANNOT_MAILBOX, SLICE_LIT("/motd")) == NULL);
    CU_ASSERT(annot_entry_find(ANNOT_SERVER, SLICE_LIT("/motd")) != NULL);
    instance_close(&s);
}

static void test_values(void)
{
    static const struct {
        enum annot_type type;
        const char *value, *stored; /* NULL: refused */
    } rows[] = {
        { ANNOT_STRING, "any thing", "any thing" },
        { ANNOT_BOOL, "TRUE", "true" },
        { ANNOT_BOOL, "yes", NULL },
        { ANNOT_BOOL, "", "" },
        { ANNOT_SWITCH, "yes", "yes" },
        { ANNOT_SWITCH, "maybe", NULL },
        { ANNOT_UINT, "007", "007" },
        { ANNOT_UINT, "-1", NULL },
        { ANNOT_UINT, "99999999999999999999", NULL },
        { ANNOT_INT, "-1", "-1" },
        { ANNOT_INT, "x", NULL },
        { ANNOT_DATE, "21-Nov-2026 21:30:00 +0000", "21-Nov-2026 21:30:00 +0000" },
        { ANNOT_DATE, "now", NULL },
        { ANNOT_USE, "\\sent", "\\Sent" },
        { ANNOT_USE, "sent", "\\Sent" },
        { ANNOT_USE, " \\Junk  \\TRASH ", "\\Junk \\Trash" },
        { ANNOT_USE, "\\All", NULL },
        { ANNOT_USE, "\\site", "\\Site" },
        { ANNOT_USE, "\\", NULL },
    };
    struct store *s = instance_open("specialuse_extra: \\Site\n");
    struct buf out = BUF_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        err_t err = annot_value_check(rows[i].type, slice_cstr(rows[i].value), &out);

        CU_CHECK_ROW(i, (err == ERR_OK) == (rows[i].stored != NULL));
        CU_CHECK_ROW(i, err || slice_eqs(buf_slice(&out), rows[i].stored));
    }
    buf_fini(&out);
    instance_close(&s);
}

static void test_definitions(void)
{
    static const struct {
        const char *line;
        err_t err;
        unsigned readable;
        bool is_message;
    } rows[] = {
        { "/vendor/x/y, mailbox, string, backend, value.shared value.priv, a", ERR_OK, 3, false },
        { " /vendor/x/y ,server,uint,proxy_and_backend,value,\r", ERR_OK, 3, false },
        { "/vendor/x/y, message, boolean, proxy, value.priv, n", ERR_OK, ANNOT_PRIVATE, true },
        { "", ERR_NOTFOUND, 0, false },
        { "  # note", ERR_NOTFOUND, 0, false },
        { "/x", ERR_SYNTAX, 0, false },
        { "x, mailbox, string, backend, value, ", ERR_SYNTAX, 0, false },
        { "/x, box, string, backend, value, ", ERR_SYNTAX, 0, false },
        { "/x, mailbox, text, backend, value, ", ERR_SYNTAX, 0, false },
        { "/x, mailbox, string, near, value, ", ERR_SYNTAX, 0, false },
        { "/x, mailbox, string, backend, , ", ERR_SYNTAX, 0, false },
        { "/x, mailbox, string, backend, value, Z", ERR_SYNTAX, 0, false },
    };
    struct annot_definition d;
    const char *why;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, annot_definition_parse(slice_cstr(rows[i].line), &d, &why) == rows[i].err);
        CU_CHECK_ROW(i, (why != NULL) == (rows[i].err == ERR_SYNTAX));
        CU_CHECK_ROW(i, rows[i].err || (d.entry.readable == rows[i].readable &&
                                        (d.entry.scope == ANNOT_MESSAGE) == rows[i].is_message));
    }
}

TEST_SUITE("annot_entry", { "names", test_names }, { "values", test_values },
           { "definitions", test_definitions })
