/* ascii.c - see ascii.h: the table, computed by the preprocessor */
#include "lib/text/ascii.h"

#define IN(c, lo, hi) ((c) >= (lo) && (c) <= (hi))
#define LETTER(c) (IN(c, 'A', 'Z') || IN(c, 'a', 'z'))
#define NOT_ATOM(c)                                                                        \
    ((c) <= ' ' || (c) >= 0x7f || (c) == '(' || (c) == ')' || (c) == '{' || (c) == '%' ||  \
     (c) == '*' || (c) == '"' || (c) == '\\' || (c) == ']')
#define PUNCT_ATEXT(c)                                                                     \
    ((c) == '!' || IN(c, '#', '\'') || (c) == '*' || (c) == '+' || (c) == '-' ||           \
     (c) == '/' || (c) == '=' || (c) == '?' || IN(c, '^', '`') || IN(c, '{', '~'))

#define CLASS(c)                                                                           \
    ((IN(c, '0', '9') ? A_DIGIT | A_XDIGIT : 0) | (LETTER(c) ? A_ALPHA : 0) |              \
     (IN(c, 'A', 'F') || IN(c, 'a', 'f') ? A_XDIGIT : 0) |                                 \
     ((c) == ' ' || IN(c, '\t', '\r') ? A_SPACE : 0) |                                     \
     ((c) < ' ' || (c) == 0x7f ? A_CTL : 0) | (NOT_ATOM(c) ? 0 : A_ATOM) |                 \
     (LETTER(c) || IN(c, '0', '9') || PUNCT_ATEXT(c) ? A_ATEXT : 0) |                      \
     ((c) >= 0x80 ? A_8BIT : 0))

#define ROW(r)                                                                             \
    CLASS((r) + 0), CLASS((r) + 1), CLASS((r) + 2), CLASS((r) + 3), CLASS((r) + 4),        \
    CLASS((r) + 5), CLASS((r) + 6), CLASS((r) + 7), CLASS((r) + 8), CLASS((r) + 9),        \
    CLASS((r) + 10), CLASS((r) + 11), CLASS((r) + 12), CLASS((r) + 13), CLASS((r) + 14),   \
    CLASS((r) + 15)

const uint8_t ascii_table[256] = {
    ROW(0x00), ROW(0x10), ROW(0x20), ROW(0x30), ROW(0x40), ROW(0x50), ROW(0x60), ROW(0x70),
    ROW(0x80), ROW(0x90), ROW(0xa0), ROW(0xb0), ROW(0xc0), ROW(0xd0), ROW(0xe0), ROW(0xf0),
};
