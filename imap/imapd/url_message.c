/* url_message.c - see url_message.h; sections: RFC 5092 9, RFC 3501 6.4.5 */
#include "imap/imapd/url_message.h"

#include "imap/imapd/body_structure.h"
#include "lib/base/num.h"
#include "lib/text/ascii.h"
#include "lib/text/cte.h"

enum { PARTS_MAX = 100, FIELDS_MAX = 1000 };

struct section {
    uint32_t part[PARTS_MAX];
    size_t nparts;
    enum cache_part_kind kind;
    bool whole;                         /* the message, or the content of a part */
    bool has_fields, not_in;
    struct slice field[FIELDS_MAX];
    size_t nfields;
};

/* ---- reading a section ---- */

static bool take_part(struct slice *text, struct section *s)
{
    size_t n = 0;

    while (n < text->n && ascii_is_digit(text->p[n]))
        n++;
    if (s->nparts == PARTS_MAX || num_u32(slice_cut(*text, 0, n), &s->part[s->nparts]) != ERR_OK
        || s->part[s->nparts] == 0)
        return false;
    s->nparts++;
    *text = slice_skip(*text, n);
    if (text->n == 0)
        return true;
    if (text->p[0] != '.' || text->n == 1)
        return false;
    *text = slice_skip(*text, 1);
    return true;
}

/* " (A B C)" */
static bool take_fields(struct slice text, struct arena *arena, struct section *s)
{
    struct imaptok t;
    bool more;

    imaptok_init(&t, text, arena, 0);
    err_t err = imaptok_sp(&t);
    if (!err)
        err = imaptok_open(&t);
    while (!err && (err = imaptok_more(&t, &more)) == ERR_OK && more)
        err = s->nfields == FIELDS_MAX ? ERR_LIMIT : imaptok_astring(&t, &s->field[s->nfields++]);
    s->has_fields = true;
    return !err && s->nfields && imaptok_at_end(&t);
}

static bool parse_section(struct slice text, struct arena *arena, struct section *s)
{
    *s = (struct section){ .kind = CACHE_PART_BODY };
    while (text.n && ascii_is_digit(text.p[0]))
        if (!take_part(&text, s))
            return false;
    s->whole = text.n == 0;
    s->kind = CACHE_PART_HEADER;
    if (s->whole)
        s->kind = CACHE_PART_BODY;
    else if (slice_eqs_nocase(text, "TEXT"))
        s->kind = CACHE_PART_TEXT;
    else if (slice_eqs_nocase(text, "MIME") && s->nparts)
        s->kind = CACHE_PART_MIME;
    else if (slice_starts_nocase(text, SLICE_LIT("HEADER.FIELDS.NOT"))) {
        s->not_in = true;
        return take_fields(slice_skip(text, 17), arena, s);
    } else if (slice_starts_nocase(text, SLICE_LIT("HEADER.FIELDS")))
        return take_fields(slice_skip(text, 13), arena, s);
    else if (!slice_eqs_nocase(text, "HEADER"))
        return false;
    return true;
}

/* ---- finding it ---- */

static err_t cut_section(struct url_message *m, const struct section *s, struct slice message)
{
    struct record rec;
    struct cache_record cache;
    struct cache_section at;

    mailbox_record(m->mb, m->recno, &rec);
    if (s->nparts == 0) {
        m->bytes = s->whole                          ? message
                   : s->kind == CACHE_PART_HEADER ? slice_cut(message, 0, rec.header_size)
                                                  : slice_skip(message, rec.header_size);
        return ERR_OK;
    }
    err_t err = mailbox_cache(m->mb, m->recno, &cache);
    if (!err)
        err = cache_section_find(cache.item[CACHE_SECTION], rec.cache_version, s->part, s->nparts,
                                 s->kind, &at);
    if (err)
        return err;
    m->bytes = slice_cut(message, at.offset, (size_t)at.offset + at.size);
    m->encoding = at.encoding;
    return ERR_OK;
}

static struct slice stretch(const struct imapurl *u, struct slice bytes)
{
    if (!u->has_partial)
        return bytes;
    return u->count ? slice_cut(bytes, u->start, (size_t)u->start + u->count) : slice_skip(bytes, u->start);
}

static const char *find_section(struct url_message *m, const struct imapurl *u, struct arena *arena)
{
    struct section *s = arena_alloc(arena, sizeof *s);
    struct slice message;

    if (!parse_section(u->section, arena, s))
        return "Invalid section";
    err_t err = mailbox_message(m->mb, m->recno, &message);
    if (err)
        return err == ERR_NOTFOUND ? "No such message in mailbox" : "System I/O error";
    err = cut_section(m, s, message);
    if (err)
        return err == ERR_NOTFOUND || err == ERR_UNSUPPORTED ? "No such section" : "System I/O error";
    if (s->has_fields) {
        cache_headers_select(m->bytes, s->field, s->nfields, s->not_in, &m->fields);
        buf_adds(&m->fields, "\r\n");
        m->bytes = buf_slice(&m->fields);
    }
    m->section = m->bytes;
    m->is_content = s->whole;
    m->part = s->part;
    m->nparts = s->nparts;
    m->of_inner = s->kind == CACHE_PART_HEADER || s->kind == CACHE_PART_TEXT;
    m->bytes = stretch(u, m->bytes);
    return NULL;
}

