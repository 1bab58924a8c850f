/* recover_record.c - records with wrong checksums, message files without records (see recover.h)
 */
#include "imap/store/recover_impl.h"

#include "imap/store/durable.h"
#include "imap/store/msgfile.h"
#include "lib/base/endian.h"
#include "lib/base/log.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

static const struct index_layout layout_now = { INDEX_VERSION, INDEX_HEAD_SIZE, INDEX_RECORD_SIZE };

static void put_record(struct recovery *v, uint32_t recno, const struct record *r)
{
    size_t at = (size_t)(recno - 1) * INDEX_RECORD_SIZE;

    index_record_encode(r, recovery_raw(v, recno));
    if (v->first_changed > at)
        v->first_changed = (uint32_t)at;
    v->repaired++;
}

static uint32_t uid_at(struct recovery *v, uint32_t recno)
{
    return be32_get(recovery_raw(v, recno) + IR_UID);
}

static bool sound(struct recovery *v, uint32_t recno)
{
    return index_record_crc_ok(recovery_raw(v, recno), &layout_now);
}

/* ---- from the message file ---- */

static bool message_exists(const struct mailbox *mb, uint32_t uid)
{
    struct record r = { .uid = uid };
    struct buf path = BUF_INIT;
    bool yes = msgfile_path(&mb->entry, &r, &path) == ERR_OK && file_exists(buf_cstr(&path));

    buf_fini(&path);
    return yes;
}

/* Everything that the file tells: r has the UID. */
static err_t fill_from_file(const struct mailbox *mb, struct record *r)
{
    struct record plain = { .uid = r->uid };
    struct filemap map = FILEMAP_INIT;
    struct buf path = BUF_INIT;
    struct facts *facts = NULL;
    struct stat st;

    err_t err = msgfile_path(&mb->entry, &plain, &path);
    if (!err)
        err = file_stat(buf_cstr(&path), &st);
    if (!err)
        err = filemap_open(&map, path.p);
    if (!err)
        err = facts_of_bytes(filemap_slice(&map), NULL, &facts);
    if (!err) {
        r->internaldate = (uint32_t)st.st_mtime;
        r->size = facts->size;
        r->header_size = facts->header_size;
        r->guid = facts->guid;
        r->sentdate = (uint32_t)facts_sentdate(facts, r->internaldate);
        r->gmtime = (uint32_t)facts_gmtime(facts, r->internaldate);
        r->cache_offset = 0;
        r->cache_version = 0;
        r->cache_crc = 0;
    }
    facts_free(&facts);
    filemap_fini(&map);
    buf_fini(&path);
    return err;
}

/* ---- one damaged record ---- */

/* UID for a slot between two others: the one in the bytes if it fits, else a file that no record
 * has. */
static uint32_t choose_uid(struct recovery *v, uint32_t recno, uint32_t after, uint32_t before)
{
    enum { TRIES = 1000 };
    uint32_t uid = uid_at(v, recno);

    if (uid > after && uid < before)
        return uid;
    for (uint32_t n = 0; n < TRIES && after + 1 + n < before; n++)
        if (message_exists(v->mb, after + 1 + n))
            return after + 1 + n;
    return after + 1 < before ? after + 1 : 0;
}

/* UID of the next sound record; for the last ones, the first UID that was never given. */
static uint32_t next_sound_uid(struct recovery *v, uint32_t recno)
{
    for (uint32_t i = recno + 1; i <= v->trusted; i++)
        if (sound(v, i))
            return uid_at(v, i);
    return v->head_lost || v->head.last_uid == UINT32_MAX ? UINT32_MAX : v->head.last_uid + 1;
}

static err_t rebuild(struct recovery *v, uint32_t recno, uint32_t after)
{
    struct record r;
    uint32_t uid = choose_uid(v, recno, after, next_sound_uid(v, recno));

    if (!uid)
        return ERR_CORRUPT;
    index_record_decode(recovery_raw(v, recno), &layout_now, &r);
    r.uid = uid;
    r.flags &= FLAG_SYSTEM_MASK | FLAG_INT_EXPUNGED | FLAG_INT_UNLINKED | FLAG_INT_NEEDS_CLEANUP;
    if (r.savedate > v->now)
        r.savedate = v->now;
    err_t err = fill_from_file(v->mb, &r);
    if (err == ERR_NOTFOUND)
        r.flags |= FLAG_INT_EXPUNGED | FLAG_INT_UNLINKED;
    else if (err)
        return err;
    r.last_updated = v->now;
    r.modseq = ++v->head.highestmodseq;
    if (r.createdmodseq > r.modseq)
        r.createdmodseq = r.modseq;
    put_record(v, recno, &r);
    v->lossy = true;
    log_err("IOERROR: index record was damaged and is made again, its flags may be lost: "
            "mailbox=<%.*s> uid=<%u> message=<%s>",
            SLICE_ARG(mailbox_name(v->mb)), r.uid, err ? "gone" : "read");
    return ERR_OK;
}

