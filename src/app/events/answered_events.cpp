#include "app/events/answered_events.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ci_lambda {
namespace {

/// All that was read of an event, as texts in a fixed order. A new member of one of these structures does not compile
/// until it is here.
class Parts {
public:
    explicit Parts(const Event& event) {
        const auto& [id, source, detail_type, account, time, region, resources] = event.envelope;
        add(id, source, detail_type, account, time, region);
        add_one(kKinds.substr(event.body.index(), 1));
        std::visit([this](const auto& body) { add_body(body); }, event.body);
        for (const auto& resource : resources) add_one(resource);  // as many as there are, so they come last
    }
    [[nodiscard]] const std::vector<std::string_view>& all() const { return parts_; }

private:
    static constexpr std::string_view kKinds = "0123456789abcdef";
    static_assert(std::variant_size_v<EventBody> <= kKinds.size());

    template <typename... Fields>
    void add(const Fields&... fields) {
        (add_one(fields), ...);
    }
    void add_one(std::string_view text) { parts_.push_back(text); }
    void add_one(const std::string& text) { parts_.push_back(text); }
    void add_one(bool flag) { parts_.emplace_back(flag ? "yes" : "no"); }
    void add_one(S3ObjectChange::Origin origin) {
        parts_.push_back(kKinds.substr(static_cast<std::size_t>(origin), 1));
    }
    void add_one(const std::optional<std::string>& text) {
        add_one(text.has_value());
        parts_.push_back(text ? std::string_view(*text) : std::string_view());
    }

    void add_body(const EcrImageAction& body) {
        const auto& [action, result, repository, tag, digest, manifest, artifact, source_region, source_account] = body;
        add(action, result, repository, tag, digest, manifest, artifact, source_region, source_account);
    }
    void add_body(const ParameterChange& body) {
        const auto& [operation, name, failed] = body;
        add(operation, name, failed);
    }
    void add_body(const SecretChange& body) {
        const auto& [operation, secret, stages, error_code] = body;
        add(operation, secret, error_code);
        add_one(kKinds.substr(std::min(stages.size(), kKinds.size() - 1), 1));
        for (const auto& stage : stages) add_one(stage);
    }
    void add_body(const S3ObjectChange& body) {
        const auto& [origin, operation, bucket, key, error_code, deletes_version] = body;
        add(origin, operation, bucket, key, error_code, deletes_version);
    }
    void add_body(const EcsServiceEvent& body) {
        const auto& [event_name, event_type, cluster, service, deployment_id, reason, hook] = body;
        add(event_name, event_type, cluster, service, deployment_id, reason, hook.has_value());
        if (hook) add(hook->id, hook->pause, hook->stage, hook->expires_at);
    }
    void add_body(const CodeDeployChange& body) {
        const auto& [application, group, deployment_id, state] = body;
        add(application, group, deployment_id, state);
    }
    void add_body(const ManualRequest& body) {
        const auto& [bare, service, task_definition, reason, project, environment, malformed, image, image_tag,
                     promote_from, action, rollback, strategy, targets, until, by, override_hold, pipeline] = body;
        add(bare, service, task_definition, reason, project, environment, malformed, image, image_tag, promote_from,
            action, rollback, strategy, until, by, override_hold, pipeline);
        for (const auto& name : targets) add(name);
    }
    void add_body(const VerifyRequest& body) {
        const auto& [service, deployment_id, task_definition, started_at, at, until, state, target] = body;
        add(service, deployment_id, task_definition, started_at, at, until, state, target);
    }
    void add_body(const ThawRequest& body) {
        const auto& [service, request, by_person, told, at, target] = body;
        add(service, request, by_person, told, at, target);
    }
    /// Each call is answered anew.
    void add_body(const LifecycleHookCall& body) {
        const auto& [stage, deployment, revision, cluster, service, weights_known, own, others, state] = body;
        add(stage, deployment, revision, cluster, service, weights_known, own > 0, others > 0, state);
    }
    /// What has been answered is found out anew each time.
    void add_body(const ApprovalEvent& body) {
        const auto& [what, token, reason] = body;
        add_one(kKinds.substr(static_cast<std::size_t>(what), 1));
        add(token, reason);
    }
    /// It has no id by which it could be remembered.
    void add_body(const HttpCall& body) { add(body.method, body.path, body.query, body.body); }
    void add_body(const PipelineStep& body) { add(body.step, body.run, body.target); }
    void add_body(const TaskEnded& body) {
        const auto& [task, cluster, request, waited_for_until, ran] = body;
        add(task, cluster, request, waited_for_until, ran == TaskEnded::Ran::kAfter);
    }
    void add_body(const SweepRequest& body) { add(body.scheduled); }
    void add_body(const OtherEvent& body) { add(body.reason); }

    std::vector<std::string_view> parts_;
};

std::size_t size_of(const std::vector<std::string>& texts) {
    std::size_t size = 0;
    for (const auto& text : texts) size += sizeof(std::string) + text.size();
    return size;
}

std::size_t size_of(const std::optional<Registration>& registration) {
    if (!registration) return 0;
    std::size_t size =
        registration->base.str().size() + (registration->revision ? registration->revision->str().size() : 0);
    for (const auto& change : registration->changes)
        size += sizeof change + change.container.size() + change.from.size() + change.to.size();
    return size;
}

std::size_t size_of(const DeploymentReport& report) {
    return sizeof report + report.target.id.str().size() + report.target.cluster.str().size() +
           report.target.service.str().size() + report.target.family.str().size() + report.reason.size() +
           report.task_definition.size() + report.deployment_id.size() + report.outcome.size() +
           (report.error ? report.error->message.size() : 0) +
           (report.last_words ? size_of(report.last_words->lines) : 0) + size_of(report.notes) +
           size_of(report.registration);
}

std::size_t size_of(const Answer& answer) {
    std::size_t size = answer.status.size() + answer.detail.size();
    for (const auto& report : answer.deployments) size += size_of(report);
    return size;
}

}  // namespace

std::optional<Handled> AnsweredEvents::find(const Event& event) const {
    if (event.envelope.id.empty() || answered_.empty()) return std::nullopt;
    const auto hash = sha256(Parts(event).all());
    const auto oldest = clock_.now() - kRemembered;
    const auto found = std::ranges::find_if(
        answered_, [&](const Answered& answered) { return answered.at >= oldest && answered.event == hash; });
    if (found == answered_.end()) return std::nullopt;
    return found->handled;
}

void AnsweredEvents::remember(const Event& event, const Handled& handled) {
    if (event.envelope.id.empty() || handled.error) return;
    const auto bytes = sizeof(Answered) + size_of(handled.answer);
    if (bytes > kMaxBytes) return;
    const auto hash = sha256(Parts(event).all());
    if (!hash) return;
    answered_.push_back({.event = *hash, .handled = handled, .at = clock_.now(), .bytes = bytes});
    bytes_ += bytes;
    while (answered_.size() > kMaxEvents || bytes_ > kMaxBytes) forget_first();
}

void AnsweredEvents::forget_first() {
    bytes_ -= answered_.front().bytes;
    answered_.pop_front();
}

}  // namespace ci_lambda
