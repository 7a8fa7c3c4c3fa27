#include "config/approval_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/names.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kManual = "manual";
constexpr std::string_view kRequests = "requests";

std::vector<std::string> words_of(const std::string& text, char separator) {
    std::vector<std::string> words;
    for (const auto& part : split(text, separator))
        if (auto word = std::string(trim(part)); !word.empty() && std::ranges::find(words, word) == words.end())
            words.push_back(std::move(word));
    return words;
}

/// `oncall=@alice U0123ABCD`.
std::map<std::string, std::vector<std::string>> read_groups(SettingReader& reader) {
    constexpr std::string_view kName = "APPROVAL_GROUPS";
    std::map<std::string, std::vector<std::string>> groups;
    for (const auto& word : words_of(reader.text(kName).value_or(""), ',')) {
        const auto equals = word.find('=');
        const auto name = std::string(trim(word.substr(0, equals)));
        auto people = equals == std::string::npos ? std::vector<std::string>{} : words_of(word.substr(equals + 1), ' ');
        if (!is_valid_service_id(name) || people.empty())
            reader.problem(kName,
                           fmt::format("{} is not a group with its people, oncall=@alice @bob", in_quotes(word)));
        else
            groups[name] = std::move(people);
    }
    return groups;
}

bool read_except(SettingReader& reader) {
    constexpr std::string_view kName = "APPROVAL_EXCEPT";
    const auto words = words_of(reader.text(kName).value_or(""), ',');
    for (const auto& word : words)
        if (word != kManual) reader.problem(kName, fmt::format("{} is none of what can be excepted", in_quotes(word)));
    return !words.empty();
}

bool is_person(const std::string& name) {
    return name.starts_with('@') || name.starts_with("arn:") || name == kRequests || is_slack_user(name);
}

/// A list of texts; what is none is told of.
std::vector<std::string> list_in(const Json& value, const std::string& place, std::string_view expects,
                                 SettingReader& reader) {
    std::vector<std::string> words;
    const auto wrong = [&](const std::string& at, const Json& what) {
        reader.problem({.pointer = at, .what = fmt::format("is {}", type_name(what)), .expects = std::string(expects)});
    };
    if (!value.is_array()) {
        wrong(place, value);
        return words;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i].is_string() && !trim(value[i].get_ref<const std::string&>()).empty())
            words.emplace_back(trim(value[i].get_ref<const std::string&>()));
        else
            wrong(fmt::format("{}/{}", place, i), value[i]);
    }
    return words;
}

}  // namespace

