#include "sandbox/aws/paging.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::string_view kTokenPrefix = "sandbox-page-";

}  // namespace

AwsResult<Page> page_of(const Json& request, std::size_t count, PageSizes sizes) {
    const Parameters parameters(request);
    TRY_ASSIGN(const auto asked_size, parameters.number("maxResults"));
    TRY_ASSIGN(const auto token, parameters.text("nextToken"));
    const int size = asked_size.value_or(sizes.usual);
    if (size < 1 || size > sizes.most)
        return aws_fail("InvalidParameterException", fmt::format("maxResults must be 1 to {}", sizes.most));
    Page page;
    if (token) {
        const auto invalid = [] { return aws_fail("InvalidParameterException", "Invalid token."); };
        if (!token->starts_with(kTokenPrefix)) return invalid();
        const auto offset = parse_unsigned(std::string_view(*token).substr(kTokenPrefix.size()));
        if (!offset || *offset > count) return invalid();
        page.begin = *offset;
    }
    page.end = std::min(count, page.begin + static_cast<std::size_t>(size));
    if (page.end < count) page.next_token = fmt::format("{}{}", kTokenPrefix, page.end);
    return page;
}

}  // namespace ci_lambda::sandbox
