#include "config/service_task.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/names.hpp"
#include "config/service_task_reader.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

constexpr std::size_t kLongestTaskName = 64;

/// A plain name that is no longer than that.
std::string task_word(const Json& value, const std::string& at, std::size_t longest,
                      const ServiceTaskProblem& problem) {
    const bool good = value.is_string() && is_valid_service_id(value.get_ref<const std::string&>()) &&
                      value.get_ref<const std::string&>().size() <= longest;
    if (good) return value.get<std::string>();
    problem(at, value.is_string() ? "is no plain name" : fmt::format("is {}", type_name(value)),
            "letters, digits, `_`, `-` and `.`");
    return {};
}

std::vector<std::string> task_command(const Json& value, const std::string& at, const ServiceTaskProblem& problem) {
    std::vector<std::string> words;
    const bool good = value.is_array() && !value.empty() && value.size() <= kMostWordsOfCommand &&
                      std::ranges::all_of(value, [](const Json& word) {
                          return word.is_string() && word.get_ref<const std::string&>().size() <= kLongestWordOfCommand;
                      });
    if (good)
        words = value.get<std::vector<std::string>>();
    else
        problem(at, value.is_array() ? "is no command" : fmt::format("is {}", type_name(value)),
                R"(a list of words, ["./migrate","up"]: 1 to 50, each of at most 1000 bytes)");
    return words;
}

}  // namespace

ServiceTask read_service_task(const Json& value, WhenTaskRuns when, const std::string& place,
                              const ServiceTaskProblem& problem) {
    const bool after = when == WhenTaskRuns::kAfter;
    std::vector<std::string> known{"task", "family", "container", "command", "timeout_minutes"};
    if (after) known.emplace_back("on_failure");
    ServiceTask task;
    if (!value.is_object()) {
        problem(place, fmt::format("is {}", type_name(value)), after ? kTaskAfterExpects : kServiceTaskExpects);
        return task;
    }
    constexpr std::size_t kLongestFamily = 255;
    for (const auto& [key, member] : value.items()) {
        const auto at = json_pointer(place, shown(key));
        if (key == "task") {
            task.name = task_word(member, at, kLongestTaskName, problem);
        } else if (key == "family") {
            task.family = TaskFamily(task_word(member, at, kLongestFamily, problem));
        } else if (key == "container") {
            task.container = task_word(member, at, kLongestFamily, problem);
        } else if (key == "command") {
            task.command = task_command(member, at, problem);
        } else if (key == "timeout_minutes") {
            const auto minutes = whole_number_in(member, 1, kLongestTaskMinutes);
            if (minutes)
                task.timeout = std::chrono::minutes{*minutes};
            else
                problem(at, "is not a number in range", "a whole number from 1 to 1440");
        } else if (key == "on_failure" && after) {
            if (member == kRollBack || member == kTell)
                task.roll_back = member == kRollBack;
            else
                problem(at, "is neither", R"("roll_back" or "tell")");
        } else {
            const auto meant = closest(key, known);
            problem(at, "is not known",
                    meant ? fmt::format("\"{}\"?", *meant) : fmt::format("one of {}", join(known, ", ")));
        }
    }
    if (!value.contains("task")) problem(place, "has no \"task\"", "a name for people, \"task\":\"migrate\"");
    if (!value.contains("family") && !value.contains("command"))
        problem(place, "has neither \"family\" nor \"command\"",
                "a command for the service's own image, or the family of a task definition");
    return task;
}

std::string service_task_json(const ServiceTask& task) {
    Json json{{"task", task.name}};
    if (!task.family.empty()) json["family"] = task.family.str();
    if (!task.container.empty()) json["container"] = task.container;
    if (!task.command.empty()) json["command"] = task.command;
    if (task.timeout != ServiceTask{}.timeout) json["timeout_minutes"] = task.timeout.count();
    if (!task.roll_back) json["on_failure"] = kTell;
    return dump_json(json);
}

}  // namespace ci_lambda
