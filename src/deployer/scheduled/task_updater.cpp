#include "deployer/scheduled/task_updater.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/references.hpp"
#include "base/retry.hpp"
#include "base/text.hpp"
#include "deployer/revision/pushed_images.hpp"
#include "deployer/scheduled/target_change.hpp"
#include "deployer/start/pushed_revision.hpp"
#include "deployer/start/replicas.hpp"
#include "discovery/rules.hpp"

namespace ci_lambda {
namespace {

/// `shop/report:v43`, of all that was pushed.
std::string images_in_words(const std::vector<PushedImage>& images) {
    std::vector<std::string> texts;
    for (const auto& image : images) {
        auto text = image.tag.empty() ? fmt::format("{}@{}", image.repository, image.digest)
                                      : fmt::format("{}:{}", image.repository, image.tag);
        if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
    }
    return join(texts, " and ");
}

/// As a service would be asked for, so that both make the same of a push.
DeploymentRequest as_deployment(const TaskRequest& request) {
    return {.target = {.id = request.task.id, .cluster = request.cluster, .service = {}, .family = request.task.family},
            .task_definition = std::nullopt,
            .reason = request.reason,
            .images = request.images,
            .images_alone = true,
            .image_mode = ImageMode::kRevision,
            .image_pin = request.image_pin,
            .wanted = request.wanted,
            .own_repositories = request.own_repositories};
}

/// `arn:PARTITION:ecs:REGION:ACCOUNT:cluster/NAME`, of the region and the account of one of its revisions.
std::string cluster_arn(const TaskDefinition& revision, const ClusterName& cluster) {
    constexpr std::string_view kKind = ":task-definition/";
    const auto& arn = revision.str();
    return fmt::format("{}:cluster/{}", arn.substr(0, arn.find(kKind)), cluster);
}

/// The deployment that a service has completed; nullptr while it rolls.
const EcsDeployment* completed_deployment(const EcsService& service) {
    const auto* primary = service.primary();
    if (primary == nullptr) return nullptr;
    const bool counted = primary->rollout_state == RolloutState::kNone && service.deployments.size() == 1 &&
                         primary->running_count >= primary->desired_count;
    return primary->rollout_state == RolloutState::kCompleted || counted ? primary : nullptr;
}

bool names_all(const EcsTaskDefinition& revision, const std::vector<PushedImage>& images) {
    bool any = false;
    for (const auto& image : images) {
        const bool uses = std::ranges::any_of(
            revision.images, [&](const auto& container) { return is_of_repository(container.image, image); });
        if (!uses) continue;
        if (!why_not_named(revision, image).empty()) return false;
        any = true;
    }
    return any;
}

}  // namespace

/// What the tasks of one event look at together: services are asked for once, and so is what starts tasks on a cluster.
class TaskUpdater::Looks {
public:
    explicit Looks(Context context) : context_(context) {}

    /// The revision that a service has completed; `nullopt` while it rolls, and where nobody can tell.
    Result<std::optional<EcsTaskDefinition>> completed(const EcsTarget& service, Deadline deadline) {
        const auto known = completed_.find(service.service);
        if (known != completed_.end()) return known->second;
        TRY_ASSIGN(const auto described, context_.ecs.describe_services(service.cluster, {service.service}, deadline));
        const auto* found = described.find(service.service);
        const auto* deployment = found == nullptr ? nullptr : completed_deployment(*found);
        std::optional<EcsTaskDefinition> revision;
        if (deployment != nullptr) {
            TRY_ASSIGN(revision,
                       context_.ecs.describe_task_definition(TaskDefinition(deployment->task_definition), deadline));
        }
        completed_.emplace(service.service, revision);
        return revision;
    }

