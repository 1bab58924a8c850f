/* title.c - what ps shows: the area of argv and the environment is written over
 *
 * Setting the title is a copy of some bytes, no system call, so it may be done for each command.
 */
#include <stddef.h>
#include <unistd.h>

#include "imap/serve/serve_impl.h"
#include "lib/base/mem.h"

extern char **environ;

static struct {
    char *area;
    size_t size;
    char **env, **args;                         /* the strings' new places, for ever */
} title;

/* Move the environment and the arguments away so that their bytes may be used. */
static char **copy_strings(char **from)
{
    size_t n = 0;

    while (from[n])
        n++;
    char **copy = mem_array(n + 1, sizeof *copy);
    for (size_t i = 0; i < n; i++)
        copy[i] = mem_strdup(from[i]);
    return copy;
}

/* End of the strings that lie one behind the other from `end` on. */
static char *contiguous_end(char **strings, char *end)
{
    for (; *strings && *strings == end; strings++)
        end += strlen(end) + 1;
    return end;
}

void title_init(int argc, char **argv)
{
    char *begin = argv[0], *end;

    if (argc < 1 || title.area)
        return;
    end = contiguous_end(environ, contiguous_end(argv, begin));
    environ = title.env = copy_strings(environ);
    title.args = copy_strings(argv);
    for (int i = 0; i < argc; i++)
        argv[i] = title.args[i];
    title.area = begin;
    title.size = (size_t)(end - begin);
}

void title_set(const char *text)
{
    size_t n = strlen(text);

    if (title.size == 0)
        return;
    if (n > title.size - 1)
        n = title.size - 1;
    memcpy(title.area, text, n);
    memset(title.area + n, 0, title.size - n);
}
