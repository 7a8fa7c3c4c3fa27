#include "net/http.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// How much of a page is looked at.
constexpr std::size_t kLookedAt = 4096;

/// What is between `<title>` and its end; empty where there is none.
std::string_view title_of(std::string_view page) {
    page = page.substr(0, kLookedAt);
    const auto lower = to_lower(page);
    const auto tag = lower.find("<title");
    const auto begin = tag == std::string::npos ? tag : lower.find('>', tag);
    const auto end = begin == std::string::npos ? begin : lower.find("</title", begin);
    if (end == std::string::npos) return {};
    return trim(page.substr(begin + 1, end - begin - 1));
}

/// Each run of blanks and line breaks as one blank.
std::string without_gaps(std::string_view text) {
    std::string result;
    for (const auto& word : split(one_line(text), ' ')) {
        if (word.empty()) continue;
        if (!result.empty()) result += ' ';
        result += word;
    }
    return result;
}

}  // namespace

const std::string* HttpResponse::header(std::string_view name) const {
    const auto wanted = to_lower(name);
    const auto found =
        std::ranges::find_if(headers, [&](const HttpHeader& candidate) { return to_lower(candidate.name) == wanted; });
    return found == headers.end() ? nullptr : &found->value;
}

std::string size_only(std::string_view body) { return fmt::format("*** ({} bytes)", body.size()); }

std::string body_in_words(std::string_view body, std::size_t max_characters) {
    const auto title = title_of(body);
    const auto words = truncate_utf8(without_gaps(title.empty() ? body.substr(0, kLookedAt) : title), max_characters);
    return title.empty() ? words : fmt::format("a page with the title \"{}\"", words);
}

}  // namespace ci_lambda
