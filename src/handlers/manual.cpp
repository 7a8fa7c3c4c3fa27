#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "handlers/handlers.hpp"

namespace ci_lambda {
namespace {

/// `action.production` is accepted in every environment, as the origin does.
std::array<std::string, 5> our_sources(const Config& config) {
    return {"action.production", "action.deploy", "action." + config.environment,
            "github.actions." + config.environment, "terraform." + config.environment};
}

/// Given, not empty, and another than ours.
bool is_foreign(const std::optional<std::string>& given, const std::string& ours) {
    return given && !given->empty() && *given != ours;
}

/// Why a request is none of our business; `nullopt` if it is.
std::optional<std::string> why_foreign(const ManualRequest& request, const std::string& source, const Config& config) {
    const auto sources = our_sources(config);
    if (!request.bare && std::ranges::find(sources, source) == sources.end())
        return fmt::format("source {} is not for {}; that would be one of {}", truncate_utf8(source, 100),
                           config.environment, join(sources, ", "));
    if (is_foreign(request.project, config.project))
        return fmt::format("the request is for the project {}, not for {}", *request.project, config.project);
    if (is_foreign(request.environment, config.environment))
        return fmt::format("the request is for the environment {}, not for {}", *request.environment,
                           config.environment);
    return std::nullopt;
}

std::vector<std::string> existing_services(const Config& config) {
    if (config.names.has_service_map()) return config.names.mapped_ids();
    std::vector<std::string> ids;
    for (const auto& id : config.known_services()) ids.push_back(id.str());
    return ids;
}

/// An error about the service, with what would have been right.
std::unexpected<Error> bad_service(std::string problem, std::string_view given, const Config& config) {
    const auto services = existing_services(config);
    if (const auto meant = closest(given, services)) problem += fmt::format("; did you mean {}?", *meant);
    if (!services.empty()) problem += fmt::format(" (services: {})", join(services, ", "));
    return fail(ErrorKind::kInvalidEvent, std::move(problem));
}

Result<EcsTarget> find_target(const ManualRequest& request, const Config& config) {
    if (!request.service)
        return bad_service(R"(the request has no "service"; it looks like {"service":"api"})", "", config);
    const auto id = config.names.canonical(*request.service);
    if (!id)
        return bad_service(fmt::format("\"{}\" cannot be a service: ids have letters, digits, '_', '-' and '.'",
                                       truncate_utf8(*request.service, 60)),
                           *request.service, config);
    auto target = config.names.target(*id);
    if (!target)
        return bad_service(
            fmt::format("there is no service \"{}\": {}", truncate_utf8(id->str(), 60), why_not_ours(*id, config)),
            id->str(), config);
    return *std::move(target);
}

std::unexpected<Error> bad_task_definition(std::string_view given) {
    return fail(ErrorKind::kInvalidEvent,
                fmt::format(R"("task_definition" is "{}"; it looks like family:42, :42, 42, a family or an ARN)",
                            truncate_utf8(given, 60)));
}

/// What was asked for, in a form that ECS takes. A bare revision means the service's own family.
Result<std::optional<TaskDefinition>> read_task_definition(const ManualRequest& request, const TaskFamily& family) {
    if (!request.task_definition || request.task_definition->empty()) return std::nullopt;
    const std::string& given = *request.task_definition;
    if (!std::ranges::all_of(given, [](char c) { return c > ' ' && c <= '~'; })) return bad_task_definition(given);

    const bool colon = given.starts_with(':');
    const auto number = std::string_view(given).substr(colon ? 1 : 0);
    const bool revision = !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
    if (!revision) {
        if (colon) return bad_task_definition(given);
        return TaskDefinition{given};
    }
    const auto parsed = parse_unsigned(number);
    if (!parsed || *parsed == 0) return bad_task_definition(given);
    return TaskDefinition{fmt::format("{}:{}", family, *parsed)};
}

std::string reason_of(const ManualRequest& request, const std::string& source) {
    if (request.reason && !trim(*request.reason).empty()) return *request.reason;
    return request.bare ? "manual deployment" : fmt::format("manual deployment ({})", source);
}

}  // namespace

Result<Decision> decide_manual(const ManualRequest& request, const std::string& source, const Config& config) {
    if (!config.manual_enabled) return ignore("manual requests do not deploy (ENABLE_MANUAL_DEPLOY is off)");
    if (auto foreign = why_foreign(request, source, config)) return ignore(*std::move(foreign));
    if (request.malformed) return fail(ErrorKind::kInvalidEvent, "the request is malformed: " + *request.malformed);
    TRY_ASSIGN(auto target, find_target(request, config));
    TRY_ASSIGN(auto task_definition, read_task_definition(request, target.family));
    return Deploy{.requests = {{.target = std::move(target),
                                .task_definition = std::move(task_definition),
                                .reason = reason_of(request, source)}},
                  .passed_by = {}};
}

}  // namespace ci_lambda
