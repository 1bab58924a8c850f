/* cmd_append.c - APPEND (RFC 3501 6.3.11, 4315 3): the message goes from the wire to its file in one pass */
#include "imap/imapd/imapd.h"

#include <inttypes.h>

#include "imap/imapd/flag_words.h"
#include "imap/imapd/view.h"
#include "imap/serve/limits.h"
#include "imap/store/quota.h"
#include "lib/base/log.h"

/* A message above the limit that comes unasked is read and dropped when it is at most this much
 * above; a longer one ends the connection (RFC 7888 4). */
enum { DISCARD_MAX = 16 << 20 };

struct append_run {
    struct session *s;
    struct slice name;                          /* internal */
    struct slice *words;
    size_t nwords;
    struct flag_words flags;
    time_t internaldate;
    struct imaptok_literal lit;
    struct mbentry entry;
    rights_t rights;
    struct mailbox *mb;
    struct stage *stage;
    uint32_t uid, uidvalidity;
};

static err_t read_args(struct append_run *r)
{
    struct imaptok *t = &r->s->tok;
    err_t err;

    if ((err = imaptok_sp(t)) != ERR_OK)
        return err;
    if (imaptok_peek(t) == '(') {
        if ((err = imaptok_flags(t, false, &r->words, &r->nwords)) != ERR_OK
            || (err = imaptok_sp(t)) != ERR_OK)
            return err;
    }
    if (imaptok_peek(t) == '"') {
        if ((err = imaptok_date_time(t, &r->internaldate)) != ERR_OK || (err = imaptok_sp(t)) != ERR_OK)
            return err;
    }
    if ((err = imaptok_literal_head(t, &r->lit)) != ERR_OK)
        return err;
    if ((err = flag_words_sort(r->words, r->nwords, &r->flags)) != ERR_OK)
        return err;
    /* the text of the command moves when the line behind the literal is read */
    for (size_t i = 0; i < r->flags.nkeywords; i++)
        r->flags.keywords[i] = arena_dup(r->s->base->command, r->flags.keywords[i]);
    return ERR_OK;
}

/* Is everything known before the message itself in order? */
static err_t admit(struct append_run *r)
{
    struct session *s = r->s;
    struct quota_state q;
    struct buf root = BUF_INIT;
    err_t err = mblist_access(s->base->store, r->name, s->base->ident, s->base->is_admin, &r->entry,
                              &r->rights);

    if (!err && !mbentry_is_mail(&r->entry))
        err = ERR_NOTFOUND;
    if (!err)
        err = policy_check(OP_APPEND, r->rights);
    if (!err && quota_find(s->base->store, r->name, &root) == ERR_OK
        && quota_read(s->base->store, buf_slice(&root), &q) == ERR_OK) {
        err = quota_check(&q, QUOTA_STORAGE, (int64_t)r->lit.size);
        if (!err)
            err = quota_check(&q, QUOTA_MESSAGE, 1);
    }
    buf_fini(&root);
    return err;
}

/* A literal that will not be stored but is on its way already. */
static err_t swallow(struct append_run *r)
{
    err_t err = ERR_OK;

    if (r->lit.nonsync) {
        if (r->lit.size > limit_value(LIMIT_MESSAGE) + DISCARD_MAX) {
            log_notice("message of %" PRIu64 " bytes refused from %s", r->lit.size, r->s->base->client);
            reply_bye(r->s, "[TOOBIG] Message size exceeds fixed limit");
            return ERR_LIMIT;
        }
        err = stream_discard(out(r->s), r->lit.size);
        if (!err)
            err = args_continue(r->s);
    }
    return err;
}

/* Octets of the literal into the staged file.  Failure of the stage is kept while the rest is read. */
static err_t receive(struct append_run *r, err_t *store_err)
{
    uint64_t left = r->lit.size;
    struct slice piece;

    if (!r->lit.nonsync)
        stream_puts(out(r->s), "+ go ahead\r\n");
    while (left > 0) {
        err_t err = stream_some(out(r->s), left > 65536 ? 65536 : (size_t)left, &piece);
        if (err)
            return err;
        left -= piece.n;
        if (*store_err == ERR_OK)
            *store_err = stage_push(r->stage, piece.p, piece.n);
    }
    return args_continue(r->s);
}

/* Words for a message that may not be stored as it is (DL-17); NULL: it may. */
static const char *fault(const struct facts *f)
{
    if (f->has_nul)
        return "Message contains NUL characters";
    if (f->has_bare_lf)                         /* a CR alone is taken, as 3.6 does */
        return "Message contains bare newlines";
    if (f->header_invalid)
        return "Message contains invalid header";
    return NULL;
}

static uint32_t permitted_flags(const struct append_run *r)
{
    uint32_t may = 0;

    if (r->rights & ACL_S)
        may |= FLAG_SEEN;
    if (r->rights & ACL_T)
        may |= FLAG_DELETED;
    if (r->rights & ACL_W)
        may |= FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DRAFT;
    return r->flags.system & may;
}

