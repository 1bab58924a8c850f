/* deny.c - user_deny.db: services a user may not use (formats/databases.md 11)
 *
 *   userid -> version TAB wildmat list [TAB message]        version 1 has no message
 *
 * The list is read from the right; the first pattern that matches decides, "!pattern" permits.
 */
#include "imap/serve/serve_impl.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/conf/conf.h"
#include "lib/db/db.h"
#include "lib/os/file.h"
#include "lib/text/glob.h"

enum { VERSION_MAX = 2 };

static const char default_message[] = "Access to this service has been blocked";

static struct db *deny_db(struct serve *s)
{
    const char *set = conf_string(CONF_USERDENY_DB_PATH);
    struct buf path = BUF_INIT;

    if (!s->deny_db) {
        if (set && *set)
            buf_adds(&path, set);
        else
            conf_dir(&path, "user_deny.db");
        if (!file_exists(buf_cstr(&path))) {    /* the rule, and one system call */
            buf_fini(&path);
            return NULL;
        }
        err_t err = db_open(conf_enum_word(CONF_USERDENY_DB), buf_cstr(&path), DB_RDONLY,
                            &s->deny_db);
        if (err && err != ERR_NOTFOUND)
            log_warn("nobody is denied: %s cannot be opened (%s)", buf_cstr(&path), err_name(err));
        buf_fini(&path);
    }
    return s->deny_db;
}

bool deny_check(struct serve_conn *c, struct slice userid, char *why, size_t size)
{
    struct db *db = deny_db(c->serve);
    struct buf value = BUF_INIT;
    struct slice rest, version, list, message;
    uint32_t v = 0;
    bool denied = false;

    if (db && db_fetch(db, NULL, userid, &value) == ERR_OK) {
        rest = slice_split(buf_slice(&value), '\t', &version, NULL);
        rest = slice_split(rest, '\t', &list, NULL);
        message = slice_trim(rest);
        if (num_u32(version, &v) != ERR_OK || v < 1 || v > VERSION_MAX)
            log_warn("user_deny.db: the entry of %.*s is not understood", SLICE_ARG(userid));
        else
            denied = wildmat(list, slice_cstr(c->base.service_name)) == WILDMAT_MATCH;
        if (denied && message.n == 0)
            message = slice_cstr(default_message);
        if (denied)
            snprintf(why, size, "%.*s", SLICE_ARG(message));
    }
    buf_fini(&value);
    return denied;
}
