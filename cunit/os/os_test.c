/* os_test.c - see os_test.h */
#include "cunit/os/os_test.h"
#include "lib/os/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

const char *in_tmp(const char *name)
{
    static char paths[64][400];
    static unsigned next;
    char *p = paths[next++ % 64];

    snprintf(p, sizeof paths[0], "%s/%s", test_tmpdir(), name);
    return p;
}

void make_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0)
        abort();
}

bool file_is(const char *path, const char *text)
{
    struct buf b = BUF_INIT;
    bool same = file_load(path, 1 << 20, &b) == ERR_OK && slice_eqs(buf_slice(&b), text);

    buf_fini(&b);
    return same;
}

int in_child(int (*fn)(void *), void *arg)
{
    int status;

    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(fn(arg));
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        abort();
    return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}