bool is_slack_user(std::string_view text) {
    constexpr std::size_t kShortest = 6;
    return text.size() >= kShortest && (text.front() == 'U' || text.front() == 'W') &&
           std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

ApprovalRules ApprovalSettings::of(const ServiceId& id) const {
    auto found = by_service.find(id);
    if (found == by_service.end()) {
        found = by_stage.find(id);
        if (found == by_stage.end()) return all;
    }
    const auto& own = found->second;
    return {.required = own.required.value_or(all.required),
            .from = own.from.value_or(all.from),
            .expires = own.expires.value_or(all.expires),
            .except_manual = own.except_manual.value_or(all.except_manual)};
}

bool ApprovalSettings::is_on() const {
    const auto is_required = [](const auto& one) { return one.second.required.value_or(false); };
    return all.required || std::ranges::any_of(by_service, is_required) || std::ranges::any_of(by_stage, is_required);
}

std::vector<std::string> ApprovalSettings::people(const std::vector<std::string>& from) const {
    std::vector<std::string> named;
    const auto add = [&](const std::string& name) {
        if (std::ranges::find(named, name) == named.end()) named.push_back(name);
    };
    for (const auto& name : from) {
        const auto group = groups.find(name);
        if (group == groups.end())
            add(name);
        else
            std::ranges::for_each(group->second, add);
    }
    return named;
}

ApprovalSettings read_approval_settings(SettingReader& reader, ReadSecrets& secrets) {
    return {.all = {.required = reader.boolean("APPROVAL_REQUIRED"),
                    .from = words_of(reader.text("APPROVAL_FROM").value_or(""), ','),
                    .expires = std::chrono::minutes{reader.number("APPROVAL_EXPIRES_MINUTES")},
                    .except_manual = read_except(reader)},
            .by_service = {},
            .by_stage = {},
            .groups = read_groups(reader),
            .key = read_secret(reader, "APPROVAL_KEY", secrets),
            .previous_key = read_secret(reader, "APPROVAL_KEY_PREVIOUS", secrets)};
}

ApprovalWish read_approval_wish(const Json& value, const std::string& place, SettingReader& reader) {
    static const std::vector<std::string> known{"from", "expires_minutes", "except"};
    ApprovalWish wish;
    const auto problem = [&](const std::string& at, std::string what, std::string_view expects) {
        reader.problem({.pointer = at, .what = std::move(what), .expects = std::string(expects)});
    };
    if (value.is_boolean()) {
        wish.required = value.get<bool>();
        return wish;
    }
    if (!value.is_object()) {
        problem(place, fmt::format("is {}", type_name(value)), kApprovalExpects);
        return wish;
    }
    wish.required = true;
    for (const auto& [key, member] : value.items()) {
        const auto at = json_pointer(place, key);
        if (key == "from") {
            wish.from = list_in(member, at, setting_of("APPROVAL_FROM").expects, reader);
        } else if (key == "expires_minutes") {
            const auto& setting = setting_of("APPROVAL_EXPIRES_MINUTES");
            const auto number =
                whole_number_in(member, static_cast<int>(setting.smallest), static_cast<int>(setting.largest));
            if (!number) problem(at, "is not a number in range", setting.expects);
            wish.expires = std::chrono::minutes{number.value_or(0)};
        } else if (key == "except") {
            const auto words = list_in(member, at, R"(["manual"])", reader);
            for (const auto& word : words)
                if (word != kManual) problem(at, fmt::format("has {}", in_quotes(word)), R"(["manual"])");
            wish.except_manual = !words.empty();
        } else {
            const auto meant = closest(key, known);
            problem(shown_pointer(place, key), "is not known",
                    meant ? fmt::format("\"{}\"?", *meant) : fmt::format("one of {}", join(known, ", ")));
        }
    }
    return wish;
}

std::string wish_json(const ApprovalWish& wish) {
    if (!wish.from && !wish.expires && !wish.except_manual) return wish.required.value_or(false) ? "true" : "false";
    Json json = Json::object();
    if (wish.from) json["from"] = *wish.from;
    if (wish.expires) json["expires_minutes"] = wish.expires->count();
    if (wish.except_manual) json["except"] = *wish.except_manual ? Json{std::string(kManual)} : Json::array();
    return dump_json(json);
}

void check_approval(const ApprovalSettings& approval, SettingReader& reader) {
    if (approval.is_on() && reader.origin("APPROVAL_KEY").kind == SettingOrigin::Kind::kNothing)
        reader.problem("APPROVAL_KEY",
                       "is not set, and approvals are signed with it (to make one: openssl rand -hex 32)");
    std::vector<std::string> groups;
    for (const auto& [name, people] : approval.groups) groups.push_back(name);
    const auto check = [&](const std::vector<std::string>& names, const std::string& where) {
        for (const auto& name : names) {
            if (is_person(name) || approval.groups.contains(name)) continue;
            const auto meant = closest(name, groups);
            auto what = fmt::format(
                "{} names {}, which is no group of APPROVAL_GROUPS{}, and no @NAME, user of Slack, "
                "ARN or \"requests\"",
                where, in_quotes(name), meant ? fmt::format(" (did you mean {}?)", *meant) : "");
            reader.problem("APPROVAL_FROM", std::move(what));
        }
    };
    check(approval.all.from, "it");
    for (const auto* wishes : {&approval.by_service, &approval.by_stage})
        for (const auto& [id, wish] : *wishes)
            if (wish.from) check(*wish.from, fmt::format("the approval of {}", id));
    for (const auto& [name, people] : approval.groups) check(people, fmt::format("the group {}", name));
}

}  // namespace ci_lambda
