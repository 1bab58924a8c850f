/* samples.c - see samples.h */
#include "cunit/store/samples.h"

#include "cunit/test.h"
#include "lib/os/file.h"
#include "lib/os/proc.h"

static char dir[300];

static void fail(const char *what)
{
    fprintf(stderr, "test samples: %s\n", what);
    abort();
}

void samples_unpack_versions(void)
{
    char archive[4096];
    int status;
    pid_t pid;

    if (dir[0])
        return;
    snprintf(dir, sizeof dir, "%s", test_tmpdir());
    snprintf(archive, sizeof archive, "%s", test_data("cyrus-3.6.1-index-versions.tar.gz"));
    char *const argv[] = { "tar", "-xzf", archive, "-C", dir, "--no-same-owner", NULL };
    const struct proc_spec spec = { .path = "tar", .argv = argv };
    if (proc_spawn(&spec, &pid) != ERR_OK || proc_wait(pid, &status) != ERR_OK || status != 0)
        fail("cannot unpack");
}

const char *samples_path(const char *name)
{
    static char path[600];

    snprintf(path, sizeof path, "%s/cyrus-3.6.1-index-versions/%s", dir, name);
    return path;
}

void samples_load(const char *name, struct buf *out)
{
    if (file_load(samples_path(name), 1000000, out) != ERR_OK)
        fail(name);
}
