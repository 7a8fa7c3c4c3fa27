#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>

#include "sandbox/aws/json.hpp"

namespace ci_lambda::sandbox {

/// The part of a list that `maxResults` and `nextToken` ask for.
struct Page {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string next_token;  ///< empty: it is the last one
};

struct PageSizes {
    int usual = 100;  ///< of who does not say
    int most = 100;
};

/// InvalidParameterException for a size or a token that is wrong.
[[nodiscard]] AwsResult<Page> page_of(const nlohmann::json& request, std::size_t count, PageSizes sizes);

}  // namespace ci_lambda::sandbox
