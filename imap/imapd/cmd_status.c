/* cmd_status.c - STATUS: counts without selecting; see status_items.h */
#include "imap/imapd/status_items.h"

#include "imap/serve/limits.h"
#include "imap/store/status.h"

static uint64_t get_messages(const struct status *st)
{
    return st->messages;
}

static uint64_t get_recent(const struct status *st)
{
    return st->recent;
}

static uint64_t get_uidnext(const struct status *st)
{
    return st->uidnext;
}

static uint64_t get_uidvalidity(const struct status *st)
{
    return st->uidvalidity;
}

static uint64_t get_unseen(const struct status *st)
{
    return st->unseen;
}

static uint64_t get_modseq(const struct status *st)
{
    return st->highestmodseq;
}

static uint64_t get_size(const struct status *st)
{
    return st->size;
}

static uint64_t get_deleted(const struct status *st)
{
    return st->deleted;
}

static uint64_t get_deleted_storage(const struct status *st)
{
    return st->deleted_storage;
}

/* RFC 7889: the same for all mailboxes. */
static uint64_t get_appendlimit(const struct status *st)
{
    (void)st;
    return limit_value(LIMIT_MESSAGE);
}

static const struct status_row {
    const char *name;
    unsigned want;
    uint64_t (*get)(const struct status *);     /* NULL: the mailbox's id */
    unsigned enables;
} rows[] = {                            /* in the order of enum status_item */
    { "MESSAGES", STATUS_COUNTS, get_messages, 0 },
    { "RECENT", STATUS_RECENT, get_recent, 0 },
    { "UIDNEXT", STATUS_COUNTS, get_uidnext, 0 },
    { "UIDVALIDITY", STATUS_COUNTS, get_uidvalidity, 0 },
    { "UNSEEN", STATUS_UNSEEN, get_unseen, 0 },
    { "HIGHESTMODSEQ", STATUS_COUNTS, get_modseq, ENABLED_CONDSTORE },  /* RFC 7162 3.1.7 */
    { "SIZE", STATUS_COUNTS, get_size, 0 },                             /* RFC 8438 */
    { "DELETED", STATUS_COUNTS | STATUS_DELETED, get_deleted, 0 },                       /* RFC 9208 4.1.4 */
    { "DELETED-STORAGE", STATUS_DELETED_STORAGE, get_deleted_storage, 0 },
    { "MAILBOXID", STATUS_COUNTS, NULL, 0 },                            /* RFC 8474 4.3 */
    { "APPENDLIMIT", 0, get_appendlimit, 0 },
};

#define NROWS (sizeof rows / sizeof *rows)

static err_t read_item(struct session *s, unsigned *items)
{
    struct slice word;
    err_t err = imaptok_atom(&s->tok, &word);

    if (err)
        return err;
    for (size_t i = 0; i < NROWS; i++) {
        if (!slice_eqs_nocase(word, rows[i].name))
            continue;
        if (rows[i].want == STATUS_RECENT && (s->enabled & ENABLED_REV2))   /* RFC 9051 E 12 */
            break;
        *items |= 1u << i;
        s->enabled |= rows[i].enables;
        return ERR_OK;
    }
    s->tok.why = arena_printf(s->base->command, "Invalid Status attribute %.*s", SLICE_ARG(word));
    return ERR_SYNTAX;
}

err_t status_items_read(struct session *s, unsigned *items)
{
    bool more;
    err_t err = imaptok_open(&s->tok);

    *items = 0;
    while (!err && (err = imaptok_more(&s->tok, &more)) == ERR_OK && more)
        err = read_item(s, items);
    if (!err && !*items) {
        s->tok.why = "No status attributes";
        err = ERR_SYNTAX;
    }
    return err;
}

err_t status_items_put(struct session *s, const struct mbentry *entry, unsigned items)
{
    struct status st;
    struct buf b = BUF_INIT;
    unsigned want = 0;
    err_t err;

    for (size_t i = 0; i < NROWS; i++)
        if (items & (1u << i))
            want |= rows[i].want;
    err = status_read(s->base->store, entry, ident_userid(s->base->ident), want, &st);
    if (err)
        return err;
    buf_adds(&b, "* STATUS ");
    session_put_mailbox(s, &b, buf_slice(&entry->name));
    for (size_t i = 0, n = 0; i < NROWS; i++) {
        if (!(items & (1u << i)))
            continue;
        buf_adds(&b, n++ ? " " : " (");
        buf_adds(&b, rows[i].name);
        buf_addc(&b, ' ');
        if (rows[i].get)
            buf_add_u64(&b, rows[i].get(&st));
        else
            buf_addf(&b, "(%.*s)", SLICE_ARG(buf_slice(&entry->uniqueid)));
    }
    buf_adds(&b, ")\r\n");
    stream_put_slice(out(s), buf_slice(&b));
    buf_fini(&b);
    return ERR_OK;
}

void cmd_status(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct mbentry entry;
    struct slice name;
    unsigned items;
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK) {
        args_bad(s, err);
        return;
    }
    if (args_mailbox(s, &name) != ERR_OK)
        return;
    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = status_items_read(s, &items)) != ERR_OK) {
        args_bad(s, err);
        return;
    }
    if (args_end(s) != ERR_OK)
        return;
    mbentry_init(&entry);
    if (session_access(s, name, OP_STATUS, &entry, NULL) == ERR_OK) {
        err = status_items_put(s, &entry, items);
        if (err)
            reply_err(s, err);
        else
            reply_ok(s, "Completed");
    }
    mbentry_fini(&entry);
}
