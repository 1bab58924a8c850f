/* sig.c - see sig.h */
#include "lib/os/sig.h"
#include "lib/base/bug.h"

static volatile sig_atomic_t flags[NSIG];

static void on_signal(int signo)
{
    flags[signo] = 1;
}

static void set_handler(int signo, void (*handler)(int))
{
    struct sigaction sa = { .sa_handler = handler };

    sigemptyset(&sa.sa_mask);
    BUG_UNLESS(sigaction(signo, &sa, NULL) == 0);
}

void sig_catch(int signo)
{
    BUG_UNLESS(signo > 0 && signo < NSIG);
    set_handler(signo, on_signal);
}

void sig_ignore(int signo)
{
    set_handler(signo, SIG_IGN);
}

void sig_default(int signo)
{
    set_handler(signo, SIG_DFL);
}

bool sig_pending(int signo)
{
    return flags[signo];
}

bool sig_take(int signo)
{
    if (!flags[signo])
        return false;
    /* one that arrives here is told by this return as well */
    flags[signo] = 0;
    return true;
}

void sig_raise_flag(int signo)
{
    flags[signo] = 1;
}

void sig_block(const int *signos, size_t n, sigset_t *old)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < n; i++)
        sigaddset(&set, signos[i]);
    sigprocmask(SIG_BLOCK, &set, old);
}

void sig_restore(const sigset_t *old)
{
    sigprocmask(SIG_SETMASK, old, NULL);
}

void sig_reset_all(void)
{
    sigset_t none;

    /* numbers that belong to the C library or cannot be changed just fail */
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL);
    sigemptyset(&none);
    sig_restore(&none);
}
