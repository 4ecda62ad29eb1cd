#pragma once
// SHA256_Init and its like stand beside the general functions, which OpenSSL prefers.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// Function-like macros are invisible to Swift; each gets a typed twin.
static inline int copenssl_set_minimum_tls12(SSL_CTX *context) {
    return (int)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}
/// The name that is asked for and that the certificate must carry.
static inline int copenssl_set_server_name(SSL *tls, const char *name) {
    // An address literal is matched against address entries, and is never sent as a server name.
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), name) == 1) return 1;
    SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(tls, name) == 1 && SSL_set_tlsext_host_name(tls, name) == 1;
}
// Record buffers are wiped by OpenSSL itself, and lack of a close_notify is an error, not an end.
static inline void copenssl_set_worker_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}
