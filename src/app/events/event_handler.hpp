#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/events/batch.hpp"
#include "app/events/deployments.hpp"
#include "app/events/news_handler.hpp"
#include "app/pipelines/runner.hpp"
#include "app/targets/wiring.hpp"
#include "events/event.hpp"
#include "handlers/decision.hpp"
#include "handlers/home.hpp"

namespace ci_lambda {

/// Handles what invocations bring: decides about each event, and acts.
class EventHandler {
public:
    /// Both must outlive it.
    EventHandler(Wiring& parts, Deployments& deployments)
        : parts_(parts), deployments_(deployments), pipelines_(parts, deployments), news_(parts) {}

    /// Where the function lives, once that is known: events of elsewhere are ignored from then on.
    void set_home(Home home) {
        home_ = std::move(home);
        parts_.account = own_account();
        parts_.calls.function = home_.function;
    }

    Handled handle(const Delivery& delivery, Deadline deadline);
    Handled handle(const Event& event, Deadline deadline);

private:
    Handled act(const Event& event, const Deploy& deploy, Deadline deadline);
    Handled act(const Event& event, const Notify& notice, Deadline deadline);
    Handled act(const Event& event, const Sweep& sweep, Deadline deadline);
    Handled act(const Event& event, const Steer& steer, Deadline deadline);
    Handled act(const Event& event, const Verify& verify, Deadline deadline);
    Handled act(const Event& event, const AnswerHook& hook, Deadline deadline);
    Handled act(const Event& event, const AnswerApproval& approval, Deadline deadline);
    Handled act(const Event& event, const Ignore& ignore, Deadline deadline);
    Handled act(const Event& event, const SetHold& hold, Deadline deadline);
    Handled act(const Event& event, const StepPipeline& step, Deadline deadline);
    Handled invalid(const Error& error);
    /// By what is in the clusters now, where that was to be discovered. Fails (kServer) where nothing matches the event
    /// and not all could be read: it must come again.
    Result<Decision> decide_about(const Event& event, Deadline deadline);

    /// What CodeDeploy says names no service: that is looked up first, so that it is decided as what ECS says is.
    Result<Decision> decide_about_code_deploy(const Event& event, const CodeDeployChange& change, Deadline deadline);

    /// That of the role with which it deploys, or the function's.
    [[nodiscard]] const std::string& own_account() const {
        const auto& of_role = parts_.config.names.account();
        return of_role.empty() ? home_.account : of_role;
    }
    [[nodiscard]] std::optional<Handled> answered_before(const Event& event) const;
    void find_home();

    Handled handle_batch(const Delivery& delivery, Deadline deadline);
    std::vector<DeploymentReport> carry_out(Batch& batch, const std::vector<const Batch::Item*>& step,
                                            Deadline deadline);
    std::vector<DeploymentReport> tell(Batch& batch,
                                       const std::vector<std::pair<const Batch::Item*, NewsHandler::Heard>>& heard,
                                       Deadline deadline);
    void finish(Batch& batch, const Batch::Item& item, const Handled& handled);

    Wiring& parts_;
    Deployments& deployments_;
    PipelineRunner pipelines_;
    NewsHandler news_;
    Home home_;
};

}  // namespace ci_lambda
