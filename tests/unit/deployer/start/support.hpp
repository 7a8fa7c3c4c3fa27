#pragma once

#include <fmt/format.h>

#include <chrono>
#include <regex>
#include <string>
#include <vector>

#include "deployer/start/deployer.hpp"
#include "support/fake_ecr.hpp"
#include "support/fake_ecs.hpp"
#include "support/fake_gate.hpp"
#include "support/fakes.hpp"
#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {

inline Error throttled() { return {.kind = ErrorKind::kThrottled, .message = "ThrottlingException: Rate exceeded"}; }

inline Deploy deploy_of(const std::vector<std::string>& ids) {
    Deploy deploy;
    for (const auto& id : ids) deploy.requests.push_back({.target = target(id), .reason = "a test wants it"});
    return deploy;
}

inline std::string digest(char digit) { return "sha256:" + std::string(64, digit); }

/// What a push of this tag, and an image with this digest, wants of api; so long after `start()`.
inline DeploymentRequest request_of_push(const std::string& repository, const std::string& tag, char digit,
                                         std::chrono::seconds after, ImageMode mode) {
    auto request = deploy_of({"api"}).requests[0];
    request.reason = fmt::format("image {}:{} was pushed", repository, tag);
    request.changed_at = start() + after;
    request.images = {{.repository = repository,
                       .tag = tag,
                       .digest = digest(digit),
                       .account = "123456789012",
                       .region = "us-east-1",
                       .at = start() + after}};
    request.images_alone = true;
    request.image_mode = mode;
    return request;
}

class DeployerTest : public ::testing::Test {
protected:
    std::vector<DeploymentReport> run(const Deploy& deploy, const Deployer::Options& options = {},
                                      Deadline deadline = Deadline::none()) {
        Deployer deployer(options, ecs_, ecr_, observer_, memory_, revision_images_, gate_, clock_, sleeper_,
                          log_.logger);
        return deployer.deploy(deploy, deadline);
    }
    DeploymentReport run_one(const Deployer::Options& options = {}, Deadline deadline = Deadline::none()) {
        return run(deploy_of({"api"}), options, deadline).at(0);
    }
    /// How many log lines a CloudWatch Logs Insights query would find (`like /x/` is case-sensitive).
    [[nodiscard]] int lines_like(const std::string& message, const std::string& rest) const {
        int found = 0;
        for (const auto& line : log_.sink.lines())
            if (std::regex_search(line, std::regex("\"message\":\"[^\"]*" + message)) && line.contains(rest)) ++found;
        return found;
    }

    FakeEcs ecs_;
    FakeEcr ecr_;
    FakeClock clock_;
    FakeSleeper sleeper_{clock_};
    RecordingLog log_;
    RolloutObserver observer_{ecs_, clock_, sleeper_, log_.logger};
    RolloutMemory memory_;
    RevisionImages revision_images_{ecs_, log_.logger};
    FakeGate gate_;
};

}  // namespace ci_lambda::testing
