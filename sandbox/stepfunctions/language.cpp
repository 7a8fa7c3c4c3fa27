#include "sandbox/stepfunctions/language.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::string_view kInvoke = "arn:aws:states:::lambda:invoke";
constexpr int kMostWaitSeconds = 99'999'999;

// --- paths ---------------------------------------------------------------------------------------------------------

struct Path {
    bool of_context = false;
    std::vector<std::variant<std::string, std::size_t>> steps;
};

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// Reference paths only: they lead to one value. nullopt for filters, wildcards and functions.
std::optional<Path> parse_path(std::string_view text) {
    Path path;
    if (!text.starts_with('$')) return std::nullopt;
    text.remove_prefix(1);
    if (text.starts_with('$')) {
        path.of_context = true;
        text.remove_prefix(1);
    }
    while (!text.empty()) {
        const bool is_index = text.starts_with('[');
        if (!is_index && !text.starts_with('.')) return std::nullopt;
        text.remove_prefix(1);
        std::size_t length = 0;
        while (length < text.size() && is_name_character(text[length])) ++length;
        const auto step = text.substr(0, length);
        text.remove_prefix(length);
        if (step.empty()) return std::nullopt;
        if (is_index) {
            const auto index = parse_unsigned(step);
            if (!index || !text.starts_with(']')) return std::nullopt;
            text.remove_prefix(1);
            path.steps.emplace_back(static_cast<std::size_t>(*index));
        } else {
            path.steps.emplace_back(std::string(step));
        }
    }
    return path;
}

const Json* follow(const Path& path, const StateData& data) {
    const Json* at = path.of_context ? &data.context : &data.input;
    for (const auto& step : path.steps) {
        if (const auto* index = std::get_if<std::size_t>(&step)) {
            if (!at->is_array() || *index >= at->size()) return nullptr;
            at = &(*at)[*index];
        } else {
            const auto& name = std::get<std::string>(step);
            if (!at->is_object() || !at->contains(name)) return nullptr;
            at = &at->at(name);
        }
    }
    return at;
}

/// nullptr: nothing is there, or it is no path.
const Json* find_at(std::string_view path, const StateData& data) {
    const auto parsed = parse_path(path);
    return parsed ? follow(*parsed, data) : nullptr;
}

std::unexpected<StateError> runtime_error(std::string cause) {
    return std::unexpected(StateError{.error = "States.Runtime", .cause = std::move(cause)});
}

std::unexpected<StateError> nothing_at(std::string_view path) {
    return runtime_error(fmt::format("The JSONPath '{}' could not be found in the input.", path));
}

// --- what is taken -------------------------------------------------------------------------------------------------

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 5> kOfMachine{"Comment", "StartAt", "States", "QueryLanguage", "Version"};
constexpr std::array<std::string_view, 11> kOfTask{"Type",           "Comment",    "Resource", "Parameters",
                                                   "ResultSelector", "ResultPath", "Retry",    "Catch",
                                                   "TimeoutSeconds", "Next",       "End"};
constexpr std::array<std::string_view, 4> kOfChoice{"Type", "Comment", "Choices", "Default"};
constexpr std::array<std::string_view, 6> kOfWait{"Type", "Comment", "Seconds", "SecondsPath", "Next", "End"};
constexpr std::array<std::string_view, 7> kOfPass{"Type",       "Comment", "Result", "Parameters",
                                                  "ResultPath", "Next",    "End"};
constexpr std::array<std::string_view, 2> kOfSucceed{"Type", "Comment"};
constexpr std::array<std::string_view, 6> kOfFail{"Type", "Comment", "Error", "ErrorPath", "Cause", "CausePath"};
constexpr std::array<std::string_view, 6> kOfRetrier{"Comment",     "ErrorEquals", "IntervalSeconds",
                                                     "BackoffRate", "MaxAttempts", "MaxDelaySeconds"};
constexpr std::array<std::string_view, 4> kOfCatcher{"Comment", "ErrorEquals", "ResultPath", "Next"};
constexpr std::array<std::string_view, 6> kOfRule{"Comment",       "Variable",  "StringEquals",
                                                  "BooleanEquals", "IsPresent", "Next"};

/// Finds the first thing that is not taken.
class Examination {
public:
    explicit Examination(const Json& definition) : definition_(definition) {}

