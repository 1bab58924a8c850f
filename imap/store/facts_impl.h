/* facts_impl.h - what the files facts*.c share
 *
 * While a message is scanned every part gets a struct fact_part (mime_part.user); the four
 * writers then walk the finished tree.  All walks are iterative.
 */
#ifndef STORE_FACTS_IMPL_H
#define STORE_FACTS_IMPL_H

#include "imap/store/facts.h"
#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/text/addr822.h"
#include "lib/text/mime.h"

/* Header fields that ENVELOPE and BODYSTRUCTURE need, of one header; of repeated ones the
 * last.  Values are raw (folded); p is NULL if the field is absent. */
enum fact_field {
    FF_DATE,
    FF_SUBJECT,
    FF_FROM,
    FF_SENDER,
    FF_REPLY_TO,
    FF_TO,
    FF_CC,
    FF_BCC,
    FF_IN_REPLY_TO,
    FF_MESSAGE_ID,
    FF_CONTENT_ID,
    FF_CONTENT_DESCRIPTION,
    FF_CONTENT_MD5,
    FF_CONTENT_DISPOSITION,
    FF_CONTENT_LANGUAGE,
    FF_CONTENT_LOCATION,
    FF_REFERENCES,
    FF_X_ME_MESSAGE_ID,
    FF_RESENT_MESSAGE_ID,
    FF_RECEIVED,
    FF_COUNT
};

struct fact_fields {
    struct slice value[FF_COUNT];
};

/* What is kept of a part beside the scanner's own fields.  Slices are in the arena; p is NULL
 * for what is absent. */
struct fact_part {
    struct slice id, description, md5, location;    /* unfolded */
    struct slice disposition;                       /* upper case */
    struct param2231 *disposition_params;
    size_t ndisposition_params;
    struct slice *languages;                        /* upper case */
    size_t nlanguages;
    struct slice envelope;                          /* of the inner message of this part */
    struct digest *running;                         /* while its content passes */
    bool has_digest;
    uint8_t digest[SHA1_SIZE];                      /* of the decoded content */
    uint32_t decoded_size;
};

/* facts_header.c: one header block -> fields. */
void fact_fields_read(struct fact_fields *, struct slice header);

/* facts_header.c: fields of the top-level header -> values of facts, dates, and the lines for
 * item 4 (at most maxlines lines are looked at). */
void fact_header_top(struct facts *, struct arena *, const struct fact_fields *,
                     struct slice header);
void fact_header_lines(struct buf *out, struct slice header, uint32_t maxlines);

/* Unfolded copy in the arena; p is NULL if v.p is, and not NULL otherwise. */
struct slice fact_unfold(struct arena *, struct slice v);

/* facts_envelope.c: ENVELOPE text; item 5-8 text of an address field; item 9. */
void fact_envelope(struct buf *out, struct arena *, const struct fact_fields *);
void fact_addresses(struct buf *out, struct slice value);
void fact_subject(struct buf *out, struct slice value);

/* facts_body.c: what the header of a part tells about it; BODY or (extended) BODYSTRUCTURE
 * text of the whole tree. */
void fact_part_read(struct fact_part *, struct arena *, const struct fact_fields *);
void fact_body(struct buf *out, const struct mime_part *root, bool extended);

/* facts_section.c: item 3. */
void fact_section(struct buf *out, const struct mime_part *root);

static inline struct fact_part *fact_of(const struct mime_part *part)
{
    return part->user;
}

#endif
