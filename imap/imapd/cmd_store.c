/* cmd_store.c - STORE and UID STORE (RFC 3501 6.4.6, 7162 3.1.3, 5257 4.5) */
#include "imap/imapd/imapd.h"

#include <inttypes.h>

#include "imap/imapd/annotation.h"
#include "imap/imapd/flag_words.h"
#include "imap/imapd/view.h"
#include "lib/base/log.h"
#include "lib/text/imapout.h"

enum store_mode { STORE_REPLACE, STORE_ADD, STORE_REMOVE };

struct store_args {
    struct ranges msgnos;
    enum store_mode mode;
    bool silent, has_unchangedsince;
    uint64_t unchangedsince;
    struct slice *words;
    size_t nwords;
    struct flag_words flags;                    /* words sorted into kinds */
    bool annotates;                             /* ANNOTATION instead of flags */
    struct annotation_changes annotations;
    struct ranges told;                         /* messages whose flags the client knows after this */
    struct ranges flipped;                      /* messages whose private \Seen changes */
    bool private_seen;                          /* changes a \Seen that is not in the index */
};

static err_t read_modifier(struct session *s, struct store_args *a)
{
    struct imaptok *t = &s->tok;
    err_t err;

    if (imaptok_peek(t) != '(')
        return ERR_OK;
    if ((err = imaptok_open(t)) != ERR_OK)
        return err;
    if (!imaptok_accept_word(t, "UNCHANGEDSINCE")) {
        t->why = "Unknown store modifier";
        return ERR_SYNTAX;
    }
    if (!view_has_modseqs(s->view)) {
        t->why = "The mailbox has no modseqs";
        return ERR_SYNTAX;
    }
    a->has_unchangedsince = true;
    s->enabled |= ENABLED_CONDSTORE;
    if ((err = imaptok_sp(t)) != ERR_OK || (err = imaptok_number64(t, &a->unchangedsince)) != ERR_OK
        || (err = imaptok_close(t)) != ERR_OK)
        return err;
    return imaptok_sp(t);
}

static err_t read_item(struct session *s, struct store_args *a)
{
    static const struct {
        const char *word;
        enum store_mode mode;
        bool silent;
    } items[] = {
        { "FLAGS", STORE_REPLACE, false },         { "FLAGS.SILENT", STORE_REPLACE, true },
        { "+FLAGS", STORE_ADD, false },            { "+FLAGS.SILENT", STORE_ADD, true },
        { "-FLAGS", STORE_REMOVE, false },         { "-FLAGS.SILENT", STORE_REMOVE, true },
    };
    struct slice word;
    err_t err = imaptok_name(&s->tok, "+-.", &word);

    for (size_t i = 0; !err && i < sizeof items / sizeof *items; i++) {
        if (!slice_eqs_nocase(word, items[i].word))
            continue;
        a->mode = items[i].mode;
        a->silent = items[i].silent;
        return ERR_OK;
    }
    s->tok.why = "Unknown store item";
    return err ? err : ERR_SYNTAX;
}

static err_t read_flags(struct session *s, struct store_args *a)
{
    err_t err = read_item(s, a);

    if (!err)
        err = imaptok_sp(&s->tok);
    if (!err)
        err = imaptok_flags(&s->tok, true, &a->words, &a->nwords);
    return err ? err : flag_words_sort(a->words, a->nwords, &a->flags);
}

/* What to do with the messages. */
static err_t read_change(struct session *s, struct store_args *a)
{
    if (!imaptok_accept_word(&s->tok, "ANNOTATION"))
        return read_flags(s, a);
    a->annotates = a->silent = true;            /* RFC 5257 4.5 */
    err_t err = imaptok_sp(&s->tok);
    return err ? err : annotation_read_changes(s, NULL, &a->annotations);
}

static err_t read_args(struct session *s, struct store_args *a)
{
    struct imapset set;
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_set(&s->tok, &set)) != ERR_OK
        || (err = imaptok_sp(&s->tok)) != ERR_OK || (err = read_modifier(s, a)) != ERR_OK
        || (err = read_change(s, a)) != ERR_OK) {
        if (a->annotations.fault)
            annotation_refuse(s, err, &a->annotations);
        else if (err == ERR_BADNAME)
            reply_bad(s, "Invalid system flag in Store command");
        else
            args_bad(s, err);
        return err;
    }
    if ((err = args_end(s)) != ERR_OK)
        return err;
    err = view_resolve(s->view, &set, s->is_uid, &a->msgnos);
    if (err)
        reply_resolve(s, err);
    return err;
}

/* Rights for each kind of flag: \Seen s, \Deleted t, the rest w.  What may not be changed is left
 * out; nothing at all is a refusal. */