    Result<std::vector<GroupedName>> schedules(const std::string& cluster, Deadline deadline) {
        return once(schedules_, cluster, [&] { return context_.schedules.of_cluster(cluster, deadline); });
    }
    Result<std::vector<GroupedName>> rules(const std::string& cluster, Deadline deadline) {
        return once(rules_, cluster, [&] { return context_.rules.of_cluster(cluster, deadline); });
    }

private:
    using Lists = std::map<std::string, std::vector<GroupedName>>;
    template <typename Ask>
    static Result<std::vector<GroupedName>> once(Lists& lists, const std::string& cluster, const Ask& ask) {
        const auto known = lists.find(cluster);
        if (known != lists.end()) return known->second;
        TRY_ASSIGN(auto found, ask());
        return lists.emplace(cluster, std::move(found)).first->second;
    }

    Context context_;
    std::map<EcsServiceName, std::optional<EcsTaskDefinition>> completed_;
    Lists schedules_;
    Lists rules_;
};

/// One task on its way.
class TaskUpdater::Run {
public:
    Run(Options options, Context context, Looks& looks, const TaskRequest& request, Deadline deadline)
        : options_(options),
          context_(context),
          looks_(looks),
          request_(request),
          deployment_(as_deployment(request)),
          maker_(context.ecs, context.registries, context.logger, deployment_, context.clock.now()),
          replicas_(context.registries, request.task.id.str(), context.clock, context.sleeper, context.logger),
          deadline_(deadline),
          report_{.id = request.task.id,
                  .family = request.task.family,
                  .reason = request.reason,
                  .task_definition = {},
                  .moved = {},
                  .outcome = {},
                  .error = {}} {}

    TaskReport run() {
        int attempts = 0;
        const auto done = with_retries<bool>(
            {.max_retries = options_.max_retries}, context_.clock, context_.sleeper, deadline_,
            [&](const RetryNotice& notice) { log_retry(notice); }, attempts,
            [&]() -> Result<bool> {
                TRY(attempt());
                return true;
            });
        if (!done) fail_with(done.error());
        log();
        return std::move(report_);
    }

private:
    Status attempt() {
        report_.outcome.clear();
        left_alone_.clear();
        not_moved_.clear();
        TRY_ASSIGN(const auto waits_for, service_that_rolls());
        if (!waits_for.empty()) {
            report_.status = TaskStatus::kWaiting;
            report_.outcome =
                fmt::format("follows once {} has completed with {}", waits_for, images_in_words(request_.images));
            return {};
        }
        TRY_ASSIGN(const bool wanted, have_a_revision());
        if (!wanted) return {};
        TRY(move_targets());
        put_into_words();
        return {};
    }

    /// The first service of the same image that has not completed with it; empty where there is none.
    Result<std::string> service_that_rolls() {
        if (!request_.wanted.empty()) return std::string();  // a person need not wait
        for (const auto& service : request_.after) {
            TRY_ASSIGN(const auto revision, looks_.completed(service, deadline_));
            if (!revision || !names_all(*revision, request_.images)) return service.id.str();
        }
        return std::string();
    }

    /// Registers the revision with the image, where none is there. False: it is none of the task's business.
    Result<bool> have_a_revision() {
        for (;;) {
            const auto listed = context_.ecs.active_task_definitions(request_.task.family, deadline_);
            const bool may_be_gone = request_.task.is_discovered() && request_.wanted.empty();
            if (!listed && listed.error().kind == ErrorKind::kNotFound && may_be_gone) {
                // What starts it starts nothing any more, and nobody has said that it should.
                report_.outcome = fmt::format("is left alone: {}", listed.error().message);
                return false;
            }
            if (!listed) return std::unexpected(listed.error());
            const auto& active = *listed;
            TRY_ASSIGN(auto held, why_held(active.front()));
            if (held) {
                report_.outcome = *std::move(held);
                return false;
            }
            ChosenRevision chosen{.newest = active.front(), .revision = active.front(), .choice = {}, .left_out = {}};
            if (const auto looked = maker_.look_at(chosen, active, {}, deadline_); !looked) {
                const bool is_other = looked.error().kind == ErrorKind::kRejected && request_.wanted.empty() &&
                                      (request_.task.repositories.empty() || request_.task.is_discovered());
                if (!is_other) return std::unexpected(looked.error());
                report_.outcome = looked.error().message;  // nobody has said that it uses the repository
                return false;
            }
            revision_ = chosen.revision;
            report_.task_definition = revision_.str();
            if (auto nothing = maker_.why_nothing()) {
                report_.outcome = *std::move(nothing);
                return false;
            }
            const auto* put = maker_.to_be_registered();
            if (put == nullptr || options_.dry_run) return true;
            TRY_ASSIGN(const bool waited, have_waited_for_replicas(*put));
            if (waited) continue;
            TRY(maker_.register_it(deadline_));
        }
    }

