/* thread_fuzz.c - any links between messages: each message is told once, in well-formed lists, by every algorithm
 *
 * First byte: algorithm.  Then four bytes per message: date, subject and reply bit, id, and how many references
 * follow, a byte each.
 */
#include "imap/search/thread.h"
#include "lib/base/bug.h"
#include "lib/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct told {
    uint32_t n, depth, number;
    bool seen[256], in_number;
};

static void number_ends(struct told *t)
{
    if (!t->in_number)
        return;
    BUG_UNLESS(t->number >= 1 && t->number <= t->n && !t->seen[t->number] && t->depth > 0);
    t->seen[t->number] = true;
    t->in_number = false;
    t->number = 0;
}

static void look(void *arg, const char *p, size_t n)
{
    struct told *t = arg;

    for (size_t i = 0; i < n; i++) {
        if (p[i] >= '0' && p[i] <= '9') {
            t->number = t->number * 10 + (uint32_t)(p[i] - '0');
            t->in_number = true;
            continue;
        }
        number_ends(t);
        BUG_UNLESS(p[i] == '(' || p[i] == ')' || p[i] == ' ');
        t->depth += p[i] == '(';
        BUG_UNLESS(p[i] != ')' || t->depth > 0);
        t->depth -= p[i] == ')';
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct thread_msg msg[255];
    uint32_t refs[4096], nrefs = 0;
    struct told told = { 0 };
    struct threads *t;

    if (n == 0 || n > sizeof refs / sizeof *refs)
        return 0;
    for (size_t at = 1; at + 4 <= n && told.n < 255;) {
        struct thread_msg *m = &msg[told.n++];
        const uint8_t *p = data + at;
        uint32_t k = p[3];
        at += 4;
        *m = (struct thread_msg){ .num = told.n, .date = p[0], .received = p[0] ^ p[2] };
        m->links = (struct memo_links){ p[1] >> 1, p[1] & 1, p[2], refs + nrefs, 0 };
        for (; m->links.nrefs < k && at < n; at++)
            if (data[at]) {
                refs[nrefs++] = data[at];
                m->links.nrefs++;
            }
    }
    t = thread_build((enum thread_algorithm)(data[0] % THREAD_NALGORITHMS), msg, told.n, 255, 127);
    thread_write(t, look, &told);
    BUG_UNLESS(told.depth == 0);
    for (uint32_t i = 1; i <= told.n; i++)
        BUG_UNLESS(told.seen[i]);
    thread_free(&t);
    return 0;
}
