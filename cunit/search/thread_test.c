/* covers: IM-06 */
#include "imap/search/thread.h"

#include "cunit/test.h"
#include "imap/search/forest.h"
#include "imap/search/radix.h"
#include "lib/base/mem.h"

enum { REFS = 4 };

/* A message of a case: refs end in 0. */
struct row {
    uint32_t date, subject;
    bool is_reply;
    uint32_t id, refs[REFS];
};

static void collect(void *arg, const char *p, size_t n)
{
    buf_add(arg, p, n);
}

static void run(enum thread_algorithm algorithm, const struct row *rows, uint32_t n, struct buf *out)
{
    struct thread_msg *msg = mem_array(n + 1, sizeof *msg);
    struct threads *t;
    uint32_t ids = 0, subjects = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct row *r = &rows[i];
        struct memo_links *l = &msg[i].links;
        msg[i].num = i + 1;
        msg[i].date = msg[i].received = r->date;
        *l = (struct memo_links){ r->subject, r->is_reply, r->id, r->refs, 0 };
        while (l->nrefs < REFS && r->refs[l->nrefs]) {
            ids = r->refs[l->nrefs] > ids ? r->refs[l->nrefs] : ids;
            l->nrefs++;
        }
        ids = r->id > ids ? r->id : ids;
        subjects = r->subject > subjects ? r->subject : subjects;
    }
    t = thread_build(algorithm, msg, n, ids, subjects);
    buf_reset(out);
    thread_write(t, collect, out);
    thread_free(&t);
    mem_free(msg);
}

static void check(enum thread_algorithm algorithm, const struct row *rows, uint32_t n, const char *want)
{
    struct buf got = BUF_INIT;

    run(algorithm, rows, n, &got);
    if (!slice_eqs(buf_slice(&got), want))
        printf("got %.*s\nnot %s\n", SLICE_ARG(buf_slice(&got)), want);
    CU_ASSERT_TRUE(slice_eqs(buf_slice(&got), want));
    buf_fini(&got);
}

#define CHECK(algorithm, rows, want) check(THREAD_##algorithm, rows, sizeof(rows) / sizeof *(rows), want)

/* The first example of the THREAD response in RFC 5256 4: (2)(3 6 (4 23)(44 7 96)), here renumbered. */
static void test_example(void)
{
    /* 1=2 2=3 3=6 4=4 5=23 6=44 7=7 8=96 */
    static const struct row rows[] = {
        { 1, 1, false, 1, { 0 } }, { 2, 2, false, 2, { 0 } },    { 3, 3, false, 3, { 2 } },
        { 4, 4, false, 4, { 2, 3 } }, { 5, 5, false, 5, { 2, 3, 4 } }, { 6, 6, false, 6, { 2, 3 } },
        { 7, 7, false, 7, { 6 } }, { 8, 8, false, 8, { 6, 7 } },
    };
    /* (3)(5) are siblings whose parent is not there */
    static const struct row siblings[] = { { 1, 1, false, 1, { 9 } }, { 2, 2, false, 2, { 9 } } };

    CHECK(REFERENCES, rows, "(1)(2 3 (4 5)(6 7 8))");
    CHECK(REFS, rows, "(1)(2 3 (4 5)(6 7 8))");
    CHECK(REFERENCES, siblings, "((1)(2))");
    CHECK(ORDEREDSUBJECT, siblings, "(1)(2)");
}

static void test_ordered_subject(void)
{
    static const struct row rows[] = {
        { 5, 1, false, 0, { 0 } }, { 3, 2, true, 0, { 0 } }, { 4, 1, true, 0, { 0 } }, { 6, 1, true, 0, { 0 } },
        { 1, 0, false, 0, { 0 } }, { 2, 0, false, 0, { 0 } },
    };

    CHECK(ORDEREDSUBJECT, rows, "(5 6)(2)(3 (1)(4))");
}

