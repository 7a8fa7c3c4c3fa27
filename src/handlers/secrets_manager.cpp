#include <fmt/format.h>

#include <string_view>
#include <variant>

#include "base/text.hpp"
#include "discovery/discovered.hpp"
#include "handlers/handlers.hpp"

namespace ci_lambda {
namespace {

/// A rotation is told twice within a second or two, in any order: by the call that moves AWSCURRENT, and by Secrets
/// Manager when all is over (user guide, "Rotation by Lambda function"; with managed rotation by the latter alone). A
/// rollout that begins four seconds after the one has the other for certain (`deployer/start/coalescing.hpp`), and by
/// then the other, which waits two seconds more, finds it. That the two come at once in two processes is no matter
/// then.
Milliseconds settling_time(std::string_view operation) {
    constexpr std::chrono::seconds kMoved{4};
    constexpr std::chrono::seconds kOver{6};
    if (operation == "UpdateSecretVersionStage") return kMoved;
    return operation == "RotationSucceeded" ? kOver : Milliseconds{0};
}

}  // namespace

Result<Decision> decide_secret(const SecretChange& change, const Config& config, const Place& where) {
    if (!config.ssm_enabled) return ignore("changed secrets do not deploy (ENABLE_SSM_MONITORING is off)");
    if (!config.discovery)
        return Ignore{
            .reason = "changed secrets deploy by discovery only (DISCOVERY is off)", .skipped = {}, .hint = {}};
    if (change.error_code && !change.error_code->empty())
        return ignore(fmt::format("{} failed ({})", change.operation, *change.error_code));
    if (change.secret.empty())
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format("{} (aws.secretsmanager): the event names no secret", change.operation));
    const auto name = secret_name(change.secret);
    if (change.stages.empty()) return ignore(fmt::format("no stage of the secret {} was moved", name));
    auto services = discovered_users(
        config, std::map<std::string, std::vector<ServiceId>>{}, [&](const DiscoveredService& service) {
            return service.uses && uses_secret(*service.uses, change.secret, change.stages, where);
        });
    if (services.empty())
        return unmatched(fmt::format("no service of {} uses {} of the secret {}", clusters_in_words(config),
                                     join(change.stages, ", "), name));
    auto decision = deploy_automatically(std::move(services),
                                         fmt::format("secret {} was changed ({})", name, change.operation), config);
    if (auto* deploy = std::get_if<Deploy>(&decision))
        for (auto& request : deploy->requests) request.settles = settling_time(change.operation);
    return decision;
}

}  // namespace ci_lambda
