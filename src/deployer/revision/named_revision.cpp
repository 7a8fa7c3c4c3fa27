#include "deployer/revision/named_revision.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "deployer/revision/choice.hpp"
#include "deployer/rollout/verdict.hpp"

namespace ci_lambda {
namespace {

/// Long enough for every name in ECS, short enough for a line of a terminal or two.
constexpr std::size_t kLongestName = 120;

std::string family_of(const TaskDefinition& named) {
    const auto name = last_segment(named.str());
    return std::string(name.substr(0, name.rfind(':')));
}

std::string shown(const TaskDefinition& named) { return one_line(named.str(), kLongestName); }

}  // namespace

bool belongs_to(const TaskDefinition& named, const EcsTarget& target) {
    const auto family = family_of(named);
    return family == target.family.str() || family == rollback_family(target.family).str();
}

TaskDefinition named_revision(std::string_view text, const TaskFamily& family) {
    const auto number = parse_unsigned(text.starts_with(':') ? text.substr(1) : text);
    return number ? TaskDefinition(fmt::format("{}:{}", family, *number)) : TaskDefinition(std::string(text));
}

Result<EcsTaskDefinition> find_named_revision(EcsRevisions& ecs, const EcsTarget& target, const TaskDefinition& named,
                                              Deadline deadline) {
    if (!belongs_to(named, target))
        return fail(ErrorKind::kRejected,
                    fmt::format("{} is not of the service's own family {}", shown(named), target.family));
    auto found = ecs.describe_task_definition(named, deadline);
    if (!found && found.error().kind == ErrorKind::kNotFound)
        return fail(ErrorKind::kNotFound, fmt::format("there is no revision {}", shown(named)));
    if (found && found->status != "ACTIVE")
        return fail(ErrorKind::kRejected, fmt::format("the revision {} is {}, and only an ACTIVE one can be deployed",
                                                      shown(named), found->status));
    return found;
}

bool runs(const EcsDeployment& deployment, const TaskDefinition& wanted) {
    return deployment.task_definition == wanted.str() || last_segment(deployment.task_definition) == wanted.str();
}

}  // namespace ci_lambda
