#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "approvals/token.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/approval.hpp"
#include "config/config.hpp"
#include "deployer/gate/gate.hpp"
#include "services/ecr/api.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// Closed until a person has approved exactly what would run, on top of exactly what runs. Whatever has changed since
/// closes it again: nothing that nobody saw is deployed.
class ApprovalGate final : public Gate {
public:
    struct Options {
        std::string environment;  ///< `PROJECT/ENVIRONMENT`
        std::string target;       ///< the deployment target; empty where there is one only
        std::string url = {};     ///< of the function; empty: there is no page
        bool by_page = false;     ///< the page takes an answer
    };
    /// Whatever is passed in must outlive it. `settings` is read anew each time.
    ApprovalGate(Options options, const ApprovalSettings& settings, EcsApi& ecs, EcrRegions& registries,
                 const Clock& clock)
        : options_(std::move(options)), settings_(settings), ecs_(ecs), registries_(registries), clock_(clock) {}

    /// Fails where what would run cannot be read.
    [[nodiscard]] Result<std::optional<Barrier>> barrier(const DeploymentRequest& request,
                                                         const PlannedDeployment& planned, Deadline deadline) override;

private:
    /// What would run, as far as it can be known before.
    struct Subject {
        std::string content;                        ///< hash of the task definition, with its images by digest
        std::string definition;                     ///< JSON
        std::map<std::string, std::string> images;  ///< by the containers' names, with digests where ECR says them
    };
    [[nodiscard]] bool is_approved_before(const DeploymentRequest& request, const std::string& running,
                                          const std::string& content, const ApprovalKeys& keys) const;
    [[nodiscard]] Result<Subject> subject_of(const DeploymentRequest& request, const PlannedDeployment& planned,
                                             Deadline deadline);
    [[nodiscard]] Result<std::string> with_digest(const std::string& image, const std::vector<PushedImage>& pushed,
                                                  Deadline deadline);
    [[nodiscard]] std::vector<std::string> details_of(const PlannedDeployment& planned, const Subject& subject,
                                                      Deadline deadline);
    [[nodiscard]] std::string commit_of(const std::string& image, Deadline deadline);

    Options options_;
    const ApprovalSettings& settings_;
    EcsApi& ecs_;
    EcrRegions& registries_;
    const Clock& clock_;
};

/// Of this configuration.
[[nodiscard]] ApprovalGate::Options approval_options(const Config& config);

/// What people need to answer a token.
struct TokenWays {
    std::string page = {};  ///< the URL of the page that shows it; empty: there is none
    std::string code = {};  ///< for that page; empty: it only shows
};
[[nodiscard]] Result<TokenWays> ways_of(const std::string& token, const ApprovalGate::Options& options,
                                        const ApprovalKeys& keys);

/// What tokens are good for: `PROJECT/ENVIRONMENT`.
[[nodiscard]] std::string environment_of(const Config& config);

/// The keys that the configuration has. Fails (kConfiguration) without any.
[[nodiscard]] Result<ApprovalKeys> keys_of(const ApprovalSettings& settings);

}  // namespace ci_lambda
