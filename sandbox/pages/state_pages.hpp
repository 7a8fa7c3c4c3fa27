#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/ecs/scenario.hpp"
#include "sandbox/record/journal.hpp"
#include "sandbox/runtime/invocations.hpp"

namespace ci_lambda::sandbox {

/// What the sandbox shows of itself to tests and curious people.

/// `GET /sandbox/ecs/calls`: a JSON list.
[[nodiscard]] std::string calls_page(const std::vector<EcsCall>& calls);
/// `GET /sandbox/slack`: a JSON list.
[[nodiscard]] std::string messages_page(const std::vector<SlackMessage>& messages);
/// `GET /sandbox/invocations`: a JSON list.
[[nodiscard]] std::string invocations_page(const std::vector<InvocationRecord>& invocations);
/// `GET /sandbox/scenario`: a JSON object, what each service's deployments do and what there is to choose from.
[[nodiscard]] std::string scenarios_page(const std::vector<std::pair<std::string, Scenario>>& services);
/// `GET /`: plain text, what this is and which addresses there are.
[[nodiscard]] std::string front_page(std::uint16_t port);

/// Commands to try, each with a word about what it does.
struct ExampleCommand {
    std::string what;
    std::string command;
};
/// `program`: how `ci_lambda` is called.
[[nodiscard]] std::vector<ExampleCommand> example_commands(std::uint16_t port, std::string_view program);

}  // namespace ci_lambda::sandbox
