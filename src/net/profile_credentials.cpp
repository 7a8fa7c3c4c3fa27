#include <fmt/format.h>

#include <fstream>
#include <map>

#include "base/text.hpp"
#include "net/credentials.hpp"
#include "net/subprocess.hpp"

namespace ci_lambda {
namespace {

/// A person may have to answer a browser or a hardware token meanwhile.
constexpr Milliseconds kProcessTimeout{60000};

using Section = std::map<std::string, std::string>;

/// The sections of an AWS config file. Nested lines (`s3 =` followed by indented ones) are passed over.
std::map<std::string, Section> read_sections(const std::string& path) {
    std::map<std::string, Section> sections;
    std::ifstream file(path);
    Section* current = nullptr;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.front() == ' ' || line.front() == '\t') continue;
        const auto text = trim(line);
        if (text.starts_with('#') || text.starts_with(';')) continue;
        if (text.starts_with('[')) {
            auto name = trim(text.substr(1, text.find(']') - 1));
            current = &sections[std::string(name)];
        } else if (const auto equals = text.find('='); equals != std::string_view::npos && current != nullptr) {
            (*current)[to_lower(trim(text.substr(0, equals)))] = trim(text.substr(equals + 1));
        }
    }
    return sections;
}

class ProfileSource final : public CredentialSource {
public:
    explicit ProfileSource(const Environment& environment) : environment_(environment) {}

    Result<Found> fetch() override {
        auto chosen = environment_.get_non_empty("AWS_PROFILE");
        if (!chosen) chosen = environment_.get_non_empty("AWS_DEFAULT_PROFILE");
        const std::string profile = chosen.value_or("default");
        const auto config_file = file("AWS_CONFIG_FILE", "/.aws/config");
        const auto credentials_file = file("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials");

        const auto settings = settings_of(profile, config_file, credentials_file);
        if (!settings) {
            auto where = fmt::format("the profile \"{}\": it is neither in {} nor in {}", profile, config_file,
                                     credentials_file);
            if (chosen) return fail(ErrorKind::kCredentials, where + ", although AWS_PROFILE names it");
            return Found{.where = std::move(where)};
        }
        auto credentials = from_settings(profile, *settings);
        if (!credentials)
            return std::unexpected(with_context(credentials.error(), fmt::format("the profile \"{}\"", profile)));
        return Found{.credentials = *std::move(credentials)};
    }

private:
    [[nodiscard]] std::string file(const std::string& variable, const std::string& below_home) const {
        if (const auto path = environment_.get_non_empty(variable)) return *path;
        return environment_.get("HOME").value_or("") + below_home;
    }

    /// Both files' entries for the profile, the credentials file's first, as the AWS CLI merges them.
    static std::optional<Section> settings_of(const std::string& profile, const std::string& config_file,
                                              const std::string& credentials_file) {
        const auto config = read_sections(config_file);
        const auto credentials = read_sections(credentials_file);
        std::optional<Section> settings;
        const auto merge = [&](const std::map<std::string, Section>& from, const std::string& name) {
            const auto found = from.find(name);
            if (found == from.end()) return;
            if (!settings) settings.emplace();
            settings->insert(found->second.begin(), found->second.end());
        };
        merge(credentials, profile);
        merge(config, "profile " + profile);
        if (profile == "default") merge(config, profile);
        return settings;
    }

    static Result<Credentials> from_settings(const std::string& profile, const Section& settings) {
        const auto get = [&](const std::string& key) {
            const auto found = settings.find(key);
            return found == settings.end() ? std::string{} : found->second;
        };
        // A role or a login goes before keys in the same profile: the keys are then only its source.
        const bool for_the_cli = settings.contains("role_arn") || settings.contains("sso_session") ||
                                 settings.contains("sso_start_url") || settings.contains("login_session");
        if (!for_the_cli) {
            if (!get("aws_access_key_id").empty() && !get("aws_secret_access_key").empty())
                return Credentials{.access_key_id = get("aws_access_key_id"),
                                   .secret_access_key = Secret(get("aws_secret_access_key")),
                                   .session_token = Secret(get("aws_session_token"))};
            if (const auto command = get("credential_process"); !command.empty())
                return from_process({"/bin/sh", "-c", command}, "credential_process");
        }
        return from_process({"aws", "configure", "export-credentials", "--profile", profile, "--format", "process"},
                            "aws configure export-credentials");
    }

    static Result<Credentials> from_process(const std::vector<std::string>& command, std::string_view name) {
        // Whatever program it is, it has no business with our team's messages.
        const auto output = run_process(command, kProcessTimeout, {"SLACK_WEBHOOK_URL", "CI_LAMBDA_CONFIG"});
        if (!output) {
            if (output.error().kind == ErrorKind::kNotFound)
                return fail(ErrorKind::kCredentials,
                            fmt::format("{}: {} (install the AWS CLI, version 2, or give keys in the environment)",
                                        name, output.error().message));
            return std::unexpected(with_context(output.error(), name));
        }
        if (output->exit_code != 0)
            return fail(ErrorKind::kCredentials,
                        fmt::format("{} ended with exit code {}{}", name, output->exit_code,
                                    output->heard ? "" : " (what it said is shown on a terminal only: run it there)"));
        auto credentials = parse_credentials_json(output->out);
        if (!credentials) return std::unexpected(with_context(credentials.error(), name));
        return credentials;
    }

    const Environment& environment_;
};

}  // namespace

std::unique_ptr<CredentialSource> profile_credentials(const Environment& environment) {
    return std::make_unique<ProfileSource>(environment);
}

}  // namespace ci_lambda
