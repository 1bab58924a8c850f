/* auth_test.h - configuration and password store for the tests of lib/auth */
#ifndef CUNIT_AUTH_AUTH_TEST_H
#define CUNIT_AUTH_AUTH_TEST_H

/* Load an imapd.conf with these lines; password checks go to a sasldb of the run. */
void auth_conf(const char *lines);

/* Start the SASL library once and make the users alice, bob, admin, lmtpuser, proxy (password
 * "secret"). */
void auth_start(void);

#endif
