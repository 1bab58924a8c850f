/* limits.c - see limits.h */
#include "imap/serve/limits.h"

#include "lib/conf/conf.h"

static const struct row {
    const char *name;
    uint64_t value;
    int option;                                 /* overrides when it is above 0; -1: none */
    bool closes;
    const char *answer[LIMIT_P_LMTP + 1];       /* in the order of enum limit_protocol */
} rows[LIMIT_N] = {
    [LIMIT_LINE_PRELOGIN] = { "line before login", LIMIT_LINE_PRELOGIN_BYTES, -1, false,
        { "Line too long", "Line too long", "500 5.5.2 Line too long" } },
    [LIMIT_LINE] = { "line", LIMIT_LINE_BYTES, -1, false,
        { "Line too long", "Line too long", "500 5.5.2 Line too long" } },
    [LIMIT_LITERAL_PRELOGIN] = { "literal before login", LIMIT_LITERAL_PRELOGIN_BYTES, -1, true,
        { "Literal too large before login", NULL, NULL } },
    [LIMIT_LITERAL] = { "literal", 8u << 20, -1, true,
        { "Literal too large", NULL, NULL } },
    [LIMIT_MESSAGE] = { "message", 100u << 20, CONF_MAXMESSAGESIZE, false,
        { "Message size exceeds fixed limit", NULL,
          "552 5.2.3 Message size exceeds fixed maximum message size" } },
    [LIMIT_FAILED_LOGINS] = { "failed logins", 3, -1, true,
        { "Too many failed logins", "[AUTH] Too many failed logins",
          "421 4.7.0 Too many failed logins" } },
    [LIMIT_BAD_COMMANDS] = { "bad commands before login", 10, -1, true,
        { "Too many invalid commands", "[SYS/PERM] Too many invalid commands",
          "421 4.7.0 Too many invalid commands" } },
    [LIMIT_PRELOGIN_SECONDS] = { "wait before login", 60, -1, true,
        { "Idle for too long", "[SYS/TEMP] Idle for too long", "421 4.4.2 Idle for too long" } },
    [LIMIT_SEARCH_KEYS] = { "search keys", 2000, -1, false,
        { "Too many search keys", NULL, NULL } },
    [LIMIT_SET_ELEMENTS] = { "elements of a set", 10000, -1, false,
        { "Too many elements in sequence set", NULL, NULL } },
    [LIMIT_RCPTS] = { "recipients", 10000, -1, false,
        { NULL, NULL, "452 4.5.3 Too many recipients" } },
};

uint64_t limit_value(enum limit l)
{
    int64_t set = rows[l].option >= 0 ? conf_int((enum conf_id)rows[l].option) : 0;

    return set > 0 ? (uint64_t)set : rows[l].value;
}

const char *limit_name(enum limit l)
{
    return rows[l].name;
}

bool limit_closes(enum limit l)
{
    return rows[l].closes;
}

const char *limit_answer(enum limit l, enum limit_protocol p)
{
    return rows[l].answer[p] ? rows[l].answer[p] : "Limit exceeded";
}
