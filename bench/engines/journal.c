/* journal.c - a redo journal: the message and its metadata in one record, one sync for all
 *
 * Two preallocated segments take turns.  A process reserves room in the one in use, writes its
 * record there and waits for a round of fdatasync; the files are written without sync.  Who finds
 * no more room goes over to the other segment and, behind its reply, makes a checkpoint of the
 * full one: wait until all who have records there have written their files, syncfs, free.
 *
 * Locks, bytes of the file "space":
 *   SPACE_RESERVE      the numbers in that file
 *   SPACE_IN_USE + k   segment k: shared from reservation to the last write of the files
 *   SPACE_CHECKPOINT   from going over until the full segment is free
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/engines/engines.h"
#include "lib/base/mem.h"

enum {
    SEGMENT_SIZE = 32 << 20,
    ZERO_PIECE = 1 << 20,
    SEGMENTS = 2,
    SPACE_RESERVE = 0,
    SPACE_IN_USE = 1,
    SPACE_CHECKPOINT = SPACE_IN_USE + SEGMENTS
};

static const char *const segment_names[SEGMENTS] = { "segment0", "segment1" };
static const char *const rounds_names[SEGMENTS] = { "rounds0", "rounds1" };

/* Segments have serial numbers; number n is in the file n mod SEGMENTS. */
struct space {
    uint64_t serial;                    /* of the one in use */
    uint64_t used;                      /* bytes in it */
    uint64_t freed;                     /* all before this have been checkpointed */
};

struct journal {
    int space, segment[SEGMENTS];
    struct rounds rounds[SEGMENTS];
    unsigned writing;                   /* segment of the record in work */
    bool must_checkpoint;
    uint64_t full;                      /* serial of the segment to checkpoint */
};

static void make_segment(int top, const char *name)
{
    uint8_t *zero = mem_zalloc(ZERO_PIECE);
    int fd = sys_open(top, name, O_RDWR | O_CREAT);

    for (int64_t at = 0; at < SEGMENT_SIZE; at += ZERO_PIECE)
        sys_write(fd, zero, ZERO_PIECE, at);
    fsync(fd);
    close(fd);
    mem_free(zero);
}

void journal_make(int top)
{
    struct space none = { 0, 0, 0 };

    for (unsigned i = 0; i < SEGMENTS; i++) {
        make_segment(top, segment_names[i]);
        rounds_make(top, rounds_names[i]);
    }
    sys_write(sys_open(top, "space", O_RDWR | O_CREAT), &none, sizeof none, 0);
}

void journal_open(struct task *t)
{
    struct journal *j = mem_zalloc(sizeof *j);

    t->state = j;
    j->space = sys_open(t->top, "space", O_RDWR);
    for (unsigned i = 0; i < SEGMENTS; i++) {
        j->segment[i] = sys_open(t->top, segment_names[i], O_RDWR);
        rounds_open(&j->rounds[i], t->top, rounds_names[i], t->engine->flags);
    }
}

/* ---- room ---- */

static void get_space(struct journal *j, struct space *s)
{
    sys_lock(j->space, HOLD_EXCLUSIVE, SPACE_RESERVE);
    sys_read(j->space, s, sizeof *s, 0);
}

static void put_space(struct journal *j, const struct space *s)
{
    sys_write(j->space, s, sizeof *s, 0);
    sys_lock(j->space, HOLD_NOT, SPACE_RESERVE);
}

/* The other segment may still be in the way: then both are full. */
static bool go_over(struct journal *j, struct space *s)
{
    if (s->serial + 1 >= s->freed + SEGMENTS)
        return false;
    sys_lock(j->space, HOLD_EXCLUSIVE, SPACE_CHECKPOINT);
    j->must_checkpoint = true;
    j->full = s->serial;
    s->serial++;
    s->used = 0;
    return true;
}

static void wait_for_checkpoint(struct journal *j)
{
    sys_lock(j->space, HOLD_NOT, SPACE_RESERVE);
    sys_lock(j->space, HOLD_SHARED, SPACE_CHECKPOINT);
    sys_lock(j->space, HOLD_NOT, SPACE_CHECKPOINT);
}

/* Returns the place; j->writing is then in use. */
static int64_t reserve(struct journal *j, size_t n)
{
    struct space s;
    int64_t at;

    get_space(j, &s);
    while (s.used + n > SEGMENT_SIZE && !go_over(j, &s)) {
        wait_for_checkpoint(j);
        get_space(j, &s);
    }
    j->writing = (unsigned)(s.serial % SEGMENTS);
    sys_lock(j->space, HOLD_SHARED, SPACE_IN_USE + j->writing);
    at = (int64_t)s.used;
    s.used += n;
    put_space(j, &s);
    return at;
}

void journal_checkpoint(struct task *t)
{
    struct journal *j = t->state;
    int64_t in_use = SPACE_IN_USE + (int64_t)(j->full % SEGMENTS);
    struct space s;

    if (!j->must_checkpoint)
        return;
    sys_lock(j->space, HOLD_EXCLUSIVE, in_use);
    sys_syncfs(t);
    sys_lock(j->space, HOLD_NOT, in_use);
    get_space(j, &s);
    s.freed = j->full + 1;
    put_space(j, &s);
    sys_lock(j->space, HOLD_NOT, SPACE_CHECKPOINT);
    j->must_checkpoint = false;
}

/* ---- delivery ---- */

static void sync_segment(struct task *t)
{
    struct journal *j = t->state;

    sys_fdatasync(t, j->segment[j->writing]);
}

static void write_record(struct task *t)
{
    struct journal *j = t->state;
    size_t pages = (METADATA_SIZE + t->message_size + JOURNAL_PAGE - 1) / JOURNAL_PAGE;
    int64_t at = reserve(j, pages * JOURNAL_PAGE);

    sys_write(j->segment[j->writing], t->record, pages * JOURNAL_PAGE, at);
}

static void wait_for_round(struct task *t)
{
    struct journal *j = t->state;

    rounds_wait(&j->rounds[j->writing], t, sync_segment);
}

static void end_use(struct task *t)
{
    struct journal *j = t->state;

    sys_lock(j->space, HOLD_NOT, SPACE_IN_USE + j->writing);
}

void journal_deliver(struct task *t)
{
    bool early = t->engine->flags & ENGINE_EARLY;

    write_record(t);
    if (early)
        delivery_store(t);
    wait_for_round(t);
    if (!early)
        delivery_store(t);
    end_use(t);
}

void journal_deliver_record(struct task *t)
{
    write_record(t);
    wait_for_round(t);
    end_use(t);
}
