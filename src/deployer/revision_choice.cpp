#include "deployer/revision_choice.hpp"

#include <algorithm>
#include <string_view>

namespace ci_lambda {
namespace {

/// Neither under way nor successful.
bool ended_badly(ServiceDeploymentStatus status) {
    using enum ServiceDeploymentStatus;
    switch (status) {
        case kStopped:
        case kStopRequested:
        case kRollbackRequested:
        case kRollbackInProgress:
        case kRollbackSuccessful:
        case kRollbackFailed: return true;
        case kUnknown:
        case kPending:
        case kInProgress:
        case kSuccessful: return false;
    }
    return false;
}

class Records {
public:
    Records(const std::vector<EcsServiceDeployment>& history, const std::vector<EcsServiceRevision>& revisions)
        : history_(history), revisions_(revisions) {}

    [[nodiscard]] bool was_rolled_back(const TaskDefinition& revision) const {
        const EcsServiceDeployment* last = nullptr;  // the history begins with the newest
        bool replaced = false;
        for (const auto& record : history_) {
            if (task_definition_of(record) != revision.str()) {
                replaced = replaced || last == nullptr;
                continue;
            }
            if (record.status == ServiceDeploymentStatus::kSuccessful) return false;
            if (last == nullptr) last = &record;
        }
        if (last == nullptr || !ended_badly(last->status)) return false;
        // A rollback is part of the record of the rollout itself; anything else needs a successor to be one.
        return replaced || last->status != ServiceDeploymentStatus::kStopped;
    }

private:
    [[nodiscard]] std::string_view task_definition_of(const EcsServiceDeployment& record) const {
        const auto found = std::ranges::find(revisions_, record.target_revision, &EcsServiceRevision::arn);
        return found == revisions_.end() ? std::string_view() : std::string_view(found->task_definition);
    }

    const std::vector<EcsServiceDeployment>& history_;
    const std::vector<EcsServiceRevision>& revisions_;
};

}  // namespace

RevisionChoice choose_revision(const std::vector<TaskDefinition>& active,
                               const std::vector<EcsServiceDeployment>& history,
                               const std::vector<EcsServiceRevision>& revisions) {
    const Records records(history, revisions);
    RevisionChoice choice;
    for (const auto& revision : active) {
        if (!records.was_rolled_back(revision)) {
            choice.revision = revision;
            break;
        }
        choice.passed_over.push_back(revision);
    }
    return choice;
}

}  // namespace ci_lambda
