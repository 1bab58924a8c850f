/* param2231_fuzz.c - parameters: bounded output, and a written value comes back */
#include "lib/base/bug.h"
#include "lib/text/param2231.h"
#include "lib/text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void check_all(struct slice s)
{
    struct param2231_parser p;
    struct param2231 *params, param;
    struct slice type, subtype;
    struct arena *arena = arena_new(0);
    size_t n = 0;

    if (param2231_begin_type(&p, s, &type, &subtype) == ERR_OK)
        while (param2231_next(&p, &param))
            BUG_UNLESS(++n <= s.n && param.name.n + param.value.n <= s.n);
    param2231_fini(&p);
    if (param2231_begin_token(&p, s, &type) == ERR_OK) {
        n = param2231_all(&p, arena, &params);
        BUG_UNLESS(n <= PARAM2231_MAX);
        for (size_t i = 0; i < n; i++)
            BUG_UNLESS(params[i].name.n <= s.n && params[i].value.n <= 3 * s.n + 2);
    }
    param2231_fini(&p);
    param2231_begin_list(&p, s);
    for (n = 0; param2231_next_token(&p, &type); n++)
        BUG_UNLESS(n <= s.n);
    param2231_fini(&p);
    arena_free(&arena);
}

/* Not for "=?": a plain value with encoded words is decoded when it is read. */
static void check_round_trip(struct slice s)
{
    struct buf text = BUF_INIT, coded = BUF_INIT, back = BUF_INIT;

    utf8_add_lossy(&text, s);
    if (slice_search(buf_slice(&text), SLICE_LIT("=?")) < 0) {
        buf_adds(&coded, "attachment");
        param2231_add(&coded, "filename", buf_slice(&text));
        BUG_UNLESS(param2231_get(buf_slice(&coded), "filename", &back) == ERR_OK);
        BUG_UNLESS(slice_eq(buf_slice(&text), buf_slice(&back)));
    }
    buf_fini(&text);
    buf_fini(&coded);
    buf_fini(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice s = slice_make(data, n);
    struct buf out = BUF_INIT;

    check_all(s);
    check_round_trip(s);
    if (param2231_get(s, "a", &out) == ERR_OK)
        BUG_UNLESS(utf8_valid(buf_slice(&out)));
    buf_fini(&out);
    return 0;
}
