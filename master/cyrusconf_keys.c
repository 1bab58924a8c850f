/* cyrusconf_keys.c - which keys an entry may have, and what their values mean
 *
 * One row per key: sections, kind of value, place in struct cyrusconf_entry.
 */
#include "lib/base/num.h"
#include "lib/text/ascii.h"
#include "master/cyrusconf_impl.h"

enum kind { COMMAND, TEXT, NUMBER, SWITCH, PROTO, CLOCK };

#define IN(section) (1u << CYRUSCONF_##section)
#define PLACE(member) offsetof(struct cyrusconf_entry, member)

static const struct key {
    const char *name;
    unsigned sections;
    enum kind kind;
    size_t place;
} keys[] = {
    { "cmd", IN(START) | IN(SERVICES) | IN(EVENTS) | IN(DAEMON), COMMAND, PLACE(argv) },
    { "listen", IN(SERVICES), TEXT, PLACE(listen) },
    { "proto", IN(SERVICES), PROTO, PLACE(proto) },
    { "prefork", IN(SERVICES), NUMBER, PLACE(prefork) },
    { "maxchild", IN(SERVICES), NUMBER, PLACE(maxchild) },
    { "babysit", IN(SERVICES), SWITCH, PLACE(babysit) },
    { "maxforkrate", IN(SERVICES) | IN(DAEMON), NUMBER, PLACE(maxforkrate) },
    { "maxfds", IN(SERVICES) | IN(DAEMON), NUMBER, PLACE(maxfds) },
    { "period", IN(EVENTS), NUMBER, PLACE(period_min) },
    { "at", IN(EVENTS), CLOCK, PLACE(at_min) },
    { "wait", IN(DAEMON), SWITCH, PLACE(wait) },
};

static const char *const protos[] = { "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6" };

enum {
    UNLIMITED = -1,                     /* maxchild */
    BABYSIT_FORKRATE = 10,
    MINUTES_PER_DAY = 24 * 60,
};

void cyrusconf_entry_init(struct cyrusconf_entry *e, enum cyrusconf_section section, int line)
{
    *e = (struct cyrusconf_entry){ .section = section, .line = line, .maxchild = UNLIMITED,
                                   .proto = "tcp", .at_min = CYRUSCONF_NO_TIME };
}

static const struct key *find_key(struct slice name, enum cyrusconf_section section)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (slice_eqs(name, keys[i].name) && (keys[i].sections & 1u << section))
            return &keys[i];
    return NULL;
}

/* Words of a command, without any quoting. */
static err_t set_command(struct cyrusconf_reader *r, const char *const **out,
                         struct slice value)
{
    const char **argv = arena_array(r->conf->arena, CYRUSCONF_ARGS_MAX + 1, sizeof *argv);
    size_t n = 0;

    for (size_t i = 0, from; i < value.n;) {
        for (; i < value.n && ascii_is_space(value.p[i]); i++)
            ;
        for (from = i; i < value.n && !ascii_is_space(value.p[i]); i++)
            ;
        if (i == from)
            break;
        if (n == CYRUSCONF_ARGS_MAX)
            return cyrusconf_refuse(r, "command of more than %d words; put it into a script",
                                    CYRUSCONF_ARGS_MAX);
        argv[n++] = arena_cstr(r->conf->arena, slice_cut(value, from, i));
    }
    *out = n ? argv : NULL;
    return ERR_OK;
}

static void set_number(struct cyrusconf_reader *r, int *out, struct slice key, struct slice value)
{
    int64_t n;

    if (num_i64(value, &n) != ERR_OK || n < -1 || n > CYRUSCONF_NUMBER_MAX) {
        cyrusconf_warn(r, "value '%.*s' for '%.*s' does not look like a number, %d is used; "
                          "write digits only", SLICE_ARG(value), SLICE_ARG(key), *out);
        return;
    }
    *out = (int)n;
}

/* y yes t true on 1 ... and their opposites, by the first letters as 3.6.1 does. */
static void set_switch(struct cyrusconf_reader *r, bool *out, struct slice key, struct slice value)
{
    char first = value.n ? ascii_lower(value.p[0]) : '\0';
    char second = value.n > 1 ? ascii_lower(value.p[1]) : '\0';

    if (first == 'y' || first == 't' || (first == 'o' && second == 'n') ||
        (first >= '1' && first <= '9'))
        *out = true;
    else if (first == 'n' || first == 'f' || first == '0' || (first == 'o' && second == 'f'))
        *out = false;
    else
        cyrusconf_warn(r, "value '%.*s' for '%.*s' is neither yes nor no, %s is used; write y "
                          "or n", SLICE_ARG(value), SLICE_ARG(key), *out ? "yes" : "no");
}

