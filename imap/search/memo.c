/* memo.c - see memo.h */
#include "imap/search/memo.h"

#include "imap/search/collate.h"
#include "imap/search/envelope.h"
#include "imap/search/message_text.h"
#include "imap/search/msgid.h"
#include "imap/search/subject.h"
#include "lib/base/map.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "lib/text/fold.h"
#include "lib/text/word2047.h"

struct text_cell {
    size_t at;                          /* in `text` */
    uint32_t n;
    bool known;
    bool is_reply;                      /* MEMO_FIND_HEADER: there is such a field */
};

struct link_cell {
    uint32_t subject, id, refs, nrefs;  /* refs: index in `refs` */
    bool known;
};

struct memo {
    struct mailbox *mb;
    uint32_t generation, nrecords;
    unsigned fold;
    struct text_cell *cells[MEMO_NTEXTS];       /* by record number; NULL: never asked for */
    uint32_t ncells[MEMO_NTEXTS];
    uint32_t nknown[MEMO_NTEXTS], nranked[MEMO_NTEXTS];
    uint32_t *ranks[MEMO_NTEXTS];               /* by record number; good while nranked is nknown */
    struct link_cell *links;
    uint32_t nlinks;
    struct buf text;
    struct map *ids, *subjects;                 /* text -> number */
    struct vec refs;                            /* uint32_t */
    struct buf work;
    struct buf header;                          /* name of the field in MEMO_FIND_HEADER */
    bool claimed;                               /* ... and this command uses it */
    struct buf other;                           /* value of another field */
};

struct memo *memo_new(void)
{
    struct memo *m = mem_zalloc(sizeof *m);

    vec_init(&m->refs, sizeof(uint32_t));
    return m;
}

static void forget(struct memo *m)
{
    for (size_t i = 0; i < MEMO_NTEXTS; i++) {
        mem_free(m->cells[i]);
        m->cells[i] = NULL;
        mem_free(m->ranks[i]);
        m->ranks[i] = NULL;
        m->ncells[i] = m->nknown[i] = m->nranked[i] = 0;
    }
    mem_free(m->links);
    m->links = NULL;
    m->nlinks = 0;
    map_free(&m->ids);
    map_free(&m->subjects);
    vec_fini(&m->refs);
    buf_fini(&m->text);
    buf_fini(&m->work);
    buf_fini(&m->header);
    buf_fini(&m->other);
}

void memo_free(struct memo **mp)
{
    struct memo *m = *mp;

    if (!m)
        return;
    *mp = NULL;
    forget(m);
    mem_free(m);
}

void memo_begin(struct memo *m, struct mailbox *mb)
{
    if (m->mb != mb || m->generation != mailbox_head(mb)->generation)
        forget(m);
    m->mb = mb;
    m->generation = mailbox_head(mb)->generation;
    m->nrecords = mailbox_nrecords(mb);
    m->claimed = false;
}

void memo_end(struct memo *m)
{
    size_t links = m->links ? (memo_ids(m) + m->refs.n) * sizeof(struct text_cell) : 0;

    if (m->text.n + links > MEMO_KEEP)
        forget(m);
    mailbox_message_done(m->mb);
}

void memo_set_fold(struct memo *m, unsigned flags)
{
    if (m->fold != flags)
        forget(m);
    m->fold = flags;
}

/* A cleared array of n rows grows to what the mailbox has now, and a little more.  At first it costs only what is
 * touched of it. */
static void *grow(void *rows, uint32_t *n, uint32_t want, size_t size)
{
    uint32_t total = want + want / 8 + 16;

    if (*n > want)
        return rows;
    if (!rows) {
        *n = total;
        return mem_array(total, size);
    }
    rows = mem_rearray(rows, total, size);
    memset((char *)rows + *n * size, 0, (total - *n) * size);
    *n = total;
    return rows;
}

/* ---- texts ---- */

static void add_display(struct memo *m, struct slice list)
{
    struct envelope_address a;

    if (!envelope_first_address(list, &a))
        return;
    if (a.name.p)
        word2047_decode_utf8(&m->work, a.name);
    if (m->work.n || !a.mailbox.p)
        return;
    buf_add_slice(&m->work, a.mailbox);
    if (a.host.p) {
        buf_addc(&m->work, '@');
        buf_add_slice(&m->work, a.host);
    }
}

static void add_mailbox(struct memo *m, struct slice list)
{
    struct envelope_address a;

    if (envelope_first_address(list, &a))
        buf_add_slice(&m->work, a.mailbox);
}

