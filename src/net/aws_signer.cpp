#include "net/aws_signer.hpp"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "net/owned.hpp"
#include "net/sha256.hpp"
#include "net/url.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kHexDigits = "0123456789abcdef";

using Hash = Sha256;

std::string_view bytes_of(const Hash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

const unsigned char* data_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string hex(const Hash& hash) {
    std::string text(2 * hash.size(), '0');
    for (std::size_t i = 0; i < hash.size(); ++i) {
        text[2 * i] = kHexDigits[hash[i] >> 4U];
        text[2 * i + 1] = kHexDigits[hash[i] & 15U];
    }
    return text;
}

/// `20260131T090503Z`: the basic format of ISO 8601.
std::string basic_time(WallTime time) {
    auto text = format_rfc3339(time);
    text.resize(text.find('.'));
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text + 'Z';
}

/// Escaped once more than it is on the wire, and with no slash twice in a row.
std::string canonical_path(std::string_view path) {
    std::string text = "/";
    for (const char c : path)
        if (c != '/' || text.back() != '/') text += c;
    return escape_path(text);
}

/// Without blanks around it, and with no two of them in a row.
std::string canonical_value(std::string_view value) {
    std::string text(trim(value));
    const auto surplus = std::ranges::unique(text, [](char a, char b) { return a == ' ' && b == ' '; });
    text.erase(surplus.begin(), surplus.end());
    return text;
}

/// Sorted by the names, and then by the values.
std::string canonical_query(std::string_view query) {
    if (query.empty()) return {};
    std::vector<std::pair<std::string, std::string>> parameters;
    for (const auto& parameter : split(query, '&')) {
        const auto equals = std::min(parameter.find('='), parameter.size());
        parameters.emplace_back(parameter.substr(0, equals),
                                equals < parameter.size() ? parameter.substr(equals + 1) : "");
    }
    std::ranges::sort(parameters);
    std::vector<std::string> texts;
    for (const auto& [name, value] : parameters) texts.push_back(fmt::format("{}={}", name, value));
    return join(texts, "&");
}

struct CanonicalHeaders {
    std::string names;  ///< `host;x-amz-date`
    std::string lines;
};

CanonicalHeaders canonical_headers(std::string_view host, std::span<const HttpHeader> given,
                                   std::span<const HttpHeader> added) {
    std::vector<std::pair<std::string, std::string>> sorted{{"host", canonical_value(host)}};
    for (const auto& headers : {given, added})
        for (const auto& header : headers) sorted.emplace_back(to_lower(header.name), canonical_value(header.value));
    std::ranges::sort(sorted);
    CanonicalHeaders canonical;
    for (const auto& [name, value] : sorted) {
        if (!canonical.names.empty()) canonical.names += ';';
        canonical.names += name;
        canonical.lines.append(name).append(":").append(value).append("\n");
    }
    return canonical;
}

}  // namespace

/// OpenSSL's SHA-256 and HMAC, looked up once: a look-up costs more than the hash. And the keys that were derived.
class AwsSigner::Hashes {
public:
    Result<std::string> sign(std::string_view canonical_request, std::string_view time, std::string_view scope,
                             const Signing& signing) {
        const std::scoped_lock lock(mutex_);
        TRY_ASSIGN(const auto request_hash, hash(canonical_request));
        TRY_ASSIGN(const auto* key, key_for(time.substr(0, kDateLength), signing));
        TRY_ASSIGN(const auto signature,
                   hmac(bytes_of(*key), fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope, hex(request_hash))));
        return hex(signature);
    }

    Result<std::string> hex_hash(std::string_view text) {
        const std::scoped_lock lock(mutex_);
        TRY_ASSIGN(const auto hashed, hash(text));
        return hex(hashed);
    }

    static constexpr std::size_t kDateLength = 8;

