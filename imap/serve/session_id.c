/* session_id.c - "<prefix>-<time>-<pid>-<n>-<random>", the name of a session in logs and replies */
#include <inttypes.h>
#include <unistd.h>

#include "imap/serve/serve_impl.h"
#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/conf/conf.h"

void session_id_make(struct serve_conn *c)
{
    const char *prefix = conf_string(CONF_SYSLOG_PREFIX);
    uint64_t random;

    rand_bytes(&random, sizeof random);
    snprintf(c->base.session_id, sizeof c->base.session_id,
             "%.40s-%" PRId64 "-%d-%" PRIu64 "-%" PRIu64,
             prefix && *prefix ? prefix : "cyrus", (int64_t)clock_now(), (int)getpid(),
             c->serve->sessions, random);
}
