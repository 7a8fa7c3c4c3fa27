// For test_documents.py: asks AWS's APIs with the clients of the programs, and prints what they answer as one line of
// JSON on standard output; the log, at debug, goes to standard error.
//
//   document_reader read SOURCE [VERSION]
//   document_reader function NAME

#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/curl_http_client.hpp"
#include "services/aws/environment.hpp"
#include "services/documents/aws_document_reader.hpp"
#include "services/lambda/client.hpp"

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
