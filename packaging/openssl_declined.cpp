// What src/net/curl_global.cpp declines of OpenSSL before anything starts it: the texts of errors outside TLS, and
// ciphers by their old names. OpenSSL's start names both all the same, and with them the linker would bring 77 KB
// (compressed) that nobody can reach. The names are those of OpenSSL 3.0's crypto/init.c; where a release has others,
// the program is larger again, or does not link.

extern "C" {

int ossl_err_load_crypto_strings() { return 1; }

void openssl_add_all_ciphers_int() {}

}  // extern "C"
