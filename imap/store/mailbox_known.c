/* mailbox_known.c - what a view knows of its mailbox: cyrus.header and single facts (see mailbox.h,
 * mailbox_impl.h)
 */
#include "imap/store/mailbox_impl.h"

#include "imap/store/lockorder.h"
#include "imap/store/partition.h"
#include "imap/store/recover.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

enum { REPAIR_TOLD_SECONDS = 24 * 60 * 60 };

struct header *view_header(const struct mailbox *mb)
{
    struct mailbox_header_state *hs = mb->hs;
    struct buf path = BUF_INIT;

    if (hs->loaded)
        return &hs->header;
    hs->loaded = true;
    hs->err = ERR_OK;
    header_reset(&hs->header);
    err_t err = partition_file(&mb->entry, FILE_HEADER, &path);
    if (!err)
        err = header_load(buf_cstr(&path), &hs->header);
    if (err) {
        header_reset(&hs->header);
        hs->bad = err == ERR_NOTFOUND || err == ERR_CORRUPT;
        hs->loaded = hs->bad;
        hs->err = hs->bad ? ERR_OK : err;
        log_err("IOERROR: cannot use the mailbox header: mailbox=<%.*s> error=<%s>",
                SLICE_ARG(buf_slice(&mb->entry.name)), err_name(err));
    }
    buf_fini(&path);
    return &hs->header;
}

bool view_header_differs(const struct mailbox *mb)
{
    const struct mailbox_header_state *hs = mb->hs;

    return hs->loaded && !hs->bad && !hs->err && mb->head.header_file_crc &&
           hs->header.crc != mb->head.header_file_crc;
}

err_t view_header_known(const struct mailbox *mb)
{
    (void)view_header(mb);
    return mb->hs->err;
}

struct store *mailbox_store(const struct mailbox *mb)
{
    return mb->store;
}

struct slice mailbox_name(const struct mailbox *mb)
{
    return buf_slice(&mb->entry.name);
}

struct slice mailbox_uniqueid(const struct mailbox *mb)
{
    return buf_slice(&mb->entry.uniqueid);
}

struct slice mailbox_acl(const struct mailbox *mb)
{
    return buf_slice(&mb->entry.acl);
}

const struct mbentry *mailbox_entry(const struct mailbox *mb)
{
    return &mb->entry;
}

const struct index_head *mailbox_head(const struct mailbox *mb)
{
    return &mb->head;
}

struct slice mailbox_quotaroot(struct mailbox *mb)
{
    return buf_slice(&view_header(mb)->quotaroot);
}

err_t mailbox_flags_known(struct mailbox *mb)
{
    err_t err = view_header_known(mb);

    if (err || !(mb->hs->bad || view_header_differs(mb)) || lockorder_holds(LOCK_USER) ||
        mb->layout.version != INDEX_VERSION)
        return err;
    err = recover_mailbox(mb);
    return err == ERR_READONLY || err == ERR_LOCKED ? ERR_OK : err;
}

struct slice mailbox_flag_name(const struct mailbox *mb, unsigned n)
{
    return n < USER_FLAGS_MAX ? buf_slice(&view_header(mb)->flag[n]) : SLICE_NULL;
}

int mailbox_flag_find(const struct mailbox *mb, struct slice name)
{
    return header_flag_find(view_header(mb), name);
}

time_t mailbox_repaired(const struct mailbox *mb)
{
    const time_t when = (time_t)mb->head.last_repack_time, now = clock_now();

    return mb->head.options & INDEX_OPT_REPAIRED && when <= now && now - when < REPAIR_TOLD_SECONDS
               ? when : 0;
}

uint32_t mailbox_nrecords(const struct mailbox *mb)
{
    return mb->head.nrecords;
}
