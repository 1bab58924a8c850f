/* lmtp.h - the few LMTP exchanges that several works share */
#ifndef BENCH_LMTP_H
#define BENCH_LMTP_H

#include "bench/driver/conn.h"

/* Connect to option lmtp, greeting and LHLO; QUIT and close. */
struct conn *lmtp_connect(bool quickack);
void lmtp_quit(struct conn **);

/* Read one reply; another code than this one is a wrong answer. */
void lmtp_expect(struct conn *, const char *code);

#endif
