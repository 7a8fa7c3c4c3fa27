#include "runtime/invocation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

std::string text_of(const HttpResponse& answer, std::string_view header) {
    const auto* value = answer.header(header);
    return value == nullptr ? std::string{} : *value;
}

Deadline deadline_of(const HttpResponse& answer) {
    const auto milliseconds = parse_unsigned(text_of(answer, "Lambda-Runtime-Deadline-Ms"));
    if (!milliseconds) return Deadline::none();
    constexpr unsigned long long kMost = std::numeric_limits<std::int64_t>::max();
    const Milliseconds since_1970{static_cast<std::int64_t>(std::min(*milliseconds, kMost))};
    return Deadline{wall_time(std::chrono::sys_time<Milliseconds>{since_1970})};
}

}  // namespace

Result<Invocation> read_invocation(HttpResponse answer) {
    if (answer.status != 200)
        return fail(ErrorKind::kServer, fmt::format("the Runtime API answered {} to next: {}", answer.status,
                                                    body_in_words(answer.body, 200)));
    Invocation invocation{.request_id = text_of(answer, "Lambda-Runtime-Aws-Request-Id"),
                          .deadline = deadline_of(answer),
                          .trace_id = text_of(answer, "Lambda-Runtime-Trace-Id"),
                          .function_arn = text_of(answer, "Lambda-Runtime-Invoked-Function-Arn"),
                          .event = std::move(answer.body)};
    if (invocation.request_id.empty())
        return fail(ErrorKind::kProtocol,
                    "the Runtime API gave an invocation without Lambda-Runtime-Aws-Request-Id, so it cannot be "
                    "answered");
    return invocation;
}

}  // namespace ci_lambda
