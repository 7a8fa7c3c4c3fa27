#include "sandbox/parameter_store/parameter_store.hpp"

#include <utility>
#include <vector>

#include "base/json.hpp"
#include "sandbox/aws/dispatch.hpp"
#include "sandbox/parameter_store/operations.hpp"

namespace ci_lambda::sandbox {

ParameterStore::ParameterStore(ParameterStoreOptions options, Ids& ids, const Clock& clock)
    : state_(std::move(options.state)), ids_(ids), clock_(clock), on_event_(std::move(options.on_event)) {}

AwsAnswer ParameterStore::handle(std::string_view operation, std::string_view body) {
    return answer_request(
        find_parameters_operation(operation), "Systems Manager", operation, body,
        [&](const auto& known, const auto& request) {
            return to_answer(change_and_tell(mutex_, on_event_, [&](std::vector<std::string>& events) {
                ParametersContext context{.state = state_, .ids = ids_, .now = clock_.now(), .events = events};
                return known.run(context, request);
            }));
        });
}

std::optional<std::string> ParameterStore::text(std::string_view name_or_arn) {
    const std::scoped_lock lock(mutex_);
    const auto found = state_.parameters.find(state_.name_of(name_or_arn));
    if (found == state_.parameters.end()) return std::nullopt;
    return found->second.newest().value;
}

void ParameterStore::set_calendar(const std::string& name, bool is_closed) {
    const std::scoped_lock lock(mutex_);
    state_.calendars[name] = is_closed;
}

void ParameterStore::replace(const std::string& name, std::string value) {
    const std::scoped_lock lock(mutex_);
    if (const auto found = state_.parameters.find(name); found != state_.parameters.end())
        found->second.versions.back().value = std::move(value);
}

void add_parameter(ParameterStoreState& state, std::string name, std::string type, std::string value, WallTime now) {
    StoredParameter parameter{.name = name, .type = std::move(type)};
    if (parameter.is_secure()) parameter.key_id = "alias/aws/ssm";
    parameter.versions = {{.value = std::move(value), .ciphertext = "AQICAHsandbox", .changed_at = now}};
    state.parameters[std::move(name)] = std::move(parameter);
}

}  // namespace ci_lambda::sandbox
