/* replay.c - what a disk may hold after a power cut at any moment of a recorded run
 *
 *   replay LOG UID GID ROOT...
 *
 * Reads what is below the roots now, says "ready", and then obeys lines on standard input:
 *
 *   log            the recording has ended: read it.  One line for each record: number, position,
 *                  type, process, port and bytes so far (replies only), path; then "."
 *   advance N      apply records up to number N (not included)                       -> "ok"
 *   state M SEED   take the state by model all, ordered, strict or torn              -> its number
 *   store TOP      make that state below TOP                                         -> "ok"
 *   unsynced       what is not durable in the strict model: kind, path; then "."
 *
 * A file system has no state between two records but those of the model "torn".
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cunit/lab/disk.h"

enum { LINE = 4096, PORTS = 65536 };

struct replay {
    struct disk *disk;
    const char *log_path;
    const char *log;
    size_t log_size;      /* up to the last whole record */
    uint64_t pos, number; /* of the next record to be applied */
    struct disk_state *state;
    uint32_t uid, gid;
};

/* ---- what was there before ---- */

static void take_file(struct replay *r, const char *path, const struct stat *st)
{
    char *bytes = must_alloc((size_t)st->st_size);
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, bytes, (size_t)st->st_size);
    struct node *node = disk_put(r->disk, path, false, st->st_ino, st->st_mode);

    if (n > 0 && node->now.size == 0) {
        pages_write(&node->now, 0, bytes, (size_t)n);
        pages_copy(&node->durable, &node->now);
    }
    node->time_now = node->time_durable =
        (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec;
    if (fd >= 0)
        close(fd);
    free(bytes);
}

static void take_tree(struct replay *r, const char *path)
{
    struct stat st;
    DIR *dir = lstat(path, &st) == 0 && S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    struct dirent *e;
    char below[LINE];

    if (!dir)
        return;
    disk_put(r->disk, path, true, st.st_ino, st.st_mode);
    while ((e = readdir(dir)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof below, "%s/%s", path, e->d_name);
        if (lstat(below, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode))
            take_tree(r, below);
        else if (S_ISREG(st.st_mode))
            take_file(r, below, &st);
    }
    closedir(dir);
}

/* ---- the log ---- */

static const struct lab_event *event_at(const struct replay *r, uint64_t pos)
{
    const struct lab_event *e = (const struct lab_event *)(r->log + pos);

    return pos + sizeof *e <= r->log_size && e->size ? e : NULL;
}

static bool open_log(struct replay *r)
{
    struct stat st;
    int fd = open(r->log_path, O_RDONLY);

    if (fd < 0 || fstat(fd, &st) < 0)
        return false;
    r->log = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    r->log_size = (size_t)st.st_size;
    close(fd);
    return r->log != MAP_FAILED;
}

static void list_log(const struct replay *r)
{
    static const char *const name[] = {
        [EV_CREATE] = "create",      [EV_WRITE] = "write",     [EV_TRUNCATE] = "truncate",
        [EV_EXTEND] = "extend",      [EV_TIMES] = "times",     [EV_MODE] = "mode",
        [EV_RENAME] = "rename",      [EV_LINK] = "link",       [EV_SYMLINK] = "symlink",
        [EV_UNLINK] = "unlink",      [EV_MKDIR] = "mkdir",     [EV_RMDIR] = "rmdir",
        [EV_SYNC_BEGIN] = "sync...", [EV_SYNC_END] = "synced", [EV_SYNCFS_BEGIN] = "syncfs...",
        [EV_SYNCFS_END] = "syncfs",  [EV_SEND] = "send",
    };
    uint64_t *bytes = must_alloc(PORTS * sizeof *bytes), number = 0;
    const struct lab_event *e;

    for (uint64_t pos = 0; (e = event_at(r, pos)) != NULL; pos += e->size, number++) {
        uint64_t so_far = e->type == EV_SEND ? bytes[e->ino % PORTS] += e->arg : 0;
        printf("%" PRIu64 " %" PRIu64 " %s %u %" PRIu64 " %" PRIu64 " %.*s%s%.*s\n", number, pos,
               name[e->type], e->pid, e->type == EV_SEND ? e->ino : 0, so_far, (int)e->path_len,
               (const char *)(e + 1), e->path2_len ? " " : "", (int)e->path2_len,
               (const char *)(e + 1) + e->path_len);
    }
    free(bytes);
    puts(".");
}

static bool advance(struct replay *r, uint64_t to)
{
    const struct lab_event *e;
    bool ok = true;

    while (r->number < to && (e = event_at(r, r->pos)) != NULL) {
        ok = disk_apply(r->disk, e, r->pos) && ok;
        r->pos += e->size;
        r->number++;
    }
    return ok;
}

/* ---- commands ---- */

static bool take_state(struct replay *r, const char *model, uint64_t seed)
{
    static const char *const name[] = { [MODEL_ALL] = "all",
                                        [MODEL_ORDERED] = "ordered",
                                        [MODEL_STRICT] = "strict",
                                        [MODEL_TORN] = "torn" };

    for (int m = MODEL_ALL; m <= MODEL_TORN; m++) {
        if (strcmp(name[m], model) != 0)
            continue;
        if (r->state)
            disk_state_free(r->state);
        r->state = disk_state(r->disk, (enum disk_model)m, seed);
        printf("%016" PRIx64 "\n", disk_state_hash(r->state));
        return true;
    }
    return false;
}

static void tell_unsynced(void *arg, const char *path, char kind)
{
    (void)arg;
    printf("%c %s\n", kind, path);
}

/* One line.  False: not understood, or not done. */
static bool obey(struct replay *r, char *line)
{
    char *word = line, *rest = strchr(line, ' ');

    if (rest)
        *rest++ = '\0';
    if (strcmp(word, "log") == 0) {
        if (!open_log(r))
            return false;
        list_log(r);
    } else if (strcmp(word, "advance") == 0 && rest && r->log) {
        puts(advance(r, strtoull(rest, NULL, 10)) ? "ok" : "does not fit");
    } else if (strcmp(word, "state") == 0 && rest && strchr(rest, ' ')) {
        char *seed = strchr(rest, ' ');
        *seed++ = '\0';
        return take_state(r, rest, strtoull(seed, NULL, 10));
    } else if (strcmp(word, "store") == 0 && rest && r->state) {
        puts(disk_state_store(r->state, rest, r->uid, r->gid) == 0 ? "ok" : "failed");
    } else if (strcmp(word, "unsynced") == 0) {
        disk_unsynced(r->disk, tell_unsynced, NULL);
        puts(".");
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct replay r = { .disk = disk_new() };
    char line[LINE];

    if (argc < 5) {
        fputs("usage: replay LOG UID GID ROOT...\n", stderr);
        return 64;
    }
    r.log_path = argv[1];
    r.uid = (uint32_t)strtoul(argv[2], NULL, 10);
    r.gid = (uint32_t)strtoul(argv[3], NULL, 10);
    for (int i = 4; i < argc; i++)
        take_tree(&r, argv[i]);
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (!obey(&r, line))
            puts("error");
        fflush(stdout);
    }
    if (r.state)
        disk_state_free(r.state);
    disk_free(r.disk);
    return 0;
}
