/* journal_ops.c - see journal_ops.h */
#include "cunit/store/journal_ops.h"

#include "cunit/test.h"
#include "imap/store/annot.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/mailbox_impl.h"
#include "imap/store/msgannot.h"
#include "imap/store/quota.h"
#include "imap/store/synccrc.h"

static const char *const names[OPS_BOXES] = { "user.fred", "user.fred.a", "user.fred.b" };

const char *ops_name(unsigned box)
{
    return names[box];
}

void ops_setup(struct store *s, struct ops_boxes *b)
{
    int64_t limits[QUOTA_NRES] = { 100000000, QUOTA_UNLIMITED, QUOTA_UNLIMITED, QUOTA_UNLIMITED };

    for (unsigned i = 0; i < OPS_BOXES; i++)
        box_create(s, names[i], &b->e[i]);
    CU_ASSERT_EQUAL_FATAL(quota_set_limits(s, SLICE_LIT("user.fred"), limits), ERR_OK);
    for (unsigned i = 0; i < OPS_BOXES; i++) {
        struct mailbox *mb = box_open(s, names[i]);
        CU_ASSERT_EQUAL_FATAL(box_append_many(mb, i ? 1 : OPS_BEFORE), ERR_OK);
        mailbox_close(&mb);
    }
}

void ops_fini(struct ops_boxes *b)
{
    for (unsigned i = 0; i < OPS_BOXES; i++)
        mbentry_fini(&b->e[i]);
}

/* Do the stored annotations give the checksum and the bytes of the index header? */
static bool annotations_agree(struct mailbox *mb)
{
    struct msgannot *a = NULL;
    struct msgannot_share share = { 0, 0 };
    uint32_t crc = INDEX_SYNC_CRC_ANNOT_START;
    uint64_t bytes = 0;
    struct record r;

    if (msgannot_open(mb->store, &mb->entry, &a) == ERR_NOTFOUND)
        a = NULL;
    for (uint32_t i = 1; i <= mailbox_nrecords(mb); i++) {
        mailbox_record(mb, i, &r);
        crc ^= synccrc_virtual(&r);
        if (!a || r.flags & FLAG_INT_EXPUNGED || msgannot_share(a, r.uid, &share) != ERR_OK)
            continue;
        crc ^= share.crc;
        bytes += share.bytes;
    }
    msgannot_close(&a);
    return crc == mb->head.sync_crc_annot && bytes == mb->head.quota_annot_used;
}

const char *ops_fault(struct store *s, const struct ops_boxes *b)
{
    int64_t bytes = 0, messages = 0;
    struct quota_state q;
    const char *fault = NULL;

    for (unsigned i = 0; i < OPS_BOXES && !fault; i++) {
        struct mailbox *mb;
        if (mailbox_open(s, slice_cstr(names[i]), &mb) != ERR_OK)
            return "a mailbox does not open";
        if (!annotations_agree(mb))
            fault = "annotations differ from their checksum";
        bytes += (int64_t)mailbox_head(mb)->quota_used;
        messages += mailbox_head(mb)->exists;
        if (!fault)
            fault = box_fault(&b->e[i]);
        mailbox_close(&mb);
    }
    if (!fault && (quota_read(s, SLICE_LIT("user.fred"), &q) != ERR_OK ||
                   q.used[QUOTA_STORAGE] != bytes || q.used[QUOTA_MESSAGE] != messages))
        fault = "quota differs from the recount";
    return fault;
}

/* ---- operations ---- */

static err_t end(struct commit *c, err_t err)
{
    if (!err)
        return commit_end(&c);
    commit_abort(&c);
    return err;
}

int op_append(struct store *s)
{
    struct mailbox *mb = box_open(s, names[0]);
    return box_append(mb, 100, FLAG_SEEN, NULL);
}

int op_append_many(struct store *s)
{
    struct mailbox *mb = box_open(s, names[0]);
    err_t err = box_append_many(mb, 4);

    for (unsigned i = 0; i < 2 && !err; i++)
        err = box_append(mb, 200 + i, 0, NULL);
    return err;
}

