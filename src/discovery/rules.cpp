#include "discovery/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "config/settings.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kPrefix = "ci_lambda:";

/// A range of versions has blanks in it, so commas separate where there is one.
std::vector<std::string> items(std::string_view text) {
    const bool by_commas = text.find_first_of(",<>|") != std::string_view::npos;
    std::vector<std::string> found;
    for (const auto& part : split(text, by_commas ? ',' : ' '))
        if (const auto item = trim(part); !item.empty()) found.emplace_back(item);
    return found;
}

class Reader {
public:
    void read(const std::string& key, const std::string& value) {
        const auto* member = member_of(key);
        if (member == nullptr || member->key == "service_name") {
            read_.problems.push_back(fmt::format("the tag {} is none of ours ({})", in_quotes(key), known()));
            return;
        }
        const auto problem = read_member(member->key, value);
        if (!problem) return;
        auto text = fmt::format("the tag {} is {}{}; expected: {}", key, in_quotes(value), *problem, expected(*member));
        if (says_what_deploys(member->key)) read_.rules.held = fmt::format("its tag {} cannot be read", key);
        read_.problems.push_back(std::move(text));
    }

    ReadRules done() { return std::move(read_); }

private:
    static const ServiceMember* member_of(std::string_view key) {
        for (const auto& member : service_members())
            if (service_tag(member.key) == key) return &member;
        return nullptr;
    }
    static std::string known() {
        std::vector<std::string> keys;
        for (const auto& member : service_members())
            if (member.key != "service_name") keys.push_back(service_tag(member.key));
        return "there are " + join(keys, ", ");
    }
    /// Who writes one of these wants less than all to be deployed.
    static bool says_what_deploys(std::string_view key) {
        return key == "auto_deploy" || key == "tags" || key == "image_mode";
    }
    static std::string expected(const ServiceMember& member) {
        if (member.key == "tags")
            return "patterns with blanks between them, such as `v@ -@-rc@` for `v*` without `*-rc*`";
        if (member.key == "strategy") return "keep, rolling, blue_green:5m, linear:10:6m:5m or canary:10:10m:5m";
        if (member.key == "files") return "`BUCKET/KEY`, several with blanks between them";
        if (member.key == "repositories") return "names of repositories with blanks between them";
        if (member.key == "parameters") return "paths, such as `/dev/shop/api`, with blanks between them";
        return std::string(member.expects);
    }

    /// What is wrong beside the value itself; may be empty.
    std::optional<std::string> read_member(std::string_view key, const std::string& value) {
        auto& rules = read_.rules;
        if (key == "auto_deploy") return keep(parse_boolean(value), rules.auto_deploy);
        if (key == "image_mode") return keep(parse_image_mode(to_lower(trim(value))), rules.image_mode);
        if (key == "strategy") {
            auto strategy = parse_strategy(value);
            if (!strategy) return "";
            rules.strategy = *std::move(strategy);
            return std::nullopt;
        }
        if (key == "task_family") {
            if (!is_valid_service_id(value)) return "";
            rules.family = TaskFamily(value);
            return std::nullopt;
        }
        if (key == "tags") return read_tags(value);
        if (key == "repositories") {
            for (auto& item : items(value)) rules.repositories.push_back(std::move(item));
            return std::nullopt;
        }
        if (key == "parameters") return read_parameters(value);
        return read_files(value);
    }

    template <typename T>
    static std::optional<std::string> keep(std::optional<T> value, std::optional<T>& place) {
        if (!value) return "";
        place = std::move(value);
        return std::nullopt;
    }

    std::optional<std::string> read_tags(const std::string& value) {
        std::vector<TagPattern> patterns;
        for (const auto& item : items(value)) {
            auto text = replace_all(item, "@", "*");
            if (text.starts_with('-')) text.front() = '!';
            auto pattern = TagPattern::parse(text);
            if (!pattern) return fmt::format(" ({})", pattern.error().message);
            patterns.push_back(*std::move(pattern));
        }
        if (patterns.empty()) return "";
        read_.rules.tags = TagFilter(std::move(patterns));
        return std::nullopt;
    }

    std::optional<std::string> read_parameters(const std::string& value) {
        for (const auto& item : items(value)) {
            std::string_view path = item;
            while (path.starts_with('/')) path.remove_prefix(1);
            while (path.ends_with('/')) path.remove_suffix(1);
            if (path.empty()) return "";
            read_.rules.parameters.emplace_back(path);
        }
        return std::nullopt;
    }

    std::optional<std::string> read_files(const std::string& value) {
        for (const auto& item : items(value)) {
            const auto slash = item.find('/');
            if (slash == std::string::npos || slash == 0 || slash + 1 == item.size()) return "";
            read_.rules.files.push_back({.bucket = item.substr(0, slash), .key = item.substr(slash + 1)});
        }
        return std::nullopt;
    }

    ReadRules read_;
};

}  // namespace

ReadRules read_rules(const EcsTags& tags) {
    Reader reader;
    for (const auto& [key, value] : tags)
        if (key.starts_with(kPrefix)) reader.read(key, value);
    return reader.done();
}

ReadRules read_task_rules(const EcsTags& tags) {
    const std::array keys{service_tag("auto_deploy"), service_tag("tags"), service_tag("image_mode")};
    Reader reader;
    for (const auto& key : keys)
        if (const auto found = tags.find(key); found != tags.end()) reader.read(key, found->second);
    return reader.done();
}

std::optional<std::string> why_not_by_tags(const ServiceRules& rules, const std::string& image_tag,
                                           std::string_view where) {
    if (!rules.held.empty()) return fmt::format("no push changes it: {} of {}", rules.held, where);
    if (rules.auto_deploy && !*rules.auto_deploy)
        return fmt::format("no push changes it: the tag {} of {} says so", service_tag("auto_deploy"), where);
    if (rules.image_mode && *rules.image_mode != ImageMode::kRevision)
        return fmt::format("no push changes it: the tag {} of {} is {}", service_tag("image_mode"), where,
                           to_string(*rules.image_mode));
    if (rules.tags && !rules.tags->accepts(image_tag))
        return fmt::format("{} is not a tag that changes it (the tag {} of {}: {})", image_tag, service_tag("tags"),
                           where, join(rules.tags->texts(), ", "));
    return std::nullopt;
}

}  // namespace ci_lambda
