#include "app/people/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "app/people/described_targets.hpp"
#include "app/people/proven_images.hpp"
#include "approvals/token.hpp"
#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "deployer/approve/approval_gate.hpp"
#include "deployer/observe/inventory.hpp"
#include "deployer/start/strategy.hpp"
#include "discovery/discovered.hpp"
#include "door/door.hpp"

namespace ci_lambda {
namespace {

/// Of one call: the doctor is run by somebody who is waiting.
constexpr Milliseconds kPatience{15000};

/// Whatever the clocks say.
constexpr std::chrono::hours kLongExpired{24};

class Doctor {
public:
    Doctor(App& app, const Clock& clock, const std::function<void(const Finding&)>& report)
        : app_(app), clock_(clock), report_(report) {}

    bool examine() {
        const auto& config = app_.config();
        ok("configuration",
           fmt::format("project {}, environment {}, region {}", config.project, config.environment, config.region));
        examine_slack();
        examine_approvals();
        examine_door();
        if (examine_credentials() && examine_clusters()) examine_services();
        return healthy_;
    }

private:
    void ok(std::string subject, std::string detail) {
        report_({Finding::Verdict::kOk, std::move(subject), std::move(detail)});
    }
    void note(std::string subject, std::string detail) {
        report_({Finding::Verdict::kNote, std::move(subject), std::move(detail)});
    }
    void bad(std::string subject, std::string detail) {
        healthy_ = false;
        report_({Finding::Verdict::kBad, std::move(subject), app_.redactor().redact(std::move(detail))});
    }
    [[nodiscard]] Deadline patience() const { return Deadline::after(clock_, kPatience); }

    void examine_slack() {
        // A malformed webhook is a configuration error, so what has come this far is well-formed.
        if (app_.config().slack_webhook_url)
            ok("slack", "the webhook is well-formed");
        else
            note("slack", "off: SLACK_WEBHOOK_URL is not set, or ENABLE_SLACK_NOTIFICATIONS is false");
        // So are the others; whether anybody is there only a message tells.
        for (const auto& [name, channel] : app_.config().notify.channels)
            ok(fmt::format("channel {}", name),
               fmt::format("{}, and what it is reached by is well-formed; ci_lambda notify --test sends samples",
                           to_string(channel.kind)));
    }

    /// A key that is too short is a configuration error.
    void examine_approvals() {
        const auto& config = app_.config();
        if (!config.approval.key) {
            if (config.approval.is_on()) bad("approvals", "there is no APPROVAL_KEY, and nothing can be approved");
            return;
        }
        ok("approvals", config.approval.is_on() ? "the key that signs them is there"
                                                : "the key is there, for rollouts that ECS keeps waiting; nothing else "
                                                  "has to be approved");
        if (config.approval.previous_key)
            note("approvals", fmt::format("what was signed with {} is still good: remove it when nothing of that is "
                                          "under way any more",
                                          called("APPROVAL_KEY_PREVIOUS")));
        if (config.schedules.role.empty())
            note("approvals", fmt::format("{} is not set, so nobody is reminded of what is to be approved, and two "
                                          "answers at the same moment may begin two rollouts",
                                          called("SCHEDULE_ROLE")));
    }

    /// The page is shown what has expired: it can approve nothing, and who has the key says so.
    void examine_door() {
        const auto& config = app_.config();
        if (!config.function_url) return;
        if (!config.slack_signing_secret)
            note("function url", fmt::format("messages have no buttons, as {} is not set; they say how to approve "
                                             "by the command line",
                                             called("SLACK_SIGNING_SECRET")));
        const auto keys = keys_of(config.approval);
        if (!keys) {
            note("function url", fmt::format("there is no {}, so nothing is approved by it", called("APPROVAL_KEY")));
            return;
        }
        const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now());
        const auto token = sign(Approval{.environment = environment_of(config),
                                         .service = ServiceId("none"),
                                         .issued = now - kLongExpired,
                                         .expires = now - kLongExpired},
                                *keys);
        if (!token) {
            bad("function url", token.error().message);
            return;
        }
        constexpr int kBadRequest = 400;
        const VerifiedUrl page{
            .url = approval_link(*config.function_url, *token), .status = kBadRequest, .body = "has expired at"};
        const auto look = app_.health().look({.urls = {page}}, patience()).urls.front();
        const auto url = shown_url(*config.function_url);
        switch (look.found) {
            case UrlLook::Found::kGood:
                ok("function url", fmt::format("{} is answered by this function, with the same key", url));
                break;
            case UrlLook::Found::kNoAnswer:
            case UrlLook::Found::kNotAsked:
                note("function url", fmt::format("{}, asked from here: {}", url, look.words));
                break;
            case UrlLook::Found::kBad:
                bad("function url",
                    fmt::format("{} is not answered as by this function with this key and environment: {}; 403: its "
                                "policy lacks one of two statements (docs/approvals.md), 404: it knows no {}",
                                url, look.words, called("FUNCTION_URL")));
                break;
        }
    }

