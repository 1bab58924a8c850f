/* facts_envelope.c - ENVELOPE, address and subject items of a cache record
 *
 * Form: formats/mailbox-store.md 10, RFC 3501 7.4.2.
 */
#include "imap/store/facts_impl.h"
#include "lib/text/ascii.h"
#include "lib/text/imapout.h"
#include "lib/text/word2047.h"

static void add_unfolded(struct buf *out, struct arena *arena, struct slice value)
{
    imapout_nstring(out, fact_unfold(arena, value), 0);
}

static struct slice if_has(bool has, struct slice s)
{
    return has ? s : SLICE_NULL;
}

static void add_address(struct buf *out, const struct addr822 *a)
{
    buf_addc(out, '(');
    imapout_nstring(out, if_has(a->has_name, a->name), 0);
    buf_addc(out, ' ');
    imapout_nstring(out, if_has(a->has_route, a->route), 0);
    buf_addc(out, ' ');
    if (a->has_mailbox && a->mailbox.n == 0)
        buf_adds(out, "\"\"");
    else
        imapout_nstring(out, if_has(a->has_mailbox, a->mailbox), 0);
    buf_addc(out, ' ');
    imapout_nstring(out, if_has(a->has_domain, a->domain), 0);
    buf_addc(out, ')');
}

/* "(...)", or NIL if there is no address in it. */
static struct slice address_list(struct arena *arena, struct slice value)
{
    struct addr822_parser p;
    struct addr822 a;
    struct buf out = BUF_INIT;

    addr822_begin(&p, value);
    while (addr822_next(&p, &a)) {
        if (out.n == 0)
            buf_addc(&out, '(');
        add_address(&out, &a);
    }
    addr822_fini(&p);
    if (out.n > 0)
        buf_addc(&out, ')');
    struct slice s = out.n ? arena_dup(arena, buf_slice(&out)) : SLICE_LIT("NIL");
    buf_fini(&out);
    return s;
}

static bool is_nil(struct slice list)
{
    return slice_eqs(list, "NIL");
}

void fact_envelope(struct buf *out, struct arena *arena, const struct fact_fields *f)
{
    static const enum fact_field lists[] = { FF_SENDER, FF_REPLY_TO, FF_TO, FF_CC, FF_BCC };
    struct slice from = address_list(arena, f->value[FF_FROM]);

    buf_addc(out, '(');
    add_unfolded(out, arena, f->value[FF_DATE]);
    buf_addc(out, ' ');
    add_unfolded(out, arena, f->value[FF_SUBJECT]);
    buf_addc(out, ' ');
    buf_add_slice(out, from);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct slice list = address_list(arena, f->value[lists[i]]);
        bool inherits = lists[i] == FF_SENDER || lists[i] == FF_REPLY_TO;
        buf_addc(out, ' ');
        buf_add_slice(out, inherits && is_nil(list) ? from : list);
    }
    buf_addc(out, ' ');
    add_unfolded(out, arena, f->value[FF_IN_REPLY_TO]);
    buf_addc(out, ' ');
    add_unfolded(out, arena, f->value[FF_MESSAGE_ID]);
    buf_addc(out, ')');
}

/* ---- items 5 to 9 ---- */

/* Decoded text ends at a NUL for 3.6.1. */
static struct slice until_nul(struct slice s)
{
    ssize_t n = slice_find(s, '\0');
    return n < 0 ? s : slice_cut(s, 0, (size_t)n);
}

static void add_lower(struct buf *out, struct slice s)
{
    buf_reserve(out, s.n);
    for (size_t i = 0; i < s.n; i++)
        out->p[out->n++] = ascii_lower(s.p[i]);
}

/* The decoded name, in quotes if it has more than atoms and white space. */
static void add_name(struct buf *out, struct slice raw)
{
    struct buf name = BUF_INIT;
    bool plain = true;

    word2047_decode(&name, raw);
    struct slice s = until_nul(buf_slice(&name));
    for (size_t i = 0; i < s.n && plain; i++)
        plain = ascii_is(s.p[i], A_ATEXT | A_SPACE);
    if (!plain)
        buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (!plain && (s.p[i] == '"' || s.p[i] == '\\'))
            buf_addc(out, '\\');
        buf_addc(out, s.p[i]);
    }
    buf_adds(out, plain ? " " : "\" ");
    buf_fini(&name);
}

static void add_group_name(struct buf *out, struct slice raw)
{
    struct buf name = BUF_INIT;

    word2047_decode(&name, raw);
    buf_add_slice(out, until_nul(buf_slice(&name)));
    buf_addc(out, ':');
    buf_fini(&name);
}

static void add_mailbox(struct buf *out, const struct addr822 *a)
{
    if (a->has_name)
        add_name(out, a->name);
    buf_addc(out, '<');
    if (a->has_route) {
        add_lower(out, a->route);
        buf_addc(out, ':');
    }
    add_lower(out, a->mailbox);
    buf_addc(out, '@');
    add_lower(out, a->domain);
    buf_addc(out, '>');
}

void fact_addresses(struct buf *out, struct slice value)
{
    struct addr822_parser p;
    struct addr822 a;
    bool comma = false;

    addr822_begin(&p, value);
    while (addr822_next(&p, &a)) {
        if (comma && a.kind != ADDR822_GROUP_END)
            buf_addc(out, ',');
        comma = a.kind != ADDR822_GROUP;
        if (a.kind == ADDR822_GROUP_END) {
            buf_addc(out, ';');
        } else if (a.kind == ADDR822_GROUP) {
            add_group_name(out, a.mailbox);
        } else {
            add_mailbox(out, &a);
        }
    }
    addr822_fini(&p);
}

void fact_subject(struct buf *out, struct slice value)
{
    struct buf text = BUF_INIT;

    while (value.n > 0 && (value.p[0] == ' ' || value.p[0] == '\t'))
        value = slice_skip(value, 1);
    if (value.p)
        buf_reserve(&text, 1);
    word2047_decode(&text, value);
    imapout_nstring(out, until_nul(buf_slice(&text)), 0);
    buf_fini(&text);
}
