/* annotation_args_fuzz.c - annotations as STORE and APPEND give them: any text is read or refused; what is read has
 * names of the right form
 */
#include "imap/imapd/annotation.h"
#include "imap/store/msgannot_entry.h"
#include "lib/base/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The wire says nothing more. */
static err_t no_literal(struct session *s, const struct imaptok_literal *lit, struct slice *value)
{
    (void)s, (void)value;
    BUG_UNLESS(lit->size <= MSGANNOT_VALUE_MAX);
    return ERR_CLOSED;
}

static void check(const struct annotation_changes *a)
{
    uint32_t parts[MSGANNOT_PARTS_MAX];
    size_t n;

    BUG_UNLESS(a->n && a->n <= ANNOTATION_CHANGES_MAX);
    for (size_t i = 0; i < a->n; i++) {
        BUG_UNLESS(msgannot_name_check(a->all[i].entry, parts, &n) == ERR_OK && n == a->all[i].nparts);
        BUG_UNLESS(a->all[i].attribute == ANNOT_SHARED || a->all[i].attribute == ANNOT_PRIVATE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct session_base base = { .command = arena_new(0) };
    struct session s = { .base = &base };
    struct annotation_changes a = { .n = 0 };

    imaptok_init(&s.tok, slice_skip(slice_make(data, n), 1), base.command, 0);
    err_t err = annotation_read_changes(&s, n && data[0] & 1 ? no_literal : NULL, &a);
    if (!err)
        check(&a);
    else
        BUG_UNLESS(err == ERR_CLOSED || a.fault || s.tok.why || err == ERR_LIMIT);
    arena_free(&base.command);
    return 0;
}