static const char *find_message(struct url_message *m, const struct imapurl *u)
{
    if (u->uidvalidity && u->uidvalidity != mailbox_head(m->mb)->uidvalidity)
        return "Uidvalidity of mailbox has changed";
    m->recno = u->uid ? mailbox_find_uid(m->mb, u->uid) : 0;
    if (!m->recno || m->recno > mailbox_nrecords(m->mb) || mailbox_uid_at(m->mb, m->recno) != u->uid
        || !mailbox_record_ok(m->mb, m->recno)
        || (mailbox_flags_at(m->mb, m->recno) & FLAG_INT_EXPUNGED))
        return "No such message in mailbox";
    return NULL;
}

static err_t open_mailbox(struct session *s, const struct actor *who, struct slice intname,
                          struct url_message *m)
{
    rights_t rights;
    err_t err = mblist_access(s->base->store, intname, who->ident, who->is_admin, &m->entry, &rights);

    if (!err && !mbentry_is_mail(&m->entry))
        err = ERR_NOTFOUND;
    if (!err)
        err = policy_check(OP_SELECT, rights);
    return err ? err : mailbox_open_entry(s->base->store, &m->entry, &m->mb);
}

const char *url_message_open(struct session *s, const struct actor *who, struct slice intname,
                             const struct imapurl *u, struct url_message *out)
{
    *out = (struct url_message){ .fields = BUF_INIT, .decoded = BUF_INIT };
    mbentry_init(&out->entry);
    err_t err = open_mailbox(s, who, intname, out);
    if (err)
        return err == ERR_NOTFOUND ? "Mailbox does not exist"
               : err == ERR_DENIED ? "Permission denied"
                                   : "System I/O error";
    const char *why = find_message(out, u);
    return why ? why : find_section(out, u, s->base->command);
}

void url_message_fini(struct url_message *m)
{
    if (m->mb)
        mailbox_message_done(m->mb);
    mailbox_close(&m->mb);
    mbentry_fini(&m->entry);
    buf_fini(&m->fields);
    buf_fini(&m->decoded);
}

/* ---- decoded, and described (RFC 5524) ---- */

bool url_message_decode(struct url_message *m, const struct imapurl *u, struct slice *out, bool *unknown)
{
    *unknown = false;
    if (!m->is_content)
        return false;
    *out = m->bytes;
    if (m->encoding == MIME_ENC_NONE)
        return true;
    *unknown = cte_decode((enum mime_encoding)m->encoding, m->section, SIZE_MAX, &m->decoded) != ERR_OK;
    *out = *unknown ? SLICE_NULL : stretch(u, buf_slice(&m->decoded));
    return true;
}

static size_t count_lines(struct slice s)
{
    size_t n = 0;

    for (const char *p = s.p; s.n && (p = memchr(p, '\n', s.n - (size_t)(p - s.p))) != NULL; p++)
        n++;
    return n;
}

static const char *encoding_of(struct slice bytes)
{
    if (slice_find(bytes, '\0') >= 0)
        return "\"BINARY\"";
    for (size_t i = 0; i < bytes.n; i++)
        if ((unsigned char)bytes.p[i] >= 0x80)
            return "\"8BIT\"";
    return "\"7BIT\"";
}

static void add_between(struct buf *out, const char *from, const char *to)
{
    buf_add(out, from, (size_t)(to - from));
}

/* The part as it is told, with what has changed by decoding. */
static void put_decoded_part(const struct body_part *p, struct slice bytes, struct buf *out)
{
    const char *end = p->whole.p + p->whole.n;

    add_between(out, p->whole.p, p->encoding.p);
    buf_adds(out, encoding_of(bytes));
    add_between(out, p->encoding.p + p->encoding.n, p->size.p);
    buf_add_u64(out, bytes.n);
    if (!p->lines.n) {
        add_between(out, p->size.p + p->size.n, end);
        return;
    }
    add_between(out, p->size.p + p->size.n, p->lines.p);
    buf_add_u64(out, count_lines(bytes));
    add_between(out, p->lines.p + p->lines.n, end);
}

/* The message itself is what a message/rfc822 part would hold. */
static void put_message(const struct url_message *m, const struct cache_record *cache, struct buf *out)
{
    buf_adds(out, "(\"MESSAGE\" \"RFC822\" NIL NIL NIL ");
    buf_adds(out, encoding_of(m->section));
    buf_addc(out, ' ');
    buf_add_u64(out, m->section.n);
    buf_addc(out, ' ');
    buf_add_slice(out, cache->item[CACHE_ENVELOPE]);
    buf_addc(out, ' ');
    buf_add_slice(out, cache->item[CACHE_BODYSTRUCTURE]);
    buf_addc(out, ' ');
    buf_add_u64(out, count_lines(m->section));
    buf_adds(out, " NIL NIL NIL NIL)");
}

bool url_message_structure(struct url_message *m, struct buf *out)
{
    struct cache_record cache;
    struct body_part p;

    if (mailbox_cache(m->mb, m->recno, &cache) != ERR_OK)
        return false;
    if (!m->nparts && m->is_content) {
        put_message(m, &cache, out);
        return true;
    }
    if (!body_part_find(cache.item[CACHE_BODYSTRUCTURE], m->part, m->nparts, &p))
        return false;
    if (m->of_inner && m->nparts && p.is_message && !body_part_read(p.inner, &p))
        return false;
    if (m->decoded.n && !p.is_multipart)
        put_decoded_part(&p, buf_slice(&m->decoded), out);
    else
        buf_add_slice(out, p.whole);
    return true;
}
