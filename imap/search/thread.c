/* thread.c - see thread.h
 *
 * Nodes 1 to n are the messages in mailbox order; those behind them are dummies.  Until the end there is only
 * `parent`: the steps of RFC 5256 that move or splice sets of siblings change parents, and one walk over the messages
 * in order of their dates puts every set of siblings in order at once (steps 4 and 6).
 */
#include "imap/search/thread.h"

#include "imap/search/forest.h"
#include "imap/search/radix.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

struct threads {
    const struct thread_msg *msg;               /* msg[node - 1] */
    uint32_t n, nnodes;
    uint32_t *num;                              /* of each message */
    uint32_t *parent;                           /* 0: top level */
    uint32_t *order;                            /* messages by date */
    uint32_t *first, *last, *next;              /* children; [0]: the top level */
};

static const char *const names[THREAD_NALGORITHMS] = { "ORDEREDSUBJECT", "REFERENCES", "REFS" };

int thread_algorithm_find(struct slice name)
{
    for (int i = 0; i < THREAD_NALGORITHMS; i++)
        if (slice_eqs_nocase(name, names[i]))
            return i;
    return -1;
}

void thread_load(struct memo *memo, struct mailbox *mb, const struct sort_item *items, size_t n, struct thread_msg *msg)
{
    for (size_t i = 0; i < n; i++)              /* all are read before references are borrowed */
        memo_links(memo, items[i].recno, &msg[i].links);
    for (size_t i = 0; i < n; i++) {
        memo_links(memo, items[i].recno, &msg[i].links);
        msg[i].num = items[i].id;
        msg[i].date = mailbox_gmtime_at(mb, items[i].recno);
        msg[i].received = mailbox_internaldate_at(mb, items[i].recno);
    }
}

static const struct thread_msg *msg_of(const struct threads *t, uint32_t node)
{
    return &t->msg[node - 1];
}

static bool is_dummy(const struct threads *t, uint32_t node)
{
    return node > t->n;
}

/* ---- step 1: who answers whom ---- */

struct linker {
    struct threads *t;
    size_t max_nodes;
    struct forest *forest;                      /* made when a chain is too long to be walked */
    uint32_t *node_of;                          /* by message id */
    bool *has_kids;                             /* had some at some time */
};

/* Only the first message with an id has it. */
static void claim_ids(struct linker *l)
{
    for (uint32_t i = 1; i <= l->t->n; i++) {
        uint32_t id = msg_of(l->t, i)->links.id;
        if (id && !l->node_of[id])
            l->node_of[id] = i;
    }
}

static uint32_t node_of(struct linker *l, uint32_t id)
{
    if (!l->node_of[id])
        l->node_of[id] = ++l->t->nnodes;
    return l->node_of[id];
}

static uint32_t root_of(struct linker *l, uint32_t node)
{
    if (!l->forest) {
        l->forest = forest_new((uint32_t)l->max_nodes);
        for (uint32_t i = 1; i <= l->t->nnodes; i++)
            if (l->t->parent[i])
                forest_link(l->forest, i, l->t->parent[i]);
    }
    return forest_root(l->forest, node);
}

/* Is `node` below `top`, which has no parent?  Few steps up decide that for ordinary mail. */
static bool is_below(struct linker *l, uint32_t node, uint32_t top)
{
    enum { NEAR = 32 };
    uint32_t x = node;

    for (int steps = 0; steps < NEAR; steps++) {
        if (!l->t->parent[x])
            return x == top;
        x = l->t->parent[x];
    }
    return root_of(l, x) == top;
}

/* `child` has no parent now; it gets none if that would make a loop. */
static void join(struct linker *l, uint32_t child, uint32_t parent)
{
    if (child == parent || (l->has_kids[child] && is_below(l, parent, child)))
        return;
    if (l->forest)
        forest_link(l->forest, child, parent);
    l->t->parent[child] = parent;
    l->has_kids[parent] = true;
}

static void part(struct linker *l, uint32_t child)
{
    if (l->forest)
        forest_cut(l->forest, child);
    l->t->parent[child] = 0;
}

