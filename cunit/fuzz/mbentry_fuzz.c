/* mbentry_fuzz.c - values of the mailbox list, all forms: what was read is written so that it is
 * read back as the same
 */
#include "imap/store/mbentry.h"
#include "lib/base/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool same(const struct mbentry *a, const struct mbentry *b)
{
    return slice_eq(buf_slice(&a->uniqueid), buf_slice(&b->uniqueid)) &&
           slice_eq(buf_slice(&a->partition), buf_slice(&b->partition)) &&
           slice_eq(buf_slice(&a->server), buf_slice(&b->server)) && a->type == b->type &&
           a->uidvalidity == b->uidvalidity && a->createdmodseq == b->createdmodseq &&
           a->foldermodseq == b->foldermodseq && a->mtime == b->mtime;
}

static void check_name_record(struct slice value)
{
    struct buf out = BUF_INIT;
    struct mbentry a, b;

    mbentry_init(&a);
    mbentry_init(&b);
    if (mbentry_parse_name_record(SLICE_LIT("user\x1f" "fred"), value, &a) == ERR_OK) {
        mbentry_put_name_value(&a, &out);
        BUG_UNLESS(mbentry_parse_name_record(SLICE_LIT("user\x1f"
                                                       "fred"),
                                             buf_slice(&out), &b) == ERR_OK);
        BUG_UNLESS(same(&a, &b));
    }
    buf_fini(&out);
    mbentry_fini(&a);
    mbentry_fini(&b);
}

static void check_id_record(struct slice value)
{
    struct vec history = VEC_INIT(struct mbhistory), again = VEC_INIT(struct mbhistory);
    struct buf out = BUF_INIT;
    struct mbentry a, b;

    mbentry_init(&a);
    mbentry_init(&b);
    if (mbentry_parse_id_record(SLICE_LIT("abcdefgh"), value, &a, &history) == ERR_OK) {
        mbentry_put_id_value(&a, &history, &out);
        BUG_UNLESS(mbentry_parse_id_record(SLICE_LIT("abcdefgh"), buf_slice(&out), &b, &again) ==
                   ERR_OK);
        BUG_UNLESS(same(&a, &b) && history.n == again.n);
    }
    mbhistory_free_all(&history);
    mbhistory_free_all(&again);
    buf_fini(&out);
    mbentry_fini(&a);
    mbentry_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice value = slice_make(data, n);
    struct mbentry e;

    check_name_record(value);
    check_id_record(value);
    mbentry_init(&e);
    (void)!mbentry_parse_old_record(SLICE_LIT("user.fred"), value, &e);
    (void)mbentry_may_concern(value, SLICE_LIT("fred"));
    mbentry_fini(&e);
    return 0;
}
