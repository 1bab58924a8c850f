/* path.c - names of files as bytes, without asking the system; see path.h */
#include "lib/os/path.h"

#include <stdint.h>

void path_add(struct buf *out, struct slice component)
{
    if (out->n && out->p[out->n - 1] != '/')
        buf_addc(out, '/');
    buf_add_slice(out, component);
}

void path_join(struct buf *out, const char *dir, const char *name)
{
    buf_reset(out);
    buf_adds(out, dir);
    path_add(out, slice_cstr(name));
}

void path_join3(struct buf *out, const char *dir, const char *name, const char *name2)
{
    path_join(out, dir, name);
    path_add(out, slice_cstr(name2));
}

static struct slice without_slashes(struct slice path)
{
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    return path;
}

struct slice path_dirname(struct slice path)
{
    path = without_slashes(path);
    ssize_t at = slice_rfind(path, '/');
    if (at < 0)
        return SLICE_LIT(".");
    return at == 0 ? slice_cut(path, 0, 1) : without_slashes(slice_cut(path, 0, (size_t)at));
}

struct slice path_basename(struct slice path)
{
    path = without_slashes(path);
    return slice_skip(path, (size_t)(slice_rfind(path, '/') + 1));
}

bool path_is_component(struct slice s)
{
    if (s.n == 0 || s.n > PATH_COMPONENT_MAX || slice_eqs(s, ".") || slice_eqs(s, ".."))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f || c == '/')
            return false;
    }
    return true;
}

bool path_is_relative(struct slice path)
{
    bool more = true;

    if (path.n > PATH_LENGTH_MAX)
        return false;
    while (more) {
        struct slice component;
        path = slice_split(path, '/', &component, &more);
        if (!path_is_component(component))
            return false;
    }
    return true;
}

static char hash_first(struct slice name)
{
    char c = name.n ? name.p[0] : 'q';

    if (c >= 'A' && c <= 'Z')
        c = (char)(c + ('a' - 'A'));
    return c >= 'a' && c <= 'z' ? c : 'q';
}

static char hash_full(struct slice name)
{
    enum { LETTERS = 23 };              /* 'A' to 'W' */
    uint32_t n = 0;

    for (size_t i = 0; i < name.n && name.p[i] != '.' && name.p[i] != '^'; i++)
        n = (n << 3 ^ n >> 5) ^ (unsigned char)name.p[i];
    return (char)('A' + n % LETTERS);
}

char path_hash(struct slice name, enum path_hash how)
{
    return how == PATH_HASH_FULL ? hash_full(name) : hash_first(name);
}
