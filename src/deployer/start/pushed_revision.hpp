#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/revision/chooser.hpp"
#include "deployer/revision/pushed_images.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// What the push of an image makes of the revision that would be deployed without it (ECR_DEPLOY_MODE), for one
/// request: nothing, an answer why it is not for this service, or a revision that has to be registered first. It is
/// asked anew after each look at the family, and remembers only what it has registered itself.
class PushedRevisionMaker {
public:
    /// Both must outlive it, as must the request.
    PushedRevisionMaker(EcsStarter& ecs, const Logger& logger, const DeploymentRequest& request)
        : ecs_(ecs), logger_(logger), request_(request) {}

    /// `chosen`: what is deployed where nobody has pushed; gets the revision with the pushed image where that is there.
    /// `active`: what ECS lists of the family, the highest number first. Fails (kRejected) where the push cannot be put
    /// into the newest revision, and nothing else is wanted.
    Status look_at(ChosenRevision& chosen, const std::vector<TaskDefinition>& active, Deadline deadline);

    /// Why nothing is deployed: the revision names another image (`match`), or a newer push is there.
    [[nodiscard]] std::optional<std::string> why_nothing() const;
    /// Nothing that is there has the image.
    [[nodiscard]] bool is_to_be_registered() const { return push_ && push_->to_be_registered; }
    /// Registers it. Whoever calls this looks at the family anew. Fails with kBusy where others register all the time.
    Status register_it(Deadline deadline);

    /// Since when a rollout must have begun to have the change. One of a revision that names the pushed digest has it
    /// whenever it began.
    [[nodiscard]] std::optional<WallTime> needed_since() const;

    /// What a dry run would register, for the reason: " (in a copy of shop-api:42 with ..)". Empty for nothing.
    [[nodiscard]] std::string registration_text() const;
    /// The last revision that was registered, if any.
    [[nodiscard]] const TaskDefinition* registered() const;

private:
    /// What the push makes of the newest revision.
    struct Push {
        TaskDefinition base;            ///< what a copy is registered of
        PushedRevision put;             ///< its images
        bool to_be_registered = false;  ///< nothing that is there has them
    };
    /// A revision with the pushed images.
    struct Registered {
        TaskDefinition revision;
        TaskDefinition base;
    };
    Status put_images_in(const EcsTaskDefinition& newest, ChosenRevision& chosen,
                         const std::vector<TaskDefinition>& active, Deadline deadline);
    [[nodiscard]] std::optional<TaskDefinition> registered_meanwhile(const std::vector<TaskDefinition>& active) const;
    [[nodiscard]] unsigned long long number_of(const TaskDefinition& revision) const;

    EcsStarter& ecs_;
    const Logger& logger_;
    const DeploymentRequest& request_;
    std::optional<Push> push_;
    std::string not_named_;               // ImageMode::kMatch
    std::vector<Registered> registered_;  // more than one where others registered at the same time
};

}  // namespace ci_lambda
