#include "net/hmac.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <limits>

namespace ci_lambda {

std::optional<Sha256> hmac_sha256(std::string_view key, std::string_view text) {
    if (key.size() > std::numeric_limits<int>::max()) return std::nullopt;
    Sha256 code{};
    unsigned int length = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, text.size(), code.data(), &length) ==
            nullptr ||
        length != code.size())
        return std::nullopt;
    return code;
}

bool same_in_constant_time(std::string_view one, std::string_view other) {
    return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace ci_lambda
