/* mailgen.h - synthetic mail: number i of a kind is the same message on every machine
 *
 * Kind "real": sizes and shapes like people's mail (mean about 16 kB): plain text, lists,
 * multipart/alternative with HTML, quoted-printable and base64 text, attachments, forwarded
 * messages, encoded words, long References.  Kind "small": one short text of about 1 kB.
 * Some messages carry rare words for the searches, in places and encodings that vary.
 * Bytes are CRLF lines of at most 78 characters, none begins with a dot.
 */
#ifndef BENCH_MAILGEN_H
#define BENCH_MAILGEN_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "lib/base/buf.h"

/* A change of what is generated changes this number: data sets of older versions are made anew. */
#define MAILGEN_VERSION 1

enum mailgen_kind { MAILGEN_REAL, MAILGEN_SMALL };

/* The rare words: they cannot come up by chance. */
#define MAILGEN_SUBJECT_WORD "quixotic"
#define MAILGEN_FROM_WORD    "Zephyrine"
#define MAILGEN_LIST_WORD    "zqlist"
#define MAILGEN_BODY_WORD    "ambergrizx"

struct mail_facts {
    bool subject_word, from_word, list_word, body_word;
    bool seen, answered; /* flags it is stored with */
    time_t internaldate; /* half an hour after the one before */
};

/* Kind by name; ends the process for an unknown one. */
enum mailgen_kind mailgen_kind(const char *name);

/* Append message i to *out.  nonce makes the Message-ID of this run unique ("" for data sets);
 * *facts may be NULL. */
void mailgen_make(enum mailgen_kind, uint64_t i, const char *nonce, struct buf *out,
                  struct mail_facts *facts);

/* Append a message of `size` bytes (or a little more; at least some 500): text lines, for works
 * whose load depends on the size.  Never part of a data set. */
void mailgen_make_sized(uint64_t i, const char *nonce, size_t size, struct buf *out);

/* i of a message that mailgen_make() made, from its Message-ID field; false: not ours. */
bool mailgen_number(struct slice message, uint64_t *i);

/* Day that splits n messages into two halves by internal date. */
time_t mailgen_middle(uint64_t n);

#endif
