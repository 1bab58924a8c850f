/* annotdef_fuzz.c - lines of annotation_definitions: what is taken has a valid name, attributes and
 * rights that exist
 */
#include "imap/store/annot_define.h"
#include "lib/base/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice rest = slice_make(data, n), line;
    struct annot_definition d;
    const char *why;

    while (rest.n) {
        rest = slice_split(rest, '\n', &line, NULL);
        err_t err = annot_definition_parse(line, &d, &why);
        BUG_UNLESS((err == ERR_SYNTAX) == (why != NULL));
        if (err)
            continue;
        BUG_UNLESS(annot_name_is_valid(d.name));
        BUG_UNLESS(d.entry.readable && d.entry.readable <= (ANNOT_SHARED | ANNOT_PRIVATE));
        BUG_UNLESS(!(d.entry.all & ~(rights_t)ACL_ALL));
        BUG_UNLESS(d.entry.scope == ANNOT_MESSAGE || d.entry.scope == ANNOT_MAILBOX || d.entry.scope == ANNOT_SERVER);
    }
    return 0;
}
