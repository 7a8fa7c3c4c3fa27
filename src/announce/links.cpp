#include "announce/links.hpp"

#include <fmt/format.h>

#include <string_view>

namespace ci_lambda {
namespace {

std::string_view console_of(std::string_view region) {
    if (region.starts_with("cn-")) return "console.amazonaws.cn";
    if (region.starts_with("us-gov-")) return "console.amazonaws-us-gov.com";
    return "console.aws.amazon.com";
}

}  // namespace

ServiceId service_of(const Notification& notification) {
    return ServiceId(notification.service.substr(0, notification.service.find(' ')));
}

std::optional<Link> console_link(const EcsTarget& target) {
    if (target.region.empty() || !is_valid_service_id(target.cluster.str()) ||
        !is_valid_service_id(target.service.str()))
        return std::nullopt;
    return Link{.title = "Service in the console",
                .url = fmt::format("https://{0}.{1}/ecs/v2/clusters/{2}/services/{3}/health?region={0}", target.region,
                                   console_of(target.region), target.cluster, target.service)};
}

}  // namespace ci_lambda
