/* reload.c - see reload.h */
#include "master/reload.h"

#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "master/janitor.h"
#include "master/report.h"
#include "master/service.h"

static void remark(void *arg, enum cyrusconf_level level, int line, const char *text)
{
    const struct master *m = arg;

    if (level == CYRUSCONF_ERROR)
        log_err("%s, line %d: %s; the configuration in use is kept", m->options->cyrus_conf, line,
                text);
    else
        log_warn("%s, line %d: %s", m->options->cyrus_conf, line, text);
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool is_for(const struct service *s, const struct cyrusconf_entry *e)
{
    const bool has_listener = e->section == CYRUSCONF_SERVICES;

    return same_text(s->name, e->name) && same_text(s->listen, has_listener ? e->listen : NULL) &&
           same_text(s->proto, has_listener ? e->proto : NULL);
}

/* Is the service in the new file, and usable? */
static const struct cyrusconf_entry *find_entry(const struct cyrusconf *conf,
                                                const struct service *s)
{
    for (size_t i = 0; i < conf->entries.n; i++) {
        const struct cyrusconf_entry *e = cyrusconf_at(conf, i);
        if ((e->section == CYRUSCONF_SERVICES || e->section == CYRUSCONF_DAEMON) && !e->unusable &&
            is_for(s, e))
            return e;
    }
    return NULL;
}

static bool is_served(const struct master *m, const struct cyrusconf_entry *e)
{
    for (size_t i = 0; i < m->services.n; i++)
        if (service_at(m, i)->entry == e)
            return true;
    return false;
}

static bool is_runnable(const struct master *m, const struct cyrusconf_entry *e)
{
    struct buf path = BUF_INIT;
    err_t err = spawn_find(e->argv[0], &path);

    if (err)
        master_complain(m, e, "cannot find executable for '%s' (%s); correct cmd= or install the "
                              "program", e->name, buf_cstr(&path));
    buf_fini(&path);
    return !err;
}

/* Entries that no running service stands for. */
static void add_new(struct master *m)
{
    for (size_t i = 0; i < m->conf.entries.n; i++) {
        const struct cyrusconf_entry *e = cyrusconf_at(&m->conf, i);
        if ((e->section != CYRUSCONF_SERVICES && e->section != CYRUSCONF_DAEMON) || e->unusable ||
            is_served(m, e) || !is_runnable(m, e))
            continue;
        if (e->section == CYRUSCONF_SERVICES)
            (void)!service_open(m, e, 0);  /* reported; the others go on */
        else
            (void)service_add_daemon(m, e);
    }
}

static void apply(struct master *m, struct cyrusconf *fresh)
{
    struct cyrusconf old = m->conf;

    m->conf = *fresh;
    for (size_t i = 0; i < m->services.n; i++) {
        struct service *s = service_at(m, i);
        const struct cyrusconf_entry *e = s->entry ? find_entry(&m->conf, s) : NULL;
        if (e)
            service_update(s, e);
        else
            service_retire(s);
    }
    add_new(m);
    events_load(&m->events, &m->conf, master_now());
    cyrusconf_fini(&old);
}

/* Every process that stays is to end when it is idle, and to be started anew. */
static void recycle(struct master *m)
{
    for (size_t i = 0; i < m->services.n; i++)
        if (service_at(m, i)->entry)
            service_hang_up(service_at(m, i));
    janitor_wake(m);
}

static void reread_options(const struct master *m)
{
    struct buf why = BUF_INIT;

    if (conf_load(m->options->imapd_conf, "master", &why) != ERR_OK)
        log_err("%s; the configuration in use is kept", buf_cstr(&why));
    buf_fini(&why);
}

void reload_sweep(struct master *m)
{
    for (size_t i = m->services.n; i-- > 0;) {
        struct service *s = service_at(m, i);
        if (s->entry || s->policy.alive > 0)
            continue;
        service_free(s);
        vec_remove(&m->services, i);
    }
}

void reload(struct master *m)
{
    struct cyrusconf fresh;

    log_notice("got SIGHUP");
    notify_reloading(&m->notify);
    reread_options(m);
    cyrusconf_init(&fresh);
    if (cyrusconf_load(m->options->cyrus_conf, CYRUSCONF_SKIP_DUPLICATES, &fresh, remark, m)) {
        cyrusconf_fini(&fresh);
    } else {
        apply(m, &fresh);
        recycle(m);
        reload_sweep(m);
        log_notice("Services reconfigured. %zu listeners and daemons are in use", m->services.n);
    }
    notify_ready(&m->notify);
}
