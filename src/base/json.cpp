#include "base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.hpp"

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

Status check_extent(std::string_view text) {
    const auto extent = extent_of(text);
    if (extent.deepest > kMaxJsonDepth)
        return fail(ErrorKind::kProtocol, fmt::format("JSON is nested deeper than {} levels", kMaxJsonDepth));
    if (extent.values > kMaxJsonValues)
        return fail(ErrorKind::kProtocol, fmt::format("JSON of more than {} values", kMaxJsonValues));
    return {};
}

/// How many bytes have been read when it turns out that the text is no JSON.
std::size_t error_position(std::string_view text) {
    PositionFinder finder;
    (void)Json::sax_parse(text, &finder);
    return finder.position();
}

/// Where the string ends that begins at `begin`: behind its closing quotation mark, or the end of the text.
std::size_t end_of_string(std::string_view text, std::size_t begin) {
    for (auto i = begin + 1; i < text.size(); ++i) {
        if (text[i] == '\\')
            ++i;
        else if (text[i] == '"')
            return i + 1;
    }
    return text.size();
}

/// The text with blanks for comments: all that remains stands where it stood. A comment without an end stays, and is
/// not valid JSON. They are taken out here and not by the parser, as what looks like a string in a comment would keep
/// `extent_of` from seeing what follows.
std::string without_comments(std::string_view text) {
    std::string blanked(text);
    for (std::size_t i = 0; i < text.size();) {
        auto end = i + 1;
        bool comment = false;
        if (text[i] == '"') {
            end = end_of_string(text, i);
        } else if (text.substr(i, 2) == "//") {
            comment = true;
            end = std::min(text.find_first_of("\r\n", i), text.size());
        } else if (text.substr(i, 2) == "/*") {
            const auto close = text.find("*/", i + 2);
            if (close == std::string_view::npos) return blanked;
            comment = true;
            end = close + 2;
        }
        for (auto c = i; comment && c < end; ++c)
            if (text[c] != '\n') blanked[c] = ' ';
        i = end;
    }
    return blanked;
}

/// Sees keys and values go by, and remembers the keys that stand twice in one object.
class RepeatedKeys {
public:
    bool see(Json::parse_event_t event, const Json& parsed) {
        using Event = Json::parse_event_t;
        switch (event) {
            case Event::object_start:
            case Event::array_start: open_.push_back({.array = event == Event::array_start}); break;
            case Event::key: see_key(parsed.get_ref<const std::string&>()); break;
            case Event::object_end:
            case Event::array_end: open_.pop_back(); [[fallthrough]];
            case Event::value:
                if (!open_.empty()) ++open_.back().index;
                break;
        }
        return true;
    }
    [[nodiscard]] std::vector<std::string> take() { return std::move(repeated_); }

private:
    /// An array or an object that is being read.
    struct Open {
        bool array = false;
        std::size_t index = 0;  // of the element that is being read
        std::string key = {};   // of the member that is being read
        std::set<std::string> keys = {};
    };

    void see_key(const std::string& key) {
        open_.back().key = key;
        if (open_.back().keys.insert(key).second) return;
        std::string pointer;
        for (const auto& open : open_)
            pointer = json_pointer(pointer, open.array ? std::to_string(open.index) : open.key);
        repeated_.push_back(std::move(pointer));
    }

    std::vector<Open> open_;
    std::vector<std::string> repeated_;
};

}  // namespace

Result<Json> parse_json(std::string_view text) {
    TRY(check_extent(text));
    auto value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (value.is_discarded())
        return fail(ErrorKind::kProtocol,
                    fmt::format("not valid JSON (at byte {} of {})", error_position(text), text.size()));
    return value;
}

Result<WrittenJson> parse_written_json(std::string_view text) {
    const auto json = without_comments(text);
    TRY(check_extent(json));
    RepeatedKeys keys;
    const auto see = [&keys](int /*depth*/, Json::parse_event_t event, const Json& parsed) {
        return keys.see(event, parsed);
    };
    auto value = Json::parse(json, see, /*allow_exceptions=*/false);
    if (value.is_discarded()) {
        const auto position = std::min(error_position(json), json.size());
        const auto before = std::string_view(json).substr(0, position > 0 ? position - 1 : 0);
        const auto line_break = before.rfind('\n');
        const auto column = line_break == std::string_view::npos ? before.size() : before.size() - line_break - 1;
        return fail(ErrorKind::kProtocol, fmt::format("not valid JSON (at line {}, column {})",
                                                      std::ranges::count(before, '\n') + 1, column + 1));
    }
    return WrittenJson{.value = std::move(value), .repeated_keys = keys.take()};
}

std::optional<int> whole_number_in(const Json& value, int smallest, int largest) {
    if (!value.is_number()) return std::nullopt;
    const auto number = value.get<double>();
    if (number < smallest || number > largest || std::trunc(number) != number) return std::nullopt;
    return static_cast<int>(number);
}

std::string json_pointer(std::string_view parent, std::string_view key) {
    return fmt::format("{}/{}", parent, replace_all(replace_all(std::string(key), "~", "~0"), "/", "~1"));
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

std::string text_of(const Json& value, std::string_view key) { return find_string(value, key).value_or(""); }

bool is_true(const Json& value, std::string_view key) {
    const Json* found = find(value, key);
    return found != nullptr && found->is_boolean() && found->get<bool>();
}

std::optional<WallTime> find_milliseconds(const Json& value, std::string_view key) {
    const Json* found = find(value, key);
    if (found == nullptr || !found->is_number_integer()) return std::nullopt;
    return wall_time(std::chrono::sys_time<Milliseconds>{Milliseconds{found->get<std::int64_t>()}});
}

void put_text(Json& object, std::string_view key, const std::string& text) {
    if (!text.empty()) object[key] = text;
}

std::int64_t milliseconds_of(WallTime at) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
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
