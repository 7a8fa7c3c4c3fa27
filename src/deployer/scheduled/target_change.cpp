#include "deployer/scheduled/target_change.hpp"

#include "base/references.hpp"
#include "base/text.hpp"

namespace ci_lambda {

TargetChange change_of(std::string_view task_definition, const TaskFamily& family, const TaskDefinition& revision) {
    const auto named = parse_revision(task_definition);
    const auto ours = parse_revision(revision.str());
    if (!named)
        return last_segment(task_definition) == family.str() ? TargetChange::kNothing : TargetChange::kAnotherFamily;
    if (named->family != family.str() || !ours) return TargetChange::kAnotherFamily;
    if (named->number == ours->number) return TargetChange::kThere;
    return named->number < ours->number ? TargetChange::kMove : TargetChange::kNewer;
}

}  // namespace ci_lambda
