/* search_filter.c - see search_filter.h */
#include "imap/imapd/search_filter.h"

#include "imap/imapd/search_args.h"
#include "imap/store/annot.h"
#include "lib/text/ascii.h"

#define VALUES "/filters/values/"
#define DESCRIPTIONS "/filters/descriptions/"

err_t search_filter_find(struct session *s, struct slice name, struct slice *text_out)
{
    struct session_base *b = s->base;
    struct buf entry = BUF_INIT, value = BUF_INIT;
    err_t err = ERR_NOTFOUND;

    buf_adds(&entry, VALUES);
    for (size_t i = 0; i < name.n; i++)
        buf_addc(&entry, ascii_lower(name.p[i]));
    if (!ident_is_anonymous(b->ident))
        err = annot_get(b->store, SLICE_NULL, buf_slice(&entry), annot_userid(SLICE_NULL, ident_userid(b->ident)),
                        &value);
    if (err == ERR_NOTFOUND)
        err = annot_get(b->store, SLICE_NULL, buf_slice(&entry), SLICE_NULL, &value);
    if (!err)
        *text_out = arena_dup(b->command, buf_slice(&value));
    buf_fini(&entry);
    buf_fini(&value);
    return err;
}

/* filter-name: an atom without "/". */
static bool is_name(struct slice name)
{
    struct imaptok t;
    struct slice atom;

    imaptok_init(&t, name, NULL, 0);
    return slice_find(name, '/') < 0 && imaptok_atom(&t, &atom) == ERR_OK && atom.n == name.n;
}

enum search_filter_entry search_filter_entry(struct slice name)
{
    static const struct {
        const char *root;
        enum search_filter_entry entry;
    } roots[] = { { VALUES, FILTER_VALUE }, { DESCRIPTIONS, FILTER_DESCRIPTION } };

    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        struct slice root = slice_cstr(roots[i].root);
        if (slice_starts_nocase(name, root))
            return is_name(slice_skip(name, root.n)) ? roots[i].entry : FILTER_BAD_NAME;
    }
    return FILTER_NONE;
}

/* What the session has enabled says nothing of other times at which the filter may be used, and storing it enables
 * nothing. */
bool search_filter_is_sound(struct session *s, struct slice text)
{
    struct search_args a = { .s = s, .names_only = true };
    const struct imaptok before = s->tok;
    const unsigned enabled = s->enabled;

    s->enabled = 0;
    imaptok_init(&s->tok, text, s->base->command, IMAPTOK_UTF8);
    const bool sound = !imaptok_accept_word(&s->tok, "CHARSET") && search_args_read(&a, CHARSET_OPTIONAL) == ERR_OK;
    s->enabled = enabled;
    s->tok = before;
    return sound;
}
