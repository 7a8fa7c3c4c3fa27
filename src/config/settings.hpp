#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace ci_lambda {

/// What a setting's value is in the configuration document, and what the document's schema says about it.
enum class SettingType {
    kText,        ///< a string with something in it
    kBoolean,     ///< true or false
    kInteger,     ///< a whole number from `smallest` to `largest`; 0 too, where `or_zero`
    kChoice,      ///< one of `choices`
    kList,        ///< an array of strings; in the environment with commas between them
    kTasks,       ///< an object with tasks by their ids; in the environment the same JSON
    kStrategy,    ///< a word, or an object; in the environment the same JSON
    kVerify,      ///< an array, of texts or of objects; in the environment the same JSON, or an object by services
    kFreezes,     ///< an array of objects; in the environment the same JSON
    kPipelines,   ///< an object with pipelines by their names; in the environment the same JSON
    kChannels,    ///< an object with channels by their names; in the environment the same JSON
    kNotify,      ///< an object with lists of channels; in the environment the same JSON
    kTargets,     ///< an object with deployment targets by their names; in the environment the same JSON
    kPerService,  ///< a map in the environment; in the document a member of each of `services`
};

/// One row of the table that describes all settings. Reading the environment and the document, docs/configuration.md,
/// the README, the schema and `ci_lambda config` are made of it or checked against it.
struct Setting {
    std::string_view name;           ///< of the environment variable
    std::string_view default_value;  ///< as written in the environment; empty for none
    bool required = false;
    std::string_view pointer;  ///< its place in the document (RFC 6901); empty when only the variable exists
    SettingType type = SettingType::kText;
    std::string_view expects;                      ///< what it should look like, for the error message and the docs
    std::string_view meaning;                      ///< one sentence for the docs
    std::string_view format = {};                  ///< regular expression (ECMA 262) of a text, or of a list's items
    unsigned smallest = 0;                         ///< of a whole number
    unsigned largest = 0;                          ///< of a whole number
    bool or_zero = false;                          ///< zero is allowed though `smallest` is more
    std::array<std::string_view, 4> choices = {};  ///< the words of a choice; the rest is empty
    bool secret = false;                           ///< never printed

    [[nodiscard]] bool has_pointer() const { return !pointer.empty(); }
    [[nodiscard]] bool is_per_service() const { return type == SettingType::kPerService; }
};

[[nodiscard]] std::span<const Setting> settings();

/// The row of this variable, which must exist.
[[nodiscard]] const Setting& setting_of(std::string_view name);

/// One row of the table of what the document says about one service: the members of `/services/ID`.
struct ServiceMember {
    enum class Type {
        kText,
        kBoolean,
        kList,
        kFiles,
        kChoice,
        kStrategy,
        kVerify,
        kApproval,
        kTask,
        kTaskAfter,
        kFreezes,
        kNotify
    };
    std::string_view key;
    std::string_view variable;  ///< the map that says the same in the environment; empty where there is none
    Type type = Type::kText;
    std::string_view expects;
    std::string_view meaning;
    std::string_view format = {};                  ///< of a text, or of a list's items
    std::string_view default_value = {};           ///< JSON; not empty: `/defaults` may say it for all services
    std::array<std::string_view, 4> choices = {};  ///< the words of a choice; the rest is empty
    [[nodiscard]] bool has_default() const { return !default_value.empty(); }
};

[[nodiscard]] std::span<const ServiceMember> service_members();

/// The key of the tag by which an ECS service says for itself what the member says in the document:
/// `ci_lambda:auto-deploy`. Its tags are asked with DISCOVERY.
[[nodiscard]] std::string service_tag(std::string_view member);

/// Of the keys of `services`.
inline constexpr std::string_view kServiceIdFormat = "^[A-Za-z0-9_.-]{1,255}$";

}  // namespace ci_lambda
