/* ascii.h - character classes of ASCII, whatever the locale
 *
 * ctype.h depends on the locale and misbehaves with negative chars; these take any char
 * and call every byte >= 0x80 "none of these" (A_8BIT apart).  The table has one byte of bits
 * per octet; the protocol classes are those of the grammars named beside them.
 */
#ifndef TEXT_ASCII_H
#define TEXT_ASCII_H

#include <stdbool.h>
#include <stdint.h>

enum ascii_class {
    A_DIGIT = 1 << 0,       /* 0-9 */
    A_ALPHA = 1 << 1,       /* A-Z a-z */
    A_XDIGIT = 1 << 2,      /* 0-9 A-F a-f */
    A_SPACE = 1 << 3,       /* blank, tab, CR, LF, VT, FF */
    A_CTL = 1 << 4,         /* 0x00-0x1F, 0x7F */
    A_ATOM = 1 << 5,        /* ATOM-CHAR of RFC 3501 9: no CTL, 8-bit, SP ( ) { % * " \ ] */
    A_ATEXT = 1 << 6,       /* atext of RFC 5322 3.2.3 */
    A_8BIT = 1 << 7,        /* 0x80-0xFF */
};

extern const uint8_t ascii_table[256];

/* Is the octet in one of the classes (bits of enum ascii_class)? */
static inline bool ascii_is(char c, unsigned classes)
{
    return (ascii_table[(unsigned char)c] & classes) != 0;
}

/* 0-9 */
static inline bool ascii_is_digit(char c)
{
    return ascii_is(c, A_DIGIT);
}

/* A-Z a-z */
static inline bool ascii_is_alpha(char c)
{
    return ascii_is(c, A_ALPHA);
}

/* A-Z a-z 0-9 */
static inline bool ascii_is_alnum(char c)
{
    return ascii_is(c, A_ALPHA | A_DIGIT);
}

/* 0-9 A-F a-f */
static inline bool ascii_is_xdigit(char c)
{
    return ascii_is(c, A_XDIGIT);
}

/* blank, tab, CR, LF, VT, FF */
static inline bool ascii_is_space(char c)
{
    return ascii_is(c, A_SPACE);
}

/* 0x00-0x1F, 0x7F */
static inline bool ascii_is_ctl(char c)
{
    return ascii_is(c, A_CTL);
}

/* Printable and not blank: 0x21-0x7E. */
static inline bool ascii_is_graph(char c)
{
    return c > 0x20 && c < 0x7f;
}

/* Small letter of A-Z; every other octet as it is. */
static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Capital of a-z; every other octet as it is. */
static inline char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

/* Value of a hexadecimal digit, -1 for anything else. */
static inline int ascii_xvalue(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
