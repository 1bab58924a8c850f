/* certs.h - certificates for tests, made when they are needed */
#ifndef CUNIT_NET_CERTS_H
#define CUNIT_NET_CERTS_H

#include <stdbool.h>

/* Files <stem>.pem and <stem>.key in the directory of the run.  rsa: RSA key, else P-256.
 * issuer: stem of a certificate made before that signs this one; NULL: signed by itself. */
void certs_make(const char *stem, const char *common_name, bool rsa, const char *issuer);

/* "<directory of the run>/<name>"; one of 16 static buffers in turn. */
const char *certs_path(const char *name);

/* Write imapd.conf with these lines (and a configdirectory) and load it for a service. */
void certs_conf(const char *lines, const char *service);

#endif
