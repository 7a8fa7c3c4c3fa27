#pragma once

#include <string>
#include <vector>

#include "cli/text.hpp"
#include "definitions/difference.hpp"

namespace ci_lambda::cli {

// `ci_lambda diff`: two revisions of a task definition, for people and for machines. Pure.

/// What a deployment of a service would change.
struct ServiceDifference {
    std::string service;
    std::string running;  ///< revision, for people: `shop-api:42`
    std::string next;     ///< the same; "a copy of shop-api:43" where it is still to be registered
    DefinitionDifference definition;
    std::vector<std::string> notes;  ///< a sentence each
    [[nodiscard]] bool changes() const { return !definition.empty(); }
};

/// `columns`: at most so many; 0: as many as it takes.
[[nodiscard]] std::vector<Line> diff_lines(const ServiceDifference& difference, std::size_t columns);
[[nodiscard]] std::string diff_json(const std::vector<ServiceDifference>& differences);

}  // namespace ci_lambda::cli
