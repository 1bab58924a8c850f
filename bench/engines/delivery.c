/* delivery.c - the parts of a delivery, none of them synced: see engines.h */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/driver/drive.h"
#include "bench/engines/engines.h"

enum { INDEX_HEADER = 160, INDEX_RECORD = 128, CACHE_RECORD = 1500, NAME_MAX_BYTES = 32 };

struct index_header {
    uint64_t records;
    uint8_t rest[INDEX_HEADER - sizeof(uint64_t)];
};

void delivery_open(struct task *t, const char *mailbox)
{
    struct index_header h = { 0 };
    struct stat st;

    if (mkdirat(t->top, mailbox, 0700) && errno != EEXIST)
        drive_cannot("%s: %s", mailbox, strerror(errno));
    t->box = sys_open(t->top, mailbox, O_RDONLY | O_DIRECTORY);
    t->index = sys_open(t->box, "index", O_RDWR | O_CREAT);
    t->cache = sys_open(t->box, "cache", O_WRONLY | O_CREAT | O_APPEND);
    t->file = -1;
    delivery_lock(t);
    if (fstat(t->index, &st) == 0 && st.st_size == 0)
        sys_write(t->index, &h, sizeof h, 0);
    delivery_unlock(t);
}

static const char *name(char *out, const char *kind, const struct task *t)
{
    snprintf(out, NAME_MAX_BYTES, "%s%u-%ju.", kind, t->id, (uintmax_t)t->serial);
    return out;
}

void delivery_write(struct task *t)
{
    char stage[NAME_MAX_BYTES];

    t->file = sys_open(t->top, name(stage, "stage", t), O_WRONLY | O_CREAT | O_EXCL);
    sys_write(t->file, t->record + METADATA_SIZE, t->message_size, 0);
}

void delivery_lock(struct task *t)
{
    sys_lock(t->index, HOLD_EXCLUSIVE, 0);
}

void delivery_unlock(struct task *t)
{
    sys_lock(t->index, HOLD_NOT, 0);
}

void delivery_link(struct task *t)
{
    char stage[NAME_MAX_BYTES], message[NAME_MAX_BYTES];

    name(stage, "stage", t);
    name(message, "", t);
    if (linkat(t->top, stage, t->box, message, 0) || unlinkat(t->top, stage, 0))
        drive_cannot("%s: %s", message, strerror(errno));
}

void delivery_index(struct task *t)
{
    struct index_header h;

    if (write(t->cache, t->record, CACHE_RECORD) != CACHE_RECORD)
        drive_cannot("cache: %s", strerror(errno));
    sys_read(t->index, &h, sizeof h, 0);
    sys_write(t->index, t->record, INDEX_RECORD,
              (int64_t)(INDEX_HEADER + h.records * INDEX_RECORD));
    h.records++;
    sys_write(t->index, &h, sizeof h, 0);
}

void delivery_close(struct task *t)
{
    close(t->file);
    t->file = -1;
}

void delivery_store(struct task *t)
{
    delivery_write(t);
    delivery_lock(t);
    delivery_link(t);
    delivery_index(t);
    delivery_unlock(t);
    delivery_close(t);
}
