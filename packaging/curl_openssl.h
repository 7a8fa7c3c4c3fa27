/* Included before all of curl's own source. curl makes OpenSSL start each of its engines, at every cold start; there is
   nothing here that they could drive. It asks whether they exist, for OpenSSL's descendants have none. */
#include <openssl/crypto.h>
#undef OPENSSL_INIT_ENGINE_ALL_BUILTIN
