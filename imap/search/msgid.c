/* msgid.c - see msgid.h */
#include "imap/search/msgid.h"

/* Behind the "<": copy up to ">".  Length taken, the bracket included; 0: this is no id. */
static size_t take_id(struct slice s, struct buf *out)
{
    bool quoted = false, has_at = false;
    size_t from = out->n;

    for (size_t i = 0; i < s.n && i < MSGID_MAX; i++) {
        char c = s.p[i];
        if (c == '"') {
            quoted = !quoted;
        } else if (c == '\\' && quoted && i + 1 < s.n) {
            buf_addc(out, s.p[++i]);
        } else if (quoted) {
            buf_addc(out, c);
        } else if (c == '>') {
            return has_at && out->n > from ? i + 1 : 0;
        } else if (c == '<') {
            return 0;
        } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            has_at = has_at || (c == '@' && out->n > from);
            buf_addc(out, c);
        }
    }
    return 0;
}

bool msgid_next(struct slice *rest, struct buf *out)
{
    ssize_t at;

    while ((at = slice_find(*rest, '<')) >= 0) {
        size_t n;
        *rest = slice_skip(*rest, (size_t)at + 1);
        buf_reset(out);
        n = take_id(*rest, out);
        *rest = slice_skip(*rest, n);
        if (n)
            return true;
    }
    return false;
}
