/* mbentry.c - see mbentry.h */
#include "imap/store/mbentry.h"

#include "imap/store/mbname.h"
#include "lib/base/arena.h"
#include "lib/base/num.h"
#include "lib/text/dlist.h"

/* ---- memory ---- */

void mbentry_init(struct mbentry *e)
{
    *e = (struct mbentry){ .name = BUF_INIT };
}

void mbentry_fini(struct mbentry *e)
{
    buf_fini(&e->name);
    buf_fini(&e->uniqueid);
    buf_fini(&e->partition);
    buf_fini(&e->server);
    buf_fini(&e->acl);
}

void mbentry_reset(struct mbentry *e)
{
    buf_reset(&e->name);
    buf_reset(&e->uniqueid);
    buf_reset(&e->partition);
    buf_reset(&e->server);
    buf_reset(&e->acl);
    e->type = e->uidvalidity = 0;
    e->createdmodseq = e->foldermodseq = 0;
    e->mtime = 0;
}

static void set(struct buf *dst, struct slice bytes)
{
    buf_reset(dst);
    buf_add_slice(dst, bytes);
}

void mbentry_copy(struct mbentry *dst, const struct mbentry *src)
{
    set(&dst->name, buf_slice(&src->name));
    set(&dst->uniqueid, buf_slice(&src->uniqueid));
    set(&dst->partition, buf_slice(&src->partition));
    set(&dst->server, buf_slice(&src->server));
    set(&dst->acl, buf_slice(&src->acl));
    dst->type = src->type;
    dst->uidvalidity = src->uidvalidity;
    dst->createdmodseq = src->createdmodseq;
    dst->foldermodseq = src->foldermodseq;
    dst->mtime = src->mtime;
}

void mbhistory_fini(struct mbhistory *h)
{
    buf_fini(&h->name);
    buf_fini(&h->partition);
}

void mbhistory_free_all(struct vec *all)
{
    for (size_t i = 0; i < all->n; i++)
        mbhistory_fini(VEC_AT(all, struct mbhistory, i));
    vec_fini(all);
}

/* ---- kinds ---- */

bool mbentry_is_mailbox(const struct mbentry *e)
{
    return !(e->type & (MBTYPE_DELETED | MBTYPE_REMOTE | MBTYPE_RESERVED | MBTYPE_INTERMEDIATE));
}

bool mbentry_is_mail(const struct mbentry *e)
{
    uint32_t kind = e->type & MBTYPE_KIND_MASK;

    return mbentry_is_mailbox(e) && (kind == MBTYPE_EMAIL || kind == 'n');
}

static const char kinds[] = "ncabspf";

struct type_flag {
    char letter;
    uint32_t bit;
    uint32_t old_bit;               /* in the type number of the old plain form */
};

/* In the order in which they are written. */
static const struct type_flag type_flags[] = {
    { 'd', MBTYPE_DELETED, 1 << 7 },
    { 'm', MBTYPE_MOVING, 1 << 6 },
    { 'r', MBTYPE_REMOTE, 1 << 4 },
    { 'z', MBTYPE_RESERVED, 1 << 5 },
    { 'i', MBTYPE_INTERMEDIATE, 1 << 8 },
    { 'l', MBTYPE_LEGACY, 0 },
};
enum { NFLAGS = sizeof type_flags / sizeof *type_flags };

void mbentry_type_text(uint32_t type, struct buf *out)
{
    uint32_t kind = type & MBTYPE_KIND_MASK;

    buf_addc(out, kind == MBTYPE_EMAIL ? 'e' : (char)kind);
    for (size_t i = 0; i < NFLAGS; i++) {
        if (type & type_flags[i].bit)
            buf_addc(out, type_flags[i].letter);
    }
}

static uint32_t flag_of_letter(char c)
{
    for (size_t i = 0; i < NFLAGS; i++) {
        if (type_flags[i].letter == c)
            return type_flags[i].bit;
    }
    return 0;
}

err_t mbentry_type_parse(struct slice text, uint32_t *out)
{
    uint32_t type = MBTYPE_EMAIL;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        uint32_t bit = flag_of_letter(c);

        if (bit)
            type |= bit;
        else if (c != 'e' && memchr(kinds, c, sizeof kinds - 1))
            type = (type & ~(uint32_t)MBTYPE_KIND_MASK) | (unsigned char)c;
        else if (c != 'e')
            return ERR_SYNTAX;
    }
    *out = type;
    return ERR_OK;
}

/* ---- writing ---- */

static void put_text(struct buf *out, const char *key, struct slice text)
{
    if (text.n == 0)
        return;
    buf_addf(out, " %s ", key);
    dlist_put_text(out, text, DLIST_PLAIN);
}