    /// What starts the task may do so at any moment: the images have to be there before.
    Result<bool> have_waited_for_replicas(const PushedRevision& put) {
        std::vector<EcsTaskDefinition::Image> images;
        for (const auto& change : put.changes) images.push_back({.container = change.container, .image = change.to});
        const auto needed = replicas_in(images, maker_.images());
        TRY_ASSIGN(const bool there, replicas_.are_there(needed, deadline_));
        if (!there) TRY(replicas_.wait_for(needed, deadline_));
        return !there;
    }

    /// What the tags of the newest revision say of a task that nobody has named; those of what runs have been heard.
    Result<std::optional<std::string>> why_held(const TaskDefinition& newest) {
        std::optional<std::string> why;
        if (!request_.task.is_discovered() || !request_.wanted.empty()) return why;
        TRY_ASSIGN(const auto revision, context_.ecs.describe_task_definition(newest, deadline_));
        const auto [rules, problems] = read_task_rules(revision.tags);
        for (const auto& problem : problems)
            context_.logger.warn("bad tag of a task definition", {{log_key::kService, report_.id.str()},
                                                                  {log_key::kTaskDefinition, newest.str()},
                                                                  {log_key::kReason, problem}});
        for (const auto& image : request_.images) {
            why = why_not_by_tags(rules, image.tag, short_name(newest.str()));
            if (!why) break;
        }
        return why;
    }

    Status move_targets() {
        std::optional<Error> failed;
        TRY_ASSIGN(const auto schedules, names_of(request_.task.schedules, [&](const std::string& cluster) {
                       return looks_.schedules(cluster, deadline_);
                   }));
        for (const auto& name : schedules)
            if (const auto moved = move_schedule(name); !moved && !failed) failed = moved.error();
        TRY_ASSIGN(const auto rules, names_of(request_.task.rules, [&](const std::string& cluster) {
                       return looks_.rules(cluster, deadline_);
                   }));
        for (const auto& name : rules)
            if (const auto moved = move_rule(name); !moved && !failed) failed = moved.error();
        if (failed) return std::unexpected(*std::move(failed));
        return {};
    }

    template <typename List>
    Result<std::vector<GroupedName>> names_of(const std::optional<std::vector<GroupedName>>& named, const List& list) {
        if (!request_.task.is_found_by_listing()) return named.value_or(std::vector<GroupedName>{});
        return list(cluster_arn(revision_, request_.cluster));
    }

    /// Read at once before it is written: what was read earlier is old.
    Status move_schedule(const GroupedName& name) {
        const auto place = fmt::format("schedule {}", name.str());
        auto target = context_.schedules.get(name, deadline_);
        if (!target) return missing(place, std::move(target).error());
        return move(place, *target, [&](const std::string& revision) {
            return context_.schedules.put(name, *target, revision, deadline_);
        });
    }

