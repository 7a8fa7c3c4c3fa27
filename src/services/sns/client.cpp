#include "services/sns/client.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "net/url.hpp"

namespace ci_lambda {
namespace {

constexpr std::array<std::string_view, 2> kNotFound{"NotFound", "NotFoundException"};

std::string form_of(const SnsMessage& message) {
    std::string form = "Action=Publish&Version=2010-03-31";
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) form += fmt::format("&{}={}", name, escape_component(value));
    };
    add("TopicArn", message.topic_arn);
    add("Subject", message.subject);
    add("Message", message.message);
    add("MessageGroupId", message.group);
    add("MessageDeduplicationId", message.deduplication_id);
    for (std::size_t i = 0; i < message.attributes.size(); ++i) {
        const auto& attribute = message.attributes[i];
        const auto entry = fmt::format("MessageAttributes.entry.{}.", i + 1);
        add(entry + "Name", attribute.name);
        add(entry + "Value.DataType", attribute.is_array ? "String.Array" : "String");
        add(entry + "Value.StringValue", attribute.value);
    }
    return form;
}

}  // namespace

constinit const AwsService kSnsService{.name = "sns",
                                       .title = "SNS",
                                       .host = "sns",
                                       .signing_name = "sns",
                                       .endpoint_variable = "AWS_ENDPOINT_URL_SNS",
                                       .not_found_codes = kNotFound,
                                       .always_fips_in_govcloud = true};

SnsClient::SnsClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
                     Sleeper& sleeper, const Logger& logger)
    : client_(kSnsService, std::move(options), http, credentials, clock, sleeper, logger) {}

Status SnsClient::publish(const SnsMessage& message, Deadline deadline) {
    const auto repeatable = message.deduplication_id.empty() ? AwsCall::Repeatable::kNo : AwsCall::Repeatable::kYes;
    auto answer = client_.make(
        {.operation = "Publish",
         .body = form_of(message),
         .repeatable = repeatable,
         .headers = {{.name = "Content-Type", .value = "application/x-www-form-urlencoded; charset=utf-8"}}},
        deadline);
    if (answer) return {};
    auto error = std::move(answer).error();
    if (error.kind == ErrorKind::kAccessDenied)
        error.message += fmt::format(
            " (needs sns:Publish on {}, in a policy of our role and, for another account's, of the topic; for an "
            "encrypted one also kms:GenerateDataKey and kms:Decrypt on its key)",
            message.topic_arn);
    return std::unexpected(std::move(error));
}

}  // namespace ci_lambda
