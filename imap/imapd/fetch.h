/* fetch.h - a parsed FETCH: which items of each message (RFC 3501 6.4.5, 7162 3.1.4) */
#ifndef IMAPD_FETCH_H
#define IMAPD_FETCH_H

#include "imap/imapd/imapd.h"
#include "imap/imapd/view.h"

enum { FETCH_PARTS_MAX = 100, FETCH_SECTIONS_MAX = 1000, FETCH_FIELDS_MAX = 1000 };

enum fetch_item {
    F_FLAGS = 1, F_UID = 2, F_INTERNALDATE = 4, F_SIZE = 8, F_ENVELOPE = 16, F_BODY = 32,
    F_BODYSTRUCTURE = 64, F_MODSEQ = 128
};

enum section_kind {
    SECTION_WHOLE,          /* BODY[], or the content of a part */
    SECTION_HEADER, SECTION_FIELDS, SECTION_FIELDS_NOT, SECTION_TEXT, SECTION_MIME
};

struct fetch_section {
    enum section_kind kind;
    uint32_t part[FETCH_PARTS_MAX];
    size_t nparts;
    const struct slice *fields;
    size_t nfields;
    bool fields_cached;             /* the cache's header item answers it */
    bool partial;
    uint32_t start, count;
    struct slice label;             /* "BODY[1.TEXT]" as echoed, without <start> */
};

struct fetch {
    unsigned items;
    struct vec sections;            /* struct fetch_section */
    bool sets_seen;
    uint64_t changedsince;
    bool has_changedsince, vanished;
};

/* Only the header of the message itself is asked for: no more than that is read of its file. */
static inline bool section_is_top_header(const struct fetch_section *sec)
{
    return sec->nparts == 0
           && (sec->kind == SECTION_HEADER || sec->kind == SECTION_FIELDS || sec->kind == SECTION_FIELDS_NOT);
}

/* Items (and modifiers) from the command's arguments. On an error the BAD is out. */
err_t fetch_read(struct session *, struct fetch *) NODISCARD;
void fetch_fini(struct fetch *);

/* Append one section of a message to the reply: its label and its bytes.  b holds what of the reply was not
 * sent yet; large bytes go to the stream behind it. */
err_t fetch_put_section(struct session *, const struct fetch_section *, uint32_t recno,
                        const struct cache_record *, struct buf *b) NODISCARD;

#endif