    bool examine_credentials() {
        const auto credentials = app_.credentials().get();
        if (!credentials) {
            bad("credentials", credentials.error().message);
            return false;
        }
        ok("credentials", fmt::format("found, access key {}", credentials->access_key_id));
        return true;
    }

    std::string called(std::string_view setting) const { return app_.config().called(setting); }

    bool examine_clusters() {
        const auto& config = app_.config();
        if (!config.discovery) return examine_cluster(config.names.cluster());
        bool found = false;
        for (const auto& cluster : config.clusters) found = examine_cluster(cluster) || found;
        if (config.discovered != nullptr)
            for (const auto& warning : config.discovered->warnings) bad("discovery", warning);
        return found;
    }

    bool examine_cluster(const ClusterName& name) {
        const auto subject = fmt::format("cluster {}", name);
        const auto cluster = app_.ecs().describe_cluster(name, patience());
        if (!cluster) {
            if (cluster.error().kind == ErrorKind::kAccessDenied) {
                note(subject, "not looked at: ecs:DescribeClusters is not allowed");
                return true;
            }
            bad(subject,
                cluster.error().message + (cluster.error().kind == ErrorKind::kNotFound
                                               ? "; check AWS_REGION, and ECS_CLUSTER_NAME or CLUSTER_NAME_PATTERN"
                                               : ""));
            return false;
        }
        if (cluster->status != "ACTIVE") {
            bad(subject, fmt::format("is {}, not ACTIVE", cluster->status));
            return false;
        }
        ok(subject, "ACTIVE");
        return true;
    }

    void examine_services() {
        const auto ours = find_our_services(app_.config(), app_.ecs(), patience());
        if (ours.not_listed) say_not_listed(*ours.not_listed, !ours.targets.empty());
        for (const auto& id : ours.without_target)
            bad(fmt::format("service {}", id),
                fmt::format("is named in a map but is not in {}, so no event can deploy it",
                            called("ECS_SERVICE_MAP")));
        note_doubtful(ours.doubtful);
        const auto& targets = ours.targets;
        if (targets.empty() && !ours.not_listed)
            bad("services",
                fmt::format("none is known: the cluster has none that {} matches, and the configuration names none",
                            called("SERVICE_NAME_PATTERN")));
        for (std::size_t i = 0; i < targets.size(); i += EcsApi::kMaxServicesPerDescribe) {
            const auto end = std::min(i + EcsApi::kMaxServicesPerDescribe, targets.size());
            examine_batch(
                {targets.begin() + static_cast<std::ptrdiff_t>(i), targets.begin() + static_cast<std::ptrdiff_t>(end)});
        }
        if (images_of_services_ > 0 && !images_missing_)
            ok("images",
               fmt::format("those that run, and those that a rollback would bring back, are there ({})",
                           images_of_services_ == 1 ? "1 service" : fmt::format("{} services", images_of_services_)));
        if (app_.config().rollback_on_failure && sound_) examine_rollback(*sound_);
        examine_verify(targets);
    }

    /// What would be looked at after a rollout, looked at now.
    void examine_verify(const std::vector<EcsTarget>& targets) {
        if (!app_.config().verify.is_on()) return;
        std::vector<VerifyRules> seen;
        bool sound = true;
        for (const auto& target : targets) {
            const auto rules = app_.config().verify.of(target.id);
            if (!rules.watches_anything() || std::ranges::find(seen, rules) != seen.end()) continue;
            seen.push_back(rules);
            sound = examine_rules(fmt::format("verify {}", target.id), target.id, rules) && sound;
        }
        if (!seen.empty() && sound) ok("verify", "the alarms that are watched are there, and the URLs answer as told");
        if (app_.config().schedules.role.empty())
            note("verify", fmt::format("{} is not set, so what does not fit into the invocation that hears of a "
                                       "completed rollout is not watched",
                                       called("VERIFY_SCHEDULE_ROLE")));
    }

    bool examine_rules(const std::string& subject, const ServiceId& id, const VerifyRules& rules) {
        bool sound = true;
        const auto wrong = [&](std::string what) {
            sound = false;
            bad(subject, std::move(what));
        };
        const auto look = app_.health().look(rules, patience());
        if (!look.alarms_unread.empty()) wrong(look.alarms_unread);
        for (const auto& name : rules.alarms) {
            if (!look.alarms_unread.empty()) break;
            const auto found = std::ranges::find(look.alarms, name, &AlarmState::name);
            if (found == look.alarms.end())
                wrong(fmt::format("CloudWatch has no alarm {} ({})", name, app_.config().called("VERIFY_ALARMS", id)));
            else if (found->value == AlarmState::Value::kAlarm)
                note(subject, fmt::format("the alarm {} is on, and does not count until it has been off", name));
        }
        for (std::size_t i = 0; i < look.urls.size(); ++i) {
            const auto url = shown_url(rules.urls[i].url);
            if (look.urls[i].found == UrlLook::Found::kNoAnswer)
                note(subject, fmt::format("{}, asked from here: {}", url, look.urls[i].words));
            else if (look.urls[i].found == UrlLook::Found::kBad)
                wrong(fmt::format("{}: {}, by which every rollout would be rolled back", url, look.urls[i].words));
        }
        return sound;
    }