static void put_num(struct buf *out, const char *key, uint64_t n)
{
    if (n == 0)
        return;
    buf_addf(out, " %s ", key);
    buf_add_u64(out, n);
}

static void put_acl(struct buf *out, struct slice acl)
{
    struct slice id, rights;
    size_t pos = 0;
    bool first = true;

    buf_adds(out, " A %(");
    while (acl_next(acl, &pos, &id, &rights)) {
        if (!first)
            buf_addc(out, ' ');
        first = false;
        dlist_put_text(out, id, DLIST_PLAIN);
        buf_addc(out, ' ');
        dlist_put_text(out, rights, DLIST_PLAIN);
    }
    buf_addc(out, ')');
}

/* Everything between the name or id and the ACL. */
static void put_common(struct buf *out, const struct mbentry *e, bool in_id_record)
{
    put_text(out, "P", buf_slice(&e->partition));
    put_text(out, "S", buf_slice(&e->server));
    put_num(out, "V", e->uidvalidity);
    put_num(out, "C", e->createdmodseq);
    put_num(out, "F", e->foldermodseq);
    put_num(out, "M", (uint64_t)e->mtime);
    /* an empty ACL is stated; only a tombstone's N record has none */
    if (in_id_record || !(e->type & MBTYPE_DELETED))
        put_acl(out, buf_slice(&e->acl));
}

void mbentry_put_name_value(const struct mbentry *e, struct buf *out)
{
    buf_adds(out, "%(T ");
    mbentry_type_text(e->type, out);
    put_text(out, "I", buf_slice(&e->uniqueid));
    put_common(out, e, false);
    buf_addc(out, ')');
}

static void put_db_name(struct buf *out, const char *key, struct slice intname)
{
    struct buf dbname = BUF_INIT;

    mbname_to_db(intname, &dbname);
    put_text(out, key, buf_slice(&dbname));
    buf_fini(&dbname);
}

static void put_history(struct buf *out, const struct mbhistory *h)
{
    struct buf dbname = BUF_INIT;

    mbname_to_db(buf_slice(&h->name), &dbname);
    buf_adds(out, "%(N ");
    dlist_put_text(out, buf_slice(&dbname), DLIST_PLAIN);
    put_num(out, "M", (uint64_t)h->mtime);
    put_num(out, "V", h->uidvalidity);
    put_num(out, "C", h->createdmodseq);
    put_num(out, "F", h->foldermodseq);
    buf_adds(out, " T ");
    mbentry_type_text(h->type, out);
    put_text(out, "P", buf_slice(&h->partition));
    buf_addc(out, ')');
    buf_fini(&dbname);
}

void mbentry_put_id_value(const struct mbentry *e, const struct vec *history, struct buf *out)
{
    buf_adds(out, "%(T ");
    mbentry_type_text(e->type, out);
    put_db_name(out, "N", buf_slice(&e->name));
    put_common(out, e, true);
    buf_adds(out, " H (");
    for (size_t i = 0; history && i < history->n; i++) {
        if (i)
            buf_addc(out, ' ');
        put_history(out, VEC_AT(history, struct mbhistory, i));
    }
    buf_adds(out, "))");
}

/* ---- reading ---- */

/* Reads "key value" pairs of one keyed list; the list event itself has been read. */
struct fields {
    struct dlist_reader r;
    struct arena *arena;            /* for texts with backslashes, made when needed */
};

static void fields_fini(struct fields *f)
{
    arena_free(&f->arena);
}

static struct slice field_text(struct fields *f)
{
    if (!f->r.escaped)
        return f->r.text;
    if (!f->arena)
        f->arena = arena_new(0);
    return dlist_unescape(f->arena, &f->r);
}

static bool is_text_event(enum dlist_event ev)
{
    return ev == DLIST_EV_ATOM || ev == DLIST_EV_FLAG || ev == DLIST_EV_LITERAL;
}

/* The text form of the ACL from "%(id rights ...)", or from the old plain text. */
static err_t read_acl(struct fields *f, enum dlist_event ev, struct buf *acl)
{
    err_t err = ERR_OK;

    buf_reset(acl);
    if (is_text_event(ev)) {
        buf_add_slice(acl, field_text(f));
        return ERR_OK;
    }
    if (ev == DLIST_EV_NIL)
        return ERR_OK;
    if (ev != DLIST_EV_KVLIST)
        return ERR_CORRUPT;
    while ((err = dlist_read(&f->r, &ev)) == ERR_OK && ev != DLIST_EV_CLOSE) {
        if (!is_text_event(ev) || f->r.key.n == 0)
            return ERR_CORRUPT;
        buf_add_slice(acl, f->r.key);
        buf_addc(acl, '\t');
        buf_add_slice(acl, field_text(f));
        buf_addc(acl, '\t');
    }
    return err ? ERR_CORRUPT : ERR_OK;
}

