#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ci_lambda {

// Two revisions of a task definition, member by member. Pure.

/// One member that is not the same.
struct Difference {
    std::string place;  ///< "image", "environment LOG_LEVEL", "runtimePlatform.cpuArchitecture"
    std::string before;
    std::string after;
    enum class Kind { kChanged, kAdded, kRemoved } kind = Kind::kChanged;
    /// Its values may be secrets: they are not in here.
    bool hidden = false;
    friend bool operator==(const Difference&, const Difference&) = default;
};

struct ContainerDifference {
    std::string container;
    Difference::Kind kind = Difference::Kind::kChanged;
    std::vector<Difference> differences;  ///< of one that is in both; of the others its image
    friend bool operator==(const ContainerDifference&, const ContainerDifference&) = default;
};

struct DefinitionDifference {
    std::vector<Difference> task;                 ///< of what is not of a container
    std::vector<ContainerDifference> containers;  ///< those that differ, in the order of the newer one
    [[nodiscard]] bool empty() const { return task.empty() && containers.empty(); }
};

/// Both are `taskDefinition` of DescribeTaskDefinition, as JSON. What only answers have (revision, registeredAt, ..)
/// does not count. Of environment variables, commands, labels, options of drivers and all that is not known, only that
/// they differ is said: people keep secrets there.
[[nodiscard]] Result<DefinitionDifference> compare_definitions(std::string_view before, std::string_view after);

/// The definition with these images, by the containers' names.
[[nodiscard]] Result<std::string> with_images(std::string_view definition,
                                              const std::map<std::string, std::string>& images);

/// All that a revision says, without what only answers have: a copy has the same text.
[[nodiscard]] Result<std::string> content_of(std::string_view definition);

/// The image of each container, by its name.
[[nodiscard]] std::map<std::string, std::string> images_in(std::string_view definition);

/// The tag that a container names stands for another image than the one that runs: a deployment brings that.
void add_moved_tag(DefinitionDifference& difference, const std::string& container, const std::string& running_digest,
                   const std::string& next_digest);

}  // namespace ci_lambda
