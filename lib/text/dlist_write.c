/* dlist_write.c - the writer of dlist.h: formats/dlist.md 1 and 3 */
#include <inttypes.h>

#include "lib/text/dlist.h"

enum form { FORM_ATOM, FORM_QUOTED, FORM_LITERAL };

/* 0x1F, the separator of internal mailbox names, is an atom character; the controls before
 * it are not. */
static bool is_atom_char(unsigned char c)
{
    return c >= 0x1f && c < 0x7f && !strchr(" {()\"%*\\", c);
}

static bool forbids_quoting(unsigned char c)
{
    return c >= 0x80 || c == '\0' || c == '\r' || c == '\n' || c == '"' || c == '%' || c == '\\';
}

static enum form form_of(struct slice s)
{
    enum form form = s.n == 0 || slice_eqs(s, "NIL") ? FORM_QUOTED : FORM_ATOM;

    if (s.n >= DLIST_MAX_ATOM)
        return FORM_LITERAL;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (forbids_quoting(c))
            return FORM_LITERAL;
        if (!is_atom_char(c))
            form = FORM_QUOTED;
    }
    return form;
}

static void put_literal(struct buf *out, struct slice s, unsigned flags)
{
    buf_addc(out, '{');
    buf_add_u64(out, s.n);
    buf_adds(out, flags & DLIST_SYNC_LITERAL ? "}\r\n" : "+}\r\n");
    buf_add_slice(out, s);
}

void dlist_put_text(struct buf *out, struct slice s, unsigned flags)
{
    if (!s.p) {
        buf_adds(out, "NIL");
        return;
    }
    switch (form_of(s)) {
    case FORM_ATOM:
        buf_add_slice(out, s);
        break;
    case FORM_QUOTED:
        buf_addc(out, '"');
        buf_add_slice(out, s);
        buf_addc(out, '"');
        break;
    case FORM_LITERAL:
        put_literal(out, s, flags);
        break;
    }
}

static void put_file(const struct dlist *d, struct buf *out)
{
    char hex[GUID_HEX_MAX];

    guid_hex(&d->guid, hex);
    buf_adds(out, "%{");
    dlist_put_text(out, d->partition, DLIST_PLAIN);
    buf_addf(out, " %s %zu}\r\n", hex, d->text.n);
    buf_add_slice(out, d->text);
}

static void put_list(const struct dlist *d, unsigned flags, struct buf *out)
{
    bool keyed = d->kind == DLIST_KVLIST;

    flags &= ~(unsigned)DLIST_WITH_KEY;
    if (keyed)
        flags |= DLIST_WITH_KEY;
    buf_adds(out, keyed ? "%(" : "(");
    for (const struct dlist *c = d->head; c; c = c->next) {
        if (c != d->head)
            buf_addc(out, ' ');
        dlist_print(c, flags, out);
    }
    buf_addc(out, ')');
}

/* Recursion is as deep as the tree: DLIST_MAX_DEPTH for one that was parsed. */
void dlist_print(const struct dlist *d, unsigned flags, struct buf *out)
{
    if (flags & DLIST_WITH_KEY) {
        dlist_put_text(out, d->key, flags);
        buf_addc(out, ' ');
    }
    switch (d->kind) {
    case DLIST_NIL:
        buf_adds(out, "NIL");
        break;
    case DLIST_ATOM:
    case DLIST_BUF:
        dlist_put_text(out, d->text, flags);
        break;
    case DLIST_FLAG:
        buf_add_slice(out, d->text);
        break;
    case DLIST_NUM:
        buf_add_u64(out, d->num);
        break;
    case DLIST_HEX:
        buf_addf(out, "%016" PRIx64, d->num);
        break;
    case DLIST_GUID:
        buf_add_hex(out, d->guid.b, sizeof d->guid.b);
        break;
    case DLIST_FILE:
        put_file(d, out);
        break;
    case DLIST_LIST:
    case DLIST_KVLIST:
        put_list(d, flags, out);
        break;
    }
}
