#pragma once

#include <fmt/format.h>

#include <compare>
#include <string>
#include <utility>

namespace ci_lambda {

/// A string that cannot be mixed up with another kind of string.
template <typename Tag>
class Name {
public:
    Name() = default;
    explicit Name(std::string value) : value_(std::move(value)) {}

    [[nodiscard]] const std::string& str() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }
    friend auto operator<=>(const Name&, const Name&) = default;

private:
    std::string value_;
};

/// The project's own id of a service: `backend`, `api`. Canonical: see `Names::canonical()`.
using ServiceId = Name<struct ServiceIdTag>;
/// A service's name in ECS: `shop_service_api_dev`.
using EcsServiceName = Name<struct EcsServiceNameTag>;
/// An ECS cluster's name: `shop_cluster_dev`.
using ClusterName = Name<struct ClusterNameTag>;
/// A task definition family: `shop_service_api_dev`.
using TaskFamily = Name<struct TaskFamilyTag>;
/// What UpdateService takes as a task definition: `family:42`, an ARN, or a bare family.
using TaskDefinition = Name<struct TaskDefinitionTag>;

/// A name in one of several groups: a schedule's in its schedule group, a rule's on its event bus.
struct GroupedName {
    std::string group = "default";  ///< AWS's own, where nobody has made another
    std::string name;

    /// `NAME`, or `GROUP/NAME` of another group than AWS's own.
    [[nodiscard]] std::string str() const { return group == "default" ? name : group + '/' + name; }
    friend auto operator<=>(const GroupedName&, const GroupedName&) = default;
};

}  // namespace ci_lambda

template <typename Tag>
struct fmt::formatter<ci_lambda::Name<Tag>> : fmt::formatter<std::string_view> {
    template <typename Context>
    auto format(const ci_lambda::Name<Tag>& name, Context& context) const {
        return fmt::formatter<std::string_view>::format(name.str(), context);
    }
};

template <typename Tag>
struct std::hash<ci_lambda::Name<Tag>> {
    std::size_t operator()(const ci_lambda::Name<Tag>& name) const noexcept {
        return std::hash<std::string>{}(name.str());
    }
};
