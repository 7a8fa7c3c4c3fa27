#include "views/decision_view.hpp"

#include <fmt/format.h>

#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// More services than that are counted instead of named.
constexpr std::size_t kNamedAtMost = 3;

std::string images_of(const std::vector<PushedImage>& images) {
    std::vector<std::string> texts;
    for (const auto& image : images) texts.push_back(fmt::format("{}:{}", image.repository, image.tag));
    return join(texts, ", ");
}

std::string headline_of_tasks(const Deploy& deploy) {
    if (deploy.tasks.size() > kNamedAtMost) return fmt::format("update {} tasks", deploy.tasks.size());
    std::vector<std::string> tasks;
    for (const auto& task : deploy.tasks) tasks.push_back(task.task.id.str());
    return "update " + join(tasks, " and ");
}

std::string headline_of_services(const Deploy& deploy) {
    if (deploy.requests.size() > kNamedAtMost) return fmt::format("deploy {} services", deploy.requests.size());
    std::vector<std::string> services;
    std::set<std::string> pipelines;
    for (const auto& request : deploy.requests) {
        services.push_back(request.target.id.str());
        if (!request.pipeline.empty()) pipelines.insert(request.pipeline);
    }
    auto headline = "deploy " + join(services, " and ");
    if (!pipelines.empty())
        headline += fmt::format(", in the order of {}", join(std::vector(pipelines.begin(), pipelines.end()), " and "));
    return headline;
}

std::string headline_of(const Deploy& deploy) {
    if (deploy.tasks.empty()) return headline_of_services(deploy);
    if (deploy.requests.empty()) return headline_of_tasks(deploy);
    return fmt::format("{}, {}", headline_of_services(deploy), headline_of_tasks(deploy));
}

/// "schedule night/report and rule weekly", as far as somebody knows.
std::string starters_of(const ScheduledTask& task) {
    std::vector<std::string> names;
    for (const auto& name : task.schedules.value_or(std::vector<GroupedName>{}))
        names.push_back("schedule " + name.str());
    for (const auto& name : task.rules.value_or(std::vector<GroupedName>{})) names.push_back("rule " + name.str());
    return names.empty() ? "what starts it" : join(names, " and ");
}

std::string wanted_by(const TaskRequest& request) {
    const auto starters = starters_of(request.task);
    if (!request.wanted.empty()) {
        std::vector<std::string> images;
        for (const auto& image : request.wanted) images.push_back(name_of(image));
        return fmt::format("a revision of {} with the image {}, and {} moved to that", request.task.family,
                           join(images, ", "), starters);
    }
    auto text = fmt::format("a revision of {} with {}, if it uses the repository, and {} moved to that",
                            request.task.family, images_of(request.images), starters);
    std::vector<std::string> services;
    for (const auto& service : request.after) services.push_back(service.id.str());
    if (!services.empty()) text += fmt::format(", once {} has completed", join(services, " and "));
    return text;
}

std::string wanted_by(const DeploymentRequest& request) {
    if (request.task_definition) return fmt::format("the task definition {}", *request.task_definition);
    auto newest = fmt::format("the newest ACTIVE revision of {}", request.target.family);
    if (!request.wanted.empty()) {
        std::vector<std::string> images;
        for (const auto& image : request.wanted) images.push_back(name_of(image));
        return fmt::format("a copy of {} with the image {}, unless it has that", newest, join(images, ", "));
    }
    if (request.images.empty() || request.image_mode == ImageMode::kRedeploy) return newest;
    return fmt::format("{}, {} {}", newest,
                       request.image_mode == ImageMode::kMatch ? "if it names" : "or a new one of it, with",
                       images_of(request.images));
}

std::string with_strategy(std::string wanted, const DeploymentRequest& request) {
    const auto& strategy = request.strategy_once ? request.strategy_once : request.strategy;
    return strategy ? fmt::format("{}, by {}", wanted, in_words(*strategy)) : wanted;
}

DecisionView view(const Deploy& deploy) {
    DecisionView shown{.kind = DecisionView::Kind::kDeploy,
                       .headline = headline_of(deploy),
                       .reason = !deploy.requests.empty() ? deploy.requests.front().reason
                                 : !deploy.tasks.empty()  ? deploy.tasks.front().reason
                                                          : "",
                       .deployments = {},
                       .tasks = {},
                       .skipped = deploy.skipped,
                       .warnings = deploy.warnings,
                       .hint = {}};
    for (const auto& request : deploy.requests)
        shown.deployments.push_back({.service = request.target.id.str(),
                                     .ecs_service = request.target.service.str(),
                                     .cluster = request.target.cluster.str(),
                                     .wanted = with_strategy(wanted_by(request), request),
                                     .reason = request.reason,
                                     .pipeline = request.pipeline});
    for (const auto& task : deploy.tasks)
        shown.tasks.push_back({.task = task.task.id.str(), .wanted = wanted_by(task), .reason = task.reason});
    return shown;
}

DecisionView view(const Notify& notice) {
    return {.kind = DecisionView::Kind::kNotify,
            .headline = fmt::format("tell the team: {} {}", notice.service, notice.status),
            .reason = fmt::format("ECS says {}: only ECS knows how a rollout goes", notice.event_name),
            .deployments = {},
            .tasks = {},
            .skipped = {},
            .warnings = {},
            .hint = {}};
}

