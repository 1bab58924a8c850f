/* disk.h - a file system in memory that knows what is durable
 *
 * Every file has its bytes as a process would read them, and its bytes as they are surely on the
 * disk; in between stands a list of changes that no sync has covered yet.  Every directory has its
 * names in three forms: as a process sees them, as surely on the disk when only a sync of the
 * directory makes names durable (strict), and when any sync makes all earlier names durable
 * (ordered).
 */
#ifndef LAB_DISK_H
#define LAB_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "cunit/lab/pages.h"
#include "cunit/lab/record.h"

enum { DISK_NOW, DISK_STRICT, DISK_ORDERED, DISK_NVIEWS };

struct node;
struct name {
    char *text;
    struct node *node;
};
struct names {
    struct name *at;
    size_t n, room;
};

enum change_type { CHANGE_WRITE, CHANGE_SIZE, CHANGE_EXTEND, CHANGE_TIME };
/* A change of a file's bytes. */
struct change {
    uint64_t pos;                       /* in the log */
    enum change_type type;
    uint64_t at;                        /* offset, size or time */
    const char *data;                   /* in the log */
    size_t n;
    uint64_t time;
};
/* A change of a directory's names: both parts at once (one may be NULL). */
struct naming {
    uint64_t pos;
    char *gone, *come;
    struct node *node;
    unsigned done;                      /* bit per view that has it */
};

struct node {
    uint64_t ino;
    bool is_dir;
    uint32_t mode;
    struct pages now, durable;          /* files */
    uint64_t time_now, time_durable;    /* modification, ns; 0: never set on purpose */
    uint64_t written_now, written_durable;      /* when bytes changed last, ns */
    struct change *change;              /* not covered by a sync */
    size_t nchanges;
    struct names names[DISK_NVIEWS];    /* directories */
    struct naming *naming;
    size_t nnamings;
    struct node *next;                  /* all nodes of the disk */
};

struct disk {
    struct node *all;
    struct node *root;                  /* stands for "/" */
};

struct disk *disk_new(void);
void disk_free(struct disk *);
/* The node at an absolute path, or NULL. */
struct node *disk_find(struct disk *, const char *path, size_t n);
/* A live node by inode number: the newest with that number. */
struct node *disk_by_ino(struct disk *, uint64_t ino);
/* A new file or directory, durable at once: for what was there before the recording. */
struct node *disk_put(struct disk *, const char *path, bool is_dir, uint64_t ino, uint32_t mode);
/* Apply one record of the log; `pos` is its position.  False: it does not fit what is there (said
 * on standard error). */
bool disk_apply(struct disk *, const struct lab_event *, uint64_t pos);

/* What the disk might hold after a power cut, from now until the next change: see disk_state.c. */
enum disk_model { MODEL_ALL, MODEL_ORDERED, MODEL_STRICT, MODEL_TORN };
struct disk_state;
struct disk_state *disk_state(const struct disk *, enum disk_model, uint64_t seed);
void disk_state_free(struct disk_state *);
/* Equal trees have equal numbers. */
uint64_t disk_state_hash(const struct disk_state *);
/* Make the part of it below `top`, an absolute path of the recording, where nothing may be yet but
 * directories.  Negative on failure (said on standard error). */
int disk_state_store(const struct disk_state *, const char *top, uint32_t uid, uint32_t gid);

/* Call fn for every file with bytes, and every directory with names, that no sync covers: path and
 * 'd' for data, 't' for nothing but a modification time, 'n' for a name (in the strict view). */
void disk_unsynced(const struct disk *, void (*fn)(void *, const char *path, char kind), void *arg);

#endif
