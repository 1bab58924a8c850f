/* commit_flags.c - changes of records and of the index header inside a commit (see commit.h) */
#include "imap/store/commit_impl.h"

#include "lib/base/bug.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"

/* Words of the option expunge_mode, in its order. */
enum expunge_mode { EXPUNGE_IMMEDIATE, EXPUNGE_SEMIDELAYED, EXPUNGE_DELAYED };

static struct commit_change *find_change(struct commit *c, uint32_t recno)
{
    uint32_t slot = c->slot ? c->slot[recno - 1] : 0;

    return slot ? VEC_AT(&c->changes, struct commit_change, slot - 1) : NULL;
}

err_t commit_change(struct commit *c, uint32_t recno, struct commit_change **out)
{
    struct mailbox *mb = c->mb;

    BUG_UNLESS(recno >= 1 && recno <= mb->head.nrecords);
    *out = find_change(c, recno);
    if (*out)
        return ERR_OK;
    if (!mailbox_record_ok(mb, recno))
        return ERR_CORRUPT;
    if (!c->slot)
        c->slot = mem_array(mb->head.nrecords, sizeof *c->slot);
    struct commit_change *ch = VEC_PUSH(&c->changes, struct commit_change);
    ch->recno = recno;
    mailbox_record(mb, recno, &ch->before);
    ch->after = ch->before;
    c->slot[recno - 1] = (uint32_t)c->changes.n;
    *out = ch;
    return ERR_OK;
}

void commit_touch(struct commit *c, struct commit_change *ch)
{
    if (ch->after.modseq != ch->before.modseq)
        return;
    ch->after.modseq = ++c->head.highestmodseq;
    ch->after.last_updated = c->now;
}

static bool apply(struct record *r, const struct flag_change *f)
{
    uint32_t mask = f->system_mask & FLAG_SYSTEM_MASK;
    uint32_t flags = (r->flags & ~mask) | (f->system_value & mask);
    bool differs = flags != r->flags;

    r->flags = flags;
    for (unsigned w = 0; w < USER_FLAGS_MAX / 32; w++) {
        uint32_t word =
            (r->user_flags[w] & ~f->user_mask[w]) | (f->user_value[w] & f->user_mask[w]);
        differs |= word != r->user_flags[w];
        r->user_flags[w] = word;
    }
    return differs;
}

/* A record that commit_change() took in only to find that nothing changes. */
static void forget_last(struct commit *c, const struct commit_change *ch)
{
    c->slot[ch->recno - 1] = 0;
    vec_pop(&c->changes);
}

err_t commit_flags(struct commit *c, uint32_t recno, const struct flag_change *f)
{
    struct commit_change *ch;
    size_t had = c->changes.n;
    err_t err = commit_change(c, recno, &ch);

    if (err)
        return err;
    if (ch->after.flags & FLAG_INT_EXPUNGED)
        err = ERR_NOTFOUND;
    else if (apply(&ch->after, f) || f->touch) {
        commit_touch(c, ch);
        return ERR_OK;
    }
    if (c->changes.n > had)
        forget_last(c, ch);
    return err;
}

err_t commit_expunge(struct commit *c, uint32_t recno)
{
    struct commit_change *ch;
    size_t had = c->changes.n;
    unsigned mode = conf_enum(CONF_EXPUNGE_MODE);
    err_t err = commit_change(c, recno, &ch);

    if (err)
        return err;
    if (ch->after.flags & FLAG_INT_EXPUNGED) {
        if (c->changes.n > had)
            forget_last(c, ch);
        return ERR_NOTFOUND;
    }
    commit_touch(c, ch);
    ch->after.flags |= FLAG_INT_EXPUNGED;
    c->nexpunged++;
    if (!c->head.first_expunged || c->head.first_expunged > ch->after.last_updated)
        c->head.first_expunged = ch->after.last_updated;
    if (mode != EXPUNGE_DELAYED) {
        ch->after.flags |= FLAG_INT_UNLINKED | FLAG_INT_NEEDS_CLEANUP;
        c->head.options |= INDEX_OPT_NEEDS_UNLINK;
    }
    if (mode == EXPUNGE_IMMEDIATE)
        c->head.options |= INDEX_OPT_NEEDS_REPACK;
    return ERR_OK;
}

/* ---- user flags ---- */

err_t commit_keyword(struct commit *c, struct slice name, unsigned *out)
{
    struct header *h = view_header(c->mb);
    int n = header_flag_find(h, name);

    if (n < 0) {
        if (!header_flag_name_ok(name))
            return ERR_SYNTAX;
        if (c->mb->hs->bad)
            return ERR_CORRUPT;
        n = header_flag_free(h, USER_FLAGS_CLIENT_MAX);
        if (n < 0)
            return ERR_LIMIT;
        buf_add_slice(&h->flag[n], name);
        c->header_changed = true;
    }
    *out = (unsigned)n;
    return ERR_OK;
}

/* ---- the index header alone ---- */

void commit_recent(struct commit *c, uint32_t recentuid)
{
    if (recentuid <= c->head.recentuid)
        return;
    c->head.recentuid = recentuid;
    c->head.recenttime = c->now;
    c->head_changed = true;
}

void commit_pop3_login(struct commit *c, time_t t)
{
    c->head.pop3_last_login = (uint32_t)t;
    c->head_changed = true;
}

void commit_options(struct commit *c, uint32_t set, uint32_t clear)
{
    uint32_t options = (c->head.options | set) & ~clear;

    if (options == c->head.options)
        return;
    c->head.options = options;
    c->head_changed = c->head_durable = true;
}