private:
    static std::unexpected<Error> failed() { return fail(ErrorKind::kInternal, "OpenSSL offers no SHA-256 or HMAC"); }

    Result<Hash> hash(std::string_view text) {
        if (!sha256_) sha256_.reset(EVP_MD_fetch(nullptr, "SHA256", nullptr));
        if (!digest_) digest_.reset(EVP_MD_CTX_new());
        Hash result{};
        if (!sha256_ || !digest_ || EVP_DigestInit_ex2(digest_.get(), sha256_.get(), nullptr) != 1 ||
            EVP_DigestUpdate(digest_.get(), text.data(), text.size()) != 1 ||
            EVP_DigestFinal_ex(digest_.get(), result.data(), nullptr) != 1)
            return failed();
        return result;
    }

    Result<Hash> hmac(std::string_view key, std::string_view text) {
        if (!mac_) {
            const Owned<EVP_MAC, &EVP_MAC_free> algorithm(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
            mac_.reset(EVP_MAC_CTX_new(algorithm.get()));
            std::string name = "SHA256";
            const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
                                        OSSL_PARAM_construct_end()};
            if (!mac_ || EVP_MAC_CTX_set_params(mac_.get(), parameters.data()) != 1) return failed();
        }
        Hash result{};
        std::size_t size = 0;
        if (EVP_MAC_init(mac_.get(), data_of(key), key.size(), nullptr) != 1 ||
            EVP_MAC_update(mac_.get(), data_of(text), text.size()) != 1 ||
            EVP_MAC_final(mac_.get(), result.data(), &size, result.size()) != 1)
            return failed();
        return result;
    }

    /// Good for a day, a region and a service; AWS suggests to keep it. Lives until the next call.
    Result<const Hash*> key_for(std::string_view date, const Signing& signing) {
        auto& kept = keys_[{signing.region, signing.service}];
        const auto& secret = signing.credentials.secret_access_key;
        if (kept.date != date || kept.secret != secret) {
            TRY_ASSIGN(auto key, hmac("AWS4" + secret.reveal(), date));
            for (const std::string_view part : {std::string_view(signing.region), std::string_view(signing.service),
                                                std::string_view("aws4_request")}) {
                TRY_ASSIGN(key, hmac(bytes_of(key), part));
            }
            kept = {.date = std::string(date), .secret = secret, .key = key};
        }
        return &kept.key;
    }

    struct Key {
        std::string date;
        Secret secret;
        Hash key{};
    };

    std::mutex mutex_;
    Owned<EVP_MD, &EVP_MD_free> sha256_;
    Owned<EVP_MD_CTX, &EVP_MD_CTX_free> digest_;
    Owned<EVP_MAC_CTX, &EVP_MAC_CTX_free> mac_;
    std::map<std::pair<std::string, std::string>, Key> keys_;  // by region and service: as many as are configured
};

AwsSigner::AwsSigner() : hashes_(std::make_unique<Hashes>()) {}

AwsSigner::~AwsSigner() = default;

Result<std::vector<HttpHeader>> AwsSigner::sign(const Parts& parts, const Signing& signing, WallTime now) {
    const auto& credentials = signing.credentials;
    if (credentials.access_key_id.empty() || credentials.secret_access_key.empty())
        return fail(ErrorKind::kCredentials, "the AWS credentials are incomplete");

    const auto time = basic_time(now);
    std::vector<HttpHeader> added{{.name = "X-Amz-Date", .value = time}};
    if (!credentials.session_token.empty())
        added.push_back({.name = "X-Amz-Security-Token", .value = credentials.session_token.reveal()});

    TRY_ASSIGN(const auto body_hash, hashes_->hex_hash(parts.body));
    const bool path_as_sent = signing.path == SigningPath::kAsSent;
    if (path_as_sent) added.push_back({.name = "X-Amz-Content-Sha256", .value = body_hash});
    const auto headers = canonical_headers(parts.host, parts.headers, added);
    const auto request = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", parts.method,
                                     path_as_sent ? std::string(parts.path) : canonical_path(parts.path),
                                     canonical_query(parts.query), headers.lines, headers.names, body_hash);
    const auto scope = fmt::format("{}/{}/{}/aws4_request", std::string_view(time).substr(0, Hashes::kDateLength),
                                   signing.region, signing.service);
    TRY_ASSIGN(const auto signature, hashes_->sign(request, time, scope, signing));
    added.push_back({.name = "Authorization",
                     .value = fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                                          credentials.access_key_id, scope, headers.names, signature)});
    return added;
}

}  // namespace ci_lambda
