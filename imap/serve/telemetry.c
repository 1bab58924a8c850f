/* telemetry.c - copy of a user's sessions in log/USER/, when that directory exists */
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "imap/serve/serve_impl.h"
#include "lib/base/clock.h"
#include "lib/conf/conf.h"
#include "lib/os/path.h"

static void file_name(struct serve_conn *c, struct slice userid, struct buf *path)
{
    conf_dir(path, "log");
    path_add(path, userid);
    if (conf_bool(CONF_TELEMETRY_BYSESSIONID))
        buf_addf(path, "/%s", c->base.session_id);
    else
        buf_addf(path, "/%s-%d", c->base.service_name, (int)getpid());
}

static void write_head(int fd, struct slice userid)
{
    char date[64];
    time_t now = clock_now();
    struct tm tm;

    localtime_r(&now, &tm);
    strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", &tm);
    dprintf(fd, "---------- %.*s %s\n\n", SLICE_ARG(userid), date);
}

void telemetry_start(struct serve_conn *c)
{
    struct slice userid = ident_userid(c->base.ident);
    struct buf path = BUF_INIT;

    if (!path_is_component(userid))
        return;
    file_name(c, userid, &path);
    /* one system call when there is no such directory, which is the rule */
    int fd = open(buf_cstr(&path), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    buf_fini(&path);
    if (fd < 0)
        return;
    write_head(fd, userid);
    stream_set_log(c->base.stream, fd);
    stream_log_timestamps(c->base.stream, conf_bool(CONF_LOGTIMESTAMPS));
}

void telemetry_stop(struct serve_conn *c)
{
    stream_set_log(c->base.stream, -1);
}