/* Where the fields of an entry, or of one of its former names, go. */
struct target {
    struct buf *name, *uniqueid, *partition, *server;   /* NULL: not part of it */
    uint32_t *type, *uidvalidity;
    uint64_t *createdmodseq, *foldermodseq;
    time_t *mtime;
};

static err_t take_text(struct buf *dst, struct slice text)
{
    if (dst)
        set(dst, text);
    return ERR_OK;
}

static err_t take_db_name(struct buf *dst, struct slice text)
{
    if (dst)
        mbname_from_db(text, dst);
    return ERR_OK;
}

static err_t take_time(time_t *dst, struct slice text)
{
    uint64_t n;
    err_t err = num_u64(text, &n);

    if (!err && n > INT64_MAX)
        err = ERR_LIMIT;
    if (!err)
        *dst = (time_t)n;
    return err;
}

/* One field with a text value.  Unknown keys are passed over. */
static err_t take_field(const struct target *t, char key, struct slice text)
{
    switch (key) {
    case 'T': return mbentry_type_parse(text, t->type);
    case 'N': return take_db_name(t->name, text);
    case 'I': return take_text(t->uniqueid, text);
    case 'P': return take_text(t->partition, text);
    case 'S': return take_text(t->server, text);
    case 'V': return num_u32(text, t->uidvalidity);
    case 'C': return num_u64(text, t->createdmodseq);
    case 'F': return num_u64(text, t->foldermodseq);
    case 'M': return take_time(t->mtime, text);
    default:  return ERR_OK;
    }
}

static err_t skip_value(struct fields *f, enum dlist_event ev)
{
    return ev == DLIST_EV_LIST || ev == DLIST_EV_KVLIST ? dlist_skip(&f->r) : ERR_OK;
}

static err_t read_one_history(struct fields *f, struct mbhistory *h)
{
    const struct target t = { .name = &h->name, .partition = &h->partition, .type = &h->type,
                              .uidvalidity = &h->uidvalidity, .createdmodseq = &h->createdmodseq,
                              .foldermodseq = &h->foldermodseq, .mtime = &h->mtime };
    enum dlist_event ev;
    err_t err;

    while ((err = dlist_read(&f->r, &ev)) == ERR_OK && ev != DLIST_EV_CLOSE) {
        if (is_text_event(ev) && f->r.key.n == 1)
            err = take_field(&t, f->r.key.p[0], field_text(f));
        else
            err = skip_value(f, ev);
        if (err)
            break;
    }
    return err;
}

static err_t read_history(struct fields *f, struct vec *history)
{
    enum dlist_event ev;
    err_t err;

    while ((err = dlist_read(&f->r, &ev)) == ERR_OK && ev != DLIST_EV_CLOSE) {
        if (ev != DLIST_EV_KVLIST)
            return ERR_CORRUPT;
        err = read_one_history(f, VEC_PUSH(history, struct mbhistory));
        if (err)
            break;
    }
    return err;
}

static err_t read_field(struct fields *f, const struct target *t, enum dlist_event ev,
                        struct mbentry *e, struct vec *history)
{
    char key = f->r.key.n == 1 ? f->r.key.p[0] : 0;

    if (key == 'A')
        return read_acl(f, ev, &e->acl);
    if (key == 'H' && ev == DLIST_EV_LIST && history)
        return read_history(f, history);
    if (is_text_event(ev))
        return take_field(t, key, field_text(f));
    return skip_value(f, ev);
}

static err_t parse_keyed(struct slice value, struct mbentry *e, struct vec *history)
{
    const struct target t = { .name = &e->name,
                              .uniqueid = &e->uniqueid,
                              .partition = &e->partition,
                              .server = &e->server,
                              .type = &e->type,
                              .uidvalidity = &e->uidvalidity,
                              .createdmodseq = &e->createdmodseq,
                              .foldermodseq = &e->foldermodseq,
                              .mtime = &e->mtime };
    struct fields f = { .arena = NULL };
    enum dlist_event ev;
    err_t err;

    dlist_reader_init(&f.r, value, DLIST_STRICT);
    err = dlist_read(&f.r, &ev);
    if (!err && ev != DLIST_EV_KVLIST)
        err = ERR_CORRUPT;
    while (!err) {
        err = dlist_read(&f.r, &ev);
        if (err || ev == DLIST_EV_CLOSE)
            break;
        err = read_field(&f, &t, ev, e, history);
    }
    if (!err)
        err = dlist_read(&f.r, &ev);
    if (!err && ev != DLIST_EV_END)
        err = ERR_CORRUPT;
    fields_fini(&f);
    return err ? ERR_CORRUPT : ERR_OK;
}

