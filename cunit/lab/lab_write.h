/* lab_write.h - writing to files: the part of the wrappers that knows offsets and bytes */
#ifndef LAB_WRITE_H
#define LAB_WRITE_H

#include <sys/uio.h>

#include "cunit/lab/lab_core.h"

#define LAB_HERE (-1) /* offset: the position of the descriptor */

/* write, writev, pwrite, pwritev, pwritev2 in one. */
ssize_t lab_write(enum lab_call, int fd, const struct iovec *, int nv, off_t at, int flags);
/* Note what copy_file_range or sendfile has put into `out`; returns `done`. */
long lab_does_copy(struct lab_op *, int out, const off_t *out_at, long done);
/* Another call that changes files is about to be made in this process: LAB_LATER counts them. */
void lab_tick(void);
/* Make and note a fallocate. */
long lab_does_fallocate(struct lab_op *, int fd, int mode, off_t at, off_t n);

#endif