static void add_search_text(struct memo *m, enum memo_text which, const struct cache_record *c)
{
    static const unsigned char items[MEMO_NTEXTS] = {
        [MEMO_FIND_FROM] = CACHE_FROM, [MEMO_FIND_TO] = CACHE_TO, [MEMO_FIND_CC] = CACHE_CC,
        [MEMO_FIND_BCC] = CACHE_BCC, [MEMO_FIND_SUBJECT] = CACHE_SUBJECT,
    };
    struct slice item = c->item[items[which]];

    fold_add(&m->text, which == MEMO_FIND_SUBJECT ? envelope_string(item) : item, m->fold);
}

/* Fields that stand in the ENVELOPE but not among the cached headers: single by RFC 5322 3.6. */
static int envelope_field(struct slice name)
{
    static const struct {
        const char *name;
        enum envelope_field field;
    } fields[] = {
        { "date", ENV_DATE }, { "in-reply-to", ENV_IN_REPLY_TO }, { "message-id", ENV_MESSAGE_ID },
        { "subject", ENV_SUBJECT },
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (slice_eqs_nocase(name, fields[i].name))
            return (int)fields[i].field;
    return -1;
}

bool memo_can_header(struct slice name, uint32_t cache_version)
{
    return envelope_field(name) >= 0 || cache_header_is_cached(name, cache_version);
}

/* True: there is such a field. */
static bool add_header(struct memo *m, struct slice name, const struct cache_record *c, struct buf *out)
{
    struct slice value;
    int field = envelope_field(name);
    struct envelope env;

    if (field < 0)
        return message_header_collect(c->item[CACHE_HEADERS], name, m->fold, out);
    if (!envelope_split(c->item[CACHE_ENVELOPE], &env) || !(value = envelope_string(env.field[field])).p)
        return false;
    buf_reset(&m->work);
    word2047_decode_utf8(&m->work, value);
    fold_add(out, buf_slice(&m->work), m->fold);
    return true;
}

/* The text of a message, not yet folded, in m->work. */
static bool read_text(struct memo *m, enum memo_text which, const struct cache_record *c)
{
    static const unsigned char fields[MEMO_NTEXTS] = {
        [MEMO_FROM] = ENV_FROM, [MEMO_TO] = ENV_TO, [MEMO_CC] = ENV_CC, [MEMO_DISPLAYFROM] = ENV_FROM,
        [MEMO_DISPLAYTO] = ENV_TO,
    };
    struct envelope env;

    buf_reset(&m->work);
    if (which == MEMO_SUBJECT)
        return subject_base(envelope_string(c->item[CACHE_SUBJECT]), &m->work);
    if (!envelope_split(c->item[CACHE_ENVELOPE], &env))
        return false;
    if (which == MEMO_DISPLAYFROM || which == MEMO_DISPLAYTO)
        add_display(m, env.field[fields[which]]);
    else
        add_mailbox(m, env.field[fields[which]]);
    return false;
}

bool memo_is_known(const struct memo *m, enum memo_text which, uint32_t recno)
{
    return recno < m->ncells[which] && m->cells[which][recno].known;
}

static struct text_cell *text_cell(struct memo *m, enum memo_text which, uint32_t recno, const struct cache_record *have)
{
    struct text_cell *t;
    struct cache_record c;

    if (memo_is_known(m, which, recno))
        return &m->cells[which][recno];
    m->cells[which] = grow(m->cells[which], &m->ncells[which], m->nrecords, sizeof *t);
    t = &m->cells[which][recno];
    t->known = true;
    m->nknown[which]++;
    t->at = m->text.n;
    if (!have && mailbox_cache(m->mb, recno, &c) == ERR_OK)
        have = &c;
    if (have && which == MEMO_FIND_HEADER) {
        t->is_reply = add_header(m, buf_slice(&m->header), have, &m->text);
    } else if (have && which >= MEMO_FIND_FROM) {
        add_search_text(m, which, have);
    } else if (have) {
        t->is_reply = read_text(m, which, have);
        collate_add(&m->text, buf_slice(&m->work));
    }
    t->n = (uint32_t)(m->text.n - t->at);
    return t;
}

static struct slice cell_text(const struct memo *m, const struct text_cell *t)
{
    return t->n ? slice_make(m->text.p + t->at, t->n) : SLICE_NULL;
}

struct slice memo_text(struct memo *m, enum memo_text which, uint32_t recno)
{
    return cell_text(m, text_cell(m, which, recno, NULL));
}

/* The column is for the first name of a command. */
static bool claim_header(struct memo *m, struct slice name)
{
    bool same = slice_eq_nocase(buf_slice(&m->header), name);

    if (same || !m->claimed) {
        m->claimed = true;
        if (same)
            return true;
        mem_free(m->cells[MEMO_FIND_HEADER]);
        m->cells[MEMO_FIND_HEADER] = NULL;
        m->ncells[MEMO_FIND_HEADER] = 0;
        buf_reset(&m->header);
        buf_add_slice(&m->header, name);
        return true;
    }
    return false;
}

bool memo_header(struct memo *m, struct slice name, uint32_t recno, struct slice *values)
{
    const struct text_cell *t;
    struct cache_record c;

    if (claim_header(m, name)) {
        t = text_cell(m, MEMO_FIND_HEADER, recno, NULL);
        *values = cell_text(m, t);
        return t->is_reply;
    }
    buf_reset(&m->other);
    if (mailbox_cache(m->mb, recno, &c) != ERR_OK || !add_header(m, name, &c, &m->other))
        return false;
    *values = buf_slice(&m->other);
    return true;
}

uint32_t memo_known(const struct memo *m, enum memo_text which)
{
    return m->nknown[which];
}

const uint32_t *memo_ranks(const struct memo *m, enum memo_text which)
{
    return m->ranks[which] && m->nranked[which] == m->nknown[which] ? m->ranks[which] : NULL;
}

uint32_t *memo_new_ranks(struct memo *m, enum memo_text which)
{
    mem_free(m->ranks[which]);
    m->ranks[which] = mem_array(m->ncells[which] + 1, sizeof *m->ranks[which]);
    m->nranked[which] = m->nknown[which];
    return m->ranks[which];
}

/* ---- links ---- */

static uint32_t number_of(struct map **map, struct slice text)
{
    uintptr_t n;

    if (!*map)
        *map = map_new(NULL);
    n = (uintptr_t)map_get(*map, text);
    if (!n) {
        n = map_count(*map) + 1;
        map_put(*map, text, (void *)n);
    }
    return (uint32_t)n;
}

/* References, or else the first id of In-Reply-To. */
static void add_refs(struct memo *m, struct link_cell *l, struct slice headers, struct slice in_reply_to)
{
    struct slice value;

    l->refs = (uint32_t)m->refs.n;
    if (cache_headers_find(headers, SLICE_LIT("references"), &value))
        while (msgid_next(&value, &m->work))
            *VEC_PUSH(&m->refs, uint32_t) = number_of(&m->ids, buf_slice(&m->work));
    if (m->refs.n == l->refs && msgid_next(&in_reply_to, &m->work))
        *VEC_PUSH(&m->refs, uint32_t) = number_of(&m->ids, buf_slice(&m->work));
    l->nrefs = (uint32_t)m->refs.n - l->refs;
    if (l->nrefs > MEMO_REFS_MAX) {
        uint32_t *first = VEC_AT(&m->refs, uint32_t, l->refs);
        memmove(first, first + l->nrefs - MEMO_REFS_MAX, MEMO_REFS_MAX * sizeof *first);
        m->refs.n = l->refs + MEMO_REFS_MAX;
        l->nrefs = MEMO_REFS_MAX;
    }
}

static void read_links(struct memo *m, uint32_t recno, struct link_cell *l)
{
    struct cache_record c;
    struct text_cell *subject;
    struct envelope env;
    struct slice value;

    if (mailbox_cache(m->mb, recno, &c) != ERR_OK)
        return;
    subject = text_cell(m, MEMO_SUBJECT, recno, &c);
    l->subject = subject->n ? number_of(&m->subjects, cell_text(m, subject)) : 0;
    if (!envelope_split(c.item[CACHE_ENVELOPE], &env))
        return;
    value = envelope_string(env.field[ENV_MESSAGE_ID]);
    if (msgid_next(&value, &m->work))
        l->id = number_of(&m->ids, buf_slice(&m->work));
    add_refs(m, l, c.item[CACHE_HEADERS], envelope_string(env.field[ENV_IN_REPLY_TO]));
}

void memo_links(struct memo *m, uint32_t recno, struct memo_links *out)
{
    struct link_cell *l;

    if (recno >= m->nlinks)
        m->links = grow(m->links, &m->nlinks, m->nrecords, sizeof *l);
    l = &m->links[recno];
    if (!l->known)
        read_links(m, recno, l);
    l->known = true;
    out->subject = l->subject;
    out->is_reply = m->cells[MEMO_SUBJECT] && recno < m->ncells[MEMO_SUBJECT] && m->cells[MEMO_SUBJECT][recno].is_reply;
    out->id = l->id;
    out->nrefs = l->nrefs;
    out->refs = l->nrefs ? VEC_AT(&m->refs, uint32_t, l->refs) : NULL;
}

uint32_t memo_ids(const struct memo *m)
{
    return m->ids ? (uint32_t)map_count(m->ids) : 0;
}

uint32_t memo_subjects(const struct memo *m)
{
    return m->subjects ? (uint32_t)map_count(m->subjects) : 0;
}
