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

/* The disk as it is being built. */
static struct buf files[MAX_FILES];
static struct names names;

static struct name *find_name(const char *path)
{
    for (size_t i = 0; i < names.n; i++)
        if (strcmp(names.list[i].path, path) == 0)
            return &names.list[i];
    return NULL;
}

static void set_name(const char *path, int file)
{
    struct name *at = find_name(path);

    if (!at && names.n == MAX_NAMES)
        abort();
    if (!at)
        at = &names.list[names.n++];
    snprintf(at->path, sizeof at->path, "%s", path);
    at->file = file;
}

static int remove_name(const char *path)
{
    struct name *at = find_name(path);

    if (!at)
        return -1;
    int file = at->file;
    *at = names.list[--names.n];
    return file;
}

static void change_names(const struct disk_step *s)
{
    if (s->kind == DISK_CREATE)
        set_name(s->path, s->file);
    else if (s->kind == DISK_UNLINK)
        remove_name(s->path);
    else if (s->kind == DISK_RENAME)
        set_name(s->to, remove_name(s->path));
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
static size_t arrived(const struct disk_step *s, size_t i, enum powercut_data how, size_t n,
                      bool *any)
{
    size_t half = s->n / SECTOR / 2 * SECTOR;

    *any = how == CUT_ALL || (how == CUT_ONLY && i == n) || (how == CUT_BUT && i != n) ||
        (how == CUT_TORN && (i < n || (i == n && half)));
    return how == CUT_TORN && i == n ? half : s->n;
}

static void write_files(const char *from, const char *to)
{
    for (size_t i = 0; i < names.n; i++) {
        const struct name *name = &names.list[i];
        char path[1024];
        if (strncmp(name->path, from, strlen(from)) != 0 || name->file < 0)
            continue;
        snprintf(path, sizeof path, "%s%s", to, name->path + strlen(from));
        if (dir_make_parents(path, 0755) != ERR_OK)
            abort();
        write_file(path, buf_slice(&files[name->file]));
    }
}

static void build(size_t k, enum powercut_data how, size_t n, enum powercut_names hownames)
{
    const char *path;
    const void *content;
    size_t nsteps, size, unsynced = 0;
    int file;
    const struct disk_step *list = disk_recorded(&nsteps);

    names.n = 0;
    for (size_t i = 0; disk_before(i, &file, &path, &content, &size); i++) {
        set_name(path, file);
        buf_add(&files[file], content, size);
    }
    for (size_t i = 0; i < k; i++) {
        const struct disk_step *s = &list[i];
        bool any = true;
        if (!is_data(s)) {
            if (hownames == CUT_NAMES_ALL || is_name_synced(list, i, k))
                change_names(s);
            continue;
        }
        size_t bytes = s->n;
        if (!is_synced(list, i, k))
            bytes = arrived(s, unsynced++, how, n, &any);
        if (any)
            change_bytes(&files[s->file], s, bytes);
    }
}

static void forget(void)
{
    for (size_t i = 0; i < MAX_FILES; i++)
        buf_fini(&files[i]);
}

static uint64_t mix(uint64_t h, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return (h ^ n) * 0x100000001b3u;
}

uint64_t powercut_fingerprint(size_t k, enum powercut_data how, size_t n,
                              enum powercut_names hownames)
{
    uint64_t sum = 0;

    build(k, how, n, hownames);
    for (size_t i = 0; i < names.n; i++) {          /* in any order */
        const struct name *name = &names.list[i];
        uint64_t h = mix(0xcbf29ce484222325u, name->path, strlen(name->path));
        if (name->file >= 0)
            sum += mix(h, files[name->file].p, files[name->file].n);
    }
    forget();
    return sum;
}

void powercut_make(size_t k, enum powercut_data how, size_t n, enum powercut_names hownames,
                   const char *from, const char *to)
{
    build(k, how, n, hownames);
    write_files(from, to);
    forget();
}
