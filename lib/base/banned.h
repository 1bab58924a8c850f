/* banned.h - functions that do not compile here, with what to use instead
 *
 * Forced into every translation unit by the build (-include), after the system headers
 * that declare them.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <alloca.h>

/* macros, in some builds, cannot be poisoned silently */
#undef alloca
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat strtok sprintf vsprintf gets atoi atol atoll sscanf
#pragma GCC poison localtime ctime asctime alloca

/* not poisoned, since index records have a field of that name */
extern struct tm *gmtime(const time_t *) __attribute__((unavailable("use gmtime_r")));

#endif
