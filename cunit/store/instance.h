/* instance.h - a private configuration and spool for one test
 *
 * Everything is below a new directory of test_tmpdir(): cfg (configdirectory), spool
 * (partition-default).
 */
#ifndef CUNIT_STORE_INSTANCE_H
#define CUNIT_STORE_INSTANCE_H

#include "imap/store/store.h"

/* Load an imapd.conf with the usual paths, "unixhierarchysep: no", "altnamespace: no", "admins:
 * admin ..." and the given further lines, which stand in the place of these ("@DIR@" is the
 * instance's directory; "name:" alone takes a default line away).  A configuration loaded before is
 * dropped. */
void instance_conf(const char *lines);

/* instance_conf() in a fresh directory, then store_open(). */
struct store *instance_open(const char *lines);
/* Close and open again with the same configuration: what a new process sees. */
void instance_reopen(struct store **);
void instance_close(struct store **);           /* and forget the configuration */

const char *instance_dir(void);

/* The sample spool of the real server (cunit/data/cyrus-3.6.1-spool.tar.gz), unpacked into a fresh
 * directory. */
struct store *instance_open_sample(const char *lines);

/* Path below the instance's directory; valid for the next three calls. */
const char *instance_path(const char *relative);

#endif
