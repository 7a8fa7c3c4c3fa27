#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "deployer/gate/gate.hpp"

namespace ci_lambda::testing {

/// Open, unless a test says otherwise.
class FakeGate final : public Gate {
public:
    Result<std::optional<Barrier>> barrier(const DeploymentRequest& request, const PlannedDeployment& planned,
                                           Deadline /*deadline*/) override {
        const std::lock_guard lock(mutex_);
        asked.push_back(planned);
        asked.back().service = nullptr;  // it does not live that long
        return answer ? answer(request, planned) : Result<std::optional<Barrier>>(std::nullopt);
    }

    std::function<Result<std::optional<Barrier>>(const DeploymentRequest&, const PlannedDeployment&)> answer;
    std::vector<PlannedDeployment> asked;

private:
    std::mutex mutex_;
};

}  // namespace ci_lambda::testing