static void link_message(struct linker *l, uint32_t i)
{
    const struct memo_links *m = &msg_of(l->t, i)->links;
    uint32_t before = 0;

    for (uint32_t r = 0; r < m->nrefs; r++) {   /* 1.A */
        uint32_t node = node_of(l, m->refs[r]);
        if (before && !l->t->parent[node])
            join(l, node, before);
        before = node;
    }
    if (l->t->parent[i] && l->t->parent[i] == before)
        return;
    if (l->t->parent[i])                        /* 1.B */
        part(l, i);
    if (before)
        join(l, i, before);
}

static void link_all(struct threads *t, uint32_t nids, size_t max_nodes)
{
    struct linker l = { .t = t, .max_nodes = max_nodes };

    l.node_of = mem_array((size_t)nids + 1, sizeof *l.node_of);
    l.has_kids = mem_array(max_nodes + 1, sizeof *l.has_kids);
    claim_ids(&l);
    for (uint32_t i = 1; i <= t->n; i++)
        link_message(&l, i);
    forest_free(&l.forest);
    mem_free(l.node_of);
    mem_free(l.has_kids);
}

/* ---- step 3: dummies go, but for those of the top level that hold siblings together ---- */

/* Nearest message or top-level dummy from dummy d upwards, remembered in `up` for all on the way. */
static uint32_t climb(const struct threads *t, uint32_t *up, uint32_t d)
{
    uint32_t end = d;

    while (is_dummy(t, end) && t->parent[end] && !up[end])
        end = t->parent[end];
    if (is_dummy(t, end) && up[end])
        end = up[end];
    for (uint32_t x = d; x != end && is_dummy(t, x) && !up[x];) {
        uint32_t above = t->parent[x];
        up[x] = end;
        x = above;
    }
    return end;
}

static void prune(struct threads *t)
{
    uint32_t *up = mem_array((size_t)t->nnodes + 1, sizeof *up);
    uint32_t *kids = mem_array((size_t)t->nnodes + 1, sizeof *kids);

    for (uint32_t i = 1; i <= t->n; i++)
        if (is_dummy(t, t->parent[i])) {
            t->parent[i] = climb(t, up, t->parent[i]);
            kids[t->parent[i]]++;
        }
    for (uint32_t i = 1; i <= t->n; i++)
        if (is_dummy(t, t->parent[i]) && kids[t->parent[i]] == 1)
            t->parent[i] = 0;
    mem_free(up);
    mem_free(kids);
}

/* ---- order ---- */

/* By sent date, then as in the mailbox (RFC 5256 2.2); REFS puts the internal date between the two. */
static void put_in_order(struct threads *t, bool by_received)
{
    struct radix_row *rows = mem_rearray(NULL, (size_t)t->n + 1, sizeof *rows);
    struct radix_row *spare = mem_rearray(NULL, (size_t)t->n + 1, sizeof *spare);

    for (uint32_t i = 0; i < t->n; i++)
        rows[i] = (struct radix_row){
            .head = (uint64_t)t->msg[i].date << 32 | (by_received ? t->msg[i].received : 0), .id = i + 1,
        };
    radix_sort(&rows, &spare, t->n);
    for (uint32_t i = 0; i < t->n; i++)
        t->order[i] = rows[i].id;
    mem_free(rows);
    mem_free(spare);
}

static void append_kid(struct threads *t, uint32_t parent, uint32_t kid)
{
    if (t->last[parent])
        t->next[t->last[parent]] = kid;
    else
        t->first[parent] = kid;
    t->last[parent] = kid;
}

/* Lists of children from `parent`; a dummy stands in the top level where its first child would. */
static void list_children(struct threads *t)
{
    for (uint32_t k = 0; k < t->n; k++) {
        uint32_t i = t->order[k], p = t->parent[i];
        if (is_dummy(t, p) && !t->first[p])
            append_kid(t, 0, p);
        append_kid(t, p, i);
    }
}

/* ---- step 5: threads with the same subject ---- */

/* A message speaks for itself, a dummy through its first child. */
static uint32_t speaker(const struct threads *t, uint32_t top)
{
    return is_dummy(t, top) ? t->first[top] : top;
}

static uint32_t subject_of(const struct threads *t, uint32_t top)
{
    return msg_of(t, speaker(t, top))->links.subject;
}