/* Step 1: parents once given, loops, duplicates, own id. */
static void test_links(void)
{
    static const struct row truncated[] = {     /* 2 names nobody, but 3 says that it answers 1 */
        { 1, 1, false, 1, { 0 } }, { 2, 2, false, 2, { 0 } }, { 3, 3, false, 3, { 1, 2 } },
    };
    static const struct row corrected[] = {     /* 1 is linked below 9 before it says that 4 is its parent */
        { 3, 1, false, 2, { 9, 1 } }, { 2, 2, false, 1, { 4 } }, { 1, 3, false, 4, { 0 } },
    };
    static const struct row loop[] = { { 1, 1, false, 1, { 2 } }, { 2, 2, false, 2, { 1 } } };
    static const struct row self[] = { { 1, 1, false, 1, { 1 } }, { 2, 2, false, 2, { 2, 1, 2 } } };
    static const struct row twice[] = { { 1, 1, false, 1, { 0 } }, { 2, 2, false, 1, { 0 } }, { 3, 3, false, 3, { 1 } } };
    static const struct row ring[] = {          /* 1 under 3 under 2 under 1: the last is refused */
        { 1, 1, false, 1, { 3 } }, { 2, 2, false, 3, { 2 } }, { 3, 3, false, 2, { 1 } },
    };

    CHECK(REFERENCES, truncated, "(1 2 3)");
    CHECK(REFERENCES, corrected, "(3 2 1)");
    CHECK(REFERENCES, loop, "(2 1)");
    CHECK(REFERENCES, self, "(2 1)");
    CHECK(REFERENCES, twice, "(1 3)(2)");
    CHECK(REFERENCES, ring, "(3 2 1)");
}

/* Step 3. */
static void test_dummies(void)
{
    static const struct row one[] = { { 1, 1, false, 1, { 7, 8, 9 } } };
    static const struct row two[] = { { 1, 1, false, 1, { 7, 8 } }, { 2, 2, false, 2, { 7, 9 } } };
    static const struct row inner[] = {         /* the dummy between 1 and its replies goes */
        { 1, 1, false, 1, { 0 } }, { 2, 2, false, 2, { 1, 9 } }, { 3, 3, false, 3, { 1, 9 } },
    };
    static const struct row dates[] = {         /* a dummy is as old as its first child */
        { 5, 1, false, 1, { 9 } }, { 2, 2, false, 2, { 9 } }, { 3, 3, false, 3, { 0 } },
    };

    CHECK(REFERENCES, one, "(1)");
    CHECK(REFERENCES, two, "((1)(2))");
    CHECK(REFERENCES, inner, "(1 (2)(3))");
    CHECK(REFERENCES, dates, "((2)(1))(3)");
}

/* Step 5: one case for each rule of 5.C. */
static void test_subjects(void)
{
    static const struct row reply[] = { { 2, 1, true, 1, { 0 } }, { 3, 1, false, 2, { 0 } }, { 4, 1, true, 3, { 0 } } };
    static const struct row equal[] = { { 2, 1, false, 1, { 0 } }, { 1, 1, false, 2, { 0 } }, { 3, 1, true, 3, { 0 } } };
    static const struct row replies[] = { { 1, 1, true, 1, { 0 } }, { 2, 1, true, 2, { 0 } } };
    static const struct row dummies[] = {
        { 1, 1, false, 1, { 8 } }, { 2, 2, false, 2, { 8 } }, { 3, 1, false, 3, { 9 } }, { 4, 3, false, 4, { 9 } },
    };
    static const struct row mixed[] = { { 1, 1, false, 1, { 0 } }, { 2, 1, false, 2, { 8 } }, { 3, 2, false, 3, { 8 } } };
    static const struct row empty[] = { { 1, 0, false, 1, { 0 } }, { 2, 0, true, 2, { 0 } } };

    CHECK(REFERENCES, reply, "(2 (1)(3))");
    CHECK(REFERENCES, equal, "((2)(1)(3))");
    CHECK(REFERENCES, replies, "((1)(2))");
    CHECK(REFERENCES, dummies, "((1)(2)(3)(4))");
    CHECK(REFERENCES, mixed, "((1)(2)(3))");
    CHECK(REFERENCES, empty, "(1)(2)");
    CHECK(REFS, reply, "(1)(2)(3)");
    check(THREAD_REFERENCES, empty, 0, "");
    check(THREAD_ORDEREDSUBJECT, empty, 0, "");
}

/* REFS: threads stand where their latest arrival puts them. */
static void test_refs_order(void)
{
    static const struct row rows[] = { { 1, 1, false, 1, { 0 } }, { 2, 2, false, 2, { 0 } }, { 3, 3, false, 3, { 1 } } };

    CHECK(REFS, rows, "(2)(1 3)");
    CHECK(REFERENCES, rows, "(1 3)(2)");
}

static uint32_t seed = 12345;

static uint32_t below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

