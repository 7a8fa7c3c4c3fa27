#include "base/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ci_lambda {
namespace {

/// What would be built from a text, read off it before anything is.
struct Extent {
    std::size_t deepest = 0;  // array or object in arrays and objects
    std::size_t values = 1;   // at most
};

Extent extent_of(std::string_view text) {
    std::size_t depth = 0;
    Extent extent;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            extent.deepest = std::max(extent.deepest, ++depth);
            ++extent.values;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        } else if (c == ',') {
            ++extent.values;
        }
    }
    return extent;
}

/// Only finds out where the text stops being JSON; builds nothing.
class PositionFinder final : public nlohmann::json_sax<Json> {
public:
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return true; }
    bool key(string_t&) override { return true; }
    bool end_object() override { return true; }
    bool start_array(std::size_t) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        position_ = position;
        return false;
    }
    [[nodiscard]] std::size_t position() const { return position_; }

private:
    std::size_t position_ = 0;
};

}  // namespace

Result<Json> parse_json(std::string_view text) {
    const auto extent = extent_of(text);
    if (extent.deepest > kMaxJsonDepth)
        return fail(ErrorKind::kProtocol, fmt::format("JSON is nested deeper than {} levels", kMaxJsonDepth));
    if (extent.values > kMaxJsonValues)
        return fail(ErrorKind::kProtocol, fmt::format("JSON of more than {} values", kMaxJsonValues));
    auto value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (value.is_discarded()) {
        PositionFinder finder;
        (void)Json::sax_parse(text, &finder);
        return fail(ErrorKind::kProtocol,
                    fmt::format("not valid JSON (at byte {} of {})", finder.position(), text.size()));
    }
    return value;
}

std::string dump_json(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string dump_json_pretty(const Json& value) { return value.dump(2, ' ', false, Json::error_handler_t::replace); }

const Json* find(const Json& value, std::string_view key) {
    if (!value.is_object()) return nullptr;
    const auto found = value.find(key);
    if (found == value.end() || found->is_null()) return nullptr;
    return &*found;
}

std::optional<std::string> find_string(const Json& value, std::string_view key) {
    const Json* found = find(value, key);
    if (found == nullptr || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
}

std::string_view type_name(const Json& value) {
    switch (value.type()) {
        case Json::value_t::null: return "null";
        case Json::value_t::object: return "an object";
        case Json::value_t::array: return "an array";
        case Json::value_t::string: return "a string";
        case Json::value_t::boolean: return "a boolean";
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
        case Json::value_t::number_float: return "a number";
        case Json::value_t::binary:
        case Json::value_t::discarded: break;
    }
    return "unreadable";
}

}  // namespace ci_lambda
