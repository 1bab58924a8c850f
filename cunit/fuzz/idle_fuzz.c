/* idle_fuzz.c - datagrams of idled: taken apart and put together again, or refused; and events in them */
#include "imap/events/idle_format.h"
#include "lib/base/bug.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What was understood says the same again. */
static void check_event(struct slice text)
{
    struct buf again = BUF_INIT, third = BUF_INIT;
    struct event ev, other;

    if (event_get(text, &ev) != ERR_OK)
        return;
    event_put(&ev, &again);
    if (again.n <= EVENT_TEXT_MAX) {
        BUG_UNLESS(event_get(buf_slice(&again), &other) == ERR_OK);
        BUG_UNLESS(slice_eq(ev.mailbox, other.mailbox) && ev.what == other.what);
        event_put(&other, &third);
        BUG_UNLESS(third.n <= again.n);
    }
    buf_fini(&again);
    buf_fini(&third);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char again[IDLE_FORMAT_MAX];
    unsigned long which;
    struct slice name, body;
    size_t len;

    check_event(slice_make(data, n));
    if (idle_format_get(slice_make(data, n), &which, &name, &body) != ERR_OK)
        return 0;
    BUG_UNLESS(name.n > 0 && name.n <= IDLE_FORMAT_NAME_MAX && which <= IDLE_FORMAT_PING);
    len = idle_format_put(again, (enum idle_format_which)which, name);
    BUG_UNLESS(len + body.n == n && memcmp(again, data, len) == 0);
    check_event(body);
    return 0;
}