static err_t narrow_to_rights(struct session *s, const struct store_args *a, uint32_t *system, bool *user)
{
    rights_t have = view_rights(s->view);
    uint32_t asked = a->mode == STORE_REPLACE ? (uint32_t)FLAG_SYSTEM_MASK : a->flags.system;
    uint32_t may = 0;

    if (view_is_readonly(s->view))
        return ERR_READONLY;
    if (have & ACL_S)
        may |= FLAG_SEEN;
    if (have & ACL_T)
        may |= FLAG_DELETED;
    if (have & ACL_W)
        may |= FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DRAFT;
    *system = asked & may;
    *user = (have & ACL_W) && (a->flags.nkeywords > 0 || a->mode == STORE_REPLACE);
    const bool asks_nothing = a->mode != STORE_REPLACE && !asked && !a->flags.nkeywords;        /* "+FLAGS ()" */
    return *system || *user || (asks_nothing && may) ? ERR_OK : ERR_DENIED;
}

/* Who may not set keywords makes none either. */
static err_t keyword_bits(struct session *s, struct commit *c, const struct store_args *a, bool may, uint32_t *bits)
{
    if (!may)
        return ERR_OK;
    for (size_t i = 0; i < a->flags.nkeywords; i++) {
        unsigned n;
        int have = mailbox_flag_find(view_mailbox(s->view), a->flags.keywords[i]);
        err_t err = ERR_OK;
        if (have >= 0)
            n = (unsigned)have;
        else if (a->mode == STORE_REMOVE)
            continue;
        else
            err = commit_keyword(c, a->flags.keywords[i], &n);
        if (err)
            return err;
        bits[n / 32] |= 1u << (n % 32);
    }
    return ERR_OK;
}

static void make_change(const struct store_args *a, uint32_t system, bool user, const uint32_t *bits,
                        struct flag_change *out)
{
    *out = (struct flag_change){ .system_mask = system };
    if (a->mode != STORE_REMOVE)
        out->system_value = a->flags.system & system;
    for (unsigned w = 0; user && w < USER_FLAGS_MAX / 32; w++) {
        out->user_mask[w] = a->mode == STORE_REPLACE ? UINT32_MAX : bits[w];
        out->user_value[w] = a->mode == STORE_REMOVE ? 0 : bits[w];
    }
}

static bool sets_seen(const struct store_args *a)
{
    return a->mode != STORE_REMOVE && (a->flags.system & FLAG_SEEN);
}

static err_t annotate(struct session *s, struct commit *c, struct store_args *a, uint32_t msgno)
{
    struct mailbox *mb = view_mailbox(s->view);
    err_t err = annotation_check_stored_parts(mb, view_recno(s->view, msgno), &a->annotations);

    return err ? err : annotation_set(s, c, mailbox_name(mb), view_uid(s->view, msgno), &a->annotations);
}

static err_t set_flags(struct session *s, struct commit *c, struct store_args *a, struct flag_change *change,
                       uint32_t msgno)
{
    struct view *v = s->view;
    const uint32_t recno = view_recno(v, msgno);

    /* RFC 7162 3.1: a flag of this user alone gives the message a new modseq too */
    change->touch = a->private_seen && view_is_seen(v, recno) != sets_seen(a);
    err_t err = commit_flags(c, recno, change);
    if (!err && change->touch)
        ranges_add(&a->flipped, msgno, msgno);
    return err;
}

/* Inside the commit: messages changed by others since `unchangedsince` are left alone. */
static err_t apply(struct session *s, struct commit *c, struct store_args *a,
                   struct flag_change *change, struct ranges *done, struct ranges *modified,
                   bool *missing)
{
    struct view *v = s->view;
    struct mailbox *mb = view_mailbox(v);
    uint32_t m;

    for (struct ranges_iter it = { 0 }; ranges_next(&a->msgnos, &it, &m);) {
        err_t err;
        if (view_is_expunged(v, m)) {
            *missing = true;
            continue;
        }
        if (a->has_unchangedsince && mailbox_modseq_at(mb, view_recno(v, m)) > a->unchangedsince) {
            ranges_add(modified, s->is_uid ? view_uid(v, m) : m, s->is_uid ? view_uid(v, m) : m);
            continue;
        }
        /* RFC 3501 6.4.6: what others did meanwhile is told in spite of .SILENT */
        if (!a->silent || !view_has_news(v, m))
            ranges_add(&a->told, m, m);
        err = a->annotates ? annotate(s, c, a, m) : set_flags(s, c, a, change, m);
        if (err)
            return err;
        ranges_add(done, m, m);
    }
    return ERR_OK;
}

