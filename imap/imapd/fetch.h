/* fetch.h - FETCH: the items asked for, and how each is answered (RFC 3501 6.4.5, 7162 3.1.4)
 *
 * fetch_args.c reads them, fetch_items.c has a row for each item, fetch_body.c the sections, cmd_fetch.c the loop
 * over messages.
 */
#ifndef IMAPD_FETCH_H
#define IMAPD_FETCH_H

#include "imap/imapd/imapd.h"
#include "imap/imapd/view.h"

enum { FETCH_PARTS_MAX = 100, FETCH_SECTIONS_MAX = 1000, FETCH_FIELDS_MAX = 1000 };

enum fetch_item {
    F_FLAGS = 1, F_UID = 2, F_INTERNALDATE = 4, F_SIZE = 8, F_ENVELOPE = 16, F_BODY = 32,
    F_BODYSTRUCTURE = 64, F_MODSEQ = 128, F_DIGEST = 256, F_FILESIZE = 512, F_CREATEDMODSEQ = 1024,
    F_PREVIEW = 2048, F_EMAILID = 4096, F_THREADID = 8192, F_SAVEDATE = 16384, F_ANNOTATION = 32768
};

enum { FETCH_ITEMS_MAX = 16 };                  /* rows of fetch_items.c */

enum section_kind {
    SECTION_WHOLE,          /* BODY[], or the content of a part */
    SECTION_HEADER, SECTION_FIELDS, SECTION_FIELDS_NOT, SECTION_TEXT, SECTION_MIME,
    SECTION_BINARY, SECTION_BINARY_SIZE         /* RFC 3516: decoded */
};

struct fetch_section {
    enum section_kind kind;
    uint32_t part[FETCH_PARTS_MAX];
    size_t nparts;
    const struct slice *fields;
    size_t nfields;
    bool fields_cached;             /* the cache's header item answers it */
    bool partial;
    uint64_t start, count;          /* 63 bits */
    struct slice label;             /* "BODY[1.TEXT]" as echoed, without <start> */
};

struct annotation_want;             /* annotation.h */

struct fetch {
    unsigned items;
    struct vec sections;            /* struct fetch_section */
    struct annotation_want *annotations;
    bool sets_seen;
    bool alone;                     /* while reading: the only item, without parentheses */
    uint64_t changedsince;
    bool has_changedsince, vanished;
    bool has_range;                 /* PARTIAL (RFC 9394): positions in the set, 1 is the first */
    bool from_end;                  /* counted from its end */
    uint32_t range_lo, range_hi;
};

/* One message while its items are put. */
struct fetch_message {
    struct session *s;
    uint32_t msgno, recno;
    struct record rec;
    struct cache_record cache;      /* when needed */
    const struct annotation_want *annotations;
    struct buf *b;                  /* the reply as far as it was not sent */
};

typedef void fetch_put_fn(const struct fetch_message *);

struct fetch_item_row {
    unsigned item;                  /* enum fetch_item */
    fetch_put_fn *put;              /* "NAME value" */
    bool needs_cache, needs_message;
};

/* The rows of these items, in the order of the reply; how many. */
size_t fetch_item_rows(unsigned items, const struct fetch_item_row *out[FETCH_ITEMS_MAX]);

/* Only the header of the message itself is asked for: no more than that is read of its file. */
static inline bool section_is_top_header(const struct fetch_section *sec)
{
    return sec->nparts == 0
           && (sec->kind == SECTION_HEADER || sec->kind == SECTION_FIELDS || sec->kind == SECTION_FIELDS_NOT);
}

/* Narrow message numbers to the positions that PARTIAL asks for. */
void fetch_narrow(const struct fetch *, struct ranges *msgnos);

/* Items (and modifiers) from the command's arguments. On an error the BAD is out. */
err_t fetch_read(struct session *, struct fetch *) NODISCARD;
void fetch_fini(struct fetch *);

/* Items for messages to come: "(" fetch-att ... ")" (RFC 5465 8).  On an error tok.why; nothing is answered. */
err_t fetch_read_atts(struct session *, struct fetch *) NODISCARD;
/* A copy of the items that lives as long as the arena, and is not to be freed otherwise. */
struct fetch *fetch_keep(const struct fetch *, struct arena *);
/* The items of `from`, too; those that both have once.  `into` is freed with fetch_fini(). */
void fetch_merge(struct fetch *into, const struct fetch *from);

/* FETCH responses that no command has asked for.  Messages that cannot be read are passed over. */
void fetch_tell(struct session *, const struct fetch *, const struct ranges *msgnos);

/* Can the section of this message be answered?  ERR_UNSUPPORTED: its transfer encoding is unknown (RFC 3516). */
err_t fetch_check_section(const struct fetch_section *, const struct record *, const struct cache_record *) NODISCARD;

/* Append one section of a message to the reply: its label and its bytes.  b holds what of the reply was not
 * sent yet; large bytes go to the stream behind it. */
err_t fetch_put_section(struct session *, const struct fetch_section *, uint32_t recno,
                        const struct cache_record *, struct buf *b) NODISCARD;

#endif