static err_t store_private_seen(struct append_run *r, bool seen)
{
    struct session_base *b = r->s->base;
    struct ranges uids = RANGES_INIT;
    struct seen after;
    struct seen_change change = { .add = &uids, .durable = true };
    err_t err;

    if (!seen)
        return ERR_OK;
    seen_init(&after);
    ranges_add(&uids, r->uid, r->uid);
    err = seen_update(b->store, ident_userid(b->ident), mailbox_uniqueid(r->mb), &change, &after);
    ranges_fini(&uids);
    seen_fini(&after);
    return err;
}

static err_t store(struct append_run *r)
{
    struct session *s = r->s;
    struct append_info info = { .flags = permitted_flags(r), .internaldate = r->internaldate };
    struct commit *c;
    bool selected, internal;
    err_t err = mailbox_open_entry(s->base->store, &r->entry, &r->mb);

    if (err)
        return err;
    internal = seen_is_internal(r->mb, ident_userid(s->base->ident));
    if (!internal)
        info.flags &= ~(uint32_t)FLAG_SEEN;
    if (r->rights & ACL_W) {
        info.keywords = r->flags.keywords;
        info.nkeywords = r->flags.nkeywords;
    }
    selected = s->view && view_mailbox(s->view) == r->mb;
    err = selected ? view_commit_begin(s->view, &c) : commit_begin(r->mb, NULL, &c);
    if (err)
        return err;
    err = commit_check_quota(c, QUOTA_STRICT, r->lit.size, 1);
    if (!err)
        err = commit_append(c, r->stage, &info, &r->uid);
    r->uidvalidity = mailbox_head(r->mb)->uidvalidity;
    if (err) {
        commit_abort(&c);
        return err;
    }
    err = selected ? view_commit_end(s->view, &c, NULL) : commit_end(&c);
    return err || internal ? err : store_private_seen(r, permitted_flags(r) & FLAG_SEEN);
}

static void answer(struct append_run *r, err_t err)
{
    char code[80];

    if (err == ERR_NOTFOUND) {
        reply_no(r->s, "TRYCREATE", "Mailbox does not exist");
    } else if (err) {
        reply_err(r->s, err);
    } else if (r->rights & ACL_R) {             /* RFC 4315 3: UIDs only to who may read them */
        snprintf(code, sizeof code, "APPENDUID %" PRIu32 " %" PRIu32, r->uidvalidity, r->uid);
        reply_ok_code(r->s, code, "Completed");
    } else {
        reply_ok(r->s, "Completed");
    }
}

static void end_session(struct session *s)
{
    s->state = ST_LOGOUT;
}

static void take_message(struct append_run *r)
{
    struct session *s = r->s;
    err_t store_err = stage_begin(s->base->store, buf_slice(&r->entry.partition), &r->stage), err;
    const char *why;

    if (store_err && !r->lit.nonsync) {
        reply_err(s, store_err);
        return;
    }
    err = receive(r, &store_err);
    if (err) {
        end_session(s);
        return;
    }
    if (!store_err)
        store_err = stage_finish(r->stage);
    if (args_end(s) != ERR_OK)
        return;
    why = store_err ? NULL : fault(stage_facts(r->stage));
    if (why)
        reply_no(s, "CANNOT", why);
    else
        answer(r, store_err ? store_err : store(r));
}

/* Verdict before the message is taken: none but ERR_OK lets it in. */
static void refuse(struct append_run *r, err_t err)
{
    if (swallow(r) != ERR_OK) {
        end_session(r->s);
        return;
    }
    if (err == ERR_LIMIT)
        reply_no(r->s, "TOOBIG", limit_answer(LIMIT_MESSAGE, LIMIT_P_IMAP));
    else if (err == ERR_SYNTAX)
        reply_no(r->s, "CANNOT", "Message must not be empty");
    else
        answer(r, err);
}

void cmd_append(void *session, const struct command *cmd)
{
    struct append_run r = { .s = session };
    struct session *s = session;
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK) {
        args_bad(s, err);
        return;
    }
    if (args_mailbox(s, &r.name) != ERR_OK)
        return;
    if ((err = read_args(&r)) != ERR_OK) {
        if (err == ERR_BADNAME)
            reply_bad(s, "Invalid system flag in Append command");
        else
            args_bad(s, err);
        /* octets that follow unasked would be read as commands */
        if (r.lit.nonsync && swallow(&r) != ERR_OK)
            end_session(s);
        return;
    }
    mbentry_init(&r.entry);
    err = r.lit.size == 0 ? ERR_SYNTAX : r.lit.size > limit_value(LIMIT_MESSAGE) ? ERR_LIMIT : admit(&r);
    if (err)
        refuse(&r, err);
    else
        take_message(&r);
    stage_free(&r.stage);
    mailbox_close(&r.mb);
    mbentry_fini(&r.entry);
}
