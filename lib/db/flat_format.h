/* flat_format.h - bytes of a flat file (formats/cyrusdb.md section 7)
 *
 * One record per line: key TAB value LF, sorted in the mailbox collation of the escaped
 * keys.  NUL, TAB, CR and LF inside a key or value are 0xff and the byte with its top bit
 * set; 0xff is 0xff 0xff.
 */
#ifndef DB_FLAT_FORMAT_H
#define DB_FLAT_FORMAT_H

enum {
    FLAT_KEY_END = '\t',
    FLAT_LINE_END = '\n',
    FLAT_ESCAPE = 0xff,
    FLAT_ESCAPE_BIT = 0x80,
};

#define FLAT_ESCAPED "\0\t\r\n"         /* with the NUL: 4 bytes */
enum { FLAT_NESCAPED = 4 };

#endif