static err_t stage_of(struct store *s, unsigned number, size_t size, struct stage **out)
{
    struct buf text = BUF_INIT;

    box_message(&text, number, size);
    err_t err = stage_begin(s, SLICE_LIT("default"), out);
    if (!err)
        err = stage_push(*out, text.p, text.n);
    if (!err)
        err = stage_finish(*out);
    buf_fini(&text);
    return err;
}

/* The stages to all n mailboxes, in one round. */
static err_t deliver(struct store *s, struct stage **stages, unsigned nstages, unsigned n)
{
    struct append_info info = { .internaldate = 1600000000 };
    struct mailbox *mb[OPS_BOXES];
    struct commit *c[OPS_BOXES];
    err_t results[OPS_BOXES], err = ERR_OK;
    uint32_t uid;

    for (unsigned i = 0; i < n; i++)
        mb[i] = box_open(s, names[i]);
    commit_begin_many(mb, n, NULL, c, results);
    for (unsigned i = 0; i < n && !err; i++) {
        err = results[i];
        for (unsigned k = 0; k < nstages && !err; k++)
            err = commit_append(c[i], stages[k], &info, &uid);
    }
    commit_end_many(c, n, results);
    for (unsigned i = 0; i < n && !err; i++)
        err = results[i];
    for (unsigned i = 0; i < n; i++)
        mailbox_close(&mb[i]);
    return err;
}

static int deliver_new(struct store *s, unsigned nstages, size_t size, unsigned n)
{
    struct stage *stages[8];
    err_t err = ERR_OK;

    for (unsigned i = 0; i < nstages && !err; i++)
        err = stage_of(s, 300 + i, size, &stages[i]);
    if (!err)
        err = deliver(s, stages, nstages, n);
    for (unsigned i = 0; i < nstages; i++)
        stage_free(&stages[i]);
    return err;
}

int op_deliver(struct store *s)
{
    return deliver_new(s, 1, 500, OPS_BOXES);
}

int op_flags(struct store *s)
{
    struct mailbox *mb = box_open(s, names[0]);
    err_t err = box_set_flags(mb, 2, FLAG_SEEN | FLAG_FLAGGED, FLAG_SEEN);

    if (!err)
        err = box_set_flags(mb, 3, FLAG_SEEN | FLAG_FLAGGED, FLAG_FLAGGED);
    return err ? err : box_set_flags(mb, 2, FLAG_SEEN | FLAG_FLAGGED, FLAG_FLAGGED);
}

static err_t set_keyword(struct mailbox *mb, const char *name, uint32_t recno)
{
    struct flag_change f = { 0 };
    struct commit *c;
    unsigned n;
    err_t err = commit_begin(mb, NULL, &c);

    if (err)
        return err;
    err = commit_keyword(c, slice_cstr(name), &n);
    if (!err) {
        f.user_mask[n / 32] = f.user_value[n / 32] = 1u << n % 32;
        err = commit_flags(c, recno, &f);
    }
    return end(c, err);
}

int op_keyword(struct store *s)
{
    struct mailbox *mb = box_open(s, names[0]);
    err_t err = set_keyword(mb, "Fresh", 2);

    return err ? err : set_keyword(mb, "$Label1", 4);
}

int op_append_keyword(struct store *s)
{
    const struct slice words[] = { SLICE_LIT("One"), SLICE_LIT("Two") };
    struct append_info info = { .keywords = words, .nkeywords = 2, .internaldate = 1500000000 };
    struct mailbox *mb = box_open(s, names[1]);
    struct stage *stage;
    struct commit *c;
    uint32_t uid;
    err_t err = stage_of(s, 9, 100, &stage);

    if (!err)
        err = commit_begin(mb, NULL, &c);
    if (!err)
        err = end(c, commit_append(c, stage, &info, &uid));
    stage_free(&stage);
    return err;
}

int op_expunge(struct store *s)
{
    struct mailbox *mb = box_open(s, names[0]);
    err_t err = box_expunge(mb, 2);

    return err ? err : box_expunge(mb, 5);
}

int op_copy(struct store *s)
{
    struct mailbox *src = box_open(s, names[0]), *dst = box_open(s, names[1]);
    struct commit *c;
    uint32_t uid;
    err_t err = commit_begin(dst, NULL, &c);

    for (uint32_t i = 1; i <= 3 && !err; i++)
        err = commit_copy(c, src, i, FLAG_SEEN, &uid);
    return end(c, err);
}

