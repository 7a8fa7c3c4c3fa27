#include "sandbox/aws/front.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "sandbox/aws/credential.hpp"

namespace ci_lambda::sandbox {
void AwsFront::add(std::string target, std::string name, Api api) {
    apis_.push_back({.target = std::move(target), .name = std::move(name), .api = std::move(api)});
}

HttpExchangeAnswer AwsFront::handle(const HttpExchangeRequest& request) const {
    auto answer = dispatch(request);
    return {.status = answer.status,
            .content_type = "application/x-amz-json-1.1",
            .body = std::move(answer.body),
            .headers = {{"x-amzn-RequestId", ids_.uuid()}},
            .hang_up = answer.hang_up};
}

AwsAnswer AwsFront::dispatch(const HttpExchangeRequest& request) const {
    const auto authorization = request.header("authorization");
    if (authorization.empty())
        return to_answer(AwsError{.type = "MissingAuthenticationTokenException",
                                  .message = "Request is missing Authentication Token"});
    const std::string target = request.header("x-amz-target");
    const auto credential = credential_of(authorization);
    const auto named = request.query.find("target");
    std::vector<std::string> names;
    for (const auto& one : apis_) {
        names.push_back(one.name);
        if (target.starts_with(one.target))
            return one.api({.caller = credential.access_key,
                            .operation = target.substr(one.target.size()),
                            .body = request.body,
                            .region = credential.region,
                            .target = named == request.query.end() ? std::string() : named->second});
    }
    return to_answer(
        AwsError{.type = "UnknownOperationException",
                 .message = fmt::format("The sandbox knows {} only (header X-Amz-Target).", join(names, " and "))});
}

}  // namespace ci_lambda::sandbox
