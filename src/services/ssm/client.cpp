#include "services/ssm/client.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/json.hpp"

namespace ci_lambda {
namespace {

constexpr std::array<std::string_view, 2> kNoSuchParameter{"ParameterNotFound", "ParameterVersionNotFound"};

/// What a policy calls the parameter: without the version, and with the slash that a plain name has not.
std::string arn_of(std::string_view name, std::string_view region) {
    if (name.starts_with("arn:")) return std::string(name);
    name = name.substr(0, name.find(':'));
    return fmt::format("arn:{}:ssm:{}:*:parameter{}{}", partition_of(region), region, name.starts_with('/') ? "" : "/",
                       name);
}

}  // namespace

constinit const AwsService kSsmService{.name = "ssm",
                                       .title = "Systems Manager",
                                       .host = "ssm",
                                       .signing_name = "ssm",
                                       .endpoint_variable = "AWS_ENDPOINT_URL_SSM",
                                       .target_prefix = "AmazonSSM.",
                                       .not_found_codes = kNoSuchParameter,
                                       .always_fips_in_govcloud = true};

SsmClient::SsmClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
                     Sleeper& sleeper, const Logger& logger)
    : client_(kSsmService, std::move(options), http, credentials, clock, sleeper, logger) {}

Result<SsmParameter> SsmClient::get_parameter(const std::string& name, Deadline deadline) {
    auto answer = client_.read("GetParameter", {{"Name", name}, {"WithDecryption", true}}, deadline);
    if (!answer) {
        auto error = std::move(answer).error();
        if (error.kind == ErrorKind::kAccessDenied)
            error.message +=
                fmt::format(" (needs ssm:GetParameter on {}; for a SecureString also kms:Decrypt on its key)",
                            arn_of(name, client_.options().region));
        return std::unexpected(std::move(error));
    }
    const Json* parameter = find(*answer, "Parameter");
    auto value = parameter == nullptr ? std::nullopt : find_string(*parameter, "Value");
    if (!value) return fail(ErrorKind::kProtocol, "Systems Manager's answer to GetParameter has no value");
    const Json* version = find(*parameter, "Version");
    return SsmParameter{.value = *std::move(value),
                        .version = version != nullptr && version->is_number() ? dump_json(*version) : ""};
}

}  // namespace ci_lambda