/* ---- the old plain form ---- */

/* Kinds by the low four bits of the number, as 3.6.1 reads them; what it does not know is some
 * collection that no mail client shall see. */
static const char old_kinds[16] = { 'e', 'n', 's', 'p', 'b', 'f', 'b', 'b',
                                    'b', 'c', 'a', 'b', 'b', 'b', 'b', 'b' };

static uint32_t old_type(uint32_t number)
{
    char kind = old_kinds[number & 15];
    uint32_t type = kind == 'e' ? MBTYPE_EMAIL : (unsigned char)kind;

    for (size_t i = 0; i < NFLAGS; i++) {
        if (number & type_flags[i].old_bit)
            type |= type_flags[i].bit;
    }
    return type;
}

/* "(uniqueid X specialuse Y) " in front; words in pairs, unknown ones passed over. */
static err_t parse_old_extra(struct slice *value, struct mbentry *e)
{
    ssize_t end = slice_find(*value, ')');
    struct slice inside, word, text;

    if (end < 0)
        return ERR_CORRUPT;
    inside = slice_trim(slice_cut(*value, 1, (size_t)end));
    *value = slice_trim(slice_skip(*value, (size_t)end + 1));
    while (inside.n) {
        inside = slice_trim(slice_split(inside, ' ', &word, NULL));
        inside = slice_trim(slice_split(inside, ' ', &text, NULL));
        if (slice_eqs(word, "uniqueid"))
            set(&e->uniqueid, text);
    }
    return ERR_OK;
}

static err_t parse_plain(struct slice value, struct mbentry *e)
{
    struct slice word, server;
    uint32_t number;
    ssize_t bang;

    if (value.n && value.p[0] == '(' && parse_old_extra(&value, e))
        return ERR_CORRUPT;
    value = slice_split(value, ' ', &word, NULL);
    if (num_u32(word, &number))
        return ERR_CORRUPT;
    e->type = old_type(number);
    value = slice_split(value, ' ', &word, NULL);
    bang = slice_find(word, '!');
    server = bang < 0 ? SLICE_NULL : slice_cut(word, 0, (size_t)bang);
    set(&e->server, server);
    set(&e->partition, bang < 0 ? word : slice_skip(word, (size_t)bang + 1));
    set(&e->acl, value);
    if (e->acl.n && e->acl.p[e->acl.n - 1] != '\t')
        buf_addc(&e->acl, '\t');
    return ERR_OK;
}

static err_t parse_any(struct slice value, struct mbentry *e, struct vec *history)
{
    if (value.n && value.p[0] == '%')
        return parse_keyed(value, e, history);
    return parse_plain(value, e);
}

err_t mbentry_parse_name_record(struct slice dbname, struct slice value, struct mbentry *out)
{
    err_t err;

    mbentry_reset(out);
    err = parse_any(value, out, NULL);
    mbname_from_db(dbname, &out->name);
    return err;
}

err_t mbentry_parse_id_record(struct slice uniqueid, struct slice value, struct mbentry *out,
                              struct vec *history)
{
    err_t err;

    mbentry_reset(out);
    err = parse_any(value, out, history);
    set(&out->uniqueid, uniqueid);
    return err;
}

err_t mbentry_parse_old_record(struct slice intname, struct slice value, struct mbentry *out)
{
    err_t err;

    mbentry_reset(out);
    err = parse_any(value, out, NULL);
    set(&out->name, intname);
    out->type |= MBTYPE_LEGACY;
    return err;
}

/* ---- the cheap test ---- */

/* The inside of "A %(...)" at the end of the value; false: there is none, or it has quoted or
 * literal texts. */
static bool plain_acl(struct slice value, struct slice *out)
{
    const char *open = value.n > 2 ? memrchr(value.p, '(', value.n) : NULL;
    size_t at;

    if (!open || !slice_ends(value, SLICE_LIT("))")))
        return false;
    at = (size_t)(open - value.p) + 1;
    *out = slice_cut(value, at, value.n - 2);
    return slice_ends(slice_cut(value, 0, at), SLICE_LIT(" A %(")) &&
           !memchr(out->p, '"', out->n) && !memchr(out->p, '}', out->n);
}

bool mbentry_may_concern(struct slice value, struct slice userid)
{
    struct slice rest, id, rights;

    if (!plain_acl(value, &rest))
        return true;
    while (rest.n) {
        rest = slice_split(rest, ' ', &id, NULL);
        rest = slice_split(rest, ' ', &rights, NULL);
        if (slice_eq(id, userid) || slice_eqs(id, "anyone") ||
            slice_starts(id, SLICE_LIT("group:")))
            return true;
    }
    return false;
}