    std::string why_not() {
        machine();
        return why_;
    }

private:
    void wrong(std::string_view where, std::string_view what) {
        if (why_.empty()) why_ = fmt::format("{} at {}", what, where);
    }

    void only(const Json& object, Names known, std::string_view where) {
        for (const auto& [name, value] : object.items())
            if (std::ranges::find(known, name) == known.end())
                wrong(where, fmt::format("the sandbox does not know the field '{}'", name));
    }

    void text(const Json& object, const char* name, std::string_view where, bool required) {
        const auto found = object.find(name);
        if (found == object.end() ? required : !found->is_string())
            wrong(where, fmt::format("the field '{}' has to be a string", name));
    }

    void path(const Json& object, const char* name, std::string_view where) {
        text(object, name, where, false);
        if (const auto found = find_string(object, name); found && !parse_path(*found))
            wrong(where, fmt::format("the sandbox does not understand the path '{}'", *found));
    }

    void leads_to(const Json& object, const char* name, std::string_view where) {
        const auto found = find_string(object, name);
        if (found && !definition_.at("States").contains(*found))
            wrong(where, fmt::format("there is no state '{}'", *found));
    }

    void goes_on(const Json& state, std::string_view where) {
        const bool ends = state.value("End", Json(false)) == Json(true);
        if (ends == state.contains("Next")) wrong(where, "one of 'Next' and 'End' is needed");
        text(state, "Next", where, false);
        leads_to(state, "Next", where);
    }

    void payload(const Json& value, const std::string& where) {
        if (value.is_array())
            for (const auto& item : value) payload(item, where);
        if (!value.is_object()) return;
        for (const auto& [name, member] : value.items()) {
            if (!name.ends_with(".$"))
                payload(member, where + "/" + name);
            else if (!member.is_string() || !parse_path(member.get<std::string>()))
                wrong(where + "/" + name, "the sandbox understands simple paths only, such as $.a.b");
        }
    }

    void number(const Json& object, const char* name, std::string_view where, double least) {
        const auto found = object.find(name);
        if (found != object.end() && (!found->is_number() || found->get<double>() < least))
            wrong(where, fmt::format("the field '{}' has to be a number of at least {}", name, least));
    }

    void errors(const Json& object, std::string_view where) {
        const auto found = object.find("ErrorEquals");
        const bool is_list = found != object.end() && found->is_array() && !found->empty() &&
                             std::ranges::all_of(*found, [](const Json& one) { return one.is_string(); });
        if (!is_list) wrong(where, "'ErrorEquals' has to be a list of names");
    }

    template <typename Check>
    void each(const Json& state, const char* name, const std::string& where, const Check& check) {
        const auto found = state.find(name);
        if (found == state.end()) return;
        if (!found->is_array()) return wrong(where, fmt::format("'{}' has to be a list", name));
        for (std::size_t i = 0; i < found->size(); ++i) {
            const auto place = fmt::format("{}/{}[{}]", where, name, i);
            if ((*found)[i].is_object())
                check((*found)[i], place);
            else
                wrong(place, "an object is expected");
        }
    }

    void task(const Json& state, const std::string& where) {
        only(state, kOfTask, where);
        if (find_string(state, "Resource") != std::string(kInvoke))
            wrong(where, fmt::format("the sandbox knows the resource {} only", kInvoke));
        const auto* parameters = find(state, "Parameters");
        if (parameters == nullptr || !parameters->is_object() || !find_string(*parameters, "FunctionName"))
            wrong(where, "'Parameters' need a 'FunctionName'");
        else
            payload(*parameters, where + "/Parameters");
        if (const auto* selector = find(state, "ResultSelector")) payload(*selector, where + "/ResultSelector");
        result_path(state, where);
        number(state, "TimeoutSeconds", where, 1);
        each(state, "Retry", where, [this](const Json& retrier, const std::string& place) {
            only(retrier, kOfRetrier, place);
            errors(retrier, place);
            number(retrier, "IntervalSeconds", place, 1);
            number(retrier, "BackoffRate", place, 1);
            number(retrier, "MaxAttempts", place, 0);
            number(retrier, "MaxDelaySeconds", place, 1);
        });
        each(state, "Catch", where, [this](const Json& catcher, const std::string& place) {
            only(catcher, kOfCatcher, place);
            errors(catcher, place);
            result_path(catcher, place);
            text(catcher, "Next", place, true);
            leads_to(catcher, "Next", place);
        });
        goes_on(state, where);
    }

