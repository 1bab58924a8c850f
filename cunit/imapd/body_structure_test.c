/* body_structure_test.c - parts of a BODYSTRUCTURE; covers: IM-10 */
#include "imap/imapd/body_structure.h"

#include "cunit/test.h"

#define TEXT "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 3 1 NIL NIL NIL NIL)"
#define DATA "(\"APPLICATION\" \"X\" (\"N\" \"a)(\") NIL {4}\r\n)\"( \"BASE64\" 8 NIL NIL NIL NIL)"
#define MIXED "(" TEXT DATA " \"MIXED\" NIL NIL NIL NIL)"
#define MESSAGE "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 99 (NIL \"s\" NIL) " MIXED " 12 NIL NIL NIL NIL)"
#define OUTER "(" MESSAGE TEXT " \"MIXED\" NIL NIL NIL NIL)"

static void test_find(void)
{
    static const struct {
        const char *structure;
        uint32_t part[4];
        size_t nparts;
        const char *want;               /* NULL: none */
    } rows[] = {
        { TEXT, { 0 }, 0, TEXT },
        { TEXT, { 1 }, 1, TEXT },
        { TEXT, { 2 }, 1, NULL },
        { TEXT, { 1, 1 }, 2, NULL },
        { MIXED, { 1 }, 1, TEXT },
        { MIXED, { 2 }, 1, DATA },
        { MIXED, { 3 }, 1, NULL },
        { MIXED, { 2, 1 }, 2, NULL },
        { OUTER, { 1 }, 1, MESSAGE },
        { OUTER, { 1, 1 }, 2, TEXT },
        { OUTER, { 1, 2 }, 2, DATA },
        { OUTER, { 1, 2, 1 }, 3, NULL },
        { OUTER, { 2 }, 1, TEXT },
        { OUTER, { 2000000000 }, 1, NULL },
        { "", { 0 }, 0, NULL },
        { "(", { 0 }, 0, NULL },
        { "()", { 1 }, 1, NULL },
        { "(\"A", { 1 }, 1, NULL },
        { "((\"A\" {99}\r\n)", { 1 }, 1, NULL },
        { "((((((", { 1, 1, 1 }, 3, NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct body_part p;
        bool found = body_part_find(slice_cstr(rows[i].structure), rows[i].part, rows[i].nparts, &p);
        CU_CHECK_ROW(i, found == (rows[i].want != NULL));
        CU_CHECK_ROW(i, !found || slice_eqs(p.whole, rows[i].want));
    }
}

static void test_fields(void)
{
    struct body_part p;

    CU_ASSERT(body_part_read(SLICE_LIT(TEXT), &p));
    CU_ASSERT(slice_eqs(p.encoding, "\"7BIT\"") && slice_eqs(p.size, "3") && slice_eqs(p.lines, "1"));
    CU_ASSERT(body_part_read(SLICE_LIT(DATA), &p));
    CU_ASSERT(slice_eqs(p.encoding, "\"BASE64\"") && slice_eqs(p.size, "8") && !p.lines.n);
    CU_ASSERT(body_part_read(SLICE_LIT(MESSAGE), &p));
    CU_ASSERT(p.is_message && slice_eqs(p.inner, MIXED) && slice_eqs(p.lines, "12"));
}

TEST_SUITE("body_structure", { "find", test_find }, { "fields", test_fields })
