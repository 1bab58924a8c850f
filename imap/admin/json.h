/* json.h - the little JSON (RFC 8259) that tools print and read back
 *
 * Writing: indented by two blanks, as other programs expect the output of these tools.  Reading: a
 * pull reader over text in memory; depth is limited, numbers and words are given as they stand.
 */
#ifndef ADMIN_JSON_H
#define ADMIN_JSON_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* ---- writing ---- */

/* Append the text as a string, quotes included; bytes that are not UTF-8 become U+FFFD. */
void json_put_string(struct buf *, struct slice);

/* Append "\n" and two blanks per level. */
void json_indent(struct buf *, unsigned level);

/* An object or array being written: opens with its bracket, puts commas and indentation before
 * members. */
struct json_list {
    struct buf *out;
    unsigned level;                     /* of its members */
    bool any;
    char close;
};
/* level: 0 for the outermost.  bracket: '{' or '['. */
void json_open(struct json_list *, struct buf *, unsigned level, char bracket);
/* Begin a member: comma, indentation, and in an object the key. */
void json_member(struct json_list *, const char *key);
void json_close(struct json_list *);    /* an empty one is "{}" or "[]" */
void json_string_member(struct json_list *, const char *key, struct slice value);

/* ---- reading ---- */

enum { JSON_DEPTH_MAX = 16 };

enum json_event { JSON_END, JSON_OBJECT, JSON_ARRAY, JSON_CLOSE, JSON_STRING, JSON_OTHER };

struct json_reader {
    const char *p, *end;
    unsigned depth, line;
    char inside[JSON_DEPTH_MAX];        /* '{' or '[' */
    bool after_member;                  /* a comma or the end must follow */
    struct buf key;                     /* of the event just read, inside an object */
    struct buf text; /* JSON_STRING: the string; JSON_OTHER: number, true, false, null */
};

void json_reader_init(struct json_reader *, struct slice text);
void json_reader_fini(struct json_reader *);

/* Next event; JSON_END behind the one value.  ERR_SYNTAX (r->line tells where), ERR_LIMIT
 * (depth). */
err_t json_read(struct json_reader *, enum json_event *out) NODISCARD;

/* Jump over the object or array whose opening event was just read. */
err_t json_skip(struct json_reader *) NODISCARD;

#endif
