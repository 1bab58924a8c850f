/* seen.c - see seen.h
 *
 * Value: "1 <lastread> <lastuid> <lastchange> <uids>"; the blank before an empty set stays.
 */
#include "imap/store/seen.h"

#include "imap/store/mbentry.h"
#include "imap/store/mbname.h"
#include "imap/store/seen_format.h"
#include "imap/store/store_impl.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/num.h"

bool seen_is_internal(const struct mailbox *mb, struct slice userid)
{
    return (mailbox_head(mb)->options & MBOPT_SHAREDSEEN) ||
           mbname_owned_by(mailbox_name(mb), userid);
}

void seen_init(struct seen *s)
{
    *s = (struct seen){ 0 };
    ranges_init(&s->uids);
}

void seen_fini(struct seen *s)
{
    ranges_fini(&s->uids);
}

/* ---- the value ---- */

static err_t parse_time(struct slice s, time_t *out)
{
    int64_t v;
    err_t err = num_i64(s, &v);

    if (!err)
        *out = (time_t)v;
    return err;
}

err_t seen_parse(struct slice value, struct seen *out)
{
    struct slice version, read, uid, change;

    out->last_read = out->last_change = 0;
    out->last_uid = 0;
    ranges_clear(&out->uids);
    value = slice_split(value, ' ', &version, NULL);
    value = slice_split(value, ' ', &read, NULL);
    value = slice_split(value, ' ', &uid, NULL);
    value = slice_split(value, ' ', &change, NULL);
    if (!slice_eqs(version, "1") || parse_time(read, &out->last_read) != ERR_OK ||
        num_u32(uid, &out->last_uid) != ERR_OK || parse_time(change, &out->last_change) != ERR_OK ||
        ranges_parse(&out->uids, value, SEEN_MAX_RANGES) != ERR_OK) {
        ranges_clear(&out->uids);
        return ERR_CORRUPT;
    }
    return ERR_OK;
}

void seen_format(const struct seen *s, struct buf *out)
{
    buf_addf(out, "1 %lld %u %lld ", (long long)s->last_read, s->last_uid,
             (long long)s->last_change);
    ranges_format(&s->uids, out);
}

/* ---- the database ---- */

static err_t fetch(struct db *db, struct db_txn *txn, struct slice uniqueid, struct seen *out)
{
    struct buf value = BUF_INIT;
    err_t err = db_fetch(db, txn, uniqueid, &value);

    if (!err)
        err = seen_parse(buf_slice(&value), out);
    if (err == ERR_CORRUPT) {           /* derived from what a client did: begin anew */
        log_err("DBERROR: seen state is damaged: filename=<%s> key=<%.*s>", db_path(db),
                SLICE_ARG(uniqueid));
        err = ERR_NOTFOUND;
    }
    buf_fini(&value);
    return err;
}

err_t seen_read(struct store *s, struct slice userid, struct slice uniqueid, struct seen *out)
{
    struct db *db;
    err_t err = store_user_db(s, userid, STORE_USER_SEEN, false, &db);

    seen_init(out);
    if (!err)
        err = fetch(db, NULL, uniqueid, out);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

err_t seen_hold(struct store *s, struct slice userid, struct slice uniqueid, struct seen *out,
                struct db_txn **txn)
{
    struct db *db;
    err_t err = store_user_db(s, userid, STORE_USER_SEEN, false, &db);

    seen_init(out);
    *txn = NULL;
    if (!err)
        err = db_begin(db, txn);
    if (err)
        return err;
    err = fetch(db, *txn, uniqueid, out);
    if (err == ERR_NOTFOUND)
        err = ERR_OK;
    if (err)
        seen_let_go(txn);
    return err;
}

void seen_let_go(struct db_txn **txn)
{
    db_abort(txn);
}

/* Apply; false when nothing is new. */
static bool apply(struct seen *s, const struct seen_change *ch)
{
    uint64_t count = ranges_count(&s->uids);
    bool changed = false;

    if (ch->add) {
        ranges_union(&s->uids, ch->add);
        changed = ranges_count(&s->uids) != count;
    }
    count = ranges_count(&s->uids);
    if (ch->remove) {
        ranges_subtract(&s->uids, ch->remove);
        changed |= ranges_count(&s->uids) != count;
    }
    if (ch->last_uid > s->last_uid) {
        s->last_uid = ch->last_uid;
        changed = true;
    }
    if (ch->last_change > s->last_change) {
        s->last_change = ch->last_change;
        changed = true;
    }
    return changed;
}

static err_t store_value(struct db_txn *txn, struct slice uniqueid, struct seen *s)
{
    struct buf value = BUF_INIT;

    s->last_read = clock_now();
    seen_format(s, &value);
    err_t err = db_store(txn, uniqueid, buf_slice(&value));
    buf_fini(&value);
    return err;
}

/* The mailbox may have got another name since; then its modseq has changed too, and what STATUS
 * kept under the new name with it.  Asked before the lock is taken (lockorder.h). */
static void find_name(struct store *s, struct slice uniqueid, struct mbentry *e)
{
    mbentry_init(e);
    if (statuscache_is_on(s) && mblist_lookup_id(s, uniqueid, e) != ERR_OK)
        buf_reset(&e->name);
}

static err_t update_locked(struct store *s, struct slice userid, struct slice uniqueid,
                           const struct seen_change *ch, struct slice name, struct seen *state)
{
    struct db_txn *txn;
    struct db *db;
    err_t err = store_user_db(s, userid, STORE_USER_SEEN, true, &db);
    bool changed = false;

    if (!err)
        err = db_begin(db, &txn);
    if (err)
        return err;
    err = fetch(db, txn, uniqueid, state);
    if (!err || err == ERR_NOTFOUND) {
        if (ch->last_uid_was)
            *ch->last_uid_was = state->last_uid;
        changed = apply(state, ch);
        err = changed ? store_value(txn, uniqueid, state) : ERR_OK;
    }
    if (err || !changed) {
        db_abort(&txn);
        return err;
    }
    if (name.n)                         /* before the change is visible: statuscache.h */
        statuscache_drop_user(s, name, userid);
    return db_commit(&txn);
}

err_t seen_update(struct store *s, struct slice userid, struct slice uniqueid,
                  const struct seen_change *ch, struct seen *after)
{
    struct mbentry e;
    struct seen state;

    seen_init(&state);
    find_name(s, uniqueid, &e);
    err_t err = update_locked(s, userid, uniqueid, ch, buf_slice(&e.name), &state);
    mbentry_fini(&e);
    if (after)
        *after = state;
    else
        seen_fini(&state);
    return err;
}
