/* imaptok_fuzz.c - the IMAP tokeniser: functions in an order that the input chooses
 *
 * Input: flags, functions (letters) up to a line feed, text.
 */
#include "lib/base/bug.h"
#include "lib/text/imapout.h"
#include "lib/text/imaptok.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void within(struct slice s, struct slice text, struct arena *a)
{
    bool in_text = s.p >= text.p && s.p + s.n <= text.p + text.n;

    BUG_UNLESS(!s.p || in_text || arena_used(a) >= s.n);
}

/* A string must come out of our own writer as it went in. */
static void check_writer(struct slice s)
{
    struct arena *a = arena_new(0);
    struct buf out = BUF_INIT;
    struct imaptok t;
    struct slice back;

    if (slice_find(s, '\0') < 0) {
        imapout_mailbox(&out, s, 0);
        imaptok_init(&t, buf_slice(&out), a, 0);
        BUG_UNLESS(imaptok_astring(&t, &back) == ERR_OK && slice_eq(back, s) && imaptok_at_end(&t));
    }
    buf_fini(&out);
    arena_free(&a);
}

static err_t one(struct imaptok *t, char what, struct slice *s)
{
    struct imaptok_literal lit;
    struct ranges members = RANGES_INIT;
    struct imapset set;
    struct slice *flags;
    uint64_t n64;
    uint32_t n32;
    size_t n;
    time_t when, end;
    bool more;
    err_t err;

    switch (what) {
    case ' ': return imaptok_sp(t);
    case '(': return imaptok_open(t);
    case ')': return imaptok_close(t);
    case ',': return imaptok_more(t, &more);
    case 'a': return imaptok_astring(t, s);
    case 'A': return imaptok_atom(t, s);
    case 'n': return imaptok_nstring(t, s);
    case 's': return imaptok_string(t, s);
    case 't': return imaptok_tag(t, s);
    case 'w': return imaptok_word(t, s);
    case 'c': return imaptok_name(t, ".-[", s);
    case 'm': return imaptok_list_mailbox(t, s);
    case 'f': return imaptok_flag(t, s);
    case 'F': return imaptok_flags(t, true, &flags, &n);
    case '1': return imaptok_number(t, &n32);
    case '2': return imaptok_nz_number(t, &n32);
    case '6': return imaptok_number64(t, &n64);
    case 'd': return imaptok_date(t, &when, &end);
    case 'D': return imaptok_date_time(t, &when);
    case '{': return imaptok_literal_head(t, &lit);
    case 'S':
        err = imaptok_set(t, &set);
        if (!err)
            imapset_resolve(&set, 7, &members);
        ranges_fini(&members);
        return err;
    }
    return imaptok_accept_word(t, "NOT") ? ERR_OK : ERR_SYNTAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice plan, text = slice_split(slice_make(data, n), '\n', &plan, NULL), s;
    struct imaptok_literal lit;
    struct arena *a = arena_new(0);
    struct imaptok t;

    imaptok_line_literal(text, &lit);
    imaptok_init(&t, text, a, plan.n ? (unsigned char)plan.p[0] & 3 : 0);
    for (size_t i = 1; i < plan.n; i++) {
        const char *before = t.p;
        s = SLICE_NULL;
        err_t err = one(&t, plan.p[i], &s);
        BUG_UNLESS(t.p >= before && t.p <= t.end && t.depth <= IMAPTOK_MAX_DEPTH);
        BUG_UNLESS(!err || *t.why || t.p == before);
        if (!err) {
            within(s, text, a);
            check_writer(s);
        }
    }
    arena_free(&a);
    return 0;
}