    /// What cannot be listed may be in the best of health.
    void say_not_listed(const Error& error, bool some_are_named) {
        note("services",
             fmt::format("{} ({}); {}",
                         some_are_named ? "only those that the configuration names are looked at"
                                        : "none was looked at, as they could not be listed",
                         error.message,
                         error.kind == ErrorKind::kAccessDenied
                             ? fmt::format("allow ecs:ListServices, or name them in {}", called("ECS_SERVICE_MAP"))
                             : "that may heal: run the check again"));
    }

    /// The calls that a rollback makes, on one service. Those that read are made; StopServiceDeployment is asked to
    /// stop what does not exist. RegisterTaskDefinition has no such harmless form.
    void examine_rollback(const EcsTarget& target) {
        bool works = true;
        const auto needs = [&](const char* permission, const auto& result) {
            if (result || result.error().kind != ErrorKind::kAccessDenied) return;
            works = false;
            bad("rollback", fmt::format("ROLLBACK_ON_FAILURE is on, but {} is not allowed: {}", permission,
                                        result.error().message));
        };
        auto& ecs = app_.ecs();
        needs("ecs:ListTasks or ecs:DescribeTasks", ecs.stopped_tasks(target.cluster, target.service, patience()));
        needs("ecs:DescribeTaskDefinition",
              ecs.describe_task_definition(TaskDefinition(target.family.str()), patience()));
        const auto history = ecs.service_deployments(target.cluster, target.service, patience());
        needs("ecs:ListServiceDeployments", history);
        if (history && !history->empty()) {
            const auto& record = history->front();
            needs("ecs:DescribeServiceDeployments", ecs.service_deployment(record.arn, patience()));
            needs("ecs:DescribeServiceRevisions", ecs.service_revisions({record.target_revision}, patience()));
            needs("ecs:StopServiceDeployment", ecs.roll_back_service_deployment(no_deployment(record.arn), patience()));
        }
        if (!works) return;
        if (!history || history->empty())
            note("rollback", fmt::format("not tried: {}",
                                         history ? "ECS has no record of a deployment yet" : history.error().message));
        else
            ok("rollback", fmt::format("the calls that it needs are allowed for {}; ecs:RegisterTaskDefinition and "
                                       "iam:PassRole were not tried, as that would leave a revision behind",
                                       target.id));
    }

    /// The ARN of a deployment that this service has never had.
    static std::string no_deployment(const std::string& arn) {
        return arn.substr(0, arn.size() - last_segment(arn).size()) + "ci-lambda-check-000000";
    }

    /// Events that name these services deploy them; but the sweep and rollbacks leave them alone.
    void note_doubtful(const std::vector<DoubtfulService>& services) {
        std::vector<std::string> unnamed;
        std::vector<std::string> entries;
        for (const auto& [name, reading] : services) {
            if (reading.rival) {
                note(fmt::format("service {}", reading.id),
                     fmt::format("{} may not be ours, so the sweep and rollbacks after news of ECS leave it alone: {}",
                                 name, reading.doubt()));
                continue;
            }
            unnamed.push_back(name.str());
            entries.push_back(fmt::format(R"("{}":true)", reading.id));
        }
        if (!unnamed.empty())
            note("services",
                 fmt::format("no variable names {}, so the sweep and rollbacks after news of ECS leave them alone; "
                             "AUTO_DEPLOY_MAP={{{}}} would name them and change nothing else",
                             join(unnamed, ", "), join(entries, ",")));
    }

    /// At most `kMaxServicesPerDescribe` of them.
    void examine_batch(const std::vector<EcsTarget>& targets) {
        const auto described =
            DescribedTargets::of(targets, [&](const ClusterName& cluster, const std::vector<EcsServiceName>& names) {
                return app_.ecs().describe_services(cluster, names, patience());
            });
        for (const auto& target : targets) {
            const auto subject = fmt::format("service {}", target.id);
            if (!described)
                bad(subject, described.error().message);
            else
                examine_service(subject, target, *described);
        }
    }

