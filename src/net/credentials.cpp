#include "net/credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "base/json.hpp"
#include "base/text.hpp"
#include "net/url.hpp"

namespace ci_lambda {
namespace {

/// Not by a stream: with them come the locales, which make the Lambda half a megabyte larger.
std::optional<std::string> read_file(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
    if (!file) return std::nullopt;
    std::string content;
    std::array<char, 4096> buffer{};
    while (const auto count = std::fread(buffer.data(), 1, buffer.size(), file.get()))
        content.append(buffer.data(), count);
    return content;
}

class EnvironmentSource final : public CredentialSource {
public:
    explicit EnvironmentSource(const Environment& environment) : environment_(environment) {}

    Result<Found> fetch() override {
        const auto key_id = environment_.get_non_empty("AWS_ACCESS_KEY_ID");
        const auto secret = environment_.get_non_empty("AWS_SECRET_ACCESS_KEY");
        if (!key_id && !secret) return Found{.where = "the environment: AWS_ACCESS_KEY_ID is not set"};
        if (!key_id || !secret)
            return fail(ErrorKind::kCredentials, fmt::format("the environment has {} but not {}: set both, or neither",
                                                             key_id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                                                             key_id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"));
        auto token = environment_.get_non_empty("AWS_SESSION_TOKEN");
        if (!token) token = environment_.get_non_empty("AWS_SECURITY_TOKEN");  // its name before 2014
        return Found{.credentials =
                         Credentials{.access_key_id = *key_id,
                                     .secret_access_key = Secret(*secret),
                                     .session_token = Secret(token.value_or("")),
                                     .account_id = environment_.get_non_empty("AWS_ACCOUNT_ID").value_or("")}};
    }

private:
    const Environment& environment_;
};

/// Hosts to which a container's credentials may travel without TLS (AWS SDKs and tools reference guide).
bool plain_http_allowed(const std::string& host) {
    static constexpr std::array<std::string_view, 5> kHosts{"localhost", "[::1]", "169.254.170.2", "169.254.170.23",
                                                            "[fd00:ec2::23]"};
    return std::ranges::find(kHosts, host) != kHosts.end() || is_loopback_v4(host);
}

class ContainerSource final : public CredentialSource {
public:
    ContainerSource(const Environment& environment, HttpClient& http) : environment_(environment), http_(http) {}

    Result<Found> fetch() override {
        const auto relative = environment_.get_non_empty("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        const auto full = environment_.get_non_empty("AWS_CONTAINER_CREDENTIALS_FULL_URI");
        if (!relative && !full)
            return Found{.where =
                             "the container's endpoint: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and "
                             "AWS_CONTAINER_CREDENTIALS_FULL_URI are not set"};
        const std::string url = relative ? "http://169.254.170.2" + *relative : *full;
        if (!url.starts_with("https://") && !(url.starts_with("http://") && plain_http_allowed(split_url(url).host)))
            return fail(ErrorKind::kCredentials,
                        "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to a loopback or ECS/EKS address");
        HttpRequest request{.url = Secret(url),
                            .log_name = "container credentials",
                            .timeout = Milliseconds{5000},
                            .connect_timeout = Milliseconds{2000},
                            .body_in_log = &size_only};
        TRY_ASSIGN(const auto token, authorization());
        if (!token.empty()) request.headers.push_back({"Authorization", token});
        TRY_ASSIGN(const auto response, http_.send(request));
        if (response.status != 200)
            return fail(ErrorKind::kCredentials,
                        fmt::format("the container's credentials endpoint answered {}", response.status));
        auto credentials = parse_credentials_json(response.body);
        if (!credentials)
            return std::unexpected(with_context(credentials.error(), "the container's credentials endpoint"));
        return Found{.credentials = *std::move(credentials)};
    }

private:
    /// The file is read anew each time: EKS rotates it.
    [[nodiscard]] Result<std::string> authorization() const {
        std::string token = environment_.get_non_empty("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
        if (const auto path = environment_.get_non_empty("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
            const auto content = read_file(*path);
            if (!content)
                return fail(ErrorKind::kCredentials,
                            fmt::format("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {} cannot be read", *path));
            token = trim(*content);
        }
        if (token.find_first_of("\r\n") != std::string::npos)
            return fail(ErrorKind::kCredentials, "the container's authorization token holds a line break");
        return token;
    }

    const Environment& environment_;
    HttpClient& http_;
};

}  // namespace

std::unique_ptr<CredentialSource> environment_credentials(const Environment& environment) {
    return std::make_unique<EnvironmentSource>(environment);
}

std::unique_ptr<CredentialSource> container_credentials(const Environment& environment, HttpClient& http) {
    return std::make_unique<ContainerSource>(environment, http);
}

Result<Credentials> parse_credentials_json(const std::string& text) {
    const auto parsed = parse_json(text);
    if (!parsed) return fail(ErrorKind::kCredentials, "the answer is " + parsed.error().message);
    const auto& json = *parsed;
    const auto key_id = find_string(json, "AccessKeyId");
    const auto secret = find_string(json, "SecretAccessKey");
    if (!key_id || !secret || key_id->empty() || secret->empty())
        return fail(ErrorKind::kCredentials, "the answer has no AccessKeyId and SecretAccessKey");
    auto token = find_string(json, "SessionToken");
    if (!token) token = find_string(json, "Token");
    Credentials credentials{.access_key_id = *key_id,
                            .secret_access_key = Secret(*secret),
                            .session_token = Secret(token.value_or("")),
                            .account_id = find_string(json, "AccountId").value_or("")};
    if (const auto expiration = find_string(json, "Expiration")) {
        credentials.expires_at = parse_rfc3339(*expiration);
        if (!credentials.expires_at)
            return fail(ErrorKind::kCredentials,
                        "the answer's Expiration is not a time (2026-01-31T09:05:03Z is one; what stands there is not "
                        "shown, as it may be a secret that got into the wrong place)");
    }
    return credentials;
}

CredentialChain::CredentialChain(std::vector<std::unique_ptr<CredentialSource>> sources, const Clock& clock,
                                 Redactor& redactor)
    : sources_(std::move(sources)), clock_(clock), redactor_(redactor) {}

Result<Credentials> CredentialChain::get() {
    const std::scoped_lock lock(mutex_);
    if (cached_ && (!cached_->expires_at || clock_.now() + kRenewBefore < *cached_->expires_at)) return *cached_;
    std::string places;
    for (const auto& source : sources_) {
        TRY_ASSIGN(auto found, source->fetch());
        if (!found.credentials) {
            places += fmt::format("\n  - {}", found.where);
            continue;
        }
        redactor_.add(found.credentials->secret_access_key);
        redactor_.add(found.credentials->session_token);
        cached_ = std::move(found.credentials);
        return *cached_;
    }
    return fail(ErrorKind::kCredentials,
                fmt::format("no AWS credentials found. Looked in:{}\nGive them as the AWS CLI takes them: "
                            "`aws configure`, `aws sso login`, AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
                            "AWS_SECRET_ACCESS_KEY.",
                            places));
}

void CredentialChain::invalidate() {
    const std::scoped_lock lock(mutex_);
    cached_.reset();
}

}  // namespace ci_lambda
