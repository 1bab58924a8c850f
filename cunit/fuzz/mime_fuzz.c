/* mime_fuzz.c - the structure is the same in whatever pieces the bytes come, and lies inside */
#include "lib/base/bug.h"
#include "lib/text/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct mime_part *scan_in_pieces(struct slice m, size_t piece, struct arena *arena)
{
    struct mime_scan *s = mime_begin(NULL, NULL, NULL, arena);

    for (size_t at = 0; at < m.n; at += piece) {
        struct slice part = slice_cut(m, at, at + piece);
        mime_push(s, part.p, part.n);
    }
    struct mime_part *root = mime_end(s);
    mime_free(&s);
    return root;
}

static void check_part(const struct mime_part *p, size_t n)
{
    BUG_UNLESS(p->header_off + p->header_size <= n && p->body_off + p->body_size <= n);
    BUG_UNLESS(p->body_lines <= p->body_size + 1); /* lone LFs before a boundary */
    BUG_UNLESS((p->child != NULL) == (p->nchildren > 0));
    BUG_UNLESS(p->kind != MIME_LEAF || !p->child);
    BUG_UNLESS(p->kind != MIME_MESSAGE || p->nchildren == 1);
}

static void check_same(const struct mime_part *a, const struct mime_part *b)
{
    BUG_UNLESS(a->kind == b->kind && a->cut == b->cut && a->nchildren == b->nchildren);
    BUG_UNLESS(a->header_off == b->header_off && a->header_size == b->header_size);
    BUG_UNLESS(a->body_off == b->body_off && a->body_size == b->body_size);
    BUG_UNLESS(a->body_lines == b->body_lines && a->encoding == b->encoding);
    BUG_UNLESS(slice_eq(a->type, b->type) && slice_eq(a->charset, b->charset));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice m = slice_make(data, n);
    struct arena *arena = arena_new(0);
    size_t pieces = 1 + (n > 0 ? data[n - 1] % 31 : 0);
    const struct mime_part *a = mime_parse(m, NULL, arena);
    const struct mime_part *b = scan_in_pieces(m, pieces, arena);

    for (; a && b; a = mime_next(a), b = mime_next(b)) {
        check_part(a, n);
        check_same(a, b);
    }
    BUG_UNLESS(!a && !b);
    arena_free(&arena);
    return 0;
}
