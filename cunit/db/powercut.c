/* powercut.c - see powercut.h */
#include "cunit/db/powercut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cunit/db/db_test.h"
#include "cunit/db/disk.h"
#include "lib/os/dir.h"

enum { MAX_FILES = 4096, MAX_NAMES = 64, SECTOR = 512 };

struct name {
    char path[512];
    int file;
};

struct names {
    struct name list[MAX_NAMES];
    size_t n;
};

static struct name *find_name(struct names *names, const char *path)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->list[i].path, path) == 0)
            return &names->list[i];
    return NULL;
}

static void set_name(struct names *names, const char *path, int file)
{
    struct name *at = find_name(names, path);

    if (!at && names->n == MAX_NAMES)
        abort();
    if (!at)
        at = &names->list[names->n++];
    snprintf(at->path, sizeof at->path, "%s", path);
    at->file = file;
}

static int remove_name(struct names *names, const char *path)
{
    struct name *at = find_name(names, path);

    if (!at)
        return -1;
    int file = at->file;
    *at = names->list[--names->n];
    return file;
}

static void change_names(struct names *names, const struct disk_step *s)
{
    if (s->kind == DISK_CREATE)
        set_name(names, s->path, s->file);
    else if (s->kind == DISK_UNLINK)
        remove_name(names, s->path);
    else if (s->kind == DISK_RENAME)
        set_name(names, s->to, remove_name(names, s->path));
}

static void change_bytes(struct buf *b, const struct disk_step *s, size_t n)
{
    uint64_t end = s->kind == DISK_TRUNCATE ? s->at : s->at + n;

    if (end > b->n) {
        buf_reserve(b, end - b->n);
        memset(b->p + b->n, 0, end - b->n);
        b->n = end;
    }
    if (s->kind == DISK_TRUNCATE)
        b->n = s->at;
    else if (n)
        memcpy(b->p + s->at, s->bytes, n);
}

static bool is_data(const struct disk_step *s)
{
    return s->kind == DISK_WRITE || s->kind == DISK_TRUNCATE;
}

/* Is step i durable after k steps, by a later sync of its file? */
static bool is_synced(const struct disk_step *list, size_t i, size_t k)
{
    for (size_t j = i + 1; j < k; j++)
        if (list[j].kind == DISK_SYNC && list[j].file == list[i].file)
            return true;
    return false;
}

static bool is_name_synced(const struct disk_step *list, size_t i, size_t k)
{
    for (size_t j = i + 1; j < k; j++)
        if (list[j].kind == DISK_SYNC_DIR)
            return true;
    return false;
}

size_t powercut_unsynced(size_t k)
{
    size_t n, count = 0;
    const struct disk_step *list = disk_recorded(&n);

    for (size_t i = 0; i < k; i++)
        count += is_data(&list[i]) && !is_synced(list, i, k);
    return count;
}

/* How many bytes of the i-th unsynced write have arrived? */
static size_t arrived(const struct disk_step *s, size_t i, enum powercut_data how, size_t n, bool *any)
{
    size_t half = s->n / SECTOR / 2 * SECTOR;

    *any = how == CUT_ALL || (how == CUT_ONLY && i == n) || (how == CUT_BUT && i != n) ||
        (how == CUT_TORN && (i < n || (i == n && half)));
    return how == CUT_TORN && i == n ? half : s->n;
}

static void write_files(const struct names *names, const struct buf *files, const char *from,
                        const char *to)
{
    for (size_t i = 0; i < names->n; i++) {
        const struct name *name = &names->list[i];
        char path[1024];
        if (strncmp(name->path, from, strlen(from)) != 0 || name->file < 0)
            continue;
        snprintf(path, sizeof path, "%s%s", to, name->path + strlen(from));
        if (dir_make_parents(path, 0755) != ERR_OK)
            abort();
        write_file(path, buf_slice(&files[name->file]));
    }
}

void powercut_make(size_t k, enum powercut_data how, size_t n, enum powercut_names hownames,
                   const char *from, const char *to)
{
    static struct buf files[MAX_FILES];
    static struct names names;
    const char *path;
    const void *content;
    size_t nsteps, size, unsynced = 0;
    int file;
    const struct disk_step *list = disk_recorded(&nsteps);

    names.n = 0;
    for (size_t i = 0; i < MAX_FILES; i++)
        buf_reset(&files[i]);
    for (size_t i = 0; disk_before(i, &file, &path, &content, &size); i++) {
        set_name(&names, path, file);
        buf_add(&files[file], content, size);
    }
    for (size_t i = 0; i < k; i++) {
        const struct disk_step *s = &list[i];
        bool any = true;
        if (!is_data(s)) {
            if (hownames == CUT_NAMES_ALL || is_name_synced(list, i, k))
                change_names(&names, s);
            continue;
        }
        size_t bytes = s->n;
        if (!is_synced(list, i, k))
            bytes = arrived(s, unsynced++, how, n, &any);
        if (any)
            change_bytes(&files[s->file], s, bytes);
    }
    write_files(&names, files, from, to);
    for (size_t i = 0; i < MAX_FILES; i++)
        buf_fini(&files[i]);
}
