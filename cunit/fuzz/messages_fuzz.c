/* messages_fuzz.c - the status pipe: whatever bytes, in whatever pieces, the same messages */
#include "lib/base/bug.h"
#include "master/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool known(void *arg, int32_t pid)
{
    (void)arg;
    return pid > 0 && pid < 0x10000;
}

static void count(void *arg, const struct protocol_status *m)
{
    BUG_UNLESS(m->message >= 1 && m->message <= 4 && known(NULL, m->pid));
    ++*(size_t *)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct messages whole = { .nheld = 0 }, pieces = { .nheld = 0 };
    size_t a = 0, b = 0, noise_a, noise_b = 0;

    noise_a = messages_feed(&whole, data, n, known, count, &a);
    for (size_t at = 0, len; at < n; at += len) {
        len = data[at] % 13 + 1u;
        if (len > n - at)
            len = n - at;
        noise_b += messages_feed(&pieces, data + at, len, known, count, &b);
    }
    BUG_UNLESS(a == b && noise_a == noise_b && whole.nheld == pieces.nheld);
    BUG_UNLESS(a * sizeof(struct protocol_status) + noise_a + whole.nheld == n);
    return 0;
}
