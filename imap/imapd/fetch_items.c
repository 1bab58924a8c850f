/* fetch_items.c - the items of FETCH but message sections: one row and one function each; see fetch.h */
#include "imap/imapd/fetch.h"

#include <sys/stat.h>

#include "imap/imapd/annotation.h"
#include "imap/imapd/preview.h"
#include "lib/os/file.h"
#include "lib/text/date_imap.h"
#include "lib/text/imapout.h"

static void put_flags(const struct fetch_message *m)
{
    buf_adds(m->b, "FLAGS ");
    view_flags_text(m->s->view, m->recno, m->b);
}

static void put_uid(const struct fetch_message *m)
{
    buf_adds(m->b, "UID ");
    buf_add_u64(m->b, m->rec.uid);
}

static void put_date(struct buf *b, uint32_t t)
{
    buf_addc(b, '"');
    date_imap_format(b, (time_t)t);
    buf_addc(b, '"');
}

static void put_internaldate(const struct fetch_message *m)
{
    buf_adds(m->b, "INTERNALDATE ");
    put_date(m->b, m->rec.internaldate);
}

/* RFC 8514 4.2.  Records that were upgraded from an old index may have none. */
static void put_savedate(const struct fetch_message *m)
{
    buf_adds(m->b, "SAVEDATE ");
    if (m->rec.savedate)
        put_date(m->b, m->rec.savedate);
    else
        buf_adds(m->b, "NIL");
}

static void put_modseq(const struct fetch_message *m)
{
    buf_adds(m->b, "MODSEQ (");
    buf_add_u64(m->b, m->rec.modseq);
    buf_addc(m->b, ')');
}

static void put_createdmodseq(const struct fetch_message *m)
{
    buf_adds(m->b, "CREATEDMODSEQ (");
    buf_add_u64(m->b, m->rec.createdmodseq);
    buf_addc(m->b, ')');
}

static void put_size(const struct fetch_message *m)
{
    buf_adds(m->b, "RFC822.SIZE ");
    buf_add_u64(m->b, m->rec.size);
}

/* What is on the disk, as 3.6 has it for those who check stores. */
static void put_filesize(const struct fetch_message *m)
{
    struct stat st = { 0 };
    int fd;

    if (mailbox_message_fd(view_mailbox(m->s->view), m->recno, &fd) == ERR_OK) {
        if (fstat(fd, &st) != 0)
            st.st_size = 0;
        file_close(&fd);
    }
    buf_adds(m->b, "RFC822.FILESIZE ");
    buf_add_u64(m->b, (uint64_t)st.st_size);
}

static void put_digest(const struct fetch_message *m)
{
    buf_adds(m->b, "DIGEST.SHA1 ");
    buf_add_hex(m->b, m->rec.guid.b, sizeof m->rec.guid.b);
}

/* RFC 8474 5: M and T keep the two kinds of ids apart. */
static void put_emailid(const struct fetch_message *m)
{
    enum { EMAILID_BYTES = 12 };

    buf_adds(m->b, "EMAILID (M");
    buf_add_hex(m->b, m->rec.guid.b, EMAILID_BYTES);
    buf_addc(m->b, ')');
}

static void put_threadid(const struct fetch_message *m)
{
    if (m->rec.cid)
        buf_addf(m->b, "THREADID (T%016llx)", (unsigned long long)m->rec.cid);
    else
        buf_adds(m->b, "THREADID NIL");
}

static void put_envelope(const struct fetch_message *m)
{
    buf_adds(m->b, "ENVELOPE ");
    buf_add_slice(m->b, m->cache.item[CACHE_ENVELOPE]);
}

static void put_bodystructure(const struct fetch_message *m)
{
    buf_adds(m->b, "BODYSTRUCTURE ");
    buf_add_slice(m->b, m->cache.item[CACHE_BODYSTRUCTURE]);
}

static void put_body(const struct fetch_message *m)
{
    buf_adds(m->b, "BODY ");
    buf_add_slice(m->b, m->cache.item[CACHE_BODY]);
}

/* Made anew each time, in bounded time, so LAZY changes nothing. */
static void put_preview(const struct fetch_message *m)
{
    struct buf text = BUF_INIT;
    struct slice message;

    if (mailbox_message(view_mailbox(m->s->view), m->recno, &message) == ERR_OK)
        preview_text(message, m->s->base->command, &text);
    buf_adds(m->b, "PREVIEW ");
    imapout_string(m->b, buf_slice(&text), 0);
    buf_fini(&text);
}

static void put_annotations(const struct fetch_message *m)
{
    annotation_put(m, m->annotations);
}

/* In the order of the reply. */
static const struct fetch_item_row rows[] = {
    { F_FLAGS, put_flags, false, false },
    { F_UID, put_uid, false, false },
    { F_DIGEST, put_digest, false, false },
    { F_INTERNALDATE, put_internaldate, false, false },
    { F_MODSEQ, put_modseq, false, false },
    { F_CREATEDMODSEQ, put_createdmodseq, false, false },
    { F_SIZE, put_size, false, false },
    { F_FILESIZE, put_filesize, false, true },
    { F_ENVELOPE, put_envelope, true, false },
    { F_BODYSTRUCTURE, put_bodystructure, true, false },
    { F_BODY, put_body, true, false },
    { F_PREVIEW, put_preview, false, true },
    { F_EMAILID, put_emailid, false, false },
    { F_THREADID, put_threadid, false, false },
    { F_SAVEDATE, put_savedate, false, false },
    { F_ANNOTATION, put_annotations, false, false },
};

_Static_assert(sizeof rows / sizeof *rows <= FETCH_ITEMS_MAX, "FETCH_ITEMS_MAX");

size_t fetch_item_rows(unsigned items, const struct fetch_item_row *out[FETCH_ITEMS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (items & rows[i].item)
            out[n++] = &rows[i];
    return n;
}
