/* facts.h - everything the store keeps about a message, found in one pass over its bytes
 *
 * While the bytes pass, the digest, the MIME structure, the decoded digests of all parts and the
 * selected headers are collected; the end gives the index fields and the exact cyrus.cache
 * record of version 11 (formats/mailbox-store.md 6.2 and 10).  Same bytes, same facts,
 * in whatever pieces they came.
 *
 *   b = facts_begin(&opts); facts_push(b, ...)...; err = facts_end(&b, &facts);
 */
#ifndef STORE_FACTS_H
#define STORE_FACTS_H

#include <stdint.h>
#include <time.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/guid.h"
#include "lib/base/slice.h"

struct facts_options {
    uint32_t maxheaderlines;            /* lines looked at for item 4; 0: FACTS_HEADER_LINES */
    uint32_t boundary_limit;            /* MIME depth; 0: FACTS_BOUNDARY_LIMIT, at most 1000 */
};

enum {
    FACTS_HEADER_LINES = 1000,          /* maxheaderlines of imapd.conf */
    FACTS_BOUNDARY_LIMIT = 1000,        /* boundary_limit of imapd.conf */
    FACTS_CACHE_VERSION = 11            /* what goes to cache_version of the index record */
};

/* All slices point into memory of the facts. */
struct facts {
    uint32_t size;                      /* bytes of the message */
    uint32_t header_size;               /* through the empty line */
    uint32_t lines;                     /* LFs in the body, as the cache's section shows them */
    struct guid guid;                   /* SHA-1 of all bytes */
    bool has_sentdate;                  /* Date: names a day; see facts_sentdate() */
    time_t sentdate;                    /* local midnight of the day written in Date: */
    bool has_date;                      /* it has a time as well; see facts_gmtime() */
    time_t gmtime;                      /* Date: as an instant */
    struct buf cache;                   /* the cache record: 10 items with padding */
    uint32_t cache_crc;                 /* CRC-32 of it */

    /* Header values, unfolded, blanks in front dropped, of the last such field; empty if
     * absent.  For duplicate suppression, conversations and threading. */
    struct slice date, subject, message_id, in_reply_to, references;
    struct slice resent_message_id, x_me_message_id;

    /* What a receiver may want to refuse or change. */
    bool has_nul;                       /* a NUL byte anywhere */
    bool has_bare_lf;                   /* LF without CR */
    bool has_bare_cr;                   /* CR without LF */
    bool has_8bit_header;               /* a byte above 0x7F in the top-level header */
    /* APPEND refuses: a header line is no "name:" (bytes above the blank), no "From " line, no
     * continuation, or has no end. */
    bool header_invalid;
    /* Delivery refuses: the same, with names of printable ASCII, perhaps blanks before the colon,
     * and without "From " lines and lone CRs. */
    bool header_invalid_strict;
    bool has_received;                  /* a Received: field */
};

struct facts_builder;

/* Options may be NULL (defaults); copied. */
struct facts_builder *facts_begin(const struct facts_options *);

/* The next bytes of the message. */
void facts_push(struct facts_builder *, const void *, size_t);

/* Ends and frees the builder in every case.  ERR_LIMIT: more than 4 GiB - 1 bytes. */
err_t facts_end(struct facts_builder **, struct facts **out) NODISCARD;

/* Free without a result; free a result.  Both set the pointer to NULL. */
void facts_abort(struct facts_builder **);      /* NULL is fine */
void facts_free(struct facts **);               /* NULL is fine */

/* Facts of a message that is mapped as a whole. */
err_t facts_of_bytes(struct slice message, const struct facts_options *,
                     struct facts **out) NODISCARD;

/* Index fields sentdate and gmtime (stored as 32 bits): from Date:, or from internaldate if that
 * has no usable one (midnight of its local day; the instant itself). */
time_t facts_sentdate(const struct facts *, time_t internaldate);
time_t facts_gmtime(const struct facts *, time_t internaldate);

#endif
