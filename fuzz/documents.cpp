// What AWS answers to questions about documents, secrets and functions. The first byte chooses the question, the second
// one the HTTP status; the first line goes on with a header's value (error type, ETag, region of a bucket); all that
// follows it is the body.

#include <array>
#include <string>

#include "fuzz/support.hpp"
#include "services/documents/aws_document_reader.hpp"
#include "services/lambda/client.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::fuzzing {
namespace {

const std::array kSources{
    SourceRef{.kind = SourceRef::Kind::kSsm, .text = "/shop/ci"},
    SourceRef{.kind = SourceRef::Kind::kSecretsManager, .text = "shop/slack"},
    SourceRef{.kind = SourceRef::Kind::kS3, .text = "ci.json", .bucket = "shop-config"},
};

constexpr std::array kStatuses{200, 200, 200, 304, 301, 400, 403, 404, 429, 500};

void check_error(const Error& error) { require_readable(error.message, "an error"); }

/// What a version is for: the same answer, asked for with it, is no news.
void check_text(AwsDocumentReader& reader, const SourceRef& source, const SourceText& text) {
    require(text.text.size() <= kMaxDocumentBytes, "no text is too large");
    if (text.version.empty()) return;
    const auto again = reader.read(source, text.version, Deadline::none());
    require(again && !*again, "what has the same version is not handed out again", text.version);
}

}  // namespace
}  // namespace ci_lambda::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ci_lambda;
    const auto input = fuzzing::text_of(data, size);
    const auto line_end = input.find('\n');
    if (size < 2 || line_end == std::string_view::npos || line_end < 2) return 0;
    const std::string header(input.substr(2, line_end - 2));
    const int status = fuzzing::kStatuses[data[1] % fuzzing::kStatuses.size()];

    testing::FakeHttp http;
    http.then(status, std::string(input.substr(line_end + 1)),
              {{.name = "x-amzn-errortype", .value = header},
               {.name = "etag", .value = header},
               {.name = "x-amz-bucket-region", .value = header}});
    testing::FakeCredentials credentials;
    testing::RecordingLog log;
    testing::FakeSleeper sleeper(log.clock);
    const auto question = data[0] % (fuzzing::kSources.size() + 1);
    if (question == fuzzing::kSources.size()) {
        LambdaClient lambda({.region = "eu-west-1"}, http, credentials, log.clock, sleeper, log.logger);
        const auto function = lambda.get_function("shop_ci", Deadline::none());
        if (function) fuzzing::require(!function->arn.empty(), "a function has a name");
        if (!function) fuzzing::check_error(function.error());
        return 0;
    }
    const testing::FakeEnvironment environment({{"AWS_REGION", "eu-west-1"}});
    AwsDocumentReader reader(environment, http, credentials, log.clock, sleeper, log.logger);
    const auto& source = fuzzing::kSources[question];
    const auto text = reader.read(source, "", Deadline::none());
    if (!text) fuzzing::check_error(text.error());
    if (text && *text) fuzzing::check_text(reader, source, **text);
    return 0;
}
