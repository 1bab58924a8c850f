/* deflate_fuzz.c - compressed input from outside: bounded, whatever it is */
#include <stdlib.h>

#include "lib/net/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum { LINE = 8192, FREE = 1 << 20, RATIO = 100, SLACK = 64 << 10 };
    struct stream *s = stream_new_mem(slice_make(data, n), NULL);
    struct slice line;
    err_t err = stream_start_deflate(s);

    while (err == ERR_OK || err == ERR_LIMIT) {
        err = stream_line(s, LINE, &line);
        if (err == ERR_OK && line.n > LINE)
            abort();
        if (stream_error(s))
            break;
        if (line.n == 1 && stream_stop_layers(s) != ERR_OK)     /* the rest comes as it is */
            break;
    }
    if (stream_bytes_in(s) > FREE + SLACK + n * (RATIO + 1))
        abort();
    stream_close(&s);
    return 0;
}
