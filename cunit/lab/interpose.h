/* interpose.h - what the laboratories can do to the calls of a program
 *
 * liblab.so is loaded before libc (LD_PRELOAD).  It stands between a program and the functions
 * below, counts calls, and acts on chosen ones: ends the process, fails the call, shortens it,
 * delays it, pretends it.  It can also write down every change of files with its bytes.
 *
 * Everything is told through one file, named by $LAB_CONTROL, that holds struct lab_control and is
 * mapped shared by every process that inherits the environment.  Whoever drives a laboratory writes
 * the rules there with plain file writes (the page cache is the same) and reads the counters back;
 * all numbers have the byte order of the machine, and no padding is left to the compiler.  Without
 * $LAB_CONTROL the library does nothing.
 *
 * A call is looked at when it concerns a path below one of `roots`, or a socket, pipe or process
 * resource (those have no path).  Standard streams and whatever lies below `except` are left alone.
 *
 * Order of a call: each rule that selects the call counts it; the first rule whose turn it is acts.
 * Rules with LAB_SWALLOW look at the result afterwards.
 */
#ifndef LAB_INTERPOSE_H
#define LAB_INTERPOSE_H

#include <stdint.h>

/* Kinds of calls: bit n of a mask selects kind n.  The 64-bit names and the checked ones
 * (__read_chk) belong to the same kind. */
enum lab_call {
    /* files: changes */
    LAB_CREATE,                 /* open, openat, creat with O_CREAT or O_TRUNC */
    LAB_WRITE,                  /* write to a file */
    LAB_PWRITE,                 /* pwrite */
    LAB_WRITEV,                 /* writev to a file */
    LAB_PWRITEV,                /* pwritev, pwritev2 */
    LAB_FSYNC,
    LAB_FDATASYNC,
    LAB_SYNCFS,
    LAB_SYNC_RANGE,             /* sync_file_range */
    LAB_RENAME,                 /* rename, renameat, renameat2 */
    LAB_LINK,                   /* link, linkat, symlink, symlinkat */
    LAB_UNLINK,                 /* unlink, unlinkat, remove */
    LAB_MKDIR,                  /* mkdir, mkdirat */
    LAB_RMDIR,                  /* rmdir, unlinkat with AT_REMOVEDIR */
    LAB_TRUNCATE,               /* truncate, ftruncate */
    LAB_FALLOCATE,              /* fallocate, posix_fallocate */
    LAB_COPY_RANGE,             /* copy_file_range, and sendfile into a file */
    LAB_UTIMES,                 /* utimensat, futimens */
    LAB_CHMOD,                  /* chmod, fchmod, fchmodat, chown, fchown, fchownat */
    /* files: no changes */
    LAB_OPEN,                   /* open, openat without O_CREAT and O_TRUNC; opendir */
    LAB_READ,                   /* read, readv from a file */
    LAB_PREAD,                  /* pread, preadv */
    LAB_MMAP,                   /* mmap of a file below a root */
    LAB_LOCK,                   /* fcntl with F_SETLK, F_SETLKW and their OFD forms; flock */
    /* no path */
    LAB_SEND,                   /* send, sendto, sendmsg, write, writev; sendfile to a socket */
    LAB_RECV,                   /* recv, recvfrom, recvmsg, read, readv from a socket */
    LAB_SOCKET,                 /* socket, socketpair */
    LAB_ACCEPT,                 /* accept, accept4 */
    LAB_CONNECT,
    LAB_PIPE,                   /* pipe, pipe2 */
    LAB_DUP,                    /* dup, dup2, dup3 */
    LAB_FORK,
    LAB_POLL,                   /* poll, ppoll (only errors and delays make sense) */
    LAB_MMAP_ANON,              /* anonymous mmap */
    LAB_MALLOC,                 /* malloc, calloc, realloc: only with liblab_malloc.so loaded */
    LAB_NCALLS
};

#define LAB_BIT(call) (UINT64_C(1) << (call))
/* Every call that changes files. */
#define LAB_ALL_CHANGES (LAB_BIT(LAB_CHMOD + 1) - 1)
/* The syncs among them. */
#define LAB_ALL_SYNCS \
    (LAB_BIT(LAB_FSYNC) | LAB_BIT(LAB_FDATASYNC) | LAB_BIT(LAB_SYNCFS) | LAB_BIT(LAB_SYNC_RANGE))

enum lab_action {
    LAB_COUNT,                  /* nothing: the counter is what is wanted */
    LAB_KILL,                   /* SIGKILL to this process, before the call */
    LAB_KILL_AFTER,             /* the same when the call has been made */
    LAB_KILL_GROUP,             /* SIGKILL to the process group `group` and this process, before */
    LAB_KILL_GROUP_AFTER,
    LAB_ERRNO,                  /* the call is not made; it fails with `error` */
    LAB_ERRNO_AFTER,            /* the call is made; the program is told that it failed */
    LAB_SHORT,                  /* reads and writes (files and sockets): at most `count` bytes */
    LAB_DELAY,                  /* wait `delay_us`, then make the call */
    LAB_SKIP,                   /* the call is not made; the program is told that it went well */
    LAB_TEAR,                   /* writes: only the first half is written; all is reported */
    LAB_LATER,                  /* file writes: reported as done, made after the next `count` calls
                                 * of any kind that changes files in this process */
    LAB_SWALLOW,                /* the call is made (or another rule fails it); if it fails the
                                 * program is told that it went well */
    LAB_NACTIONS
};

/* One rule.  It selects calls of the kinds in `mask`, made by a program whose file name is
 * `program` (empty: any), on a path that contains `path` (empty: any; calls without a path have
 * the empty path).  Of those it counts, calls number `from` to `until` (from 1; until 0: all after)
 * suffer the action; from 0: none. */
struct lab_rule {
    uint64_t mask;              /* 0: the rule is not in use */
    uint64_t counter;           /* calls selected so far, over all processes */
    uint64_t from, until;
    uint32_t action;            /* enum lab_action */
    uint32_t error;             /* errno value */
    uint64_t delay_us;
    uint64_t count;             /* LAB_SHORT, LAB_LATER */
    uint64_t fired;             /* how often it acted */
    char program[32];
    char path[64];
};

enum { LAB_NRULES = 8, LAB_NROOTS = 4, LAB_PATH = 256, LAB_VERSION = 1 };
#define LAB_MAGIC UINT64_C(0x4c61624374726c31)          /* "LabCtrl1" as a number */

struct lab_control {
    uint64_t magic;             /* LAB_MAGIC, else the library does nothing */
    uint32_t version;           /* LAB_VERSION */
    uint32_t enabled;           /* 0: calls are neither counted nor changed nor recorded */
    uint32_t group;             /* process group for LAB_KILL_GROUP (process id of master) */
    uint32_t record;            /* 1: write the log (record.h) */
    uint64_t log_size;          /* bytes of the file $LAB_CONTROL.log, made by the driver */
    uint64_t log_used;          /* bytes of it in use */
    uint32_t log_lock;          /* process id of who is writing it, or 0 */
    uint32_t log_full;          /* 1: the run was longer than the log: it proves nothing */
    uint64_t calls[64];         /* all calls by kind since enabled, whatever the rules say */
    /* the last action: for reports */
    uint32_t last_pid, last_call;
    char last_program[32];
    char last_path[LAB_PATH];
    char roots[LAB_NROOTS][LAB_PATH];           /* without a slash at the end; empty: unused */
    char except[LAB_NROOTS][LAB_PATH];
    struct lab_rule rules[LAB_NRULES];
};

#endif
