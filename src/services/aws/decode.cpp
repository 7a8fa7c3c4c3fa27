#include "services/aws/decode.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// The last one is what the others begin with.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kXmlEscapes{
    {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}}};

}  // namespace

std::optional<WallTime> find_epoch_seconds(const Json& object, std::string_view key) {
    /// The year 2200 or so: beyond it a system clock's nanoseconds overflow.
    constexpr double kLatest = 7.3e9;
    const Json* value = find(object, key);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    const auto seconds = value->get<double>();
    if (seconds < 0 || seconds > kLatest) return std::nullopt;
    return WallTime{std::chrono::round<Milliseconds>(std::chrono::duration<double>(seconds))};
}

std::string text_of_element(std::string_view xml, std::string_view name) {
    const auto begin = xml.find(fmt::format("<{}>", name));
    if (begin == std::string_view::npos) return {};
    const auto text = xml.substr(begin + name.size() + 2);
    const auto end = text.find("</");
    if (end == std::string_view::npos) return {};
    std::string plain(text.substr(0, end));
    for (const auto& [escape, character] : kXmlEscapes) plain = replace_all(std::move(plain), escape, character);
    return plain;
}

}  // namespace ci_lambda