/* Old values change and go, new messages bring theirs, and a copy takes some along; twice. */
int op_annotate(struct store *s)
{
    static const struct annot_copy all = { .shared = true, .of_user = true, .from = ANNOT_OWNER,
                                           .to = ANNOT_OWNER };
    const struct slice comment = SLICE_LIT("/comment");
    struct mailbox *src = box_open(s, names[0]), *dst = box_open(s, names[1]);
    struct commit *c;
    uint32_t uid;
    err_t err = ERR_OK;

    for (int round = 0; round < 2 && !err; round++) {
        err = commit_begin(src, NULL, &c);
        for (uint32_t i = 1; i <= 3 && !err; i++)
            err = commit_annotate(c, i, comment, i & 1 ? ANNOT_OWNER : SLICE_NULL,
                                  round ? SLICE_LIT("second") : SLICE_LIT("the first"));
        if (!err)
            err = commit_annotate(c, 2, SLICE_LIT("/altsubject"), SLICE_NULL,
                                  round ? SLICE_NULL : SLICE_LIT("soon gone"));
        err = end(c, err);
    }
    if (!err)
        err = commit_begin(dst, NULL, &c);
    for (uint32_t i = 1; i <= 3 && !err; i++) {
        err = commit_copy(c, src, i, FLAG_SEEN, &uid);
        if (!err)
            err = commit_copy_annotations(c, uid, src, i, &all);
    }
    return err ? 1 : end(c, err);
}

int op_move(struct store *s)
{
    struct mailbox *mbs[] = { box_open(s, names[0]), box_open(s, names[2]) };
    struct commit *c[2];
    err_t results[2], err = ERR_OK;
    uint32_t uid;

    commit_begin_many(mbs, 2, NULL, c, results);
    for (uint32_t i = 3; i <= 4 && !err; i++) {
        err = commit_copy(c[1], mbs[0], i, 0, &uid);
        if (!err)
            err = commit_expunge(c[0], i);
    }
    commit_end_many(c, 2, results);
    mailbox_close(&mbs[0]);
    mailbox_close(&mbs[1]);
    return err ? err : results[0] ? results[0] : results[1];
}

int op_come_and_go(struct store *s)
{
    struct mailbox *mb = box_open(s, names[0]);
    err_t err = box_append(mb, 100, 0, NULL);

    if (!err)
        err = box_append(mb, 101, 0, NULL);
    if (!err)
        err = box_expunge(mb, OPS_BEFORE + 1);
    return err;
}

int op_set_header(struct store *s)
{
    struct slice root = SLICE_LIT("user.fred");
    struct mailbox *mb = box_open(s, names[0]);
    uint64_t modseq;
    err_t err = set_keyword(mb, "Before", 1);

    if (!err)
        err = mailbox_set_header(s, mailbox_entry(mb), &root, &modseq);
    return err ? err : box_append(mb, 7, 0, NULL);
}

int op_set_uidvalidity(struct store *s)
{
    struct mailbox *mb = box_open(s, names[0]);
    err_t err = box_append(mb, 7, 0, NULL);

    return err ? err : mailbox_set_uidvalidity(s, mailbox_entry(mb), 1700000099);
}

int op_large(struct store *s)
{
    int err = op_append(s);

    if (!err)
        err = deliver_new(s, 1, 300000, 2);
    return err ? err : op_flags(s);
}

int op_many_bytes(struct store *s)
{
    return deliver_new(s, 5, 150000, 1);
}

int op_many_bytes_each(struct store *s)
{
    return deliver_new(s, 3, 180000, OPS_BOXES);
}

int op_fill(struct store *s)
{
    int err = 0;

    for (unsigned i = 0; i < 13 && !err; i++)
        err = deliver_new(s, 1, 100000, 1 + i % 2);
    return err;
}

int op_day(struct store *s)
{
    static int (*const ops[])(struct store *) = {
        op_append, op_deliver, op_flags,  op_keyword,    op_append_many, op_append_keyword,
        op_copy,   op_move,    op_deliver, op_set_header, op_expunge,
    };

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        int err = ops[i](s);
        if (err)
            return err;
    }
    return 0;
}
