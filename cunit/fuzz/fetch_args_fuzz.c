/* fetch_args_fuzz.c - the arguments of FETCH: any text is read or refused, and PARTIAL keeps within the set */
#include <stdlib.h>

#include "imap/imapd/annotation.h"
#include "lib/base/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What fetch_args.c asks of the session's other parts. */
void args_bad(struct session *s, err_t err)
{
    BUG_UNLESS(err == ERR_SYNTAX || err == ERR_LIMIT || err == ERR_AGAIN);
}

err_t args_end(struct session *s)
{
    return imaptok_end(&s->tok);
}

void reply_bad(struct session *s, const char *text)
{
    BUG_UNLESS(text && *text);
}

bool view_has_modseqs(const struct view *v)
{
    return true;
}

static void check_range(const struct fetch *f)
{
    struct ranges set = RANGES_INIT, before = RANGES_INIT;

    ranges_add(&set, 3, 5);
    ranges_add(&set, 8, 8);
    ranges_add(&set, 10, 2000000000);
    ranges_copy(&before, &set);
    fetch_narrow(f, &set);
    BUG_UNLESS(ranges_count(&set) <= ranges_count(&before));
    if (f->has_range)
        BUG_UNLESS(ranges_count(&set) <= (uint64_t)f->range_hi - f->range_lo + 1);
    ranges_subtract(&set, &before);
    BUG_UNLESS(ranges_empty(&set));
    ranges_fini(&set);
    ranges_fini(&before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const unsigned enabled[] = { 0, ENABLED_QRESYNC | ENABLED_CONDSTORE, ENABLED_UIDONLY, ENABLED_UTF8 };
    struct session_base base = { .command = arena_new(0) };
    struct session s = { .base = &base, .is_uid = n && (data[0] & 1) };
    struct fetch f = { 0 };

    s.enabled = n ? enabled[(data[0] >> 1) & 3] : 0;
    imaptok_init(&s.tok, slice_skip(slice_make(data, n), 1), base.command, 0);
    if (fetch_read(&s, &f) == ERR_OK) {
        BUG_UNLESS(f.items || f.sections.n);
        BUG_UNLESS(!(f.items & F_ANNOTATION) || (f.annotations->n && f.annotations->attributes));
        check_range(&f);
        for (size_t i = 0; i < f.sections.n; i++)
            BUG_UNLESS(VEC_AT(&f.sections, struct fetch_section, i)->label.n > 0);
    }
    fetch_fini(&f);
    arena_free(&base.command);
    return 0;
}
