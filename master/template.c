/* template.c - see template.h */
#include "master/template.h"

#include <string.h>

#include "master/protocol.h"

bool template_is_wanted(const struct template *t)
{
    return t->state == TEMPLATE_NONE && t->useless < TEMPLATE_USELESS_MAX;
}

void template_forgive(struct template *t)
{
    t->useless = 0;
}

void template_offered(struct template *t, pid_t pid)
{
    t->state = TEMPLATE_STARTING;
    t->pid = pid;
    t->pending = 0;
    t->given = 0;
}

void template_asked(struct template *t)
{
    t->pending++;
}

static enum template_news become_ready(struct template *t, pid_t pid)
{
    if (t->state != TEMPLATE_STARTING || pid != t->pid)
        return TEMPLATE_NOISE;
    t->state = TEMPLATE_READY;
    return TEMPLATE_BECAME_READY;
}

enum template_news template_hear(struct template *t, const void *bytes, size_t n, pid_t *pid_out)
{
    struct protocol_template m;

    if (n != sizeof m)
        return TEMPLATE_NOISE;
    memcpy(&m, bytes, sizeof m);
    if (m.message == PROTOCOL_T_HELLO)
        return become_ready(t, m.pid);
    if (t->state != TEMPLATE_READY || t->pending == 0)
        return TEMPLATE_NOISE;
    if (m.message == PROTOCOL_T_FAILED) {
        t->pending--;
        return TEMPLATE_FAILED;
    }
    if (m.message != PROTOCOL_T_WORKER || m.pid <= 0 || m.pid == t->pid)
        return TEMPLATE_NOISE;
    t->pending--;
    t->given++;
    t->useless = 0;
    *pid_out = m.pid;
    return TEMPLATE_GAVE;
}

int template_closed(struct template *t, bool dismissed)
{
    const int lost = t->pending;

    if (t->state == TEMPLATE_READY && t->given == 0 && !dismissed)
        t->useless++;
    t->state = TEMPLATE_NONE;
    t->pid = 0;
    t->pending = 0;
    return lost;
}
