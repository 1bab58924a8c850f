/* privilege.h - from root to the user that services run as
 *
 * Master binds as root and then becomes that user for good.  It keeps one capability, to bind
 * ports below 1024, so that SIGHUP can open new listeners; programs it starts do not get it.
 */
#ifndef MASTER_PRIVILEGE_H
#define MASTER_PRIVILEGE_H

#include "lib/base/err.h"

struct privilege {
    const char *user, *group;           /* to become; user NULL: stay who we are */
};

/* Who services run as by the configuration and the environment, when we are root.  Borrowed
 * from the configuration.  ERR_NOTFOUND: that account does not exist (reported). */
err_t privilege_init(struct privilege *) NODISCARD;

/* Allow programs as many descriptors as maxfds while we still may. */
void privilege_raise_files(int maxfds);

/* Become that user.  Errors are reported. */
err_t privilege_drop(const struct privilege *) NODISCARD;

#endif
