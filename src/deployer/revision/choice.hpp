#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "base/time.hpp"
#include "deployer/revision/rollback_tags.hpp"
#include "handlers/decision.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

// Which revision an event deploys. The newest one, unless it was taken back: then a change of something else must not
// bring it again, and must not fall to a revision that has never run. Pure.

/// The number in `..:task-definition/FAMILY:NUMBER` or `FAMILY:NUMBER`; `nullopt` for what is not of this family.
[[nodiscard]] std::optional<unsigned long long> revision_number(std::string_view task_definition,
                                                                const TaskFamily& family);

/// One rollout of the past.
struct PastRollout {
    EcsServiceDeployment record;
    EcsServiceRevision revision;  ///< what it brought; empty where ECS does not know any more
};

/// What there is to choose from.
struct RevisionFacts {
    TaskFamily family;
    TaskDefinition newest;             ///< the newest ACTIVE revision of the family
    std::string running;               ///< the PRIMARY deployment's task definition; empty where there is none
    std::optional<RollbackCopy> copy;  ///< where that is a copy
    std::vector<PastRollout> past;     ///< newest first; empty where nobody asked
};

/// That the newest revision is not to be deployed without a new reason.
struct LeftOut {
    bool by_person = false;
    WallTime since{};                        ///< when the rollout of it began that was taken back
    std::optional<EcsServiceRevision> good;  ///< what ran before it, exactly; absent where `running` says it all
    std::vector<EcsServiceRevision::Image> bad = {};  ///< what it ran itself; empty where that is not known
};

/// Whether the newest revision was taken back: by ECS, by us or by somebody, and nothing has ended that since. One that
/// was merely superseded by a newer deployment was not.
[[nodiscard]] std::optional<LeftOut> find_left_out(const RevisionFacts& facts);

/// The same by the tags of the newest revision itself: somebody has asked for its rollback, and nobody has deployed it
/// since. ECS's records do not show it where something else was deployed before ECS had gone back.
[[nodiscard]] std::optional<LeftOut> taken_back_by_its_tags(const RevisionFacts& facts, const EcsTags& tags_of_newest);

/// What to deploy.
struct RevisionChoice {
    TaskDefinition revision;                ///< empty when `pin` or `hold` says what to do instead
    std::optional<EcsServiceRevision> pin;  ///< a copy of this with its digests: its tags mean another image now
    bool left_out = false;                  ///< the newest revision is not deployed
    bool by_person = false;                 ///< with left_out: somebody has taken it back
    bool hold = false;                      ///< nothing can be deployed that would bring the change about
};

/// `newest`: the newest revision in full, where it could be read. `images`: what was pushed, at `changed_at`: a push
/// newer than the rollout that failed, of an image that the newest revision uses, is a reason to try it again, unless
/// somebody has taken it back, or it is by its digest the very image that failed.
[[nodiscard]] RevisionChoice choose_revision(const RevisionFacts& facts, const std::optional<LeftOut>& left_out,
                                             const std::optional<EcsTaskDefinition>& newest,
                                             const std::vector<PushedImage>& images,
                                             const std::optional<WallTime>& changed_at);

/// Both ran the same revision with the same images.
[[nodiscard]] bool runs_the_same(const EcsServiceRevision& a, const EcsServiceRevision& b);

}  // namespace ci_lambda
