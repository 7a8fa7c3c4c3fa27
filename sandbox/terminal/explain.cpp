#include "sandbox/terminal/explain.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <variant>

#include "base/text.hpp"
#include "events/event.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda::sandbox {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

class Facts {
public:
    Facts& add(std::string label, std::string value) {
        if (!value.empty()) facts_.push_back({.label = std::move(label), .value = std::move(value)});
        return *this;
    }
    Facts& add(std::string label, const std::optional<std::string>& value) {
        return add(std::move(label), value.value_or(""));
    }
    [[nodiscard]] std::vector<Fact> take() { return std::move(facts_); }

private:
    std::vector<Fact> facts_;
};

std::vector<Fact> facts_of(const Event& event) {
    Facts facts;
    std::visit(
        Overloaded{
            [&](const EcrImageAction& body) {
                facts.add("image", fmt::format("{}:{}", body.repository, body.tag.value_or("(no tag)")))
                    .add("action", fmt::format("{} {}", body.action, body.result));
            },
            [&](const ParameterChange& body) { facts.add("parameter", body.name).add("operation", body.operation); },
            [&](const SecretChange& body) { facts.add("secret", body.secret).add("operation", body.operation); },
            [&](const S3ObjectChange& body) {
                facts.add("object", fmt::format("s3://{}/{}", body.bucket.value_or(""), body.key.value_or("")))
                    .add("operation", body.operation);
            },
            [&](const EcsServiceEvent& body) {
                facts.add("service", body.service).add("event", body.event_name).add("says", body.reason);
            },
            [&](const CodeDeployChange& body) {
                facts.add("group", fmt::format("{}/{}", body.application, body.group))
                    .add("deployment", body.deployment_id)
                    .add("state", body.state);
            },
            [&](const ManualRequest& body) {
                facts.add("service", body.service)
                    .add("task definition", body.task_definition)
                    .add("image", body.image)
                    .add("image tag", body.image_tag)
                    .add("action", body.action)
                    .add("pipeline", body.pipeline)
                    .add("reason", body.reason);
            },
            [&](const LifecycleHookCall& body) { facts.add("service", body.service).add("stage", body.stage); },
            [](const SweepRequest&) {},
            [&](const VerifyRequest& body) {
                facts.add("service", body.service).add("deployment", body.deployment_id);
            },
            [&](const ApprovalEvent& body) {
                const bool is_signed = body.what == ApprovalEvent::What::kAnswer;
                facts.add("answer",
                          is_signed ? std::string("signed by the function itself") : std::string("of a request"));
            },
            [&](const TaskEnded& body) { facts.add("task", std::string(last_segment(body.task))); },
            [&](const ThawRequest& body) { facts.add("service", body.service); },
            [&](const PipelineStep& body) { facts.add("step", body.step); },
            [](const OtherEvent&) {},
            [&](const HttpCall& body) { facts.add("from", body.source_ip); },
        },
        event.body);
    return facts.take();
}

std::vector<std::string> reasons_of(const DecisionView& view) {
    std::vector<std::string> reasons;
    for (const auto& deployment : view.deployments)
        reasons.push_back(fmt::format("{} gets {}", deployment.ecs_service, deployment.wanted));
    reasons.push_back("because " + view.reason);
    for (const auto& passed : view.skipped)
        reasons.push_back(fmt::format("{} is passed by: {}", passed.service, passed.reason));
    if (view.hint) reasons.push_back("hint: " + *view.hint);
    return reasons;
}

void put(DecisionView view, Explanation& explanation) {
    explanation.reasons = reasons_of(view);
    explanation.verdict = view.kind;
    explanation.headline = std::move(view.headline);
}

}  // namespace

Explanation explain(std::string_view bytes, const Config& config) {
    Explanation explanation;
    const auto event = decode_event(bytes);
    if (!event) {
        explanation.kind = "unreadable event";
        put(view_of(event.error()), explanation);
        return explanation;
    }
    explanation.kind = describe(*event);
    explanation.facts = facts_of(*event);
    const auto decision = decide(*event, config);
    put(decision ? view_of(*decision) : view_of(decision.error()), explanation);
    return explanation;
}

}  // namespace ci_lambda::sandbox