/* A record that the header did not count for sure: real if its bytes and its message are. */
static bool accept_untrusted(struct recovery *v, uint32_t recno, uint32_t after)
{
    struct record r;
    struct filemap map = FILEMAP_INIT;

    if (!sound(v, recno) || uid_at(v, recno) <= after)
        return false;
    index_record_decode(recovery_raw(v, recno), &layout_now, &r);
    if (r.flags & FLAG_INT_UNLINKED)
        return true;
    bool ok = msgfile_map(&v->mb->entry, &r, &map) == ERR_OK;
    filemap_fini(&map);
    return ok;
}

static err_t recover_one(struct recovery *v, uint32_t recno, uint32_t after)
{
    if (sound(v, recno) && uid_at(v, recno) > after)
        return ERR_OK;
    if (index_correct_byte(recovery_raw(v, recno), INDEX_RECORD_SIZE) && uid_at(v, recno) > after) {
        size_t at = (size_t)(recno - 1) * INDEX_RECORD_SIZE;
        if (v->first_changed > at)
            v->first_changed = (uint32_t)at;
        v->repaired++;
        return ERR_OK;
    }
    return rebuild(v, recno, after);
}

/* How many records there are for sure, and how many there may be. */
static void find_end(struct recovery *v)
{
    uint32_t counted = v->head.nrecords < v->fits ? v->head.nrecords : v->fits;

    v->nrecords = v->head_bad ? v->fits : counted;
    v->trusted = counted;
    if (v->head_lost || (v->head_bad && v->head.nrecords > v->fits)) {
        v->trusted = v->fits;
        while (v->trusted && !sound(v, v->trusted))
            v->trusted--;
        v->nrecords = v->trusted;
    }
}

err_t recover_records(struct recovery *v)
{
    uint32_t last = 0;

    find_end(v);

    for (uint32_t recno = 1; recno <= v->nrecords; recno++) {
        if (recno > v->trusted && !accept_untrusted(v, recno, last)) {
            v->nrecords = recno - 1;
            break;
        }
        err_t err = recover_one(v, recno, last);
        if (err)
            return err;
        last = uid_at(v, recno);
    }
    return ERR_OK;
}

/* ---- message files without records ---- */

struct orphans {
    uint32_t above;
    struct vec uids;                    /* uint32_t */
};

static err_t find_orphan(void *arg, const char *name, enum dir_type type)
{
    struct orphans *o = arg;
    uint32_t uid = type == DIR_DIR ? 0 : msgfile_uid(name);

    if (uid > o->above)
        *VEC_PUSH(&o->uids, uint32_t) = uid;
    return ERR_OK;
}

static int by_number(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

static err_t remove_orphan(struct recovery *v, uint32_t uid)
{
    struct record r = { .uid = uid };
    struct buf path = BUF_INIT;
    err_t err = msgfile_path(&v->mb->entry, &r, &path);

    if (!err)
        err = durable_unlink(buf_cstr(&path));
    buf_fini(&path);
    return err;
}

/* The message was stored, only its acknowledgement is open: keeping it is always right. */
static err_t adopt_orphan(struct recovery *v, uint32_t uid)
{
    struct record r = { .uid = uid, .savedate = v->now, .last_updated = v->now };
    err_t err = fill_from_file(v->mb, &r);

    if (v->head.last_uid < uid)
        v->head.last_uid = uid;         /* its name is in use in any case */
    if (err)
        return ERR_OK;
    r.modseq = r.createdmodseq = ++v->head.highestmodseq;
    v->records.n = (size_t)v->nrecords * INDEX_RECORD_SIZE;
    buf_reserve(&v->records, INDEX_RECORD_SIZE);
    v->records.n += INDEX_RECORD_SIZE;
    put_record(v, ++v->nrecords, &r);
    v->head.last_appenddate = v->now;
    return ERR_OK;
}

/* No file above it has a record. */
static uint32_t last_indexed(struct recovery *v)
{
    if (!v->cut)
        return v->head.last_uid;
    return v->nrecords ? uid_at(v, v->nrecords) : 0;
}

/* A commit that died has left files above last_uid; what a cut index had below was committed. */
static bool died(const struct recovery *v, uint32_t uid, uint32_t last_uid)
{
    return v->unfinished && uid > last_uid;
}

err_t recover_orphans(struct recovery *v)
{
    const uint32_t last_uid = v->head.last_uid;
    struct orphans o = { last_indexed(v), VEC_INIT(uint32_t) };
    struct buf dir = BUF_INIT;
    err_t err = msgfile_dir(&v->mb->entry, false, &dir);

    if (!err)
        err = dir_list(buf_cstr(&dir), find_orphan, &o);
    vec_sort(&o.uids, by_number);
    for (size_t i = 0; i < o.uids.n && !err; i++) {
        uint32_t uid = *VEC_AT(&o.uids, uint32_t, i);
        err = died(v, uid, last_uid) ? remove_orphan(v, uid) : adopt_orphan(v, uid);
    }
    if (!err && o.uids.n)
        log_notice("message files without a record: mailbox=<%.*s> number=<%zu> done=<%s>",
                   SLICE_ARG(mailbox_name(v->mb)), o.uids.n,
                   v->unfinished ? "removed" : "taken in");
    vec_fini(&o.uids);
    buf_fini(&dir);
    return err;
}
