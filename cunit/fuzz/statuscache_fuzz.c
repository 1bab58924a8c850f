/* statuscache_fuzz.c - values of the status cache; what is accepted is written so that it reads back
 * as the same, and nothing is both kinds of record
 */
#include "imap/store/statuscache_format.h"
#include "lib/base/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void check_index(const struct statuscache_index *i)
{
    struct statuscache_index back;
    struct buf text = BUF_INIT;

    statuscache_format_index(i, &text);
    BUG_UNLESS(statuscache_parse_index(buf_slice(&text), &back) == ERR_OK);
    BUG_UNLESS(memcmp(i, &back, sizeof back) == 0);
    buf_fini(&text);
}

static void check_user(const struct statuscache_user *u)
{
    struct statuscache_user back;
    struct buf text = BUF_INIT;

    statuscache_format_user(u, &text);
    BUG_UNLESS(statuscache_parse_user(buf_slice(&text), &back) == ERR_OK);
    BUG_UNLESS(memcmp(u, &back, sizeof back) == 0);
    buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct slice value = slice_make(data, n);
    struct statuscache_index i;
    struct statuscache_user u;
    bool is_index = statuscache_parse_index(value, &i) == ERR_OK;
    bool is_user = statuscache_parse_user(value, &u) == ERR_OK;

    BUG_UNLESS(!is_index || !is_user);
    if (is_index)
        check_index(&i);
    else
        BUG_UNLESS(i.messages == 0 && i.highestmodseq == 0);
    if (is_user)
        check_user(&u);
    else
        BUG_UNLESS(u.unseen == 0 && u.highestmodseq == 0);
    return 0;
}