static bool is_reply(const struct threads *t, uint32_t top)
{
    return !is_dummy(t, top) && msg_of(t, top)->links.is_reply;
}

/* 5.B: the message that stands for each subject. */
static void fill_subjects(const struct threads *t, uint32_t *table)
{
    for (uint32_t top = t->first[0]; top; top = t->next[top]) {
        uint32_t subject = subject_of(t, top), old = table[subject];
        if (!subject)
            continue;
        if (!old || (!is_dummy(t, old) && (is_dummy(t, top) || (is_reply(t, old) && !is_reply(t, top)))))
            table[subject] = top;
    }
}

/* 5.C; into[d]: the dummy that got the children of dummy d. */
static void merge_subjects(struct threads *t, uint32_t *table, uint32_t *into)
{
    for (uint32_t top = t->first[0]; top; top = t->next[top]) {
        uint32_t subject = subject_of(t, top), other = table[subject];
        if (!subject || other == top)
            continue;
        if (is_dummy(t, other) && is_dummy(t, top)) {
            into[top] = other;
        } else if (is_dummy(t, other) || (is_reply(t, top) && !is_reply(t, other))) {
            t->parent[top] = other;
        } else {
            table[subject] = ++t->nnodes;
            t->parent[top] = t->parent[other] = t->nnodes;
        }
    }
}

static void gather_subjects(struct threads *t, uint32_t nsubjects, size_t max_nodes)
{
    uint32_t *table = mem_array((size_t)nsubjects + 1, sizeof *table);
    uint32_t *into = mem_array(max_nodes + 1, sizeof *into);

    fill_subjects(t, table);
    merge_subjects(t, table, into);
    for (uint32_t i = 1; i <= t->n; i++)
        if (into[t->parent[i]])
            t->parent[i] = into[t->parent[i]];
    memset(t->first, 0, (max_nodes + 1) * sizeof *t->first);
    memset(t->last, 0, (max_nodes + 1) * sizeof *t->last);
    memset(t->next, 0, (max_nodes + 1) * sizeof *t->next);
    list_children(t);
    mem_free(table);
    mem_free(into);
}

/* ---- REFS: threads in the order in which they grew last ---- */

/* Top of the tree that a node is in, remembered in `top` for all on the way. */
static uint32_t top_of(const struct threads *t, uint32_t *top, uint32_t node)
{
    uint32_t end = node;

    while (!top[end] && t->parent[end])
        end = t->parent[end];
    if (top[end])
        end = top[end];
    for (uint32_t x = node; x && !top[x]; x = t->parent[x])
        top[x] = end;
    return end;
}

static uint32_t *latest_arrivals(const struct threads *t)
{
    uint32_t *top = mem_array((size_t)t->nnodes + 1, sizeof *top);
    uint32_t *latest = mem_array((size_t)t->nnodes + 1, sizeof *latest);

    for (uint32_t i = 1; i <= t->n; i++) {
        uint32_t *of = &latest[top_of(t, top, i)];
        if (msg_of(t, i)->received > *of)
            *of = msg_of(t, i)->received;
    }
    mem_free(top);
    return latest;
}

static void order_by_arrival(struct threads *t)
{
    uint32_t *latest = latest_arrivals(t);
    struct radix_row *rows = mem_rearray(NULL, (size_t)t->n + 1, sizeof *rows);
    struct radix_row *spare = mem_rearray(NULL, (size_t)t->n + 1, sizeof *spare);
    size_t n = 0;

    for (uint32_t top = t->first[0]; top; top = t->next[top])
        rows[n++] = (struct radix_row){ .head = latest[top], .id = top };
    radix_sort(&rows, &spare, n);
    t->first[0] = t->last[0] = 0;
    for (size_t i = 0; i < n; i++) {
        t->next[rows[i].id] = 0;
        append_kid(t, 0, rows[i].id);
    }
    mem_free(latest);
    mem_free(rows);
    mem_free(spare);
}

/* ---- the algorithms ---- */

