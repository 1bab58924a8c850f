/* dotstuff.h - dot-terminated text to a sink, and back (RFC 5321 4.5.2, RFC 1939 3, RFC 3977 3.1.1)
 *
 * Reading.  The text ends with CRLF "." CRLF and with nothing else; the CRLF before the dot
 * belongs to the text.  A dot is removed at the start of a line only when the line before ended
 * with CRLF (or it is the first line).  A bare LF is a line end of the stored text (it is handed
 * on as CRLF) but of the dialogue it is not: neither LF "." LF nor LF "." CRLF nor CRLF "." LF
 * ends the text, and a dot behind a bare LF stays.  Thus what one server takes for the end, the
 * next cannot take for the middle ("smuggling").  A bare CR is handed on as it is, or left out
 * with DOT_DROP_CR (as 3.6.1 stores mail).
 *
 *   states: LINE (inside a line)  BOL (after CRLF)  DOT (CRLF ".")  DOTCR (CRLF "." CR)  END
 *           CR (a CR was seen, the next byte decides)
 *
 * Pieces are slices of the input; nothing is copied.
 */
#ifndef NET_DOTSTUFF_H
#define NET_DOTSTUFF_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/net/sink.h"

struct stream;

enum dot_flags {
    DOT_DROP_CR = 1,        /* a bare CR is left out */
};

/* What was noticed on the way. */
struct dot_facts {
    uint64_t bytes;         /* handed to the sink (or that would have been) */
    uint64_t lines;         /* line ends among them */
    bool has_nul;
    bool has_8bit;
    bool has_bare_lf, has_bare_cr;
};

/* ---- incremental, without I/O ---- */
enum dot_state { DOT_BOL, DOT_LINE, DOT_CR, DOT_DOT, DOT_DOTCR, DOT_END };
struct dot_reader {
    enum dot_state state;
    unsigned flags;
    struct dot_facts facts;
    const struct sink *sink;
    err_t err;              /* the sink's first refusal; reading goes on without it */
};
void dot_reader_init(struct dot_reader *, unsigned flags, const struct sink *);
/* Take a chunk of any size; returns how many of its bytes belong to the text and its end (fewer
 * than chunk.n only when the end was found: reader->state == DOT_END). */
size_t dot_reader_push(struct dot_reader *, struct slice chunk);

/* ---- from a stream ---- */
/* Read to the end of the text.  More than max bytes: ERR_LIMIT; the sink's refusal: its error;
 * in both cases everything up to the end has been read, so the dialogue stays in step (but no
 * more than DOT_SKIP_MAX: then ERR_CLOSED, and the connection is to be ended).  Errors of the
 * stream come first.  facts may be NULL. */
#define DOT_SKIP_MAX (1ull << 30)
err_t dotstuff_read(struct stream *, uint64_t max, unsigned flags, const struct sink *,
                    struct dot_facts *facts) NODISCARD;

/* ---- to a stream ---- */
/* Text with CRLF line ends, in one or several pieces; *bol (true at first) says whether a line
 * starts. */
void dotstuff_put(struct stream *, struct slice text, bool *bol);
/* CRLF if the text did not end with one, then "." CRLF. */
void dotstuff_put_end(struct stream *, bool bol);

#endif
