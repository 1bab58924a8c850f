/* journal_apply.c - see journal_apply.h */
#include "imap/store/journal_apply.h"

#include <fcntl.h>
#include <unistd.h>

#include "imap/store/durable.h"
#include "imap/store/msgannot.h"
#include "imap/store/msgfile.h"
#include "lib/base/log.h"
#include "lib/os/file.h"
#include "lib/os/map.h"

/* ---- messages ---- */

static bool has_bytes(const char *path, struct slice bytes)
{
    struct filemap map = FILEMAP_INIT;
    bool same = filemap_open(&map, path) == ERR_OK && slice_eq(filemap_slice(&map), bytes);

    filemap_fini(&map);
    return same;
}

/* In place: all names of the file get the bytes back. */
static err_t write_message(const char *path, struct slice bytes)
{
    int fd;
    err_t err = file_open(path, O_RDWR, 0, &fd);

    if (err == ERR_NOTFOUND)
        err = durable_create(path, false, &fd);
    if (!err)
        err = durable_truncate(fd, path, bytes.n);
    if (!err)
        err = durable_pwrite(fd, path, bytes.p, bytes.n, 0);
    file_close(&fd);
    return err;
}

void journal_message_path(const struct journal_mailbox *box, uint32_t uid, struct buf *out)
{
    char name[MSGFILE_NAME_MAX];

    msgfile_name(uid, name);
    buf_reset(out);
    buf_add_slice(out, box->msg_dir);
    buf_addf(out, "/%s", name);
    (void)buf_cstr(out);
}

/* The file of that content in a mailbox, if it is there: another name for it. */
static bool link_from(const struct journal_mailbox *box, const struct journal_step *s,
                      const struct journal_message *m, const char *path)
{
    struct buf from = BUF_INIT;
    bool done = false;

    for (size_t i = 0; i < box->nmessages && !done; i++) {
        if (box->messages[i].content != m->content)
            continue;
        journal_message_path(box, box->messages[i].uid, &from);
        done = has_bytes(from.p, s->contents[m->content]) && link(from.p, path) == 0;
    }
    buf_fini(&from);
    return done;
}

/* One file for all mailboxes of the record that have the message. */
static bool link_to_other(const struct journal_step *s, const struct journal_message *m, const char *path)
{
    bool done = false;

    for (size_t i = 0; i < s->nboxes && s->box->may_link && !done; i++)
        if (&s->boxes[i] != s->box)
            done = link_from(&s->boxes[i], s, m, path);
    return done;
}

static err_t replay_message(const struct journal_step *s, const struct journal_message *m)
{
    struct buf path = BUF_INIT;
    err_t err = ERR_OK;

    journal_message_path(s->box, m->uid, &path);
    if (!has_bytes(path.p, s->contents[m->content]) &&
        (file_exists(path.p) || !link_to_other(s, m, path.p)))
        err = write_message(path.p, s->contents[m->content]);
    if (!err && file_set_mtime(path.p, m->time) != ERR_OK)
        log_debug("cannot set the time of %s", path.p);
    buf_fini(&path);
    return err;
}

/* ---- the other files ---- */

static err_t replay_header_file(const struct journal_mailbox *box)
{
    struct buf path = BUF_INIT;
    err_t err = ERR_OK;

    buf_add_slice(&path, box->header_path);
    if (box->header.n)
        err = durable_replace_later(buf_cstr(&path), box->header);
    buf_fini(&path);
    return err;
}

static err_t replay_cache(const struct journal_mailbox *box)
{
    struct buf path = BUF_INIT;
    int fd = -1;
    err_t err = ERR_OK;

    buf_add_slice(&path, box->cache_path);
    if (box->cache.n)
        err = file_open(buf_cstr(&path), O_RDWR | O_CREAT, 0600, &fd);
    if (!err && box->cache.n)
        err = durable_pwrite(fd, path.p, box->cache.p, box->cache.n, box->cache_at);
    file_close(&fd);
    buf_fini(&path);
    return err;
}

/* The one file that syncs its own commit: a database whose pages reach the disk in any order could
 * lose what was durable in it before. */
static err_t replay_annotations(const struct journal_mailbox *box)
{
    struct buf path = BUF_INIT;
    err_t err = ERR_OK;

    buf_add_slice(&path, box->annot_path);
    if (box->nannots)
        err = msgannot_write(buf_cstr(&path), box->annots, box->nannots);
    buf_fini(&path);
    return err;
}

err_t journal_apply_step(const struct journal_target *t, const struct journal_step *s)
{
    err_t err = replay_header_file(s->box);

    if (!err)
        err = replay_cache(s->box);
    for (size_t i = 0; i < s->box->nmessages && !err; i++)
        err = replay_message(s, &s->box->messages[i]);
    if (!err)
        err = replay_annotations(s->box);
    for (size_t i = 0; i < s->box->nwrites && !err; i++)
        err = durable_pwrite(t->fd, t->path, s->box->writes[i].bytes.p,
                             s->box->writes[i].bytes.n, s->box->writes[i].at);
    return err;
}

err_t journal_apply_head(const struct journal_target *t, const struct journal_step *s,
                         bool unfinished, struct index_head *head)
{
    struct index_layout layout;
    uint8_t raw[INDEX_HEAD_SIZE];
    err_t err = index_head_decode(s->box->head, &layout, head);

    if (err)
        return err;
    if (unfinished)
        head->options |= INDEX_OPT_UNFINISHED;
    index_head_encode(head, raw);
    return durable_pwrite(t->fd, t->path, raw, sizeof raw, 0);
}
