#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/ecs/scenario.hpp"
#include "sandbox/places/replication.hpp"
#include "sandbox/places/target.hpp"
#include "sandbox/places/trouble.hpp"
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
/// How it goes in one of several targets.
struct ScenariosOfTarget {
    std::string target;
    Trouble trouble = Trouble::kNone;
    std::vector<std::pair<std::string, Scenario>> services;
};
/// The same page where there are several: of each by its name, and what may be wrong with one as a whole.
[[nodiscard]] std::string scenarios_page(const std::vector<ScenariosOfTarget>& targets);

struct TargetNow {
    Target target;
    Trouble trouble = Trouble::kNone;
};
/// `GET /sandbox/targets`: a JSON object with all that one has to know to speak to each, and how long a replication
/// takes.
[[nodiscard]] std::string targets_page(const std::vector<TargetNow>& targets, ReplicationDelay replication);
/// For people, if there is more than one: "Targets: ..".
[[nodiscard]] std::string targets_in_words(const std::vector<Target>& targets);
/// `GET /`: plain text, what this is and which addresses there are.
[[nodiscard]] std::string front_page(std::uint16_t port, const std::vector<Target>& targets = {});

/// Commands to try, each with a word about what it does.
struct ExampleCommand {
    std::string what;
    std::string command;
};
/// `program`: how `ci_lambda` is called.
[[nodiscard]] std::vector<ExampleCommand> example_commands(std::uint16_t port, std::string_view program);

}  // namespace ci_lambda::sandbox
