#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/revision/pushed_images.hpp"
#include "handlers/decision.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

/// What a deployment would do, by the look right before it is sent.
struct PlannedDeployment {
    const EcsService* service = nullptr;  ///< as ECS described it; nullptr: it may not be looked at
    std::optional<Error> unseen = {};     ///< why it may not
    TaskDefinition revision;              ///< what is deployed, or what a copy is registered of
    std::vector<ImageChange> changes;     ///< of the copy; empty: the revision is deployed as it is
    std::vector<PushedImage> pushed;      ///< where that is why; of a person's wish, what was found
};

/// Why a deployment does not begin now, though nothing is wrong with it.
struct Barrier {
    enum class Kind {
        kHeld,      ///< somebody holds the service, or it is no time to deploy: it begins later by itself
        kApproval,  ///< a person has to approve it first
        kOutdated,  ///< what was approved is not what would be deployed now
    };
    Kind kind = Kind::kHeld;
    std::string words;                      ///< "held by alice until 18:00 UTC: the database moves"
    std::optional<WallTime> until = {};     ///< when it ends, as far as that is known
    std::chrono::minutes lasts{0};          ///< how long it can be approved
    std::vector<std::string> details = {};  ///< what whoever decides about it should know, a line each
    std::string id = {};                    ///< of an approval: by which it is asked once
    std::string token = {};                 ///< of an approval: what is approved, signed
    std::string page = {};                  ///< of an approval: the URL of the page that shows it; empty: there is none
    std::string code = {};                  ///< of an approval: for that page; empty: it only shows
    std::string request = {};               ///< what is to begin later: `to_json(DeploymentRequest)`
    /// A person begins it all the same: why, in their words. It is open then, and only told.
    std::string overridden = {};
};

/// Asked after all that ECS says is known, and before anything is registered or sent; and asked anew after each wait.
class Gate {
public:
    Gate() = default;
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;
    virtual ~Gate() = default;

    /// `nullopt`: it may begin. Fails where that cannot be found out: nothing begins then. Thread-safe.
    [[nodiscard]] virtual Result<std::optional<Barrier>> barrier(const DeploymentRequest& request,
                                                                 const PlannedDeployment& planned,
                                                                 Deadline deadline) = 0;
};

/// The first of several that is closed; else what was overridden.
class Gates final : public Gate {
public:
    explicit Gates(std::vector<Gate*> gates) : gates_(std::move(gates)) {}
    [[nodiscard]] Result<std::optional<Barrier>> barrier(const DeploymentRequest& request,
                                                         const PlannedDeployment& planned, Deadline deadline) override {
        std::optional<Barrier> overridden;
        for (auto* gate : gates_) {
            auto closed = gate->barrier(request, planned, deadline);
            if (!closed || (*closed && (*closed)->overridden.empty())) return closed;
            if (*closed) overridden = std::move(closed).value();
        }
        return overridden;
    }

private:
    std::vector<Gate*> gates_;
};

}  // namespace ci_lambda
