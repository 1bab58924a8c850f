/* limits.h - how much a client may send, and what it is told
 *
 * One row per limit: its value, where an option sets it, and the answer in each protocol
 * (text behind the tag or the code; NULL: the limit does not occur there).
 */
#ifndef SERVE_LIMITS_H
#define SERVE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* Constants for places that need one at compile time; bytes unless said otherwise. */
#define LIMIT_LINE_PRELOGIN_BYTES (8u << 10)
#define LIMIT_LINE_BYTES (1u << 20)
#define LIMIT_LITERAL_PRELOGIN_BYTES (4u << 10)
#define LIMIT_NESTING 64

enum limit {
    LIMIT_LINE_PRELOGIN,        /* command line before login, without literals */
    LIMIT_LINE,                 /* after login */
    LIMIT_LITERAL_PRELOGIN,     /* each literal before login */
    LIMIT_LITERAL,              /* literals that are not messages, all of one command */
    LIMIT_MESSAGE,              /* one message: maxmessagesize or, unset, this */
    LIMIT_FAILED_LOGINS,        /* attempts, then the connection ends */
    LIMIT_BAD_COMMANDS,         /* unknown or malformed in a row before login, then it ends */
    LIMIT_PRELOGIN_SECONDS,     /* wait for a command before login */
    LIMIT_SEARCH_KEYS,          /* per command */
    LIMIT_SET_ELEMENTS,         /* of one sequence set */
    LIMIT_RCPTS,                /* recipients of one message */
    LIMIT_N
};

enum limit_protocol { LIMIT_P_IMAP, LIMIT_P_POP3, LIMIT_P_LMTP };

uint64_t limit_value(enum limit);
const char *limit_name(enum limit);             /* short, for logs: "line before login" */
bool limit_closes(enum limit);                  /* must the connection end? */
/* Words for the client; never NULL ("Limit exceeded" where the row has none). */
const char *limit_answer(enum limit, enum limit_protocol);

#endif
