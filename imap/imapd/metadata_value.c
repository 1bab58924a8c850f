/* metadata_value.c - annotations whose values are not in annotations.db (metadata.h) */
#include "imap/imapd/metadata.h"

#include <inttypes.h>

#include "imap/store/mailbox.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/partition.h"
#include "lib/conf/conf.h"
#include "lib/os/file.h"
#include "lib/text/ascii.h"
#include "lib/text/date_imap.h"

enum { MSG_FILE_MAX = 256 * 1024 };

/* ---- the mailbox ---- */

static void put_bool(struct buf *out, bool yes)
{
    buf_adds(out, yes ? "true" : "false");
}

static bool put_date(struct buf *out, uint32_t t)
{
    if (t)
        date_imap_format(out, (time_t)t);
    return t != 0;
}

static bool last_update(const struct metadata_target *t, struct buf *out)
{
    struct buf path = BUF_INIT;
    struct stat st;
    err_t err = partition_file(t->entry, FILE_INDEX, &path);

    if (!err)
        err = file_stat(buf_cstr(&path), &st);
    buf_fini(&path);
    return !err && put_date(out, (uint32_t)st.st_mtime);
}

static bool of_index(const struct metadata_target *t, enum annot_source source, struct buf *out)
{
    struct index_head h;

    if (mailbox_peek(t->s->base->store, t->entry, &h) != ERR_OK)
        return false;
    switch (source) {
    case ANNOT_OPTION_POP3_NEW_UIDL:
        put_bool(out, h.options & MBOPT_POP3_NEW_UIDL);
        return true;
    case ANNOT_OPTION_SHAREDSEEN:
        put_bool(out, h.options & MBOPT_SHAREDSEEN);
        return true;
    case ANNOT_OPTION_DUPDELIVER:
        put_bool(out, h.options & MBOPT_DUPDELIVER);
        return true;
    case ANNOT_POP3_SHOW_AFTER:
        return put_date(out, h.pop3_show_after);
    case ANNOT_LASTPOP:
        return put_date(out, h.pop3_last_login);
    case ANNOT_ANNOTSIZE:
        buf_add_u64(out, h.quota_annot_used);
        return true;
    case ANNOT_SIZE:
        buf_add_u64(out, h.quota_used);
        return true;
    case ANNOT_SYNCCRCS:
        buf_addf(out, "%" PRIu32 " %" PRIu32, h.sync_crc_basic, h.sync_crc_annot);
        return true;
    default:
        return false;
    }
}

/* ---- the server ---- */

/* Free KiB of all partitions together; with `total`, and of all; `most`: of the one that is used
 * most. */
static bool free_space(enum annot_source source, struct buf *out)
{
    struct partition_usage sum = { 0 }, most = { 0 }, one;
    struct slice name;
    size_t pos = 0;

    while (partition_next(&pos, &name)) {
        if (!partition_measure(name, &one))
            continue;
        sum.free_kib += one.free_kib;
        sum.total_kib += one.total_kib;
        if (!most.total_kib || (double)one.free_kib * (double)most.total_kib <
                                   (double)most.free_kib * (double)one.total_kib)
            most = one;
    }
    const struct partition_usage *u = source == ANNOT_FREESPACE_MOST ? &most : &sum;
    buf_add_u64(out, u->free_kib);
    if (source != ANNOT_FREESPACE)
        buf_addf(out, ";%" PRIu64, u->total_kib);
    return true;
}

static void msg_path(const char *file, struct buf *path)
{
    struct buf name = BUF_INIT;

    buf_addf(&name, "msg/%s", file);
    conf_dir(path, buf_cstr(&name));
    buf_fini(&name);
}

bool metadata_msg_read(const char *file, struct buf *out)
{
    struct buf path = BUF_INIT;
    bool has;

    msg_path(file, &path);
    has = file_exists(buf_cstr(&path)) && file_load(buf_cstr(&path), MSG_FILE_MAX, out) == ERR_OK;
    while (has && out->n && (out->p[out->n - 1] == '\n' || out->p[out->n - 1] == '\r'))
        buf_truncate(out, out->n - 1);
    buf_fini(&path);
    return has && out->n;
}

err_t metadata_msg_write(const char *file, struct slice text)
{
    struct buf path = BUF_INIT, tmp = BUF_INIT, bytes = BUF_INIT;
    err_t err;

    msg_path(file, &path);
    if (text.n) {
        buf_addf(&tmp, "%s.NEW", buf_cstr(&path));
        buf_add_slice(&bytes, text);
        buf_addc(&bytes, '\n');
        err = file_replace(buf_cstr(&path), buf_cstr(&tmp), buf_slice(&bytes), 0644, FILE_SYNC);
    } else {
        err = file_unlink(buf_cstr(&path));
        if (err == ERR_NOTFOUND)
            err = ERR_OK;
    }
    buf_fini(&path);
    buf_fini(&tmp);
    buf_fini(&bytes);
    return err;
}

/* ---- all ---- */

bool metadata_computed(const struct metadata_target *t, const struct annot_entry *e,
                       struct buf *out)
{
    buf_reset(out);
    switch (e->source) {
    case ANNOT_UNIQUEID:
        buf_add_slice(out, buf_slice(&t->entry->uniqueid));
        return true;
    case ANNOT_PARTITION:
        buf_add_slice(out, buf_slice(&t->entry->partition));
        return true;
    case ANNOT_FOLDERMODSEQ:
        buf_add_u64(out, t->entry->foldermodseq);
        return true;
    case ANNOT_HASALARMS:
        put_bool(out, false); /* only calendars have them */
        return true;
    case ANNOT_LASTUPDATE:
        return last_update(t, out);
    case ANNOT_MOTD:
        return metadata_msg_read("motd", out);
    case ANNOT_SHUTDOWN:
        return metadata_msg_read("shutdown", out);
    case ANNOT_FREESPACE:
    case ANNOT_FREESPACE_TOTAL:
    case ANNOT_FREESPACE_MOST:
        return free_space(e->source, out);
    case ANNOT_USERMODSEQ: /* of the counters file, which conversations bring */
        buf_adds(out, "0");
        return true;
    case ANNOT_USERCOUNTERS:
        buf_adds(out, "0 0 0 0 0 0 0 0 0 0 0 0 0");
        return true;
    case ANNOT_IN_DB:
        return false;
    default:
        return of_index(t, e->source, out);
    }
}