    Status move_rule(const GroupedName& name) {
        const auto place = fmt::format("rule {}", name.str());
        auto targets = context_.rules.get(name, deadline_);
        if (!targets) return missing(place, std::move(targets).error());
        std::optional<Error> failed;
        for (const auto& target : *targets) {
            const auto one = targets->size() == 1 ? place : fmt::format("{} (target {})", place, target.id);
            const auto moved = move(one, target, [&](const std::string& revision) {
                return context_.rules.put(name, target, revision, deadline_);
            });
            if (!moved && !failed) failed = moved.error();
        }
        if (failed) return std::unexpected(*std::move(failed));
        return {};
    }

    /// Nobody has named what starts it.
    [[nodiscard]] bool is_looked_for() const {
        return request_.task.is_found_by_listing() || request_.task.is_discovered();
    }
    [[nodiscard]] bool is_our_cluster(std::string_view name) const {
        if (!request_.task.is_discovered()) return request_.cluster.str() == name;
        return std::ranges::any_of(request_.task.found_on, [&](const ClusterName& one) { return one.str() == name; });
    }

    /// What was listed a moment ago may be gone; what somebody has named must be there.
    Status missing(const std::string& place, Error error) const {
        if (error.kind == ErrorKind::kNotFound && is_looked_for()) return {};
        return std::unexpected(with_context(std::move(error), place));
    }

    template <typename Put>
    Status move(const std::string& place, const TaskTarget& target, const Put& put) {
        const bool looked_for = is_looked_for();
        if (looked_for && !is_our_cluster(last_segment(target.cluster))) return {};
        switch (change_of(target.task_definition, request_.task.family, revision_)) {
            case TargetChange::kNothing: return {};
            case TargetChange::kAnotherFamily:
                if (!looked_for)
                    left_alone_.push_back(
                        fmt::format("{} is left alone: it starts {}", place,
                                    target.task_definition.empty() ? "no task" : short_name(target.task_definition)));
                return {};
            case TargetChange::kNewer:
                left_alone_.push_back(fmt::format("{} is left alone: it names {}, which is newer", place,
                                                  short_name(target.task_definition)));
                return {};
            case TargetChange::kThere:
                if (options_.dry_run && maker_.is_to_be_registered()) report_.moved.push_back(place);
                return {};
            case TargetChange::kMove: break;
        }
        if (!options_.dry_run) {
            if (const auto done = put(revision_.str()); !done) return not_moved(place, done.error());
            context_.logger.info("schedule moved to the revision with the pushed image",
                                 {{log_key::kService, report_.id.str()},
                                  {"target", place},
                                  {"from", target.task_definition},
                                  {log_key::kTaskDefinition, revision_.str()}});
        }
        report_.moved.push_back(place);
        return {};
    }

    Status not_moved(const std::string& place, Error error) {
        if (error.code == "ManagedRuleException") {
            left_alone_.push_back(fmt::format("{} is left alone: an AWS service manages it", place));
            return {};
        }
        not_moved_.insert(place);
        return std::unexpected(with_context(std::move(error), place));
    }

    void put_into_words() {
        const bool registers = options_.dry_run && maker_.is_to_be_registered();
        const bool done = maker_.registered() != nullptr || !report_.moved.empty() || registers;
        report_.status = !done ? TaskStatus::kNothing : options_.dry_run ? TaskStatus::kDryRun : TaskStatus::kUpdated;
        const auto images = images_in_words(maker_.images());
        const auto revision = registers ? fmt::format("a copy of {}", short_name(revision_.str()))
                                        : std::string(short_name(revision_.str()));
        if (!done)
            report_.outcome = fmt::format("runs {} with {} already", revision, images);
        else
            report_.outcome = fmt::format("{} {} with {}{}", options_.dry_run ? "would run" : "runs", revision, images,
                                          options_.dry_run ? "" : " from now on");
        if (!report_.moved.empty()) report_.outcome += fmt::format(" ({})", join(report_.moved, ", "));
        for (const auto& text : left_alone_) report_.outcome += "; " + text;
        for (const auto& note : maker_.notes()) report_.outcome += "; " + note;
    }