/* \Seen of readers who are not the owner lives in their own database. */
static err_t store_private_seen(struct session *s, const struct ranges *done, bool seen)
{
    struct ranges uids = RANGES_INIT;
    uint32_t m;
    err_t err;

    for (struct ranges_iter it = { 0 }; ranges_next(done, &it, &m);)
        ranges_add(&uids, view_uid(s->view, m), view_uid(s->view, m));
    err = ranges_empty(&uids) ? ERR_OK : view_store_seen(s->view, &uids, seen);
    ranges_fini(&uids);
    return err;
}

static void tell_silent(struct session *s, uint32_t msgno)
{
    struct buf b = BUF_INIT;

    view_fetch_head(s, msgno, &b);
    if (!(s->enabled & ENABLED_UIDONLY))
        buf_addf(&b, "UID %u ", view_uid(s->view, msgno));
    buf_addf(&b, "MODSEQ (%" PRIu64 "))\r\n",
             mailbox_modseq_at(view_mailbox(s->view), view_recno(s->view, msgno)));
    stream_put_slice(out(s), buf_slice(&b));
    buf_fini(&b);
}

static void tell(struct session *s, const struct store_args *a, const struct ranges *done)
{
    uint32_t m;

    for (struct ranges_iter it = { 0 }; ranges_next(done, &it, &m);) {
        if (!a->silent)
            view_put_flags(s, m);
        else if (s->enabled & ENABLED_CONDSTORE)
            tell_silent(s, m);                  /* RFC 7162 3.1.3: MODSEQ even when silent */
    }
}

static void answer(struct session *s, const struct ranges *modified, bool missing)
{
    struct buf code = BUF_INIT;

    if (!ranges_empty(modified)) {
        buf_adds(&code, "MODIFIED ");
        ranges_format(modified, &code);
        if (missing)
            reply_no(s, buf_cstr(&code), "Some of the messages no longer exist");
        else
            reply_ok_code(s, buf_cstr(&code), "Conditional store failed for some messages");
    } else if (missing) {
        reply_no(s, "EXPUNGEISSUED", "Some of the messages no longer exist");
    } else {
        reply_ok(s, "Completed");
    }
    buf_fini(&code);
}

/* Ends the commit.  Private \Seen comes before the modseq that tells others to look, and is taken
 * back when the commit fails. */
static err_t finish(struct session *s, struct commit **c, const struct store_args *a,
                    const struct ranges *done)
{
    err_t err = a->private_seen ? store_private_seen(s, done, sets_seen(a)) : ERR_OK;

    if (err) {
        commit_abort(c);
        return err;
    }
    err = view_commit_end(s->view, c, &a->told);
    if (err && a->private_seen && store_private_seen(s, &a->flipped, !sets_seen(a)) != ERR_OK)
        log_err("IOERROR: \\Seen of %s was changed though STORE was refused", s->base->client);
    return err;
}

/* RFC 5257 3.4: who may read may write private values, also without a right that changes anything else. */
static err_t may_store(struct session *s, struct store_args *a, uint32_t *system, bool *user)
{
    if (!a->annotates)
        return narrow_to_rights(s, a, system, user);
    return view_is_examined(s->view) ? ERR_READONLY : annotation_check(&a->annotations, view_rights(s->view));
}

static void run(struct session *s, struct store_args *a)
{
    struct ranges done = RANGES_INIT, modified = RANGES_INIT;
    struct flag_change change;
    uint32_t bits[USER_FLAGS_MAX / 32] = { 0 }, system = 0, index_system;
    bool user = false, missing = false;
    struct commit *c = NULL;
    err_t err = may_store(s, a, &system, &user);

    if (!err)
        err = view_commit_begin(s->view, &c);
    if (!err)
        err = keyword_bits(s, c, a, user, bits);
    a->private_seen = (system & FLAG_SEEN) && !view_seen_is_internal(s->view);
    if (!err && !view_seen_is_internal(s->view))
        err = view_reread_seen(s->view);
    if (!err) {
        index_system = a->private_seen ? system & ~(uint32_t)FLAG_SEEN : system;
        make_change(a, index_system, user, bits, &change);
        err = apply(s, c, a, &change, &done, &modified, &missing);
    }
    if (!err && a->annotates)
        err = commit_check_annotation_quota(c);
    if (!err)
        err = finish(s, &c, a, &done);
    else
        commit_abort(&c);
    if (err) {
        annotation_refuse(s, err, &a->annotations);
    } else {
        view_put_flag_lists(s);                 /* new keywords are announced before their first use */
        tell(s, a, &done);
        answer(s, &modified, missing);
    }
    ranges_fini(&done);
    ranges_fini(&modified);
}

void cmd_store(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct store_args a = { .msgnos = RANGES_INIT, .told = RANGES_INIT, .flipped = RANGES_INIT };

    if (read_args(s, &a) == ERR_OK)
        run(s, &a);
    ranges_fini(&a.msgnos);
    ranges_fini(&a.told);
    ranges_fini(&a.flipped);
}
