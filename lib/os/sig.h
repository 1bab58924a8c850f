/* sig.h - signals as flags
 *
 * A caught signal only sets a flag and interrupts what sleeps (no SA_RESTART).  Code
 * looks at the flags where it can act on them.  Flags are process-wide.
 */
#ifndef OS_SIG_H
#define OS_SIG_H

#include <signal.h>
#include <stdbool.h>

void sig_catch(int signo);              /* from now on: set the flag */
void sig_ignore(int signo);
void sig_default(int signo);

bool sig_pending(int signo);            /* has it arrived?  (only after sig_catch) */
bool sig_take(int signo);               /* the same, and clear the flag */
void sig_raise_flag(int signo);         /* set the flag as if it had arrived */

/* Block some signals, e.g. over a commit; what arrives meanwhile comes with sig_restore. */
void sig_block(const int *signos, size_t n, sigset_t *old);
void sig_restore(const sigset_t *old);

/* All handlers to default (SIGPIPE too) and nothing blocked: between fork and exec. */
void sig_reset_all(void);

#endif
