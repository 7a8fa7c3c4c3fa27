// The head of an answer, line by line as libcurl hands it over, and the Runtime API's invocation in it.

#include "fuzz/support.hpp"
#include "net/header_line.hpp"
#include "runtime/invocation.hpp"

namespace ci_lambda::fuzzing {
namespace {

HttpResponse response_of(std::string_view input) {
    HttpResponse response{.status = 200, .body = "{}"};
    for (const auto& line : split(input, '\n')) read_header_line(line, response.headers);
    return response;
}

void check_header(const HttpResponse& response, const HttpHeader& header) {
    require(header.name == trim(header.name) && header.value == trim(header.value), "headers are trimmed");
    require(!header.name.contains(':'), "a name has no colon");
    const auto* found = response.header(header.name);
    require(found != nullptr, "each header is found by its name", header.name);
    require(response.header(to_lower(header.name)) == found, "whatever its case", header.name);
}

void check_invocation(const Invocation& invocation) {
    require(!invocation.request_id.empty(), "an invocation can be answered");
    const SystemClock clock;
    // As the app uses it: nothing of this may overflow.
    const auto left = invocation.deadline.minus(std::chrono::seconds{1}).remaining(clock);
    require(!left || *left >= Milliseconds{0}, "nothing is left after the deadline");
}

}  // namespace
}  // namespace ci_lambda::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ci_lambda;
    const auto response = fuzzing::response_of(fuzzing::text_of(data, size));
    for (const auto& header : response.headers) fuzzing::check_header(response, header);
    const auto invocation = read_invocation(response);
    if (invocation)
        fuzzing::check_invocation(*invocation);
    else
        fuzzing::require(invocation.error().kind == ErrorKind::kProtocol, "only a header can be missing");
    return 0;
}
