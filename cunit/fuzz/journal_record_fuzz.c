/* journal_record_fuzz.c - bodies of the journal's records as bytes from anywhere
 *
 * What is accepted must come out of the builder as it went in, but for what the form leaves open.
 */
#include "imap/store/journal_record.h"
#include "lib/base/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void encode(const struct journal_change *c, struct buf *out)
{
    struct vec pieces = VEC_INIT(struct slice);
    struct journal_builder b;

    journal_builder_init(&b);
    for (size_t i = 0; i < c->ncontents; i++)
        (void)journal_add_content(&b, c->contents[i]);
    for (size_t i = 0; i < c->nmailboxes; i++)
        journal_add_mailbox(&b, &c->mailboxes[i]);
    journal_builder_pieces(&b, &pieces);
    for (size_t i = 0; i < pieces.n; i++)
        buf_add_slice(out, *VEC_AT(&pieces, struct slice, i));
    BUG_UNLESS(out->n == journal_builder_length(&b));
    vec_fini(&pieces);
    journal_builder_fini(&b);
}

static void check_change(struct slice body)
{
    struct arena *a = arena_new(0);
    struct journal_change c, again;
    struct buf out = BUF_INIT, twice = BUF_INIT;

    if (journal_change_decode(body, a, &c) == ERR_OK) {
        encode(&c, &out);
        BUG_UNLESS(out.n == body.n);
        BUG_UNLESS(journal_change_decode(buf_slice(&out), a, &again) == ERR_OK);
        encode(&again, &twice);
        BUG_UNLESS(slice_eq(buf_slice(&out), buf_slice(&twice)));
    }
    buf_fini(&out);
    buf_fini(&twice);
    arena_free(&a);
}

static void check_void(struct slice body)
{
    struct buf out = BUF_INIT;
    struct journal_void v;

    if (journal_void_decode(body, &v) == ERR_OK) {
        journal_void_encode(v.sequence, v.number, v.uniqueid, &out);
        BUG_UNLESS(slice_eq(buf_slice(&out), body));
    }
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    check_change(slice_make(data, n));
    check_void(slice_make(data, n));
    return 0;
}
