/* lmtp.c - see lmtp.h */
#include "bench/driver/lmtp.h"

#include "bench/driver/drive.h"

void lmtp_expect(struct conn *c, const char *code)
{
    struct slice line;

    do
        line = conn_line(c);
    while (line.n > 3 && line.p[3] == '-');
    if (!slice_starts(line, slice_cstr(code)))
        drive_wrong("LMTP: %s expected, not \"%.*s\"", code, SLICE_ARG(line));
}

struct conn *lmtp_connect(bool quickack)
{
    struct conn *c = conn_open(opts_u64("lmtp", 24), quickack);

    lmtp_expect(c, "220");
    conn_writef(c, "LHLO bench.example\r\n");
    lmtp_expect(c, "250");
    return c;
}

void lmtp_quit(struct conn **c)
{
    conn_writef(*c, "QUIT\r\n");
    lmtp_expect(*c, "221");
    conn_close(c);
}
