/* powercut.h - what a disk may hold after a power failure
 *
 * From the steps that disk.h has recorded, for a moment "after k steps" and a choice of what
 * the system had written back by itself: bytes are durable by a sync of their file only,
 * names by a sync of the directory only; of all other changes any part may be there.
 */
#ifndef CUNIT_DB_POWERCUT_H
#define CUNIT_DB_POWERCUT_H

#include <stddef.h>
#include <stdint.h>

enum powercut_data {
    CUT_NOTHING,                        /* nothing that was not synced */
    CUT_ALL,                            /* everything: the process was killed, not the machine */
    CUT_ONLY,                           /* only the n-th unsynced write */
    CUT_BUT,                            /* all but the n-th unsynced write */
    CUT_TORN,                           /* all before the n-th, and its first half (by sectors) */
    CUT_NDATA
};

enum powercut_names { CUT_NAMES_SYNCED, CUT_NAMES_ALL, CUT_NNAMES };

/* Number of unsynced writes at that moment. */
size_t powercut_unsynced(size_t k);

/* A number for the state, the same for states that hold the same files: most of them do, and
 * need to be looked at once. */
uint64_t powercut_fingerprint(size_t k, enum powercut_data, size_t n, enum powercut_names);

/* Make the state as files: those recorded below `from` are made below `to` (an existing,
 * empty directory). */
void powercut_make(size_t k, enum powercut_data, size_t n, enum powercut_names, const char *from,
                   const char *to);

#endif
