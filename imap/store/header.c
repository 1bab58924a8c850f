/* header.c - see header.h */
#include "imap/store/header.h"

#include "imap/store/header_format.h"
#include "imap/store/mbentry.h"
#include "lib/base/crc32.h"
#include "lib/base/log.h"
#include "lib/os/file.h"
#include "lib/text/dlist.h"

enum { FLAG_NAME_MAX = 1023 };

void header_init(struct header *h)
{
    *h = (struct header){ 0 };
}

void header_fini(struct header *h)
{
    buf_fini(&h->type);
    buf_fini(&h->name);
    buf_fini(&h->uniqueid);
    buf_fini(&h->quotaroot);
    buf_fini(&h->acl);
    for (unsigned i = 0; i < USER_FLAGS_MAX; i++)
        buf_fini(&h->flag[i]);
}

void header_reset(struct header *h)
{
    buf_reset(&h->type);
    buf_reset(&h->name);
    buf_reset(&h->uniqueid);
    buf_reset(&h->quotaroot);
    buf_reset(&h->acl);
    for (unsigned i = 0; i < USER_FLAGS_MAX; i++)
        buf_reset(&h->flag[i]);
    h->crc = 0;
}

/* ---- reading ---- */

static void set_text(struct buf *b, struct slice s)
{
    buf_reset(b);
    buf_add_slice(b, s);
}

static bool is_text(enum dlist_event ev)
{
    return ev == DLIST_EV_ATOM || ev == DLIST_EV_FLAG || ev == DLIST_EV_LITERAL;
}

/* Value of the event just read, without its backslashes. */
static void take_text(const struct dlist_reader *r, struct arena *arena, struct buf *out)
{
    set_text(out, r->escaped ? dlist_unescape(arena, r) : r->text);
}

/* "A": user rights user rights ... */
static err_t read_acl(struct dlist_reader *r, struct arena *arena, struct header *h)
{
    enum dlist_event ev;
    err_t err;

    while ((err = dlist_read(r, &ev)) == ERR_OK && ev != DLIST_EV_CLOSE) {
        if (!is_text(ev))
            return ERR_CORRUPT;
        buf_add_slice(&h->acl, r->key);
        buf_addc(&h->acl, '\t');
        buf_add_slice(&h->acl, r->escaped ? dlist_unescape(arena, r) : r->text);
        buf_addc(&h->acl, '\t');
    }
    return err;
}

/* "U": names by number, NIL for a free one */
static err_t read_flags(struct dlist_reader *r, struct arena *arena, struct header *h)
{
    enum dlist_event ev;
    unsigned n = 0;
    err_t err;

    while ((err = dlist_read(r, &ev)) == ERR_OK && ev != DLIST_EV_CLOSE) {
        if (!is_text(ev) && ev != DLIST_EV_NIL)
            return ERR_CORRUPT;
        if (n == USER_FLAGS_MAX)
            return ERR_CORRUPT;
        if (ev != DLIST_EV_NIL)
            take_text(r, arena, &h->flag[n]);
        n++;
    }
    return err;
}

static struct buf *text_field(struct header *h, struct slice key)
{
    if (key.n != 1)
        return NULL;
    switch (key.p[0]) {
    case 'T': return &h->type;
    case 'N': return &h->name;
    case 'I': return &h->uniqueid;
    case 'Q': return &h->quotaroot;
    default: return NULL;
    }
}

static err_t read_field(struct dlist_reader *r, enum dlist_event ev, struct arena *arena,
                        struct header *h)
{
    struct buf *text = text_field(h, r->key);

    if (text && is_text(ev)) {
        take_text(r, arena, text);
        return ERR_OK;
    }
    if (ev == DLIST_EV_KVLIST && slice_eqs(r->key, "A"))
        return read_acl(r, arena, h);
    if (ev == DLIST_EV_LIST && slice_eqs(r->key, "U"))
        return read_flags(r, arena, h);
    return ev == DLIST_EV_LIST || ev == DLIST_EV_KVLIST ? dlist_skip(r) : ERR_OK;
}

static err_t parse_dlist(struct slice line, struct arena *arena, struct header *h)
{
    struct dlist_reader r;
    enum dlist_event ev;

    dlist_reader_init(&r, line, DLIST_STRICT);
    err_t err = dlist_read(&r, &ev);
    if (!err && ev != DLIST_EV_KVLIST)
        return ERR_CORRUPT;
    while (!err && (err = dlist_read(&r, &ev)) == ERR_OK && ev != DLIST_EV_CLOSE)
        err = read_field(&r, ev, arena, h);
    if (!err)
        err = dlist_read(&r, &ev);
    return err || ev != DLIST_EV_END ? ERR_CORRUPT : ERR_OK;
}

