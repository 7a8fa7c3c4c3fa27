#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "config/config.hpp"
#include "images/tag_filter.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

/// What the tags of an ECS service say about it: what `services.ID` would say in the document.
struct ServiceRules {
    std::optional<bool> auto_deploy;
    std::optional<TagFilter> tags;
    std::optional<ImageMode> image_mode;
    std::optional<WantedStrategy> strategy = {};
    std::optional<TaskFamily> family;
    // Beside what the task definition says:
    std::vector<std::string> repositories;
    std::vector<std::string> parameters;  ///< paths, without the slashes at their ends
    std::vector<S3File> files;
    /// Why no event deploys it: a tag that would say which ones may cannot be read. Empty where all is well.
    std::string held;
    friend bool operator==(const ServiceRules&, const ServiceRules&) = default;
};

struct ReadRules {
    ServiceRules rules;
    std::vector<std::string> problems;  ///< one a bad tag, which it names; without the service
};

/// Reads the tags `ci_lambda:MEMBER`. Pure; never fails.
///
/// ECS takes letters, digits, blanks and `_.:/=+-@` in the value of a tag, and no others (ECS API reference, Tag).
/// So lists have blanks between their items (or commas, where those can be written), and for `tags` an `@`, which no
/// tag of an image can have, stands for `*`, and a `-` in front for the `!` that excludes: `v@ -@-rc@`.
[[nodiscard]] ReadRules read_rules(const EcsTags& tags);

/// The same of the tags of a revision that a schedule or a rule starts: `auto_deploy`, `tags` and `image_mode`. All
/// other tags are none of ours, or what we have written there ourselves.
[[nodiscard]] ReadRules read_task_rules(const EcsTags& tags);

/// Why the tags of a task do not let this image in; nothing where they do. `where`: whose tags they are,
/// "shop_report:43".
[[nodiscard]] std::optional<std::string> why_not_by_tags(const ServiceRules& rules, const std::string& image_tag,
                                                         std::string_view where);

}  // namespace ci_lambda
