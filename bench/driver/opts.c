/* opts.c - options, endings and the clock of the driver: see drive.h */
#include <errno.h>
#include <stdarg.h>

#include "bench/driver/drive.h"
#include "lib/base/num.h"

static struct {
    int argc;
    char **argv;
} opts;

void opts_set(int argc, char **argv)
{
    opts.argc = argc;
    opts.argv = argv;
}

static const char *find(const char *key)
{
    size_t n = strlen(key);

    for (int i = 0; i < opts.argc; i++) {
        if (strcmp(opts.argv[i], "--") == 0)
            break;
        if (strncmp(opts.argv[i], key, n) == 0 && opts.argv[i][n] == '=')
            return opts.argv[i] + n + 1;
    }
    return NULL;
}

const char *opts_str(const char *key, const char *def)
{
    const char *v = find(key);

    return v ? v : def;
}

uint64_t opts_u64(const char *key, uint64_t def)
{
    const char *v = find(key);
    uint64_t n;

    if (!v)
        return def;
    if (num_u64(slice_cstr(v), &n)) {
        fprintf(stderr, "%s: %s=%s is not a number\n", program_invocation_short_name, key, v);
        exit(EXIT_USAGE);
    }
    return n;
}

bool opts_given(const char *key)
{
    return find(key) != NULL;
}

char **opts_rest(void)
{
    for (int i = 0; i < opts.argc; i++)
        if (strcmp(opts.argv[i], "--") == 0)
            return &opts.argv[i + 1];
    return NULL;
}

NORETURN static void end(int code, const char *label, const char *fmt, va_list ap)
{
    fprintf(stderr, "%s: %s: ", program_invocation_short_name, label);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    fflush(stdout);
    _Exit(code); /* other threads may be at work: no exit handlers */
}

void drive_wrong(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    end(EXIT_WRONG, "wrong answer", fmt, ap);
}

void drive_cannot(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    end(EXIT_CANNOT, "cannot", fmt, ap);
}

uint64_t drive_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
