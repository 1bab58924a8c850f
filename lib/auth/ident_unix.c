/* ident_unix.c - groups of the name service, kept for a minute
 *
 * A look-up costs dozens of system calls (files) or a network round trip (LDAP), and the same few
 * users come again and again to a reused process.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "lib/auth/ident_impl.h"
#include "lib/base/clock.h"
#include "lib/base/map.h"
#include "lib/base/mem.h"

enum { KEEP_MS = 60 * 1000, KEEP_MAX = 1000, GROUPS_FIRST = 64, GROUPS_MAX = 65536,
       NAMES_MAX = 1 << 20 };

struct known {
    uint64_t until_ms;
    size_t n;
    char **names;
};

static void known_free(void *p)
{
    struct known *k = p;

    for (size_t i = 0; i < k->n; i++)
        mem_free(k->names[i]);
    mem_free(k->names);
    mem_free(k);
}

static char *group_name(gid_t gid)
{
    struct group g, *found = NULL;
    size_t size = 4096;
    char *name = NULL, *room = mem_alloc(size);

    while (getgrgid_r(gid, &g, room, size, &found) == ERANGE && size < NAMES_MAX)
        room = mem_realloc(room, size *= 4);
    if (found)
        name = mem_strdup(found->gr_name);
    mem_free(room);
    return name;
}

/* The user's primary group; false: no such user. */
static bool primary_group(const char *user, gid_t *out)
{
    struct passwd p, *found = NULL;
    size_t size = 4096;
    char *room = mem_alloc(size);

    while (getpwnam_r(user, &p, room, size, &found) == ERANGE && size < NAMES_MAX)
        room = mem_realloc(room, size *= 4);
    if (found)
        *out = found->pw_gid;
    mem_free(room);
    return found != NULL;
}

static struct known *look_up(const char *user)
{
    struct known *k = mem_zalloc(sizeof *k);
    int n = GROUPS_FIRST;
    gid_t primary = 0, *gids;

    k->until_ms = clock_mono_ms() + KEEP_MS;
    if (!primary_group(user, &primary))
        return k;
    gids = mem_array((size_t)n, sizeof *gids);
    while (getgrouplist(user, primary, gids, &n) < 0 && n <= GROUPS_MAX)
        gids = mem_rearray(gids, (size_t)n, sizeof *gids);
    if (n > GROUPS_MAX)
        n = 0;
    k->names = mem_array((size_t)n + 1, sizeof *k->names);
    for (int i = 0; i < n; i++) {
        char *name = group_name(gids[i]);
        if (name)
            k->names[k->n++] = name;
    }
    mem_free(gids);
    return k;
}

void ident_unix_groups(struct slice userid, struct vec *out)
{
    static struct map *cache;                   /* one per process: userid -> struct known */
    struct known *k = cache ? map_get(cache, userid) : NULL;

    if (!k || k->until_ms < clock_mono_ms()) {
        char *user = mem_strndup(userid.p, userid.n);
        k = look_up(user);
        mem_free(user);
        if (cache && map_count(cache) >= KEEP_MAX)
            map_free(&cache);
        if (!cache)
            cache = map_new(known_free);
        map_put(cache, userid, k);
    }
    for (size_t i = 0; i < k->n; i++)
        *VEC_PUSH(out, char *) = mem_strdup(k->names[i]);
}