    /// Null discards.
    void result_path(const Json& state, std::string_view where) {
        const auto found = find_string(state, "ResultPath");
        const auto parsed = found ? parse_path(*found) : std::nullopt;
        const bool is_taken =
            !state.contains("ResultPath") || state.at("ResultPath").is_null() ||
            (parsed && !parsed->of_context && std::ranges::all_of(parsed->steps, [](const auto& step) {
                 return std::holds_alternative<std::string>(step);
             }));
        if (!is_taken) wrong(where, "'ResultPath' has to be null or a path such as $.a");
    }

    void choice(const Json& state, const std::string& where) {
        only(state, kOfChoice, where);
        if (!state.contains("Choices")) wrong(where, "'Choices' are missing");
        each(state, "Choices", where, [this](const Json& rule, const std::string& place) {
            only(rule, kOfRule, place);
            text(rule, "Variable", place, true);
            path(rule, "Variable", place);
            text(rule, "Next", place, true);
            leads_to(rule, "Next", place);
            const auto has = [&](const char* name) { return rule.contains(name) ? 1 : 0; };
            if (has("StringEquals") + has("BooleanEquals") + has("IsPresent") != 1)
                wrong(place, "one of 'StringEquals', 'BooleanEquals' and 'IsPresent' is needed");
            text(rule, "StringEquals", place, false);
            for (const auto* name : {"BooleanEquals", "IsPresent"})
                if (has(name) != 0 && !rule.at(name).is_boolean())
                    wrong(place, fmt::format("the field '{}' has to be a boolean", name));
        });
        text(state, "Default", where, false);
        leads_to(state, "Default", where);
    }

    void wait(const Json& state, const std::string& where) {
        only(state, kOfWait, where);
        if (state.contains("Seconds") == state.contains("SecondsPath"))
            wrong(where, "one of 'Seconds' and 'SecondsPath' is needed");
        if (state.contains("Seconds") && !whole_number_in(state.at("Seconds"), 0, kMostWaitSeconds))
            wrong(where, "'Seconds' has to be a whole number");
        path(state, "SecondsPath", where);
        goes_on(state, where);
    }

    void pass(const Json& state, const std::string& where) {
        only(state, kOfPass, where);
        if (const auto* parameters = find(state, "Parameters")) payload(*parameters, where + "/Parameters");
        result_path(state, where);
        goes_on(state, where);
    }

    void fail(const Json& state, const std::string& where) {
        only(state, kOfFail, where);
        for (const auto* name : {"Error", "Cause"}) text(state, name, where, false);
        for (const auto* name : {"ErrorPath", "CausePath"}) path(state, name, where);
    }

    void machine() {
        if (!definition_.is_object()) return wrong("/", "a JSON object is expected");
        only(definition_, kOfMachine, "/");
        if (find_string(definition_, "QueryLanguage").value_or("JSONPath") != "JSONPath")
            wrong("/", "the sandbox knows the query language JSONPath only");
        const auto* states = find(definition_, "States");
        if (states == nullptr || !states->is_object() || states->empty()) return wrong("/", "'States' are missing");
        text(definition_, "StartAt", "/", true);
        leads_to(definition_, "StartAt", "/");
        for (const auto& [name, state] : states->items()) {
            const auto where = fmt::format("/States/{}", name);
            const auto type = find_string(state, "Type").value_or("");
            if (type == "Task")
                task(state, where);
            else if (type == "Choice")
                choice(state, where);
            else if (type == "Wait")
                wait(state, where);
            else if (type == "Pass")
                pass(state, where);
            else if (type == "Succeed")
                only(state, kOfSucceed, where);
            else if (type == "Fail")
                fail(state, where);
            else
                wrong(where, fmt::format("the sandbox does not know the type of state '{}'", type));
        }
    }

    const Json& definition_;
    std::string why_;
};

bool holds(const Json& rule, const StateData& data) {
    const auto* value = find_at(rule.at("Variable").get<std::string>(), data);
    if (rule.contains("IsPresent")) return (value != nullptr) == rule.at("IsPresent").get<bool>();
    if (value == nullptr) return false;
    return *value == rule.at(rule.contains("StringEquals") ? "StringEquals" : "BooleanEquals");
}

}  // namespace

