#include "net/sha256.hpp"

#include <openssl/evp.h>

#include <cstdint>

#include "net/owned.hpp"

namespace ci_lambda {

std::optional<Sha256> sha256(std::span<const std::string_view> parts) {
    // Looked up once, as that costs more than the hash; kept to the end, as OpenSSL's own end may come earlier than
    // ours.
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    const Owned<EVP_MD_CTX, &EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    bool ok = algorithm != nullptr && context != nullptr && EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1;
    for (const auto part : parts) {
        const std::uint64_t size = part.size();
        ok = ok && EVP_DigestUpdate(context.get(), &size, sizeof size) == 1 &&
             EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
    }
    Sha256 hash{};
    if (!ok || EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) != 1) return std::nullopt;
    return hash;
}

std::string sha256_digest_of(std::string_view text) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    Sha256 hash{};
    if (EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1) return {};
    std::string digest = "sha256:";
    for (const unsigned char byte : hash) {
        digest += kDigits[byte >> 4U];
        digest += kDigits[byte & 0xFU];
    }
    return digest;
}

}  // namespace ci_lambda
