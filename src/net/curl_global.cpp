#include "net/curl_global.hpp"

#include <curl/curl.h>
#include <openssl/crypto.h>

namespace ci_lambda {
namespace {

/// OpenSSL obeys the first one who speaks, so what nobody here needs is declined before anything starts it: the texts
/// of errors outside TLS (those of TLS itself stay), ciphers for files by their old names, and a configuration file,
/// which a Lambda has not. A distribution's libcurl starts it at once, the shipped one leaves that to the first TLS
/// connection (packaging/curl_openssl.h).
CURLcode set_up() {
    OPENSSL_init_crypto(
        OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    return curl_global_init(CURL_GLOBAL_DEFAULT);
}

}  // namespace

void global_curl_init() {
    static const CURLcode once = set_up();
    (void)once;
}

}  // namespace ci_lambda