/* The first of each subject is the parent of all others. */
static void join_subjects(struct threads *t, uint32_t nsubjects)
{
    uint32_t *table = mem_array((size_t)nsubjects + 1, sizeof *table);

    for (uint32_t k = 0; k < t->n; k++) {
        uint32_t i = t->order[k], subject = msg_of(t, i)->links.subject;
        if (table[subject])
            t->parent[i] = table[subject];
        else
            table[subject] = i;
    }
    mem_free(table);
}

/* Every message and every reference may be a node of its own, and merging makes at most n dummies more. */
static size_t most_nodes(const struct thread_msg *msg, uint32_t n, uint32_t nids)
{
    size_t refs = 0;

    for (uint32_t i = 0; i < n; i++)
        refs += msg[i].links.nrefs;
    return 2 * (size_t)n + (refs < nids ? refs : nids);
}

struct threads *thread_build(enum thread_algorithm algorithm, const struct thread_msg *msg, uint32_t n, uint32_t nids,
                             uint32_t nsubjects)
{
    struct threads *t = mem_zalloc(sizeof *t);
    size_t max = most_nodes(msg, n, nids);

    *t = (struct threads){ .msg = msg, .n = n, .nnodes = n };
    t->parent = mem_array(max + 1, sizeof *t->parent);
    t->first = mem_array(max + 1, sizeof *t->first);
    t->last = mem_array(max + 1, sizeof *t->last);
    t->next = mem_array(max + 1, sizeof *t->next);
    t->order = mem_array((size_t)n + 1, sizeof *t->order);
    t->num = mem_array((size_t)n + 1, sizeof *t->num);
    for (uint32_t i = 0; i < n; i++)
        t->num[i + 1] = msg[i].num;
    put_in_order(t, algorithm == THREAD_REFS);
    if (algorithm == THREAD_ORDEREDSUBJECT) {
        join_subjects(t, nsubjects);
    } else {
        link_all(t, nids, max);
        prune(t);
    }
    list_children(t);
    if (algorithm == THREAD_REFERENCES)
        gather_subjects(t, nsubjects, max);
    else if (algorithm == THREAD_REFS)
        order_by_arrival(t);
    t->msg = NULL;
    return t;
}

void thread_free(struct threads **tp)
{
    struct threads *t = *tp;

    if (!t)
        return;
    *tp = NULL;
    mem_free(t->num);
    mem_free(t->parent);
    mem_free(t->order);
    mem_free(t->first);
    mem_free(t->last);
    mem_free(t->next);
    mem_free(t);
}

/* ---- the response ---- */

struct writer {
    const struct threads *t;
    void (*put)(void *arg, const char *, size_t);
    void *arg;
    struct vec todo;                            /* uint32_t: next sibling of each open list, 0 at its end */
};

static void put_number(const struct writer *w, uint32_t n, bool blank)
{
    char text[NUM_U64_MAX + 1] = " ";

    w->put(w->arg, text + !blank, num_put_u64(text + 1, n) + blank);
}

/* "(" and members until the thread ends, or splits: then its branches are to be done. */
static void write_line(struct writer *w, uint32_t node)
{
    bool blank = false;

    w->put(w->arg, "(", 1);
    for (;;) {
        uint32_t kid = w->t->first[node];
        if (!is_dummy(w->t, node)) {
            put_number(w, w->t->num[node], blank);
            blank = true;
        }
        if (!kid) {
            w->put(w->arg, ")", 1);
            return;
        }
        if (w->t->next[kid]) {
            w->put(w->arg, " ", blank);
            *VEC_PUSH(&w->todo, uint32_t) = kid;
            return;
        }
        node = kid;
    }
}

void thread_write(const struct threads *t, void (*put)(void *arg, const char *, size_t), void *arg)
{
    struct writer w = { t, put, arg, VEC_INIT(uint32_t) };

    *VEC_PUSH(&w.todo, uint32_t) = t->first[0];
    while (w.todo.n) {
        uint32_t *top = VEC_AT(&w.todo, uint32_t, w.todo.n - 1), node = *top;
        if (node) {
            *top = t->next[node];
            write_line(&w, node);
            continue;
        }
        vec_pop(&w.todo);
        if (w.todo.n)
            put(arg, ")", 1);
    }
    vec_fini(&w.todo);
}
