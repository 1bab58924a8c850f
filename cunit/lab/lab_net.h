/* lab_net.h - sending to a peer: what a client has been told is part of the record */
#ifndef LAB_NET_H
#define LAB_NET_H

#include <sys/uio.h>

#include "cunit/lab/lab_core.h"

/* Send at most n bytes of v, and note them. */
long lab_does_send(struct lab_op *, int fd, const struct iovec *v, int nv, size_t n);
/* Note n bytes that went to the peer by sendfile(). */
void lab_note_sendfile(struct lab_op *, int fd, size_t n);

#endif
