#include "sandbox/aws/json.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/json.hpp"

namespace ci_lambda::sandbox {
namespace {

std::unexpected<AwsError> wrong_type(std::string_view name, std::string_view wanted, const Json& found) {
    return aws_fail("SerializationException", fmt::format("{}: expected {}, found {}", name, wanted, type_name(found)));
}

}  // namespace

std::unexpected<AwsError> aws_fail(std::string type, std::string message) {
    return std::unexpected(AwsError{.type = std::move(type), .message = std::move(message)});
}

AwsAnswer to_answer(const AwsError& error) {
    Json body{{"__type", error.type}, {"message", error.message}};
    if (!error.resource_ids.empty()) body["resourceIds"] = error.resource_ids;
    return {.status = 400, .body = dump_json(body)};
}

AwsAnswer to_answer(const AwsResult<Json>& result) {
    if (!result) return to_answer(result.error());
    return {.status = 200, .body = dump_json(*result)};
}

double epoch_seconds(WallTime time) {
    const auto whole = std::chrono::floor<Milliseconds>(time.time_since_epoch());
    return static_cast<double>(whole.count()) / 1000.0;
}

AwsResult<Json> Parameters::parse(std::string_view body) {
    auto parsed = parse_json(body);
    if (!parsed) return aws_fail("SerializationException", parsed.error().message);
    if (!parsed->is_object()) return wrong_type("the body", "an object", *parsed);
    return *std::move(parsed);
}

AwsResult<std::optional<std::string>> Parameters::text(std::string_view name) const {
    const Json* value = find(object_, name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) return wrong_type(name, "a string", *value);
    return value->get<std::string>();
}

AwsResult<std::optional<int>> Parameters::number(std::string_view name) const {
    const Json* value = find(object_, name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number_integer()) return wrong_type(name, "a whole number", *value);
    const auto number = value->get<std::int64_t>();
    if (std::cmp_less(number, std::numeric_limits<int>::min()) ||
        std::cmp_greater(number, std::numeric_limits<int>::max()))
        return aws_fail("SerializationException", fmt::format("{}: {} does not fit", name, number));
    return static_cast<int>(number);
}

AwsResult<bool> Parameters::flag(std::string_view name) const {
    const Json* value = find(object_, name);
    if (value == nullptr) return false;
    if (!value->is_boolean()) return wrong_type(name, "a boolean", *value);
    return value->get<bool>();
}

AwsResult<std::vector<std::string>> Parameters::texts(std::string_view name) const {
    std::vector<std::string> texts;
    const Json* value = find(object_, name);
    if (value == nullptr) return texts;
    if (!value->is_array()) return wrong_type(name, "a list of strings", *value);
    for (const auto& item : *value) {
        if (!item.is_string()) return wrong_type(name, "a list of strings", item);
        texts.push_back(item.get<std::string>());
    }
    return texts;
}

}  // namespace ci_lambda::sandbox
