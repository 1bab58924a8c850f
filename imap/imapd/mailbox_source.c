/* mailbox_source.c - see mailbox_source.h */
#include "imap/imapd/mailbox_source.h"

static const struct {
    const char *word;
    enum source_kind kind;
    bool named;                         /* mailbox names follow */
} kinds[] = {
    { "selected", SOURCE_SELECTED, false },     { "selected-delayed", SOURCE_DELAYED, false },
    { "inboxes", SOURCE_INBOXES, false },       { "personal", SOURCE_PERSONAL, false },
    { "subscribed", SOURCE_SUBSCRIBED, false }, { "subtree", SOURCE_SUBTREE, true },
    { "subtree-one", SOURCE_SUBTREE_ONE, true }, { "mailboxes", SOURCE_MAILBOXES, true },
};

static err_t add_source(struct imaptok *t, struct vec *out, enum source_kind kind, struct slice ext)
{
    if (out->n >= SOURCES_MAX) {
        t->why = "Too many mailboxes";
        return ERR_LIMIT;
    }
    *VEC_PUSH(out, struct mailbox_source) = (struct mailbox_source){ .kind = kind, .ext = ext };
    return ERR_OK;
}

static err_t read_name(struct imaptok *t, struct vec *out, enum source_kind kind)
{
    struct slice ext;
    err_t err = imaptok_astring(t, &ext);

    return err ? err : add_source(t, out, kind, ext);
}

/* mailbox / "(" mailbox *(SP mailbox) ")" */
static err_t read_names(struct imaptok *t, struct vec *out, enum source_kind kind)
{
    size_t before = out->n;
    bool more;
    err_t err = imaptok_sp(t);

    if (err || imaptok_peek(t) != '(')
        return err ? err : read_name(t, out, kind);
    err = imaptok_open(t);
    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more)
        err = read_name(t, out, kind);
    if (!err && out->n == before) {
        t->why = "No mailbox is named";
        return ERR_SYNTAX;
    }
    return err;
}

err_t mailbox_source_read(struct imaptok *t, unsigned allowed, struct vec *out)
{
    struct slice word;
    err_t err = imaptok_name(t, "-", &word);

    for (size_t i = 0; !err && i < sizeof kinds / sizeof *kinds; i++)
        if ((allowed & (1u << kinds[i].kind)) && slice_eqs_nocase(word, kinds[i].word))
            return kinds[i].named ? read_names(t, out, kinds[i].kind)
                                  : add_source(t, out, kinds[i].kind, SLICE_NULL);
    if (!err)
        t->why = "Invalid mailbox specifier";
    return err ? err : ERR_SYNTAX;
}

bool mailbox_source_below(struct slice ext, struct slice top, char sep, bool one_level)
{
    if (slice_eqs_nocase(top, "INBOX") ? slice_eqs_nocase(ext, "INBOX") : slice_eq(ext, top))
        return true;
    if (ext.n <= top.n + 1 || ext.p[top.n] != sep
        || !(slice_eqs_nocase(top, "INBOX") ? slice_starts_nocase(ext, top) : slice_starts(ext, top)))
        return false;
    return !one_level || slice_find(slice_skip(ext, top.n + 1), sep) < 0;
}
