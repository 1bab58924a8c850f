/* ordered.c - engines without a journal: the files themselves are synced; see engines.h */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>

#include "bench/driver/drive.h"
#include "bench/engines/engines.h"
#include "lib/base/mem.h"

/* ---- one syncfs for all ---- */

void group_make(int top)
{
    rounds_make(top, "rounds");
}

void group_open(struct task *t)
{
    struct rounds *r = mem_zalloc(sizeof *r);

    rounds_open(r, t->top, "rounds", t->engine->flags);
    t->state = r;
}

void group_deliver(struct task *t)
{
    delivery_store(t);
    rounds_wait(t->state, t, sys_syncfs);
}

/* ---- one after another ---- */

void ordered_deliver(struct task *t)
{
    delivery_write(t);
    sys_fsync(t, t->file);
    delivery_lock(t);
    delivery_link(t);
    sys_fsync(t, t->box);
    delivery_index(t);
    sys_fdatasync(t, t->index);
    delivery_unlock(t);
    delivery_close(t);
}

/* The index may be on the disk before what it names: a reader after a crash has to look. */
void merged_deliver(struct task *t)
{
    delivery_write(t);
    delivery_lock(t);
    delivery_link(t);
    delivery_index(t);
    delivery_unlock(t);
    sys_fsync(t, t->file);
    sys_fsync(t, t->box);
    sys_fdatasync(t, t->index);
    delivery_close(t);
}

/* ---- two side by side ---- */

struct helper {
    sem_t begin, end;
    struct task *task;
};

/* Ends with the process. */
static void *help(void *arg)
{
    struct helper *h = arg;

    for (;;) {
        sem_wait(&h->begin);
        sys_fsync(h->task, h->task->file);
        sem_post(&h->end);
    }
    return NULL;
}

void paired_open(struct task *t)
{
    struct helper *h = mem_zalloc(sizeof *h);
    pthread_t id;

    h->task = t;
    t->state = h;
    sem_init(&h->begin, 0, 0);
    sem_init(&h->end, 0, 0);
    if (pthread_create(&id, NULL, help, h))
        drive_cannot("no more threads");
}

void paired_deliver(struct task *t)
{
    struct helper *h = t->state;

    delivery_write(t);
    delivery_lock(t);
    delivery_link(t);
    sem_post(&h->begin);
    sys_fsync(t, t->box);
    sem_wait(&h->end);
    delivery_index(t);
    sys_fdatasync(t, t->index);
    delivery_unlock(t);
    delivery_close(t);
}
