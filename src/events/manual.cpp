#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "events/decoders.hpp"

namespace ci_lambda {
namespace {

/// Each is a name or an ARN; errors and answers repeat it.
constexpr std::size_t kLongestMember = 1000;
constexpr std::size_t kLongestObject = 10'000;

constexpr std::array<std::string_view, 3> kSourcePrefixes{"action.", "github.actions.", "terraform."};

/// Reads a request member by member. A member that says what is to be deployed is not a thing to guess at when its type
/// is wrong; the first such one makes the request malformed.
class RequestReader {
public:
    explicit RequestReader(const Json& request) : request_(request) {}

    ManualRequest read() {
        body_.service = member("service");
        body_.task_definition = member("task_definition");
        body_.project = member("project");
        body_.environment = member("env");
        body_.image = member("image");
        body_.image_tag = member("image_tag");
        body_.promote_from = member("promote_from");
        body_.action = member("action");
        body_.rollback = flag("rollback");
        body_.strategy = object_or_word("strategy");
        body_.targets = names("targets");
        body_.until = member("until");
        body_.by = member("by");
        body_.override_hold = member("override_hold");
        body_.pipeline = member("pipeline");
        body_.reason = find_string(request_, "reason");
        return std::move(body_);
    }

private:
    std::optional<std::string> object_or_word(std::string_view key) {
        const Json* value = find(request_, key);
        if (value == nullptr || !value->is_object()) return member(key);
        auto text = dump_json(*value);
        if (text.size() <= kLongestObject) return text;
        if (!body_.malformed) body_.malformed = fmt::format("\"{}\" is longer than {} bytes", key, kLongestObject);
        return std::nullopt;
    }

    std::optional<std::string> member(std::string_view key) {
        if (find(request_, key) == nullptr) return std::nullopt;
        auto text = require_string(request_, key, key);
        if (text && text->size() <= kLongestMember) return *std::move(text);
        if (!body_.malformed)
            body_.malformed =
                text ? fmt::format("\"{}\" is longer than {} bytes", key, kLongestMember) : text.error().message;
        return std::nullopt;
    }

    /// A list of names, or one name.
    std::vector<std::string> names(std::string_view key) {
        const Json* value = find(request_, key);
        if (value == nullptr) return {};
        std::vector<std::string> all;
        const auto take = [&](const Json& one) {
            if (one.is_string() && !one.get_ref<const std::string&>().empty() &&
                one.get_ref<const std::string&>().size() <= kLongestMember)
                all.push_back(one.get<std::string>());
            else if (!body_.malformed)
                body_.malformed = fmt::format(R"("{}" must be a list of names, such as ["eu","us"])", key);
        };
        if (value->is_array() && !value->empty())
            for (const auto& one : *value) take(one);
        else
            take(*value);
        return all;
    }

    bool flag(std::string_view key) {
        const Json* value = find(request_, key);
        if (value == nullptr) return false;
        if (value->is_boolean()) return value->get<bool>();
        if (!body_.malformed)
            body_.malformed = fmt::format("\"{}\" must be true or false, not {}", key, type_name(*value));
        return false;
    }

    const Json& request_;
    ManualRequest body_;
};

}  // namespace

bool is_manual_source(std::string_view source) {
    return std::ranges::any_of(kSourcePrefixes, [&](std::string_view prefix) { return source.starts_with(prefix); });
}

ManualRequest decode_manual(const Json& event) {
    const auto detail = require_detail(event);
    if (!detail) return {.malformed = detail.error().message};
    return RequestReader(**detail).read();
}

ManualRequest decode_bare_request(const Json& event) {
    auto body = RequestReader(event).read();
    body.bare = true;
    return body;
}

}  // namespace ci_lambda