    /// Says what is half done, and the way out.
    void fail_with(Error error) {
        const auto* registered = maker_.registered();
        if (registered != nullptr || !not_moved_.empty()) {
            const std::vector<std::string> places(not_moved_.begin(), not_moved_.end());
            error.message += fmt::format(
                "; {} {} and is not used yet{}: send the event again, or push again, once that is right, or name it "
                "there yourself",
                short_name(registered != nullptr ? registered->str() : revision_.str()),
                registered != nullptr ? "was registered for it" : "has the image",
                places.empty() ? "" : fmt::format(" by {}", join(places, ", ")));
        }
        if (!report_.moved.empty()) error.message += fmt::format(" (done: {})", join(report_.moved, ", "));
        report_.status = TaskStatus::kFailed;
        report_.error = std::move(error);
    }

    void log_retry(const RetryNotice& notice) {
        context_.logger.warn("task update retry: the last attempt failed in a way that can heal",
                             {{log_key::kService, report_.id.str()},
                              {log_key::kAttempt, notice.attempt},
                              {log_key::kMaxRetries, notice.max_retries},
                              {"wait_ms", notice.wait.count()},
                              {log_key::kError, notice.error->message}});
    }

    void log() const {
        std::vector<LogField> fields{{log_key::kService, report_.id.str()},
                                     {"status", std::string(to_string(report_.status))},
                                     {log_key::kReason, report_.reason}};
        if (!report_.task_definition.empty()) fields.emplace_back(log_key::kTaskDefinition, report_.task_definition);
        if (!report_.outcome.empty()) fields.emplace_back("outcome", report_.outcome);
        if (report_.error) fields.emplace_back(log_key::kError, report_.error->message);
        context_.logger.log(
            report_.error ? LogLevel::kError : LogLevel::kInfo,
            report_.error ? "scheduled task failed: it does not run the pushed image" : "scheduled task looked at",
            std::move(fields));
    }

    Options options_;
    Context context_;
    Looks& looks_;
    const TaskRequest& request_;
    DeploymentRequest deployment_;
    PushedRevisionMaker maker_;
    ReplicaWatch replicas_;
    Deadline deadline_;
    TaskReport report_;
    TaskDefinition revision_;
    std::vector<std::string> left_alone_;
    std::set<std::string> not_moved_;
};

std::vector<TaskReport> TaskUpdater::update(const std::vector<TaskRequest>& requests, Deadline deadline) {
    std::vector<TaskReport> reports;
    Looks looks(context_);
    for (const auto& request : requests) reports.push_back(Run(options_, context_, looks, request, deadline).run());
    return reports;
}

Result<std::vector<PushedImage>> TaskUpdater::completed_with(const EcsTarget& service, Deadline deadline) {
    TRY_ASSIGN(const auto revision, Looks(context_).completed(service, deadline));
    return revision ? pushed_images_of(*revision) : std::vector<PushedImage>{};
}

std::vector<TaskRequest> following(const ServiceId& service, const std::vector<PushedImage>& images,
                                   const Config& config) {
    std::vector<TaskRequest> requests;
    for (const auto& image : images)
        for (auto& request : tasks_that_follow(image, config)) {
            request.reason = fmt::format("{} has completed with {}", service, images_in_words({image}));
            const auto known =
                std::ranges::find(requests, request.task.id, [](const TaskRequest& one) { return one.task.id; });
            if (known == requests.end())
                requests.push_back(std::move(request));
            else
                std::ranges::move(request.images, std::back_inserter(known->images));
        }
    return requests;
}

std::string_view to_string(TaskStatus status) {
    switch (status) {
        case TaskStatus::kUpdated: return "updated";
        case TaskStatus::kDryRun: return "dry_run";
        case TaskStatus::kNothing: return "ignored";
        case TaskStatus::kWaiting: return "waiting";
        case TaskStatus::kFailed: break;
    }
    return "failed";
}

}  // namespace ci_lambda