    void examine_service(const std::string& subject, const EcsTarget& target, const DescribedTargets& described) {
        const auto* service = described.find(target);
        if (service == nullptr) {
            bad(subject, fmt::format("ECS has no service {}; create it, or check {} or {}", target.service,
                                     called("SERVICE_NAME_PATTERN"), called("ECS_SERVICE_MAP")));
            return;
        }
        if (service->status != "ACTIVE") {
            bad(subject,
                fmt::format("{} is {}, and only an ACTIVE service can be deployed", target.service, service->status));
            return;
        }
        if (!can_be_updated(*service)) {
            bad(subject, why_it_cannot_be_updated(*service).message);
            return;
        }
        if (const auto wanted = app_.config().strategy_of(target.id))
            if (const auto why = why_not_with(*wanted, *service))
                bad(subject, fmt::format("no deployment of it will start: {} ({})", *why,
                                         app_.config().called("DEPLOYMENT_STRATEGY", target.id)));
        if (service->express) {
            examine_express(subject, target, *service);
            return;
        }
        const auto revision = app_.ecs().active_task_definitions(target.family, patience());
        if (!revision) {
            bad(subject, revision.error().message);
            return;
        }
        if (!sound_) sound_ = target;
        ok(subject, fmt::format("{} is ACTIVE, {} of {} tasks run, newest revision {}{}", target.service,
                                service->running_count, service->desired_count, short_name(revision->front().str()),
                                service->by_code_deploy ? "; CodeDeploy deploys it" : ""));
        examine_images(subject, target, *service);
    }

    /// UpdateExpressGatewayService has no harmless form.
    void examine_express(const std::string& subject, const EcsTarget& target, const EcsService& service) {
        const auto described = app_.ecs().describe_express_service(service.arn, patience());
        if (!described) {
            bad(subject, fmt::format("{} is an Express service, and cannot be deployed, as ECS does not tell what it "
                                     "runs: {}",
                                     target.service, described.error().message));
            return;
        }
        ok(subject, fmt::format("{} is ACTIVE, an Express service, {} of {} tasks run {}", target.service,
                                service.running_count, service.desired_count, short_name(service.task_definition)));
        examine_images(subject, target, service);
    }

    /// What is gone cannot be started: not by a rollback, and what runs not after a task has ended.
    void examine_images(const std::string& subject, const EcsTarget& target, const EcsService& service) {
        const auto proven = find_proven_images(app_.ecs(), target, service, patience());
        if (!proven) return say_images_unread(proven.error());
        if (!proven->now) return;
        if (const auto missing = find_missing_images(app_.registries(), *proven->now, patience()); !missing) {
            say_images_unread(missing.error());
        } else {
            ++images_of_services_;
            images_missing_ = images_missing_ || !missing->empty();
            for (const auto& [image, reason] : *missing)
                bad(subject, fmt::format("it runs {}, and {}: no task of it can be started any more; push it again, or "
                                         "deploy another image",
                                         image, reason));
        }
        if (!proven->before) return;
        const auto missing = find_missing_images(app_.registries(), *proven->before, patience());
        if (!missing) return say_images_unread(missing.error());
        images_missing_ = images_missing_ || !missing->empty();
        for (const auto& [image, reason] : *missing)
            note(subject, fmt::format("a rollback would bring back {} with {}, and {}: keep more images (the "
                                      "repository's lifecycle policy)",
                                      short_name(proven->before->task_definition), image, reason));
    }

    /// Once is enough: the others would say the same.
    void say_images_unread(const Error& error) {
        if (std::exchange(images_unread_, true)) return;
        note("images", fmt::format("whether those that run, and those that a rollback needs, are still there was not "
                                   "looked at: {}",
                                   app_.redactor().redact(error.message)));
    }

    App& app_;
    const Clock& clock_;
    const std::function<void(const Finding&)>& report_;
    bool healthy_ = true;
    bool images_unread_ = false;  // and said so
    bool images_missing_ = false;
    int images_of_services_ = 0;      // so many services' could be looked at
    std::optional<EcsTarget> sound_;  // the first service with which all is well
};

}  // namespace

std::string_view to_string(Finding::Verdict verdict) {
    switch (verdict) {
        case Finding::Verdict::kOk: return "ok";
        case Finding::Verdict::kNote: return "note";
        case Finding::Verdict::kBad: return "bad";
    }
    return "bad";
}

std::string findings_json(const std::vector<Finding>& findings) {
    using OrderedJson = nlohmann::ordered_json;
    OrderedJson json;
    json["healthy"] = std::ranges::find(findings, Finding::Verdict::kBad, &Finding::verdict) == findings.end();
    json["findings"] = OrderedJson::array();
    for (const auto& [verdict, subject, detail] : findings)
        json["findings"].push_back({{"verdict", to_string(verdict)}, {"subject", subject}, {"detail", detail}});
    return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace);
}

bool examine(App& app, const Clock& clock, const std::function<void(const Finding&)>& report) {
    return Doctor(app, clock, report).examine();
}

}  // namespace ci_lambda
