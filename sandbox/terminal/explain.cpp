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
            [&](const S3ObjectChange& body) {
                facts.add("object", fmt::format("s3://{}/{}", body.bucket.value_or(""), body.key.value_or("")))
                    .add("operation", body.operation);
            },
            [&](const EcsServiceEvent& body) {
                facts.add("service", body.service).add("event", body.event_name).add("says", body.reason);
            },
            [&](const ManualRequest& body) {
                facts.add("service", body.service)
                    .add("task definition", body.task_definition)
                    .add("reason", body.reason);
            },
            [](const SweepRequest&) {},
            [](const OtherEvent&) {},
        },
        event.body);
    return facts.take();
}

void describe_deploy(const Deploy& deploy, Explanation& explanation) {
    explanation.verdict = Verdict::kDeploy;
    std::vector<std::string> services;
    for (const auto& request : deploy.requests) {
        services.push_back(request.target.id.str());
        const std::string wanted = request.task_definition
                                       ? request.task_definition->str()
                                       : fmt::format("the newest revision of {}", request.target.family);
        explanation.reasons.push_back(fmt::format("{} gets {}", request.target.service, wanted));
    }
    explanation.headline = "deploy " + join(services, " and ");
    explanation.reasons.push_back("because " + deploy.requests.front().reason);
    for (const auto& passed : deploy.passed_by)
        explanation.reasons.push_back(fmt::format("{} is passed by: {}", passed.service, passed.reason));
}

void describe_decision(const Decision& decision, Explanation& explanation) {
    std::visit(Overloaded{
                   [&](const Deploy& deploy) { describe_deploy(deploy, explanation); },
                   [&](const Notify& notify) {
                       explanation.verdict = Verdict::kNotify;
                       explanation.headline = fmt::format("tell the team: {} {}", notify.service, notify.status);
                       explanation.reasons.push_back(
                           fmt::format("because ECS says {}: only ECS knows how a rollout goes", notify.event_name));
                   },
                   [&](const Sweep&) {
                       explanation.verdict = Verdict::kSweep;
                       explanation.headline = "look for rollouts that take too long";
                       explanation.reasons.emplace_back("because a schedule, or somebody, asks for it");
                   },
                   [&](const Ignore& ignore) {
                       explanation.verdict = Verdict::kIgnore;
                       explanation.headline = "nothing to do";
                       explanation.reasons.push_back("because " + ignore.reason);
                       if (ignore.hint) explanation.reasons.push_back("hint: " + *ignore.hint);
                   },
               },
               decision);
}

void refuse(const Error& error, Explanation& explanation) {
    explanation.verdict = Verdict::kRefuse;
    explanation.headline = "refuse: the invocation fails, so that it is seen";
    explanation.reasons.push_back("because " + error.message);
}

}  // namespace

Explanation explain(std::string_view bytes, const Config& config) {
    Explanation explanation;
    const auto event = decode_event(bytes);
    if (!event) {
        explanation.kind = "unreadable event";
        refuse(event.error(), explanation);
        return explanation;
    }
    explanation.kind = describe(*event);
    explanation.facts = facts_of(*event);
    const auto decision = decide(*event, config);
    if (decision)
        describe_decision(*decision, explanation);
    else
        refuse(decision.error(), explanation);
    return explanation;
}

}  // namespace ci_lambda::sandbox
