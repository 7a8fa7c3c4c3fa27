#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/revision/chooser.hpp"
#include "deployer/revision/pushed_images.hpp"
#include "deployer/start/report.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"
#include "services/ecr/api.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// What the push of an image, or a person's wish for one, makes of the revision that would be deployed without it
/// (ECR_DEPLOY_MODE), for one request: nothing, an answer why it is not for this service, or a revision that has to be
/// registered first. It is asked anew after each look at the family, and remembers only what it has registered itself.
class PushedRevisionMaker {
public:
    /// All must outlive it, as must the request. `registries`: nullptr where nobody asks for an image by name;
    /// `asked_at`: when the request came.
    PushedRevisionMaker(EcsStarter& ecs, EcrRegions* registries, const Logger& logger, const DeploymentRequest& request,
                        WallTime asked_at)
        : ecs_(ecs), registries_(registries), logger_(logger), request_(request), asked_at_(asked_at) {}

    /// `chosen`: what is deployed where nobody has pushed; gets the revision with the pushed image where that is there.
    /// `active`: what ECS lists of the family, the highest number first. Fails (kRejected) where the push cannot be put
    /// into the newest revision, and nothing else is wanted.
    /// `running`: ARN of the revision that is PRIMARY; empty where that is not known.
    Status look_at(ChosenRevision& chosen, const std::vector<TaskDefinition>& active, const std::string& running,
                   Deadline deadline);

    /// Why nothing is deployed: the revision names another image (`match`), or a newer push is there.
    [[nodiscard]] std::optional<std::string> why_nothing() const;
    /// Nothing that is there has the image.
    [[nodiscard]] bool is_to_be_registered() const { return push_ && push_->to_be_registered; }
    /// The same with all that it would have; nullptr where there is nothing to register.
    [[nodiscard]] const PushedRevision* to_be_registered() const {
        return is_to_be_registered() ? &push_->put : nullptr;
    }
    /// Registers it. Whoever calls this looks at the family anew. Fails with kBusy where others register all the time.
    Status register_it(Deadline deadline);

    /// Since when a rollout must have begun to have the change. One of a revision that names the pushed digest has it
    /// whenever it began.
    [[nodiscard]] std::optional<WallTime> needed_since() const;

    /// What was pushed; of a person's wish, what was found.
    [[nodiscard]] const std::vector<PushedImage>& images() const { return request().images; }
    /// What a person should know of the images that they ask for.
    [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
    /// What was registered last, or, where nothing was, what would have to be; `nullopt` for nothing.
    [[nodiscard]] std::optional<Registration> registration() const;

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
        std::vector<ImageChange> changes;
    };
    Status look_at_wanted(ChosenRevision& chosen, const std::vector<TaskDefinition>& active, Deadline deadline);
    Status look_at_what_stays(const ChosenRevision& chosen, Deadline deadline);
    /// `why_not_named` of the last image, where `revision` names none of them.
    [[nodiscard]] std::string why_none_is_named(const EcsTaskDefinition& revision) const;
    /// Keeps what runs, where another revision does and versions are compared with it.
    void look_at_what_runs(const ChosenRevision& chosen, const std::string& running, Deadline deadline);
    [[nodiscard]] Result<PushedRevision> put_into(const EcsTaskDefinition& revision) const {
        return put_in(revision, request(), running_ ? &*running_ : nullptr);
    }
    Status put_images_in(const EcsTaskDefinition& newest, ChosenRevision& chosen,
                         const std::vector<TaskDefinition>& active, Deadline deadline);
    [[nodiscard]] std::optional<TaskDefinition> registered_meanwhile(const std::vector<TaskDefinition>& active) const;
    [[nodiscard]] unsigned long long number_of(const TaskDefinition& revision) const;

    /// The request, with the images that were found for it.
    [[nodiscard]] const DeploymentRequest& request() const { return found_ ? *found_ : request_; }

    EcsStarter& ecs_;
    EcrRegions* registries_;
    const Logger& logger_;
    const DeploymentRequest& request_;
    WallTime asked_at_;
    std::optional<DeploymentRequest> found_;  // what a person wants, once it has been found
    std::vector<std::string> notes_;
    std::optional<Push> push_;
    std::optional<EcsTaskDefinition> running_;
    std::string not_named_;               // why a rollout would bring nothing of the push
    std::vector<Registered> registered_;  // more than one where others registered at the same time
};

}  // namespace ci_lambda
