/* linetok_fuzz.c - words, paths and parameters of line protocols
 *
 * Input: one octet of flags, then a line as behind "MAIL FROM:".
 */
#include "lib/base/bug.h"
#include "lib/base/buf.h"
#include "lib/text/linetok.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What was read must be read again from our own spelling. */
static void check_writer(struct arena *a, const struct linetok_path *path)
{
    struct linetok_path again;
    struct buf out = BUF_INIT;
    struct linetok t;

    buf_addc(&out, '<');
    if (!path->is_null)
        linetok_put_path(&out, path->local, path->domain);
    buf_addc(&out, '>');
    linetok_init(&t, buf_slice(&out));
    BUG_UNLESS(linetok_path(&t, a, LINETOK_8BIT | LINETOK_NULL | LINETOK_BARE, &again, NULL) ==
               ERR_OK);
    BUG_UNLESS(slice_eq(again.local, path->local) && slice_eq(again.domain, path->domain));
    BUG_UNLESS(linetok_at_end(&t));
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice line = n ? slice_make(data + 1, n - 1) : SLICE_NULL, word;
    struct arena *a = arena_new(0);
    struct linetok_path path;
    struct linetok_param param;
    struct linetok t;

    linetok_init(&t, line);
    if (linetok_path(&t, a, n ? data[0] & 15 : 0, &path, NULL) == ERR_OK) {
        check_writer(a, &path);
        while (linetok_param(&t, &param) == ERR_OK)
            (void)!linetok_xtext(a, param.value, &word);
    }
    linetok_init(&t, line);
    linetok_accept_text(&t, "size=");
    linetok_accept(&t, "quit");
    while (linetok_word(&t, &word))
        BUG_UNLESS(word.n > 0);
    BUG_UNLESS(linetok_at_end(&t));
    arena_free(&a);
    return 0;
}
