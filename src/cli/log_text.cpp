#include "cli/log_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/text.hpp"
#include "deployer/rollout/verdict.hpp"

namespace ci_lambda::cli {
namespace {

/// What the commands say themselves, in their results and complaints; and what on a laptop is as it should be (`check`
/// says it).
constexpr std::array<std::string_view, 8> kSaidElsewhere{"configuration: SLACK_WEBHOOK_URL is not set",
                                                         "deployment failed: it could not start",
                                                         "event refused",
                                                         "image not checked",
                                                         "rollback failed: it could not start",
                                                         "rollback not begun",
                                                         "rollout watched",
                                                         "deployment not sent"};

std::string value_text(const Json& value) { return value.is_string() ? value.get<std::string>() : dump_json(value); }

/// What a person wants to know beside the message.
std::string explanation(const Json& fields) {
    std::vector<std::string> parts;
    for (const auto* name : {"error", "reason", "means", "needs"})
        if (const auto* value = find(fields, name)) {
            auto text = value_text(*value);
            if (text.empty()) continue;
            parts.push_back(std::string_view(name) == "needs" ? "it needs " + text : std::move(text));
        }
    if (const auto* wait = find(fields, "wait_ms"); wait != nullptr && wait->is_number_integer())
        parts.push_back(fmt::format("again in {}", in_words(Milliseconds{wait->get<std::int64_t>()})));
    return parts.empty() ? "" : fmt::format(" ({})", join(parts, "; "));
}

std::string all_fields(const Json& fields) {
    std::string text;
    if (fields.is_object())
        for (const auto& [name, value] : fields.items()) text += fmt::format(" {}={}", name, value_text(value));
    return text;
}

}  // namespace

std::optional<std::string> log_sentence(std::string_view json_line) {
    const auto json = parse_json(json_line);
    if (!json) return std::string(json_line);
    const auto message = find_string(*json, "message").value_or("");
    const auto level = to_lower(find_string(*json, "level").value_or(""));
    const auto* found = find(*json, "fields");
    const Json fields = found == nullptr ? Json::object() : *found;
    if (level == "debug" || level == "info") return fmt::format("{}: {}{}", level, message, all_fields(fields));
    if (std::ranges::any_of(kSaidElsewhere, [&](auto said) { return message.starts_with(said); })) return std::nullopt;
    const auto service = find_string(fields, "service");
    return fmt::format("note: {}{}{}", service ? *service + ": " : "", message, explanation(fields));
}

void SentenceSink::write(std::string_view line) {
    if (const auto sentence = log_sentence(line)) console_.note(*sentence);
}

}  // namespace ci_lambda::cli
