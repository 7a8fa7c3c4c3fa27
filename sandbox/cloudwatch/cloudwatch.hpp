#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/json.hpp"
#include "sandbox/aws/site.hpp"
#include "sandbox/shop/shop.hpp"

namespace ci_lambda::sandbox {

/// The alarms of CloudWatch (version 2010-08-01, AWS JSON 1.0), which are set off by hand: there are no metrics behind
/// them. Of the operations it knows DescribeAlarms by names. Thread-safe. The clock must outlive it.
class CloudWatch {
public:
    /// `names`: alarms that there are from the beginning, OK.
    CloudWatch(const Clock& clock, const std::vector<std::string>& names, Site site = shop::home());

    /// An alarm goes off, or is over; one that is not there is made. Nothing changes where it is so already.
    void set(const std::string& name, bool is_on);
    /// These are in ALARM now, and no others.
    void follow(const std::vector<std::string>& in_alarm);

    [[nodiscard]] AwsAnswer handle(std::string_view operation, std::string_view body);
    /// `{"shop-5xx":"OK"}`
    [[nodiscard]] std::string page() const;

private:
    struct Alarm {
        bool is_on = false;
        WallTime since{};
    };
    void put(const std::string& name, bool is_on);
    [[nodiscard]] AwsResult<nlohmann::json> describe(const nlohmann::json& request) const;

    const Clock& clock_;
    const Site site_;
    mutable std::mutex mutex_;
    std::map<std::string, Alarm> alarms_;
};

}  // namespace ci_lambda::sandbox
