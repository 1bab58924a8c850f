/* deliver.c - see deliver.h
 *
 * Recipients are served in order of mailbox name, so that two deliveries to the same people never wait for
 * each other in a circle; in batches, so that few locks are held at a time.
 */
#include "imap/deliver/deliver.h"

#include "imap/store/commit.h"
#include "imap/store/dup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"

enum { BATCH = 32 };

/* One mailbox of a batch. */
struct target {
    size_t rcpt;                                /* index of its recipient */
    struct mailbox *mb;
    struct commit *commit;
    uint32_t uid;
    err_t err;
    bool duplicate;
};

struct run {
    struct store *store;
    const struct delivery *d;
    err_t *verdicts;
    struct slice msgid, date;                   /* key of the duplicate table; empty id: not kept */
    time_t now;
};

static struct slice name_of(const struct run *r, size_t i)
{
    return buf_slice(&r->d->rcpts[i].entry.name);
}

/* Same mailbox as the recipient before it in order: it gets one copy (DL-21 without a Message-ID too). */
static bool same_as_before(const struct run *r, const size_t *order, size_t i)
{
    return i > 0 && slice_eq(name_of(r, order[i]), name_of(r, order[i - 1]));
}

static bool keeps_duplicates(const struct run *r, const struct mailbox *mb)
{
    return !conf_bool(CONF_DUPLICATESUPPRESSION) || r->msgid.n == 0
           || (mailbox_head(mb)->options & MBOPT_DUPDELIVER);
}

static void log_duplicate(const struct run *r, const struct target *t)
{
    log_info("dupelim: eliminated duplicate message to %.*s id %.*s (delivery)",
             SLICE_ARG(mailbox_name(t->mb)), SLICE_ARG(r->msgid));
    if (conf_bool(CONF_AUDITLOG))
        log_notice("auditlog: duplicate sessionid=<%s> action=<delivery> message-id=%.*s mailbox=<%.*s>",
                   r->d->session_id, SLICE_ARG(r->msgid), SLICE_ARG(mailbox_name(t->mb)));
}

static err_t begin(struct run *r, struct target *t)
{
    const struct rcpt *rcpt = &r->d->rcpts[t->rcpt];
    struct append_info info = { .internaldate = r->now };
    enum quota_rule rule = rcpt->ignore_quota                   ? QUOTA_IGNORE
                           : conf_bool(CONF_LMTP_STRICT_QUOTA) ? QUOTA_STRICT
                                                               : QUOTA_DELIVERY;
    err_t err = mailbox_open_entry(r->store, &rcpt->entry, &t->mb);

    if (err)
        return err;
    if (!keeps_duplicates(r, t->mb) && dup_check(r->store, r->msgid, mailbox_uniqueid(t->mb), r->date)) {
        t->duplicate = true;
        log_duplicate(r, t);
        return ERR_OK;
    }
    err = commit_begin(t->mb, NULL, &t->commit);
    if (!err)
        err = commit_check_quota(t->commit, rule, stage_size(r->d->stage), 1);
    if (!err)
        err = commit_append(t->commit, r->d->stage, &info, &t->uid);
    if (err)
        commit_abort(&t->commit);
    return err;
}

/* End the commits of a batch together; each target gets its own result. */
static void finish(struct run *r, struct target *targets, size_t n)
{
    struct commit *commits[BATCH];
    err_t results[BATCH];
    size_t which[BATCH], k = 0;

    for (size_t i = 0; i < n; i++) {
        if (!targets[i].commit)
            continue;
        which[k] = i;
        commits[k++] = targets[i].commit;
        targets[i].commit = NULL;
    }
    commit_end_many(commits, k, results);
    for (size_t i = 0; i < k; i++) {
        struct target *t = &targets[which[i]];
        t->err = results[i];
        if (!t->err && !keeps_duplicates(r, t->mb))
            dup_mark(r->store, r->msgid, mailbox_uniqueid(t->mb), r->date, r->now, t->uid);
    }
}

static void log_verdict(const struct run *r, const struct target *t)
{
    if (t->err)
        log_warn("delivery failed: %s: mailbox=<%.*s> sessionid=<%s>", err_name(t->err),
                 SLICE_ARG(name_of(r, t->rcpt)), r->d->session_id);
    else if (!t->duplicate)
        log_info("Delivered: %.*s to mailbox: %.*s", SLICE_ARG(r->msgid), SLICE_ARG(name_of(r, t->rcpt)));
}

static void run_batch(struct run *r, const size_t *order, size_t from, size_t to)
{
    struct target targets[BATCH];
    size_t n = 0;

    memset(targets, 0, sizeof targets);
    for (size_t i = from; i < to; i++) {
        if (same_as_before(r, order, i))
            continue;
        targets[n].rcpt = order[i];
        targets[n].err = begin(r, &targets[n]);
        n++;
    }
    finish(r, targets, n);
    for (size_t i = 0; i < n; i++) {
        r->verdicts[targets[i].rcpt] = targets[i].err;
        log_verdict(r, &targets[i]);
        mailbox_close(&targets[i].mb);
    }
}

static int by_name(const void *a, const void *b, void *arg)
{
    const struct run *r = arg;

    return slice_cmp(name_of(r, *(const size_t *)a), name_of(r, *(const size_t *)b));
}

void deliver_run(struct store *store, const struct delivery *d, err_t *verdicts)
{
    const struct facts *f = stage_facts(d->stage);
    struct run r = { .store = store, .d = d, .verdicts = verdicts, .date = f->date, .now = clock_now() };
    size_t *order = mem_array(d->n, sizeof *order);

    r.msgid = f->resent_message_id.n ? f->resent_message_id : f->message_id;
    for (size_t i = 0; i < d->n; i++)
        order[i] = i;
    qsort_r(order, d->n, sizeof *order, by_name, &r);
    for (size_t i = 0; i < d->n; i += BATCH)
        run_batch(&r, order, i, i + BATCH < d->n ? i + BATCH : d->n);
    for (size_t i = 1; i < d->n; i++)
        if (same_as_before(&r, order, i))
            verdicts[order[i]] = verdicts[order[i - 1]];
    mem_free(order);
}
