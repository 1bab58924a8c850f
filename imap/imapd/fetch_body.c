/* fetch_body.c - bytes of a message section, from cache or file; see fetch.h */
#include "imap/imapd/fetch.h"

#include <inttypes.h>

#include "imap/store/cache.h"
#include "lib/os/file.h"
#include "lib/text/cte.h"
#include "lib/text/imapout.h"

/* From this size on bytes go to the stream from where they are, not through the reply buffer. */
enum { LARGE = 4096 };

static void flush_buf(struct session *s, struct buf *b)
{
    stream_put_slice(s->base->stream, buf_slice(b));
    buf_reset(b);
}

static struct slice partial_of(const struct fetch_section *sec, struct slice bytes)
{
    if (!sec->partial)
        return bytes;
    return slice_cut(bytes, sec->start, (size_t)sec->start + sec->count);
}

static void put_label(const struct fetch_section *sec, struct buf *b)
{
    buf_add_slice(b, sec->label);
    if (sec->partial)
        buf_addf(b, "<%" PRIu64 ">", sec->start);
    buf_addc(b, ' ');
}

/* Message bytes are always a literal but the empty ones: no client needs to unquote mail. */
static void put_bytes(struct session *s, struct slice bytes, struct buf *b)
{
    if (bytes.n == 0) {
        buf_adds(b, "\"\"");
        return;
    }
    imapout_literal_head(b, bytes.n, false, 0);
    if (bytes.n < LARGE) {
        buf_add_slice(b, bytes);
        return;
    }
    flush_buf(s, b);
    stream_put_large(s->base->stream, bytes);
}

static enum cache_part_kind cache_kind(const struct fetch_section *sec)
{
    switch (sec->kind) {
    case SECTION_HEADER:
    case SECTION_FIELDS:
    case SECTION_FIELDS_NOT:
        return CACHE_PART_HEADER;
    case SECTION_TEXT:
        return CACHE_PART_TEXT;
    case SECTION_MIME:
        return CACHE_PART_MIME;
    default:
        return CACHE_PART_BODY;
    }
}

static bool is_binary(const struct fetch_section *sec)
{
    return sec->kind == SECTION_BINARY || sec->kind == SECTION_BINARY_SIZE;
}

static err_t find_part(const struct fetch_section *sec, const struct record *rec, const struct cache_record *cache,
                       struct cache_section *at)
{
    return cache_section_find(cache->item[CACHE_SECTION], rec->cache_version, sec->part, sec->nparts, cache_kind(sec),
                              at);
}

/* Where the section lies in the message.  ERR_NOTFOUND: no such part. */
static err_t locate(struct session *s, const struct fetch_section *sec, uint32_t recno,
                    const struct cache_record *cache, struct slice message, struct slice *out)
{
    struct cache_section at;
    struct record rec;
    err_t err;

    mailbox_record(view_mailbox(s->view), recno, &rec);
    if (sec->nparts == 0) {
        bool header = cache_kind(sec) == CACHE_PART_HEADER;
        *out = sec->kind == SECTION_WHOLE ? message
               : header                   ? slice_cut(message, 0, rec.header_size)
                                          : slice_skip(message, rec.header_size);
        return ERR_OK;
    }
    err = find_part(sec, &rec, cache, &at);
    if (!err)
        *out = slice_cut(message, at.offset, (size_t)at.offset + at.size);
    return err;
}

static void put_fields(struct session *s, const struct fetch_section *sec, struct slice block, struct buf *b)
{
    struct buf lines = BUF_INIT;

    cache_headers_select(block, sec->fields, sec->nfields, sec->kind == SECTION_FIELDS_NOT, &lines);
    buf_adds(&lines, "\r\n");
    put_bytes(s, partial_of(sec, buf_slice(&lines)), b);
    buf_fini(&lines);
}

static bool answered_by_cache(struct session *s, const struct fetch_section *sec, uint32_t recno)
{
    struct record rec;

    if (!sec->fields_cached)
        return false;
    mailbox_record(view_mailbox(s->view), recno, &rec);
    for (size_t i = 0; i < sec->nfields; i++)
        if (!cache_header_is_cached(sec->fields[i], rec.cache_version))
            return false;
    return true;
}

