/* death.h - does a call end the process as it should? */
#ifndef CUNIT_BASE_DEATH_H
#define CUNIT_BASE_DEATH_H

/* Run fn in a child; the signal that ended it, or -1-status when it exited. */
int death_of(void (*fn)(void));

#endif
