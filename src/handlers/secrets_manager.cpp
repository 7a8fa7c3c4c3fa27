#include <fmt/format.h>

#include "base/text.hpp"
#include "discovery/discovered.hpp"
#include "handlers/handlers.hpp"

namespace ci_lambda {

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
    return deploy_automatically(std::move(services), fmt::format("secret {} was changed ({})", name, change.operation),
                                config);
}

}  // namespace ci_lambda
