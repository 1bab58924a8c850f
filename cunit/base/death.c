/* death.c - see death.h */
#include "cunit/base/death.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int death_of(void (*fn)(void))
{
    int status = 0;

    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        fn();
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 0;
    return WIFSIGNALED(status) ? WTERMSIG(status) : -1 - WEXITSTATUS(status);
}
