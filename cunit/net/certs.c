/* certs.c - see certs.h */
#include "cunit/net/certs.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "cunit/test.h"
#include "lib/base/buf.h"
#include "lib/conf/conf.h"

enum { DAY = 24 * 3600 };

const char *certs_path(const char *name)
{
    static char paths[16][500];
    static int turn;
    char *path = paths[turn++ % 16];

    snprintf(path, sizeof paths[0], "%s/%s", test_tmpdir(), name);
    return path;
}

static FILE *open_part(const char *stem, const char *tail, const char *mode)
{
    char name[100];

    snprintf(name, sizeof name, "%s%s", stem, tail);
    return fopen(certs_path(name), mode);
}

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    X509_add_ext(cert, ext, -1);
    X509_EXTENSION_free(ext);
}

static void sign(X509 *cert, EVP_PKEY *own, const char *issuer)
{
    if (!issuer) {
        X509_set_issuer_name(cert, X509_get_subject_name(cert));
        add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
        X509_sign(cert, own, EVP_sha256());
        return;
    }
    FILE *f = open_part(issuer, ".pem", "r"), *k = open_part(issuer, ".key", "r");
    X509 *ca = PEM_read_X509(f, NULL, NULL, NULL);
    EVP_PKEY *ca_key = PEM_read_PrivateKey(k, NULL, NULL, NULL);
    fclose(f);
    fclose(k);
    X509_set_issuer_name(cert, X509_get_subject_name(ca));
    X509_sign(cert, ca_key, EVP_sha256());
    X509_free(ca);
    EVP_PKEY_free(ca_key);
}

void certs_make(const char *stem, const char *common_name, bool rsa, const char *issuer)
{
    static long serial = 1;
    EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), -DAY);
    X509_gmtime_adj(X509_getm_notAfter(cert), DAY);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0);
    add_extension(cert, NID_subject_alt_name, "DNS:localhost");
    sign(cert, key, issuer);
    FILE *f = open_part(stem, ".pem", "w"), *k = open_part(stem, ".key", "w");
    PEM_write_X509(f, cert);
    PEM_write_PrivateKey(k, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    fclose(k);
    X509_free(cert);
    EVP_PKEY_free(key);
}

void certs_conf(const char *lines, const char *service)
{
    struct buf why = BUF_INIT;
    FILE *f = fopen(certs_path("imapd.conf"), "w");

    fprintf(f, "configdirectory: %s\ndefaultpartition: default\npartition-default: %s/data\n"
               "servername: localhost\n%s",
            test_tmpdir(), test_tmpdir(), lines);
    fclose(f);
    conf_unload();
    if (conf_load(certs_path("imapd.conf"), service, &why) != ERR_OK)
        CU_FAIL_FATAL("the test's imapd.conf does not load");
    buf_fini(&why);
}
