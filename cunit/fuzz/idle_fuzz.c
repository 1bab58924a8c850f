/* idle_fuzz.c - datagrams of idled: taken apart and put together again, or refused */
#include "imap/events/idle_format.h"
#include "lib/base/bug.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char again[IDLE_FORMAT_MAX];
    unsigned long which;
    struct slice name;
    size_t len;

    if (idle_format_get(slice_make(data, n), &which, &name) != ERR_OK)
        return 0;
    BUG_UNLESS(name.n > 0 && name.n <= IDLE_FORMAT_NAME_MAX && which <= IDLE_FORMAT_ALERT);
    len = idle_format_put(again, (enum idle_format_which)which, name);
    BUG_UNLESS(len <= n && memcmp(again, data, len) == 0);
    return 0;
}