static err_t read_header(struct mailbox *mb, uint32_t recno, struct buf *out)
{
    struct record rec;
    int fd;
    err_t err = mailbox_message_fd(mb, recno, &fd);

    if (err)
        return err;
    mailbox_record(mb, recno, &rec);
    buf_reserve(out, rec.header_size);
    err = file_pread_all(fd, "message", out->p, rec.header_size, 0);
    if (!err)
        out->n = rec.header_size;
    file_close(&fd);
    return err;
}

/* Mapping a file for its first kilobyte costs more than reading that. */
static err_t put_top_header(struct session *s, const struct fetch_section *sec, uint32_t recno, struct buf *b)
{
    struct buf header = BUF_INIT;
    err_t err = read_header(view_mailbox(s->view), recno, &header);

    if (!err) {
        put_label(sec, b);
        if (sec->nfields)
            put_fields(s, sec, buf_slice(&header), b);
        else
            put_bytes(s, partial_of(sec, buf_slice(&header)), b);
    }
    buf_fini(&header);
    return err;
}

err_t fetch_check_section(const struct fetch_section *sec, const struct record *rec, const struct cache_record *cache)
{
    struct cache_section at;

    if (!is_binary(sec) || sec->nparts == 0 || find_part(sec, rec, cache, &at) != ERR_OK)
        return ERR_OK;
    return at.encoding == MIME_ENC_UNKNOWN ? ERR_UNSUPPORTED : ERR_OK;
}

/* The content of a part without its transfer encoding; the whole message is as it is.  Not decoded further than the
 * partial goes. */
static err_t decode(struct session *s, const struct fetch_section *sec, uint32_t recno,
                    const struct cache_record *cache, struct slice message, struct buf *scratch, struct slice *out)
{
    size_t want = sec->partial ? (size_t)sec->start + sec->count : SIZE_MAX;
    struct cache_section at;
    struct record rec;
    err_t err;

    *out = message;
    if (sec->nparts == 0)
        return ERR_OK;
    mailbox_record(view_mailbox(s->view), recno, &rec);
    err = find_part(sec, &rec, cache, &at);
    if (err)
        return err;
    *out = slice_cut(message, at.offset, (size_t)at.offset + at.size);
    if (at.encoding == MIME_ENC_NONE)
        return ERR_OK;
    err = cte_decode((enum mime_encoding)at.encoding, *out, want, scratch);
    *out = buf_slice(scratch);
    return err;
}

/* A literal8 only where there is a NUL (RFC 3516 4.3). */
static void put_binary_bytes(struct session *s, struct slice bytes, struct buf *b)
{
    if (bytes.n && memchr(bytes.p, '\0', bytes.n))
        buf_addc(b, '~');
    put_bytes(s, bytes, b);
}

static err_t put_binary(struct session *s, const struct fetch_section *sec, uint32_t recno,
                        const struct cache_record *cache, struct slice message, struct buf *b)
{
    struct buf scratch = BUF_INIT;
    struct slice bytes;
    err_t err = decode(s, sec, recno, cache, message, &scratch, &bytes);

    if (err && err != ERR_NOTFOUND) {
        buf_fini(&scratch);
        return err;
    }
    put_label(sec, b);
    if (sec->kind == SECTION_BINARY_SIZE)
        buf_add_u64(b, err ? 0 : bytes.n);
    else if (err)
        buf_adds(b, "NIL");
    else
        put_binary_bytes(s, partial_of(sec, bytes), b);
    buf_fini(&scratch);
    return ERR_OK;
}

err_t fetch_put_section(struct session *s, const struct fetch_section *sec, uint32_t recno,
                        const struct cache_record *cache, struct buf *b)
{
    struct slice message, bytes;
    err_t err;

    if (answered_by_cache(s, sec, recno)) {
        put_label(sec, b);
        put_fields(s, sec, cache->item[CACHE_HEADERS], b);
        return ERR_OK;
    }
    if (section_is_top_header(sec))
        return put_top_header(s, sec, recno, b);
    err = mailbox_message(view_mailbox(s->view), recno, &message);
    if (!err && is_binary(sec))
        return put_binary(s, sec, recno, cache, message, b);
    if (!err)
        err = locate(s, sec, recno, cache, message, &bytes);
    if (err && err != ERR_NOTFOUND && err != ERR_UNSUPPORTED)
        return err;
    put_label(sec, b);
    if (err)
        buf_adds(b, "NIL");
    else if (sec->nfields)
        put_fields(s, sec, bytes, b);
    else
        put_bytes(s, partial_of(sec, bytes), b);
    return ERR_OK;
}