std::string why_not_taken(const Json& definition) { return Examination(definition).why_not(); }

StateResult<Json> at_path(std::string_view path, const StateData& data) {
    const auto* found = find_at(path, data);
    if (found == nullptr) return nothing_at(path);
    return *found;
}

StateResult<Json> filled(const Json& payload_template, const StateData& data) {
    if (payload_template.is_array()) {
        Json list = Json::array();
        for (const auto& item : payload_template) {
            TRY_ASSIGN(auto value, filled(item, data));
            list.push_back(std::move(value));
        }
        return list;
    }
    if (!payload_template.is_object()) return payload_template;
    Json object = Json::object();
    constexpr std::string_view kIsRead = ".$";
    for (const auto& [name, member] : payload_template.items()) {
        const bool is_read = name.ends_with(kIsRead);
        TRY_ASSIGN(auto value, is_read ? at_path(member.get<std::string>(), data) : filled(member, data));
        object[is_read ? name.substr(0, name.size() - kIsRead.size()) : name] = std::move(value);
    }
    return object;
}

StateResult<Json> output_of(const Json& state, Json result, const StateData& data) {
    if (const auto* selector = find(state, "ResultSelector")) {
        TRY_ASSIGN(result, filled(*selector, {.input = result, .context = data.context}));
    }
    Json output;
    const auto place = state.find("ResultPath");
    if (place == state.end() || *place == "$") {
        output = std::move(result);
    } else {
        output = data.input;
        if (!place->is_null()) {
            const auto path = parse_path(place->get<std::string>()).value_or(Path{});
            Json* at = &output;
            for (const auto& step : path.steps) {
                if (!at->is_object() && !at->is_null())
                    return std::unexpected(StateError{
                        .error = "States.ResultPathMatchFailure",
                        .cause = fmt::format("Unable to apply ResultPath {} to the input", place->get<std::string>())});
                at = &(*at)[std::get<std::string>(step)];
            }
            *at = std::move(result);
        }
    }
    if (dump_json(output).size() > kMostStateData)
        return std::unexpected(StateError{
            .error = "States.DataLimitExceeded",
            .cause = "The state returned a result with a size exceeding the maximum number of bytes service limit."});
    return output;
}

StateResult<std::string> chosen(const Json& state, const StateData& data) {
    for (const auto& rule : state.at("Choices"))
        if (holds(rule, data)) return rule.at("Next").get<std::string>();
    if (auto usual = find_string(state, "Default")) return *std::move(usual);
    return std::unexpected(
        StateError{.error = "States.NoChoiceMatched", .cause = "No choice rule matched, and there is no Default."});
}

StateResult<int> seconds_to_wait(const Json& state, const StateData& data) {
    Json seconds = state.value("Seconds", Json());
    if (const auto path = find_string(state, "SecondsPath")) {
        TRY_ASSIGN(seconds, at_path(*path, data));
    }
    const auto whole = whole_number_in(seconds, 0, kMostWaitSeconds);
    if (!whole) return runtime_error(fmt::format("{} is no number of seconds to wait.", dump_json(seconds)));
    return *whole;
}

StateResult<StateError> failure_of(const Json& state, const StateData& data) {
    StateError failure;
    for (const auto& [name, words] : {std::pair{"Error", &failure.error}, std::pair{"Cause", &failure.cause}}) {
        *words = find_string(state, name).value_or("");
        const auto path = find_string(state, std::string(name) + "Path");
        if (!path) continue;
        TRY_ASSIGN(const auto read, at_path(*path, data));
        if (!read.is_string()) return runtime_error(fmt::format("The value at '{}' is no string.", *path));
        *words = read.get<std::string>();
    }
    return failure;
}

bool means(const Json& error_equals, std::string_view error) {
    // Never caught, nor tried again (developer guide, "Handling errors").
    if (error == "States.Runtime" || error == "States.DataLimitExceeded") return false;
    return std::ranges::any_of(error_equals, [&](const Json& name) {
        return name == error || name == "States.ALL" || (name == "States.TaskFailed" && error != "States.Timeout");
    });
}

}  // namespace ci_lambda::sandbox
