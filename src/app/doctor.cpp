#include "app/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "deployer/our_services.hpp"

namespace ci_lambda {
namespace {

/// Of one call: the doctor is run by somebody who is waiting.
constexpr Milliseconds kPatience{15000};

class Doctor {
public:
    Doctor(App& app, const Clock& clock, const std::function<void(const Finding&)>& report)
        : app_(app), clock_(clock), report_(report) {}

    bool examine() {
        const auto& config = app_.config();
        ok("configuration",
           fmt::format("project {}, environment {}, region {}", config.project, config.environment, config.region));
        examine_slack();
        if (examine_credentials() && examine_cluster()) examine_services();
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

    bool examine_cluster() {
        const auto name = app_.config().names.cluster();
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
        if (ours.not_listed)
            note("services",
                 fmt::format("only those that the configuration names are looked at ({})", ours.not_listed->message));
        for (const auto& id : ours.without_target)
            bad(fmt::format("service {}", id),
                "is named in a map but is not in ECS_SERVICE_MAP, so no event can deploy it");
        note_doubtful(ours.doubtful);
        const auto& targets = ours.targets;
        if (targets.empty())
            bad("services",
                "none is known: the cluster has none that SERVICE_NAME_PATTERN matches, and no variable "
                "names one");
        for (std::size_t i = 0; i < targets.size(); i += EcsApi::kMaxServicesPerDescribe) {
            const auto end = std::min(i + EcsApi::kMaxServicesPerDescribe, targets.size());
            examine_batch(
                {targets.begin() + static_cast<std::ptrdiff_t>(i), targets.begin() + static_cast<std::ptrdiff_t>(end)});
        }
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

    void examine_batch(const std::vector<EcsTarget>& targets) {
        std::vector<EcsServiceName> names;
        for (const auto& target : targets) names.push_back(target.service);
        const auto described = app_.ecs().describe_services(app_.config().names.cluster(), names, patience());
        for (const auto& target : targets) {
            const auto subject = fmt::format("service {}", target.id);
            if (!described)
                bad(subject, described.error().message);
            else
                examine_service(subject, target, *described);
        }
    }

    void examine_service(const std::string& subject, const EcsTarget& target, const DescribedServices& described) {
        const auto* service = described.find(target.service);
        if (service == nullptr) {
            bad(subject,
                fmt::format("ECS has no service {}; create it, or check SERVICE_NAME_PATTERN or ECS_SERVICE_MAP",
                            target.service));
            return;
        }
        if (service->status != "ACTIVE") {
            bad(subject,
                fmt::format("{} is {}, and only an ACTIVE service can be deployed", target.service, service->status));
            return;
        }
        if (!can_be_updated(*service)) {
            bad(subject, fmt::format("{} has the deployment controller {}, which UpdateService cannot drive; only ECS "
                                     "will do",
                                     target.service, service->deployment_controller));
            return;
        }
        const auto revision = app_.ecs().active_task_definitions(target.family, patience());
        if (!revision) {
            bad(subject, revision.error().message);
            return;
        }
        ok(subject, fmt::format("{} is ACTIVE, {} of {} tasks run, newest revision {}", target.service,
                                service->running_count, service->desired_count, short_name(revision->front().str())));
    }

    App& app_;
    const Clock& clock_;
    const std::function<void(const Finding&)>& report_;
    bool healthy_ = true;
};

}  // namespace

bool examine(App& app, const Clock& clock, const std::function<void(const Finding&)>& report) {
    return Doctor(app, clock, report).examine();
}

}  // namespace ci_lambda
