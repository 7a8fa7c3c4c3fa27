// For test_documents.py, test_sts.py and test_endpoints.py: asks AWS's APIs with the clients of the programs, and
// prints what they answer as one line of JSON on standard output; the log, at debug, goes to standard error.
//
//   document_reader read SOURCE [VERSION]
//   document_reader function NAME
//   document_reader assume ROLE EVENT [EXTERNAL_ID]
//   document_reader endpoints REGION ..

#include <array>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/curl_http_client.hpp"
#include "services/aws/endpoint.hpp"
#include "services/aws/environment.hpp"
#include "services/cloudwatch/client.hpp"
#include "services/codedeploy/client.hpp"
#include "services/documents/aws_document_reader.hpp"
#include "services/ecr/client.hpp"
#include "services/ecs/client.hpp"
#include "services/event_rules/client.hpp"
#include "services/lambda/client.hpp"
#include "services/logs/client.hpp"
#include "services/s3/client.hpp"
#include "services/scheduler/client.hpp"
#include "services/secrets_manager/client.hpp"
#include "services/sns/client.hpp"
#include "services/ssm/client.hpp"
#include "services/states/client.hpp"
#include "services/sts/assumed_role.hpp"

namespace ci_lambda {
namespace {

class StandardError final : public LogSink {
public:
    void write(std::string_view line) override { std::fprintf(stderr, "%s\n", std::string(line).c_str()); }
};

Json error_in_json(const Error& error) {
    return {{"error", error.message}, {"kind", std::string(to_string(error.kind))}, {"code", error.code}};
}

Json read_in_json(const Result<std::optional<SourceText>>& text) {
    if (!text) return error_in_json(text.error());
    if (!*text) return {{"unchanged", true}};
    return {{"text", (*text)->text}, {"version", (*text)->version}};
}

Json function_in_json(const Result<LambdaFunction>& function) {
    if (!function) return error_in_json(function.error());
    return {{"arn", function->arn}, {"region", function->region}, {"variables", function->variables}};
}

Json credentials_in_json(const Result<Credentials>& credentials) {
    if (!credentials) return error_in_json(credentials.error());
    return {{"access_key_id", credentials->access_key_id},
            {"secret_access_key", credentials->secret_access_key.reveal()},
            {"session_token", credentials->session_token.reveal()},
            {"account_id", credentials->account_id},
            {"expires_at", format_rfc3339(credentials->expires_at.value_or(WallTime{}))}};
}

/// Of every API that is called from `src/`.
Json endpoints_in_json(std::span<const std::string> regions) {
    const std::array services{
        &kCloudWatchService, &kCodeDeployService, &kEcrService,    &kEcsService,       &kEventsService,
        &kLambdaService,     &kLogsService,       &kS3Service,     &kSchedulerService, &kSecretsManagerService,
        &kSnsService,        &kSsmService,        &kStatesService, &kStsService};
    Json all = Json::object();
    for (const auto* service : services) {
        auto& of_service = all[std::string(service->name)];
        for (const auto& region : regions)
            for (const bool fips : {false, true})
                for (const bool dualstack : {false, true})
                    of_service[region].push_back(
                        {{"fips", fips},
                         {"dualstack", dualstack},
                         {"url", aws_endpoint(*service, {.region = region, .fips = fips, .dualstack = dualstack})},
                         {"signing_name", std::string(service->signing_name)},
                         {"endpoint_variable", std::string(service->endpoint_variable)}});
    }
    return all;
}

int run(std::span<const std::string> arguments) {
    const ProcessEnvironment environment;
    SystemClock clock;
    SystemSleeper sleeper;
    StandardError sink;
    Redactor redactor;
    Logger logger(sink, clock, redactor);
    logger.set_level(LogLevel::kDebug);
    CurlHttpClient http({}, clock, logger);
    std::vector<std::unique_ptr<CredentialSource>> sources;
    sources.push_back(environment_credentials(environment));
    CredentialChain credentials(std::move(sources), clock, redactor);

    Json answer;
    if (arguments.size() >= 2 && arguments[0] == "read") {
        AwsDocumentReader reader(environment, http, credentials, clock, sleeper, logger);
        const auto source = parse_source(arguments[1]);
        answer = source ? read_in_json(reader.read(*source, arguments.size() > 2 ? arguments[2] : "", Deadline::none()))
                        : error_in_json(source.error());
    } else if (arguments.size() == 2 && arguments[0] == "function") {
        auto options = endpoint_options_from(environment, kLambdaService);
        if (options) {
            LambdaClient client(*std::move(options), http, credentials, clock, sleeper, logger);
            answer = function_in_json(client.get_function(arguments[1], Deadline::none()));
        } else {
            answer = error_in_json(options.error());
        }
    } else if (arguments.size() >= 3 && arguments[0] == "assume") {
        auto options = endpoint_options_from(environment, kStsService);
        if (options) {
            StsClient sts(*std::move(options), http, credentials, clock, sleeper, logger);
            AssumedRole role({.role_arn = arguments[1], .external_id = arguments.size() > 3 ? arguments[3] : ""}, sts,
                             clock, redactor);
            role.name_session_after(arguments[2]);
            answer = credentials_in_json(role.get());
        } else {
            answer = error_in_json(options.error());
        }
    } else if (arguments.size() >= 2 && arguments[0] == "endpoints") {
        answer = endpoints_in_json(arguments.subspan(1));
    } else {
        return 2;
    }
    std::puts(dump_json(answer).c_str());
    return 0;
}

}  // namespace
}  // namespace ci_lambda

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    return ci_lambda::run(arguments);
}