/* Read a response back: the parent of every message (0: none, or a dummy), and that the text is well formed. */
static bool read_back(struct slice s, uint32_t n, uint32_t *parent, bool *seen)
{
    uint32_t above[4096], depth = 0, last = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '(') {
            if (depth == 4096)
                return false;
            above[depth++] = last;
        } else if (c == ')') {
            if (depth == 0)
                return false;
            last = above[--depth];
        } else if (c >= '1' && c <= '9') {
            uint32_t num = 0;
            for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
                num = num * 10 + (uint32_t)(s.p[i] - '0');
            i--;
            if (num > n || seen[num])
                return false;
            seen[num] = true;
            parent[num] = last;
            last = num;
        } else if (c != ' ') {
            return false;
        }
    }
    for (uint32_t k = 1; k <= n; k++)
        if (!seen[k])
            return false;
    return depth == 0;
}

/* Every message once, whatever the references say; and where they say it without contradiction, below its parent. */
static void test_random(void)
{
    enum { N = 60, ROUNDS = 3000 };
    struct buf text = BUF_INIT;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct row rows[N] = { { 0 } };
        uint32_t n = 1 + below(N), parent[N + 1];
        bool seen[N + 1] = { false }, forward = round % 2;
        for (uint32_t i = 0; i < n; i++) {
            rows[i].date = below(50);
            rows[i].subject = below(10);
            rows[i].is_reply = below(2);
            rows[i].id = forward ? i + 1 : below(n + 5);
            for (uint32_t r = 0, k = below(REFS + 1); r < k; r++)
                rows[i].refs[r] = forward ? (i ? 1 + below(i) : 0) : 1 + below(n + 5);
        }
        for (int a = 0; a < THREAD_NALGORITHMS; a++) {
            run((enum thread_algorithm)a, rows, n, &text);
            memset(seen, 0, sizeof seen);
            CU_CHECK_ROW(round, read_back(buf_slice(&text), n, parent, seen));
        }
        for (uint32_t i = 0; forward && i < n; i++) {   /* `parent` is that of REFS: no subjects */
            uint32_t last = 0;
            while (last < REFS && rows[i].refs[last])
                last++;
            /* one without references may be put below another by whoever answers both (1.A) */
            CU_CHECK_ROW(round, !last || parent[i + 1] == rows[i].refs[last - 1]);
        }
    }
    buf_fini(&text);
}

/* A chain as long as the mailbox, told in the order that is worst for walking up. */
static void test_chain(void)
{
    enum { N = 200000 };
    struct row *rows = mem_array(N, sizeof *rows);
    struct buf text = BUF_INIT;

    for (uint32_t i = 0; i < N; i++) {
        uint32_t id = 1 + (uint32_t)((uint64_t)i * 7919 % N);
        rows[i] = (struct row){ .date = id, .subject = id, .id = id, .refs = { id - 1 } };
    }
    run(THREAD_REFERENCES, rows, N, &text);
    CU_ASSERT_EQUAL(text.p[0], '(');
    CU_ASSERT_EQUAL(slice_find(slice_skip(buf_slice(&text), 1), '('), -1);      /* one thread, not split */
    mem_free(rows);
    buf_fini(&text);
}

/* Against parents that are walked. */
static void test_forest(void)
{
    enum { N = 200, STEPS = 20000 };
    struct forest *f = forest_new(N);
    uint32_t parent[N + 1] = { 0 };

    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t x = 1 + below(N), y = 1 + below(N), root = y;
        while (parent[root])
            root = parent[root];
        CU_CHECK_ROW(step, forest_root(f, y) == root);
        if (below(3) == 0) {
            forest_cut(f, x);
            parent[x] = 0;
        } else if (!parent[x] && root != x) {
            forest_link(f, x, y);
            parent[x] = y;
        }
    }
    forest_free(&f);
    CU_ASSERT_PTR_NULL(f);
    forest_free(&f);
}

static void test_radix(void)
{
    enum { N = 3000 };
    struct radix_row *rows = mem_array(N, sizeof *rows), *spare = mem_array(N, sizeof *spare);

    for (uint32_t i = 0; i < N; i++)
        rows[i] = (struct radix_row){ .head = (uint64_t)below(40) << (8 * below(8)), .id = i };
    radix_sort(&rows, &spare, N);
    for (uint32_t i = 1; i < N; i++)
        CU_CHECK_ROW(i, rows[i - 1].head < rows[i].head || (rows[i - 1].head == rows[i].head && rows[i - 1].id < rows[i].id));
    radix_sort(&rows, &spare, 0);
    mem_free(rows);
    mem_free(spare);
}

TEST_SUITE("thread", { "examples", test_example }, { "ORDEREDSUBJECT", test_ordered_subject }, { "links", test_links },
           { "dummies", test_dummies }, { "subjects", test_subjects }, { "REFS", test_refs_order },
           { "random", test_random }, { "long chain", test_chain }, { "forest", test_forest }, { "radix", test_radix })
