/* header_filter.c - see header_filter.h */
#include "imap/lmtpd/header_filter.h"

void header_filter_init(struct header_filter *f, const struct sink *next, bool munge, const char *msgid,
                        const char *date)
{
    memset(f, 0, sizeof *f);
    f->next = next;
    f->munge = munge;
    f->at_bol = true;
    f->msgid = msgid;
    f->date = date;
}

void header_filter_fini(struct header_filter *f)
{
    buf_fini(&f->extra);
}

static err_t emit(struct header_filter *f, struct slice piece)
{
    return piece.n ? f->next->write(f->next->arg, piece) : ERR_OK;
}

static err_t add_missing(struct header_filter *f)
{
    err_t err = ERR_OK;

    if (!f->has_msgid)
        err = emit(f, slice_cstr(f->msgid));
    if (!err && !f->has_date)
        err = emit(f, slice_cstr(f->date));
    return err;
}

static void note_name(struct header_filter *f)
{
    struct slice name = slice_trim(slice_make(f->name, f->name_n));

    if (slice_eqs_nocase(name, "message-id"))
        f->has_msgid = true;
    else if (slice_eqs_nocase(name, "date"))
        f->has_date = true;
    f->name_done = true;
}

/* One byte of the header.  True: the empty line begins here, the header is over. */
static bool header_byte(struct header_filter *f, char c)
{
    if (f->at_bol) {
        f->begins_folded |= !f->has_begun && (c == ' ' || c == '\t');
        f->has_begun = true;
        f->at_bol = false;
        f->name_n = 0;
        f->name_done = c == ' ' || c == '\t';
        if (c == '\r')
            return true;
    }
    if (c == '\n') {
        f->at_bol = true;
    } else if (!f->name_done) {
        if (c == ':')
            note_name(f);
        else if (f->name_n < sizeof f->name)
            f->name[f->name_n++] = c;
        else
            f->name_done = true;
    }
    return false;
}

/* Bytes of the header, 8-bit ones replaced if asked. */
static err_t emit_header(struct header_filter *f, struct slice piece)
{
    bool dirty = false;

    for (size_t i = 0; i < piece.n && !dirty; i++)
        dirty = (unsigned char)piece.p[i] >= 0x80;
    f->has_8bit |= dirty;
    if (!dirty || !f->munge)
        return emit(f, piece);
    buf_reset(&f->extra);
    for (size_t i = 0; i < piece.n; i++)
        buf_addc(&f->extra, (unsigned char)piece.p[i] >= 0x80 ? 'X' : piece.p[i]);
    return emit(f, buf_slice(&f->extra));
}

err_t header_filter_push(struct header_filter *f, struct slice piece)
{
    size_t i = 0;
    bool over = false;
    err_t err;

    if (f->in_body)
        return emit(f, piece);
    while (i < piece.n && !over)
        over = header_byte(f, piece.p[i++]);
    if (!over)
        return emit_header(f, piece);
    i--;                                        /* the CR of the empty line comes after what is added */
    f->in_body = true;
    err = emit_header(f, slice_cut(piece, 0, i));
    if (!err)
        err = add_missing(f);
    return err ? err : emit(f, slice_skip(piece, i));
}

err_t header_filter_end(struct header_filter *f)
{
    if (f->in_body)
        return ERR_OK;
    f->in_body = true;
    return add_missing(f);
}
