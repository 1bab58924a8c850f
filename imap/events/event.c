/* event.c - see event.h */
#include "imap/events/event.h"

#include "lib/base/num.h"

static const struct {
    unsigned bit;
    char letter;
} whats[] = { { EVENT_NEW, 'n' }, { EVENT_EXPUNGED, 'x' }, { EVENT_FLAGS, 'f' } };

#define NWHATS (sizeof whats / sizeof *whats)

static const char kinds[] = { EVENT_CHANGED, EVENT_CREATED,      EVENT_DELETED, EVENT_RENAMED,
                              EVENT_ACL,     EVENT_SUBSCRIPTION, EVENT_METADATA };

static void put_field(struct buf *out, struct slice field)
{
    buf_add_slice(out, field);
    buf_addc(out, '\0');
}

void event_put(const struct event *ev, struct buf *out)
{
    const size_t fixed = 64 + ev->mailbox.n + ev->other.n;
    bool acls = fixed + ev->acl.n + ev->old_acl.n + ev->entries.n <= EVENT_TEXT_MAX;
    bool entries = fixed + ev->entries.n <= EVENT_TEXT_MAX;

    buf_addc(out, (char)ev->kind);
    for (size_t i = 0; i < NWHATS; i++)
        if (ev->what & whats[i].bit)
            buf_addc(out, whats[i].letter);
    if (ev->lost)
        buf_addc(out, 'L');
    buf_addc(out, '\0');
    buf_add_u64(out, ev->origin);
    buf_addc(out, '\0');
    put_field(out, ev->mailbox);
    put_field(out, ev->other);
    put_field(out, acls ? ev->acl : SLICE_NULL);
    put_field(out, acls ? ev->old_acl : SLICE_NULL);
    put_field(out, entries ? ev->entries : SLICE_NULL);
}

static err_t take_field(struct slice *text, struct slice *out)
{
    bool found;

    *text = slice_split(*text, '\0', out, &found);
    return found ? ERR_OK : ERR_SYNTAX;
}

static err_t take_letters(struct slice letters, struct event *ev)
{
    size_t k;

    if (!letters.n || !memchr(kinds, letters.p[0], sizeof kinds))
        return ERR_SYNTAX;
    ev->kind = (enum event_kind)letters.p[0];
    for (size_t i = 1; i < letters.n; i++) {
        for (k = 0; k < NWHATS && whats[k].letter != letters.p[i]; k++)
            ;
        if (k < NWHATS)
            ev->what |= whats[k].bit;
        else if (letters.p[i] == 'L')
            ev->lost = true;
        else
            return ERR_SYNTAX;
    }
    return ERR_OK;
}

err_t event_get(struct slice text, struct event *out)
{
    struct slice letters, origin;
    struct slice *const fields[] = { &out->mailbox, &out->other, &out->acl, &out->old_acl,
                                     &out->entries };
    err_t err;

    *out = (struct event){ 0 };
    if (text.n > EVENT_TEXT_MAX)
        return ERR_SYNTAX;
    if ((err = take_field(&text, &letters)) != ERR_OK || (err = take_letters(letters, out)) != ERR_OK ||
        (err = take_field(&text, &origin)) != ERR_OK)
        return err;
    if (num_u64(origin, &out->origin) != ERR_OK)
        return ERR_SYNTAX;
    for (size_t i = 0; !err && i < sizeof fields / sizeof *fields; i++)
        err = take_field(&text, fields[i]);
    return err || !text.n ? err : ERR_SYNTAX;
}