DecisionView view(const Sweep& sweep) {
    return {.kind = DecisionView::Kind::kSweep,
            .headline = "look for rollouts that take too long",
            .reason = sweep.scheduled ? "a schedule asks for it" : "somebody asks for it",
            .deployments = {},
            .tasks = {},
            .skipped = {},
            .warnings = {},
            .hint = {}};
}

DecisionView view(const Steer& steer) {
    const bool go_on = steer.what == Steer::What::kContinue;
    return {.kind = DecisionView::Kind::kSteer,
            .headline = go_on            ? fmt::format("let the rollout of {} go on", steer.target.id)
                        : steer.rollback ? fmt::format("end the rollout of {} and roll it back", steer.target.id)
                                         : fmt::format("end the rollout of {}", steer.target.id),
            .reason = steer.reason.empty() ? "somebody asks for it" : steer.reason,
            .deployments = {},
            .tasks = {},
            .skipped = {},
            .warnings = steer.warnings,
            .hint = {}};
}

DecisionView view(const Verify& verify) {
    return {.kind = DecisionView::Kind::kVerify,
            .headline = fmt::format("look at {}, whose rollout has completed", verify.target.id),
            .reason = "a schedule of the function's own asks for it",
            .deployments = {},
            .tasks = {},
            .skipped = {},
            .warnings = {},
            .hint = {}};
}

DecisionView view(const AnswerHook& hook) {
    return {.kind = DecisionView::Kind::kHook,
            .headline = hook.judged ? fmt::format("tell ECS whether the rollout of {} may go on", hook.target->id)
                                    : "tell ECS that the rollout may go on",
            .reason = hook.judged ? fmt::format("it is at {}, and its alarms and URLs are looked at", hook.stage)
                                  : hook.reason,
            .deployments = {},
            .tasks = {},
            .skipped = {},
            .warnings = {},
            .hint = {}};
}

DecisionView view(const AnswerApproval& approval) {
    return {.kind = DecisionView::Kind::kApproval,
            .headline = !answers(approval.event.what) ? "look whether something still waits to be approved, and say so"
                        : approval.event.what == ApprovalEvent::What::kReject
                            ? "reject what is to be approved"
                            : "carry out an answer to what is to be approved",
            .reason = "its token says what that is",
            .deployments = {},
            .tasks = {},
            .skipped = {},
            .warnings = {},
            .hint = {}};
}

DecisionView view(const SetHold& hold) {
    const bool holds = hold.what == SetHold::What::kHold;
    return {.kind = DecisionView::Kind::kHold,
            .headline = holds ? fmt::format("hold {} {}", hold.target.id,
                                            hold.until.empty() ? "until it is released" : "until " + hold.until)
                              : fmt::format("hold {} no longer", hold.target.id),
            .reason = hold.reason.empty() ? "somebody asks for it" : hold.reason,
            .deployments = {},
            .tasks = {},
            .skipped = {},
            .warnings = hold.warnings,
            .hint = {}};
}

DecisionView view(const StepPipeline& /*step*/) {
    return {.kind = DecisionView::Kind::kPipeline,
            .headline = "take the run of a pipeline a step further",
            .reason = "the state machine that carries it asks for it",
            .deployments = {},
            .tasks = {},
            .skipped = {},
            .warnings = {},
            .hint = {}};
}

DecisionView view(const Ignore& ignore) {
    return {.kind = DecisionView::Kind::kIgnore,
            .headline = "nothing to do",
            .reason = ignore.reason,
            .deployments = {},
            .tasks = {},
            .skipped = ignore.skipped,
            .warnings = {},
            .hint = ignore.hint};
}

}  // namespace

DecisionView view_of(const Decision& decision) {
    return std::visit([](const auto& what) { return view(what); }, decision);
}

DecisionView view_of(const Error& error) {
    return {.kind = DecisionView::Kind::kRefuse,
            .headline = "refuse: the invocation fails, so that it is seen",
            .reason = error.message,
            .deployments = {},
            .tasks = {},
            .skipped = {},
            .warnings = {},
            .hint = {}};
}

std::string_view to_string(DecisionView::Kind kind) {
    switch (kind) {
        case DecisionView::Kind::kDeploy: return "deploy";
        case DecisionView::Kind::kNotify: return "notify";
        case DecisionView::Kind::kSweep: return "sweep";
        case DecisionView::Kind::kSteer: return "steer";
        case DecisionView::Kind::kVerify: return "verify";
        case DecisionView::Kind::kHook: return "hook";
        case DecisionView::Kind::kApproval: return "approval";
        case DecisionView::Kind::kHold: return "hold";
        case DecisionView::Kind::kPipeline: return "pipeline";
        case DecisionView::Kind::kIgnore: return "ignore";
        case DecisionView::Kind::kRefuse: break;
    }
    return "refuse";
}

std::string_view to_string(NoticeLevel level) {
    switch (level) {
        case NoticeLevel::kSuccess: return "success";
        case NoticeLevel::kWarning: return "warning";
        case NoticeLevel::kError: return "error";
        case NoticeLevel::kInfo: break;
    }
    return "info";
}

}  // namespace ci_lambda
