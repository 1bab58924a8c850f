/* privilege.c - see privilege.h */
#include "master/privilege.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/os/proc.h"
#include "master/report.h"

#ifndef CYRUS_USER
#define CYRUS_USER "cyrus"
#endif

static const char *or_null(const char *text)
{
    return text && *text ? text : NULL;
}

err_t privilege_init(struct privilege *p)
{
    const char *user = or_null(conf_string(CONF_CYRUS_USER));

    *p = (struct privilege){ .user = NULL };
    if (geteuid() != 0)
        return ERR_OK;
    p->user = user ? user : CYRUS_USER;
    p->group = or_null(conf_string(CONF_CYRUS_GROUP));
    if (!getpwnam(p->user)) {
        report_fatal("user '%s' does not exist; create the account, or name another one with "
                     "cyrus_user in %s", p->user, conf_path());
        return ERR_NOTFOUND;
    }
    if (p->group && !getgrnam(p->group)) {
        report_fatal("group '%s' does not exist; create it, or name another one with "
                     "cyrus_group in %s", p->group, conf_path());
        return ERR_NOTFOUND;
    }
    return ERR_OK;
}

void privilege_raise_files(int maxfds)
{
    struct rlimit lim;

    if (geteuid() != 0 || getrlimit(RLIMIT_NOFILE, &lim) < 0 || lim.rlim_max >= (rlim_t)maxfds)
        return;
    lim.rlim_max = (rlim_t)maxfds;
    if (setrlimit(RLIMIT_NOFILE, &lim) < 0)
        log_warn("cannot raise the limit of descriptors to maxfds=%d: %m", maxfds);
}

/* Nothing permitted and effective but binding low ports.  That it fails is no harm: then
 * ports below 1024 cannot be added without a restart. */
static void keep_binding(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { { .effective = 1u << CAP_NET_BIND_SERVICE,
                                                .permitted = 1u << CAP_NET_BIND_SERVICE } };

    if (syscall(SYS_capset, &head, data) < 0) {
        data[0].effective = data[0].permitted = 0;
        if (syscall(SYS_capset, &head, data) < 0)
            log_warn("cannot give up capabilities: %m");
    }
    prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
}

err_t privilege_drop(const struct privilege *p)
{
    err_t err;

    if (!p->user)
        return ERR_OK;
    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    err = proc_become(p->user, p->group);
    if (err)
        report_fatal("cannot become user '%s'; see the log for the reason", p->user);
    else if (geteuid() != 0)
        keep_binding();
    return err;
}
