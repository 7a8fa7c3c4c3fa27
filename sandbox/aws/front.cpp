#include "sandbox/aws/front.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "base/text.hpp"

namespace ci_lambda::sandbox {
namespace {

/// The access key id in `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/ecs/aws4_request, ..`.
std::string access_key_id(std::string_view authorization) {
    constexpr std::string_view kCredential = "Credential=";
    const auto begin = authorization.find(kCredential);
    if (begin == std::string_view::npos) return {};
    const auto rest = authorization.substr(begin + kCredential.size());
    return std::string(rest.substr(0, rest.find('/')));
}

}  // namespace

void AwsFront::add(std::string target, std::string name, Api api) {
    apis_.push_back({.target = std::move(target), .name = std::move(name), .api = std::move(api)});
}

HttpExchangeAnswer AwsFront::handle(const HttpExchangeRequest& request) const {
    auto answer = dispatch(request);
    return {.status = answer.status,
            .content_type = "application/x-amz-json-1.1",
            .body = std::move(answer.body),
            .headers = {{"x-amzn-RequestId", ids_.uuid()}}};
}

AwsAnswer AwsFront::dispatch(const HttpExchangeRequest& request) const {
    const auto authorization = request.header("authorization");
    if (authorization.empty())
        return to_answer(AwsError{.type = "MissingAuthenticationTokenException",
                                  .message = "Request is missing Authentication Token"});
    const std::string target = request.header("x-amz-target");
    std::vector<std::string> names;
    for (const auto& one : apis_) {
        names.push_back(one.name);
        if (target.starts_with(one.target))
            return one.api({.caller = access_key_id(authorization),
                            .operation = target.substr(one.target.size()),
                            .body = request.body});
    }
    return to_answer(
        AwsError{.type = "UnknownOperationException",
                 .message = fmt::format("The sandbox knows {} only (header X-Amz-Target).", join(names, " and "))});
}

}  // namespace ci_lambda::sandbox
