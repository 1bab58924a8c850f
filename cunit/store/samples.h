/* samples.h - the mailbox that the real server wrote in ten index versions, unpacked for a test
 */
#ifndef CUNIT_STORE_SAMPLES_H
#define CUNIT_STORE_SAMPLES_H

#include "lib/base/buf.h"

/* Unpack cunit/data/cyrus-3.6.1-index-versions.tar.gz once below test_tmpdir(). */
void samples_unpack_versions(void);

/* Path of "v9/cyrus.index"; static buffer. */
const char *samples_path(const char *name);

/* Its bytes. */
void samples_load(const char *name, struct buf *out);

#endif
