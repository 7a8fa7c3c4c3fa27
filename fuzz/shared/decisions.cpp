#include "fuzz/shared/decisions.hpp"

#include <set>

#include "fuzz/support.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::fuzzing {
namespace {

Config config_of(std::map<std::string, std::string> values) {
    values.insert({{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"BACKEND_SERVICE_NAME", "core"}});
    auto loaded = load_config(testing::FakeEnvironment(std::move(values)));
    require(loaded.has_value(), "the configuration is right", loaded ? "" : loaded.error().message);
    return std::move(loaded->config);
}

/// A decision as text, all of it.
struct Describe {
    static std::string text(const std::optional<std::string>& text) { return text.value_or("(none)"); }
    static std::string text(const std::vector<SkippedService>& skipped) {
        std::string all;
        for (const auto& one : skipped) all += fmt::format("|{}: {}", one.service, one.reason);
        return all;
    }

    std::string operator()(const Deploy& deploy) const {
        std::string all = "deploy" + text(deploy.skipped);
        for (const auto& warning : deploy.warnings) all += fmt::format("|{}", warning);
        for (const auto& request : deploy.requests)
            all +=
                fmt::format("|{} {} {} {} {} {} {}", request.target.id, request.target.cluster, request.target.service,
                            request.target.family, request.task_definition.value_or(TaskDefinition{}), request.reason,
                            request.changed_at ? format_rfc3339(*request.changed_at) : "now");
        return all;
    }
    std::string operator()(const Notify& notify) const {
        return fmt::format("notify|{}|{}|{}|{}|{}|{}|{}", static_cast<int>(notify.level), notify.service,
                           notify.event_name, notify.status, text(notify.deployment_id), text(notify.reason),
                           text(notify.doubt));
    }
    std::string operator()(const Ignore& ignore) const {
        return fmt::format("ignore|{}|{}{}", ignore.reason, text(ignore.hint), text(ignore.skipped));
    }
    std::string operator()(const Verify& verify) const {
        return fmt::format("verify|{}|{}", verify.target.id, verify.deployment_id);
    }
    std::string operator()(const Steer& steer) const {
        return fmt::format("steer|{}|{}|{}|{}", static_cast<int>(steer.what), steer.target.id, steer.rollback,
                           steer.reason);
    }
    std::string operator()(const AnswerHook& hook) const {
        return fmt::format("hook|{}|{}|{}|{}|{}", hook.target ? hook.target->id.str() : "(none)", hook.stage,
                           hook.judged, hook.state, hook.reason);
    }
    std::string operator()(const AnswerApproval& approval) const {
        return fmt::format("approval|{}|{}|{}", static_cast<int>(approval.event.what), approval.event.token,
                           approval.event.reason);
    }
    std::string operator()(const SetHold& hold) const {
        return fmt::format("hold|{}|{}|{}|{}|{}", static_cast<int>(hold.what), hold.target.id, hold.until, hold.by,
                           hold.reason);
    }
    std::string operator()(const StepPipeline& step) const { return fmt::format("pipeline|{}", step.run); }
    std::string operator()(const Sweep& sweep) const { return fmt::format("sweep|{}", sweep.scheduled); }
};

void check_deploy(const Deploy& deploy) {
    require(!deploy.requests.empty(), "a Deploy has a request");
    std::set<ServiceId> ids;
    std::set<std::pair<ClusterName, EcsServiceName>> services;
    for (const auto& request : deploy.requests) {
        const auto& target = request.target;
        require(ids.insert(target.id).second, "no service twice", target.id.str());
        require(services.insert({target.cluster, target.service}).second, "no ECS service twice", target.service.str());
        require(!target.cluster.empty() && !target.service.empty() && !target.family.empty(), "no ECS name is empty");
        require(!request.reason.empty(), "there is a reason");
    }
}

}  // namespace

const Config& by_patterns() {
    static const Config config = config_of({{"SERVICE_CONFIG", R"({"api":[{"bucket":"shop-env","key":"api.env"}]})"}});
    return config;
}

const Config& by_maps() {
    static const Config config = config_of({
        {"ECS_CLUSTER_NAME", "shop_cluster_dev"},
        {"ECS_SERVICE_MAP", R"({"api":{"service_name":"shop_service_api_dev","task_family":"api"},
                                "worker":{"service_name":"w","task_family":"w"},
                                "":{"service_name":"shop_service_dev","task_family":"core"}})"},
        {"ECR_REPO_MAP", R"({"shop_service_api":["api","worker","api"],"shop_backend":"core","other":"stranger"})"},
        {"SSM_SERVICE_MAP", R"({"/dev/shop/api":"api","/dev/shop":["worker","backend"]})"},
        {"SERVICE_CONFIG", R"({"api":[{"bucket":"shop-env","key":"api.env"}]})"},
        {"S3_SERVICE_MAP", R"({"worker":[{"bucket":"shop-env","key":"api.env"}],
                               "stranger":[{"bucket":"shop-env","key":"a b+c"}]})"},
        {"AUTO_DEPLOY_MAP", R"({"worker":false})"},
    });
    return config;
}

std::string text_of(const Result<Decision>& decision) {
    if (!decision) return fmt::format("error|{}", decision.error().message);
    return std::visit(Describe{}, *decision);
}

Result<Decision> decide_checked(const Event& event, const Config& config) {
    static const Home home{.account = "123456789012"};
    auto decision = decide(event, config, home);
    const auto text = text_of(decision);
    require_readable(text, "every string of a decision");
    require(text == text_of(decide(event, config, home)), "decide is deterministic", text);
    if (!decision) {
        require(decision.error().kind == ErrorKind::kInvalidEvent, "decide fails with kInvalidEvent only", text);
    } else if (const auto* deploy = std::get_if<Deploy>(&*decision)) {
        check_deploy(*deploy);
    }
    return decision;
}

void check_events_error(const Error& error) {
    require(error.kind == ErrorKind::kInvalidEvent, "what cannot be read is an invalid event", error.message);
    require_readable(error.message, "the error");
}

}  // namespace ci_lambda::fuzzing
