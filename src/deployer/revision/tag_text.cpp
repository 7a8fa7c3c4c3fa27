#include "deployer/revision/tag_text.hpp"

#include "base/text.hpp"

namespace ci_lambda {

std::string tag_text(std::string_view text) {
    constexpr std::string_view kMarks = " +-=._:/@";
    std::string value = truncate_utf8(text, kLongestTag);
    for (auto& c : value) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && !kMarks.contains(c)) c = ' ';
    }
    return truncate_utf8(trim(value), kLongestTag);
}

}  // namespace ci_lambda