static void set_proto(struct cyrusconf_reader *r, struct cyrusconf_entry *e, struct slice value)
{
    for (size_t i = 0; i < sizeof protos / sizeof *protos; i++) {
        if (slice_eqs_nocase(value, protos[i])) {
            e->proto = protos[i];
            return;
        }
    }
    cyrusconf_warn(r, "invalid proto '%.*s', disabling %s; use tcp, tcp4, tcp6, udp, udp4 or udp6",
                   SLICE_ARG(value), e->name);
    e->unusable = true;
}

/* hhmm; hmm, as in at=400, too. */
static void set_clock(struct cyrusconf_reader *r, int *out, struct slice value)
{
    uint32_t n;

    if (value.n < 3 || value.n > 4 || num_u32(value, &n) != ERR_OK || n / 100 > 23 ||
        n % 100 > 59) {
        cyrusconf_warn(r, "value '%.*s' for 'at' is no time of day and is ignored; write hhmm "
                          "from 0000 to 2359", SLICE_ARG(value));
        return;
    }
    *out = (int)(n / 100 * 60 + n % 100);
}

err_t cyrusconf_entry_set(struct cyrusconf_reader *r, struct cyrusconf_entry *e, struct slice key,
                          struct slice value)
{
    const struct key *k = find_key(key, e->section);
    void *place;

    if (!k) {
        cyrusconf_warn(r, "argument '%.*s' means nothing in section %s and is ignored; remove it",
                       SLICE_ARG(key), cyrusconf_section_name(e->section));
        return ERR_OK;
    }
    place = (char *)e + k->place;
    switch (k->kind) {
    case COMMAND:
        return set_command(r, place, value);
    case TEXT:
        *(const char **)place = arena_cstr(r->conf->arena, value);
        break;
    case NUMBER:
        set_number(r, place, key, value);
        break;
    case SWITCH:
        set_switch(r, place, key, value);
        break;
    case PROTO:
        set_proto(r, e, value);
        break;
    case CLOCK:
        set_clock(r, place, value);
        break;
    }
    return ERR_OK;
}

static void not_below_zero(struct cyrusconf_reader *r, int *value, const char *key)
{
    if (*value >= 0)
        return;
    cyrusconf_warn(r, "'%s' is below zero, 0 is used; write digits only", key);
    *value = 0;
}

static err_t finish_service(struct cyrusconf_reader *r, struct cyrusconf_entry *e)
{
    if (!e->argv || !e->listen || !*e->listen)
        return cyrusconf_refuse(r, "unable to find command or port for service '%s'; give it "
                                   "cmd= and listen=", e->name);
    if (e->babysit) {
        if (e->prefork == 0)
            e->prefork = 1;
        if (e->maxforkrate == 0)
            e->maxforkrate = BABYSIT_FORKRATE;
    }
    if (e->proto[0] == 'u') {           /* datagrams are not accepted, so only one may read */
        if (e->prefork > 1)
            e->prefork = 1;
        e->maxchild = 1;
    }
    if (e->maxchild != UNLIMITED && e->prefork > e->maxchild) {
        cyrusconf_warn(r, "prefork=%d of service '%s' is more than maxchild=%d, which is used; "
                          "lower prefork", e->prefork, e->name, e->maxchild);
        e->prefork = e->maxchild;
    }
    return ERR_OK;
}

err_t cyrusconf_entry_finish(struct cyrusconf_reader *r, struct cyrusconf_entry *e)
{
    not_below_zero(r, &e->prefork, "prefork");
    not_below_zero(r, &e->maxforkrate, "maxforkrate");
    not_below_zero(r, &e->maxfds, "maxfds");
    not_below_zero(r, &e->period_min, "period");
    if (e->section == CYRUSCONF_SERVICES)
        return finish_service(r, e);
    if (!e->argv)
        return cyrusconf_refuse(r, "unable to find command for %s; give it cmd=\"program "
                                   "arguments\"", e->name);
    if (e->section == CYRUSCONF_DAEMON) {
        e->prefork = e->maxchild = 1;
        if (e->maxforkrate == 0)
            e->maxforkrate = BABYSIT_FORKRATE;
    }
    if (e->at_min != CYRUSCONF_NO_TIME)
        e->period_min = MINUTES_PER_DAY;
    return ERR_OK;
}
