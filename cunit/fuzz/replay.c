/* replay.c - main() that feeds a corpus to a fuzz target, without a fuzzing compiler
 *
 *   glob_fuzz [directory|file ...]
 *
 * Runs LLVMFuzzerTestOneInput on each file named and on each file in the directories
 * named, and on the empty input.  Without arguments the directory is
 * $HALCYON_SRCDIR/cunit/fuzz/corpus/<program name without _fuzz>.  A crash or a sanitizer
 * report ends the process, so the last line means that there was none:
 *   FUZZ <n> inputs, 0 failed
 */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* there when the program is built with a sanitizer */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*)(void));

static unsigned run, failed;
static char current[4096];

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", current, what);
    failed++;
}

static void tell_input(void)
{
    fprintf(stderr, "FUZZ input that failed: %s\n", current[0] ? current : "(empty)");
}

/* A copy of exactly its size, so that reading beyond the end is seen. */
static void run_bytes(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    if (!copy)
        abort();
    if (n)
        memcpy(copy, bytes, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
    run++;
}

static void run_file(size_t size)
{
    FILE *f = fopen(current, "rb");
    uint8_t *bytes = malloc(size ? size : 1);

    if (!f || !bytes) {
        fail(strerror(errno));
    } else if (fread(bytes, 1, size, f) != size) {
        fail("short read");
    } else {
        run_bytes(bytes, size);
    }
    free(bytes);
    if (f)
        fclose(f);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static void run_directory(const char *dir)
{
    struct dirent **list;
    struct stat st;
    int n = scandir(dir, &list, is_visible, by_name);

    if (n < 0) {
        fail(strerror(errno));
        return;
    }
    for (int i = 0; i < n; i++) {
        snprintf(current, sizeof current, "%s/%s", dir, list[i]->d_name);
        if (stat(current, &st) == 0 && S_ISREG(st.st_mode))
            run_file((size_t)st.st_size);
        free(list[i]);
    }
    free(list);
}

static void run_path(const char *path)
{
    const unsigned before = run + failed;
    struct stat st;

    snprintf(current, sizeof current, "%s", path);
    if (stat(path, &st) < 0)
        fail(strerror(errno));
    else if (S_ISDIR(st.st_mode))
        run_directory(path);
    else
        run_file((size_t)st.st_size);
    if (run + failed == before)
        fail("holds no input");
}

/* The corpus that belongs to this program. */
static void run_own_corpus(const char *program)
{
    const char *src = getenv("HALCYON_SRCDIR"), *slash = strrchr(program, '/');
    const char *name = slash ? slash + 1 : program, *tail = strstr(name, "_fuzz");
    char dir[3000];

    snprintf(dir, sizeof dir, "%s/cunit/fuzz/corpus/%.*s", src ? src : ".",
             (int)(tail ? tail - name : (ptrdiff_t)strlen(name)), name);
    run_path(dir);
}

int main(int argc, char **argv)
{
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(tell_input);
    run_bytes(NULL, 0);
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    if (argc < 2)
        run_own_corpus(argv[0]);
    printf("FUZZ %u inputs, %u failed\n", run, failed);
    return failed ? 1 : 0;
}