static err_t parse_plain(struct slice text, struct header *h)
{
    struct slice line, word;
    bool found;

    text = slice_split(text, '\n', &line, &found);
    struct slice id = slice_split(line, '\t', &word, NULL);
    set_text(&h->quotaroot, word);
    slice_split(id, '\t', &word, NULL);
    set_text(&h->uniqueid, word);
    if (!found)
        return ERR_CORRUPT;

    text = slice_split(text, '\n', &line, &found);
    bool more = line.n > 0;
    for (unsigned n = 0; more; n++) {
        line = slice_split(line, ' ', &word, &more);
        if (n < USER_FLAGS_MAX)
            set_text(&h->flag[n], word);
        else if (word.n)
            return ERR_CORRUPT;
    }
    if (!found)
        return ERR_OK;                  /* very old files end here */
    slice_split(text, '\n', &line, NULL);
    set_text(&h->acl, line);
    return ERR_OK;
}

err_t header_parse(struct slice file, struct header *h)
{
    struct slice magic = SLICE_LIT(HEADER_MAGIC);

    header_reset(h);
    if (!slice_starts(file, magic) || file.n > HEADER_FILE_MAX)
        return ERR_CORRUPT;
    struct slice body = slice_skip(file, magic.n);
    err_t err;
    if (slice_starts(body, SLICE_LIT("%("))) {
        struct arena *arena = arena_new(0);
        if (slice_ends(body, SLICE_LIT("\n")))
            body.n--;
        err = parse_dlist(body, arena, h);
        arena_free(&arena);
    } else {
        err = parse_plain(body, h);
    }
    h->crc = crc32_of(file.p, file.n);
    return err;
}

err_t header_load(const char *path, struct header *h)
{
    struct buf bytes = BUF_INIT;
    err_t err = file_load(path, HEADER_FILE_MAX, &bytes);

    if (!err) {
        err = header_parse(buf_slice(&bytes), h);
        if (err)
            log_err("IOERROR: mailbox header is damaged: filename=<%s>", path);
    }
    buf_fini(&bytes);
    return err == ERR_LIMIT ? ERR_CORRUPT : err;
}

err_t header_correct(const char *path, uint32_t crc, struct header *h, struct buf *bytes)
{
    err_t err = file_load(path, HEADER_FILE_MAX, bytes);

    if (err)
        return err == ERR_LIMIT ? ERR_CORRUPT : err;
    if (!crc32_correct_byte(bytes->p, bytes->n, crc))
        return ERR_CORRUPT;
    return header_parse(buf_slice(bytes), h);
}

/* ---- writing ---- */

static void put_field(struct buf *out, const char *key, const struct buf *value)
{
    buf_adds(out, key);
    dlist_put_text(out, value->n ? buf_slice(value) : SLICE_NULL, 0);
}

static void put_acl(struct buf *out, struct slice acl)
{
    struct slice id, rights;
    const char *sep = "";

    buf_adds(out, " A %(");
    while (acl.n) {
        acl = slice_split(acl, '\t', &id, NULL);
        acl = slice_split(acl, '\t', &rights, NULL);
        if (!id.n)
            continue;
        buf_adds(out, sep);
        dlist_put_text(out, id, 0);
        buf_addc(out, ' ');
        dlist_put_text(out, rights, 0);
        sep = " ";
    }
    buf_addc(out, ')');
}

static void put_flags(struct buf *out, const struct header *h)
{
    unsigned n = USER_FLAGS_MAX;

    while (n && !h->flag[n - 1].n)
        n--;
    if (!n)
        return;
    buf_adds(out, " U (");
    for (unsigned i = 0; i < n; i++)
        put_field(out, i ? " " : "", &h->flag[i]);
    buf_addc(out, ')');
}

void header_format(struct header *h, struct buf *out)
{
    size_t start = out->n;

    buf_add_slice(out, SLICE_LIT(HEADER_MAGIC));
    put_field(out, "%(T ", &h->type);
    put_field(out, " N ", &h->name);
    put_field(out, " I ", &h->uniqueid);
    if (h->quotaroot.n)
        put_field(out, " Q ", &h->quotaroot);
    if (h->acl.n)
        put_acl(out, buf_slice(&h->acl));
    put_flags(out, h);
    buf_adds(out, ")\n");
    h->crc = crc32_of(out->p + start, out->n - start);
}

void header_set_entry(struct header *h, const struct mbentry *e)
{
    buf_reset(&h->type);
    mbentry_type_text(e->type, &h->type);
    set_text(&h->name, buf_slice(&e->name));
    set_text(&h->uniqueid, buf_slice(&e->uniqueid));
    set_text(&h->acl, buf_slice(&e->acl));
}

/* ---- flags ---- */

int header_flag_find(const struct header *h, struct slice name)
{
    for (unsigned i = 0; name.n && i < USER_FLAGS_MAX; i++)
        if (slice_eq_nocase(buf_slice(&h->flag[i]), name))
            return (int)i;
    return -1;
}

int header_flag_free(const struct header *h, unsigned limit)
{
    for (unsigned i = 0; i < limit && i < USER_FLAGS_MAX; i++)
        if (!h->flag[i].n)
            return (int)i;
    return -1;
}

bool header_flag_name_ok(struct slice name)
{
    if (!name.n || name.n > FLAG_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (c <= ' ' || c >= 0x7f || strchr("(){%*\"\\]", c))
            return false;
    }
    return true;
}
