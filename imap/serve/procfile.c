/* procfile.c - proc/<pid>: who is connected here, one line for cyr_info and for maxlogins
 *
 *   service TAB client TAB userid TAB mailbox TAB command LF        (formats/databases.md 17)
 *
 * Written as <pid>.new and renamed when the connection starts, removed when it ends, never synced.
 * In between the line is written over in place by one write: readers stop at the first line end,
 * so that what an older, longer line left behind it does not matter.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "imap/serve/serve_impl.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/conf/conf.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

enum { LINE_MAX_BYTES = 2048 };

static const char *proc_dir(struct serve *s)
{
    const char *path = conf_string(CONF_PROC_PATH);

    if (s->proc_dir.n == 0) {
        if (path && *path)
            buf_adds(&s->proc_dir, path);
        else
            conf_dir(&s->proc_dir, "proc");
    }
    return buf_cstr(&s->proc_dir);
}

static void own_name(struct serve *s, const char *tail, struct buf *path)
{
    buf_addf(path, "%s/%d%s", proc_dir(s), (int)getpid(), tail);
}

static size_t make_line(struct serve_conn *c, const char *command, char *line, size_t size)
{
    struct session_base *b = &c->base;
    struct slice user = b->ident ? ident_userid(b->ident) : SLICE_NULL;
    int n = snprintf(line, size, "%s\t%s\t%.*s\t%s\t%s\n", b->service_name, b->client,
                     SLICE_ARG(user), c->mailbox, command ? command : "");

    if (n >= (int)size) {
        n = (int)size - 1;
        line[n - 1] = '\n';
    }
    return (size_t)n;
}

err_t procfile_open(struct serve_conn *c)
{
    struct buf tmp = BUF_INIT, path = BUF_INIT;
    char line[LINE_MAX_BYTES];
    size_t n = make_line(c, NULL, line, sizeof line);
    enum { HOW = O_WRONLY | O_CREAT | O_TRUNC };

    own_name(c->serve, ".new", &tmp);
    own_name(c->serve, "", &path);
    err_t err = file_open(buf_cstr(&tmp), HOW, 0644, &c->proc_fd);
    if (err == ERR_NOTFOUND && (err = dir_make(proc_dir(c->serve), 0755)) == ERR_OK)
        err = file_open(buf_cstr(&tmp), HOW, 0644, &c->proc_fd);
    if (err == ERR_OK)
        err = file_write_all(c->proc_fd, buf_cstr(&tmp), line, n);
    if (err == ERR_OK)
        err = file_rename(buf_cstr(&tmp), buf_cstr(&path));
    if (err)
        file_close(&c->proc_fd);
    buf_fini(&tmp);
    buf_fini(&path);
    return err;
}

void procfile_write(struct serve_conn *c, const char *command)
{
    char line[LINE_MAX_BYTES];
    size_t n = make_line(c, command, line, sizeof line);

    if (c->proc_fd >= 0 && pwrite(c->proc_fd, line, n, 0) != (ssize_t)n)
        log_debug("the proc file could not be written");
}

void procfile_close(struct serve_conn *c)
{
    struct buf path = BUF_INIT;

    if (c->proc_fd < 0)
        return;
    own_name(c->serve, "", &path);
    if (file_unlink(buf_cstr(&path)) != ERR_OK)
        log_debug("the proc file was gone already");
    buf_fini(&path);
    file_close(&c->proc_fd);
}

/* ---- counting ---- */

struct count {
    const char *dir;
    struct slice client, user;
    uint32_t self, hosts, users;
};

/* The bracketed address at the end says who it is, whatever name it has. */
static struct slice address(struct slice client)
{
    ssize_t at = slice_rfind(client, '[');

    return at < 0 ? client : slice_skip(client, (size_t)at);
}

static void count_line(struct count *k, struct slice text)
{
    struct slice line, service, client, user;

    slice_split(text, '\n', &line, NULL);
    line = slice_split(line, '\t', &service, NULL);
    line = slice_split(line, '\t', &client, NULL);
    slice_split(line, '\t', &user, NULL);
    k->hosts += slice_eq(address(client), address(k->client));
    k->users += user.n > 0 && slice_eq(user, k->user);
}

static err_t count_one(void *arg, const char *name, enum dir_type type)
{
    struct count *k = arg;
    struct buf path = BUF_INIT, text = BUF_INIT;
    uint32_t pid;

    if (type != DIR_FILE || num_u32(slice_cstr(name), &pid) != ERR_OK || pid == k->self)
        return ERR_OK;
    buf_addf(&path, "%s/%s", k->dir, name);
    if (file_load(buf_cstr(&path), LINE_MAX_BYTES, &text) == ERR_OK)
        count_line(k, buf_slice(&text));
    buf_fini(&path);
    buf_fini(&text);
    return ERR_OK;
}

void procfile_count(struct serve_conn *c, struct slice userid, uint32_t *host, uint32_t *user)
{
    struct count k = { .dir = proc_dir(c->serve), .client = slice_cstr(c->base.client),
                       .user = userid, .self = (uint32_t)getpid() };

    if (dir_list(k.dir, count_one, &k) != ERR_OK)
        log_debug("no proc directory to count sessions in");
    *host = k.hosts;
    *user = k.users;
}

/* ---- for daemons ---- */

/* "imap: host [1.2.3.4] user mailbox command", as far as there is something to say. */
void procfile_title(struct serve_conn *c, const char *command)
{
    struct session_base *b = &c->base;
    struct slice user = b->ident ? ident_userid(b->ident) : SLICE_NULL;
    char text[1200];

    snprintf(text, sizeof text, "%s: %s%s%.*s%s%s%s%s", b->service_name, b->client,
             user.n ? " " : "", SLICE_ARG(user), c->mailbox[0] ? " " : "", c->mailbox,
             command ? " " : "", command ? command : "");
    title_set(text);
}

void serve_proc(struct session_base *base, const char *mailbox, const char *command)
{
    struct serve_conn *c = conn_of(base);

    mailbox = mailbox ? mailbox : "";
    bool same = strcmp(c->mailbox, mailbox) == 0;
    if (!same) {
        snprintf(c->mailbox, sizeof c->mailbox, "%s", mailbox);
        procfile_write(c, command);
    }
    procfile_title(c, command);
}
