/* imapurl_fuzz.c - IMAP URLs: what is taken lies within the text, and numbers within their bounds */
#include "lib/base/bug.h"
#include "lib/text/imapurl.h"
#include "lib/text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void check(const struct imapurl *u, size_t n)
{
    BUG_UNLESS(u->rump <= n && u->mailbox.n <= n && u->section.n <= n && u->token.n <= n);
    BUG_UNLESS(utf8_valid(u->mailbox) && utf8_valid(u->section) && utf8_valid(u->access_user));
    BUG_UNLESS(slice_find(u->mailbox, '\0') < 0 && slice_find(u->user, '\0') < 0);
    BUG_UNLESS(!u->token.n || u->access != IMAPURL_NO_ACCESS);
    BUG_UNLESS((u->mech.n == 0) == (u->token.n == 0));
    BUG_UNLESS(!u->count || u->has_partial);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *arena = arena_new(4096);
    struct imapurl u;

    if (imapurl_parse(slice_make(data, n), arena, &u) == ERR_OK)
        check(&u, n);
    arena_free(&arena);
    return 0;
}
