/* Included before all of curl's own source. curl makes OpenSSL start its TLS whole, with each engine, cipher and digest,
   at every cold start; OpenSSL does so by itself when TLS is first used (OPENSSL_init_ssl(3)), which is never for the
   Runtime API. What is not wanted of it is declined in src/net/curl_global.cpp. */
#include <openssl/ssl.h>
#define OPENSSL_init_ssl(options, settings) ((void)(options), 1)
