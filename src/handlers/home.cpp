#include "handlers/home.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "base/references.hpp"
#include "base/text.hpp"
#include "discovery/uses.hpp"

namespace ci_lambda {
namespace {

/// An event's own text, which may be of any length.
std::string cut(std::string_view text) {
    constexpr std::size_t kLongest = 60;
    return one_line(text, kLongest);
}

/// The account that a target deploys in; empty where nobody knows it.
const std::string& account_of(const DeploymentTarget& target, const Home& home) {
    return target.account.empty() ? home.account : target.account;
}

bool is_at(const DeploymentTarget& target, const Place& place, const Home& home) {
    const auto& account = account_of(target, home);
    return target.region == place.region && (account.empty() || place.account.empty() || account == place.account);
}

Place place_of_arn(std::string_view arn) {
    return {.account = std::string(account_of_arn(arn)), .region = std::string(region_of_arn(arn))};
}

/// The place that an event is about; without a region where it is about none in particular.
struct PlaceOf {
    const Envelope& envelope;

    [[nodiscard]] Place here() const { return {.account = envelope.account, .region = envelope.region}; }
    Place operator()(const EcrImageAction& image) const { return image.action == "REPLICATE" ? here() : Place{}; }
    Place operator()(const ParameterChange& /*change*/) const { return here(); }
    Place operator()(const SecretChange& /*change*/) const { return here(); }
    Place operator()(const S3ObjectChange& /*change*/) const { return {}; }
    Place operator()(const EcsServiceEvent& /*event*/) const { return here(); }
    Place operator()(const CodeDeployChange& /*change*/) const { return here(); }
    Place operator()(const ManualRequest& request) const { return place_of_arn(request.task_definition.value_or("")); }
    Place operator()(const SweepRequest& /*request*/) const { return {}; }
    Place operator()(const VerifyRequest& request) const {
        return request.target.empty() ? place_of_arn(request.task_definition) : Place{};
    }
    Place operator()(const LifecycleHookCall& call) const { return place_of_arn(call.service_deployment); }
    /// Its token says of which target it is, and only who has the key reads that.
    Place operator()(const ApprovalEvent& /*event*/) const { return {}; }
    Place operator()(const TaskEnded& ended) const { return place_of_arn(ended.task); }
    Place operator()(const ThawRequest& /*request*/) const { return {}; }
    Place operator()(const PipelineStep& /*step*/) const { return {}; }
    Place operator()(const OtherEvent& /*other*/) const { return {}; }
    Place operator()(const HttpCall& /*call*/) const { return {}; }
};

/// The targets that an event names; empty where it names none.
std::vector<std::string> named_targets(const Event& event) {
    if (const auto* request = std::get_if<ManualRequest>(&event.body)) return request->targets;
    if (const auto* thaw = std::get_if<ThawRequest>(&event.body); thaw != nullptr && !thaw->target.empty())
        return {thaw->target};
    if (const auto* step = std::get_if<PipelineStep>(&event.body); step != nullptr && !step->target.empty())
        return {step->target};
    const auto* verify = std::get_if<VerifyRequest>(&event.body);
    return verify == nullptr || verify->target.empty() ? std::vector<std::string>{} : std::vector{verify->target};
}

}  // namespace

Home Home::of_function(std::string_view arn) {
    constexpr std::size_t kFewestParts = 7;
    const auto parts = split(arn, ':');
    if (parts.size() < kFewestParts || parts[0] != "arn" || parts[2] != "lambda" || !is_account(parts[4])) return {};
    return {.account = parts[4], .function = std::string(arn)};
}

std::optional<std::string> why_not_for_us(const Event& event, const Config& config, const Home& home) {
    auto why = why_from_elsewhere(event, config, home);
    return why ? why : why_for_another_target(event, config, home);
}

std::optional<std::string> why_from_elsewhere(const Event& event, const Config& config, const Home& home) {
    const auto& envelope = event.envelope;
    const bool asked_by_people = std::holds_alternative<ManualRequest>(event.body);
    if (!envelope.account.empty() && !home.account.empty() && envelope.account != home.account &&
        !config.event_accounts.contains(envelope.account) &&
        (asked_by_people || std::ranges::find(config.targets.all, envelope.account, &DeploymentTarget::account) ==
                                config.targets.all.end()))
        return fmt::format("the event is of the account {}, not of {} (EVENT_ACCOUNTS would name others)",
                           cut(envelope.account), home.account);
    if (!envelope.region.empty() && envelope.region != config.home_region &&
        !config.event_regions.contains(envelope.region) &&
        std::ranges::find(config.targets.all, envelope.region, &DeploymentTarget::region) == config.targets.all.end())
        return fmt::format("the event is of the region {}, not of {} (EVENT_REGIONS would name others)",
                           cut(envelope.region), config.home_region);
    return std::nullopt;
}

std::optional<std::string> why_for_another_target(const Event& event, const Config& config, const Home& home) {
    const auto& own = config.deployment_target;
    if (own.empty()) return std::nullopt;
    auto meant = named_targets(event);
    // A wrong name is told by each of them.
    if (std::holds_alternative<ManualRequest>(event.body) &&
        std::ranges::any_of(meant, [&](const auto& name) { return config.targets.find(name) == nullptr; }))
        return std::nullopt;
    if (meant.empty()) {
        const auto place = std::visit(PlaceOf{.envelope = event.envelope}, event.body);
        if (place.region.empty()) return std::nullopt;
        for (const auto& target : config.targets.all)
            if (is_at(target, place, home)) meant.push_back(target.name);
        const bool of_a_rollout = std::holds_alternative<EcsServiceEvent>(event.body) ||
                                  std::holds_alternative<CodeDeployChange>(event.body) ||
                                  std::holds_alternative<VerifyRequest>(event.body) ||
                                  std::holds_alternative<TaskEnded>(event.body);
        if (meant.empty() && of_a_rollout)
            return fmt::format("nothing is deployed in {} of {}", cut(place.region),
                               place.account.empty() ? "the account" : cut(place.account));
    }
    if (meant.empty() || std::ranges::find(meant, own) != meant.end()) return std::nullopt;
    return fmt::format("it is for {}, and this is {}", cut(join(meant, ", ")), own);
}

}  // namespace ci_lambda
