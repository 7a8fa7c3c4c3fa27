#include "config/targets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/names.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

/// As many regions as AWS has in a partition, several times over.
constexpr std::size_t kMostTargets = 100;
constexpr std::size_t kLongestTargetName = 64;
/// STS API reference, AssumeRole.
constexpr std::size_t kShortestExternalId = 2;
constexpr std::size_t kLongestExternalId = 1224;

constexpr std::string_view kTargetLooksLike = R"({"region":"us-east-1"})";

class TargetReader {
public:
    std::vector<DeploymentTarget> read(const Json& targets) {
        std::vector<DeploymentTarget> all;
        for (const auto& [name, members] : targets.items()) {
            const auto place = json_pointer("", shown(name));
            if (!is_valid_service_id(name) || name.size() > kLongestTargetName)
                problem(place, "is not the name of a target", "letters, digits, _, - and . only, at most 64");
            else if (!members.is_object())
                problem(place, fmt::format("is {}", type_name(members)), kTargetLooksLike);
            else
                all.push_back(read_one(name, members, place));
        }
        if (all.empty() && problems_.empty()) problem("", "names no target", kTargetLooksLike);
        if (all.size() > kMostTargets) problem("", fmt::format("has {} targets", all.size()), "at most 100");
        find_the_same(all);
        return all;
    }

    void problem(std::string place, std::string what, std::string_view expects) {
        problems_.push_back({.place = std::move(place), .what = std::move(what), .expects = std::string(expects)});
    }
    std::vector<TargetProblem> problems() && { return std::move(problems_); }
    [[nodiscard]] bool has_problems() const { return !problems_.empty(); }

private:
    DeploymentTarget read_one(const std::string& name, const Json& members, const std::string& place) {
        static const std::vector<std::string> known{"region", "cluster", "role_arn", "external_id"};
        DeploymentTarget target{.name = name, .region = {}};
        for (const auto& [key, value] : members.items()) {
            const auto at = json_pointer(place, shown(key));
            const auto text = value.is_string() ? value.get<std::string>() : std::string();
            if (std::ranges::find(known, key) == known.end()) {
                const auto meant = closest(key, known);
                problem(at, "is not known",
                        meant ? fmt::format("\"{}\"?", *meant) : fmt::format("one of {}", join(known, ", ")));
            } else if (text.empty()) {
                problem(
                    at,
                    value.is_string() ? std::string("is empty; leave it out") : fmt::format("is {}", type_name(value)),
                    "");
            } else if (key == "region") {
                if (!is_region(text)) problem(at, fmt::format("{} is not a region", in_quotes(text)), "us-east-1");
                target.region = text;
            } else if (key == "cluster") {
                if (!is_valid_service_id(text))
                    problem(at, fmt::format("{} is not the name of a cluster", in_quotes(text)), "a name, not an ARN");
                target.cluster = ClusterName{text};
            } else if (key == "role_arn") {
                const auto account = account_of_role(text);
                if (!account)
                    problem(at, fmt::format("{} is not the ARN of a role", in_quotes(text)),
                            "arn:aws:iam::111122223333:role/deploy");
                target.role_arn = text;
                target.account = account.value_or("");
            } else {
                if (text.size() < kShortestExternalId || text.size() > kLongestExternalId)
                    problem(at, "is too short or too long", "2 to 1224 characters");
                target.external_id = text;
            }
        }
        if (target.region.empty() && !members.contains("region"))
            problem(json_pointer(place, "region"), "is missing", "us-east-1");
        if (target.role_arn.empty() && !target.external_id.empty())
            problem(json_pointer(place, "external_id"), "is for a role, and there is no role_arn", "");
        return target;
    }

    /// One event must not deploy one service twice.
    void find_the_same(const std::vector<DeploymentTarget>& all) {
        for (std::size_t i = 0; i < all.size(); ++i)
            for (std::size_t k = 0; k < i; ++k)
                if (all[i].region == all[k].region && all[i].account == all[k].account &&
                    all[i].cluster == all[k].cluster)
                    problem(json_pointer("", all[i].name), fmt::format("is the same place as {}", all[k].name),
                            "another region, account or cluster");
    }

    std::vector<TargetProblem> problems_;
};

}  // namespace

const DeploymentTarget* DeploymentTargets::find(std::string_view name) const {
    const auto found = std::ranges::find(all, name, &DeploymentTarget::name);
    return found == all.end() ? nullptr : &*found;
}

std::string DeploymentTargets::names() const {
    std::vector<std::string> each;
    each.reserve(all.size());
    for (const auto& target : all) each.push_back(target.name);
    return join(each, ", ");
}

Error no_such_target(const DeploymentTargets& targets, std::string_view name) {
    return {.kind = ErrorKind::kConfiguration,
            .message = fmt::format("there is no deployment target {}; there are: {}", shown(name),
                                   targets.all.empty() ? "none" : targets.names())};
}

std::expected<std::vector<DeploymentTarget>, std::vector<TargetProblem>> parse_targets(std::string_view json) {
    TargetReader reader;
    const auto written = parse_json(trim(json));
    if (!written || !written->is_object()) {
        reader.problem("", written ? fmt::format("is {}", type_name(*written)) : written.error().message,
                       R"({"us":{"region":"us-east-1"}})");
        return std::unexpected(std::move(reader).problems());
    }
    auto targets = reader.read(*written);
    if (reader.has_problems()) return std::unexpected(std::move(reader).problems());
    return targets;
}

}  // namespace ci_lambda
