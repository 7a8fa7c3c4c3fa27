#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

// The calls of AWS CodeDeploy that we use (API version 2014-10-06), as far as they are about ECS. Each method is one
// call, or the pages of one list; nothing is retried in here. Errors carry CodeDeploy's own code and words.

/// A deployment group, which deploys one service.
struct CodeDeployGroup {
    std::string application;
    std::string group;

    [[nodiscard]] std::string str() const { return application + '/' + group; }
    friend auto operator<=>(const CodeDeployGroup&, const CodeDeployGroup&) = default;
};

/// `status` of a deployment (API reference, DeploymentInfo). An open list.
enum class CodeDeployStatus {
    kUnknown,
    kCreated,
    kQueued,
    kInProgress,
    kBaking,
    kReady,  ///< green is there, and somebody has to say that the traffic may move
    kSucceeded,
    kFailed,
    kStopped
};

/// Not over.
[[nodiscard]] bool is_running(CodeDeployStatus status);
/// Of CodeDeploy's name of it.
[[nodiscard]] CodeDeployStatus parse_code_deploy_status(std::string_view name);
/// `InProgress`, ..
[[nodiscard]] std::string_view to_string(CodeDeployStatus status);

/// What a deployment brings: the AppSpec, where CodeDeploy was given one.
struct CodeDeployRevision {
    std::string type;     ///< AppSpecContent, S3, ..
    std::string content;  ///< the AppSpec, JSON or YAML; empty where CodeDeploy does not say
    std::string sha256;   ///< of it
};

struct CodeDeployDeployment {
    std::string id;  ///< `d-..`
    CodeDeployGroup group;
    CodeDeployStatus status = CodeDeployStatus::kUnknown;
    std::string description;
    std::string creator;  ///< user, codeDeployRollback, CloudFormation, ..; an open list
    CodeDeployRevision revision;
    std::string configuration;  ///< name: CodeDeployDefault.ECSAllAtOnce
    WallTime created_at{};
    std::optional<WallTime> started_at;
    std::optional<WallTime> completed_at;
    // errorInformation: HEALTH_CONSTRAINTS, MANUAL_STOP, ..; an open list
    std::string error_code;
    std::string error_message;
    // rollbackInfo:
    std::string rollback_id;  ///< of the deployment that brings back what ran before; empty as long as there is none
    std::string rolls_back;   ///< this one brings back what ran before that one
    std::string rollback_message;
    bool goes_back_on_failure = false;          ///< autoRollbackConfiguration
    bool goes_back_on_stop = false;             ///< the same, for one that an alarm or somebody stops
    bool waits_for_termination = false;         ///< all of the traffic has moved; what ran before is kept for a while
    Milliseconds keeps_old_for{0};              ///< how long
    std::optional<Milliseconds> waits_for_yes;  ///< how long it is Ready before it is stopped; absent: it does not wait

    /// It brings back what ran before another one: CodeDeploy's own rollback.
    [[nodiscard]] bool is_rollback() const { return !rolls_back.empty() || creator == "codeDeployRollback"; }
};

struct CodeDeployGroupInfo {
    CodeDeployGroup group;
    struct Service {
        ClusterName cluster;
        EcsServiceName service;
        friend bool operator==(const Service&, const Service&) = default;
    };
    std::vector<Service> services;
    CodeDeployRevision target;    ///< what was deployed last
    std::string last_attempted;   ///< deployment id; empty for none
    std::string last_successful;  ///< the same
    bool goes_back_on_failure = false;
    std::vector<std::string> rollback_events;  ///< DEPLOYMENT_FAILURE, ..; empty where automatic rollbacks are off
};

/// How the traffic moves.
struct CodeDeployTraffic {
    enum class Kind { kAllAtOnce, kCanary, kLinear };
    Kind kind = Kind::kAllAtOnce;
    double percent = 100;  ///< canary: the first step; linear: each
    Milliseconds interval{0};
};

/// How far a deployment is with its service (GetDeploymentTarget).
struct CodeDeployProgress {
    struct Stage {
        std::string name;    ///< BeforeInstall, Install, ..
        std::string status;  ///< Pending, InProgress, Succeeded, Failed, ..
        std::optional<WallTime> started_at;
        std::optional<WallTime> ended_at;
        std::string message;  ///< why it failed
    };
    std::vector<Stage> stages;
    std::optional<double> green_percent;  ///< of the production traffic, that the new tasks have
};

struct NewCodeDeployment {
    CodeDeployGroup group;
    std::string description;  ///< at most 512 characters
    std::string app_spec;     ///< JSON or YAML
    /// `autoRollbackConfiguration.events`, instead of the group's; empty: as the group has it.
    std::vector<std::string> rollback_events = {};
};

/// CodeDeploy takes no longer descriptions (API reference, CreateDeployment).
inline constexpr std::size_t kLongestDescription = 512;

class CodeDeployApi {
public:
    CodeDeployApi() = default;
    CodeDeployApi(const CodeDeployApi&) = delete;
    CodeDeployApi& operator=(const CodeDeployApi&) = delete;
    virtual ~CodeDeployApi() = default;

    /// NOT idempotent, and without a token; the deployment's id. kBusy (DeploymentLimitExceededException) while another
    /// one of the group is running.
    virtual Result<std::string> create_deployment(const NewCodeDeployment& deployment, Deadline deadline) = 0;
    /// kNotFound when there is none.
    virtual Result<CodeDeployDeployment> deployment(const std::string& id, Deadline deadline) = 0;
    /// Those that CodeDeploy knows, at most 25 of them (API reference, BatchGetDeployments).
    virtual Result<std::vector<CodeDeployDeployment>> deployments(const std::vector<std::string>& ids,
                                                                  Deadline deadline) = 0;
    /// Ids of one page of the group's, in CodeDeploy's order, which no page of AWS's documentation tells; only of those
    /// that are not over yet, where `running` says so.
    virtual Result<std::vector<std::string>> list_deployments(const CodeDeployGroup& group, bool running,
                                                              Deadline deadline) = 0;
    virtual Result<CodeDeployGroupInfo> deployment_group(const CodeDeployGroup& group, Deadline deadline) = 0;
    /// The groups of all applications for ECS: three lists, page by page.
    virtual Result<std::vector<CodeDeployGroupInfo>> all_groups(Deadline deadline) = 0;
    virtual Result<CodeDeployTraffic> configuration(const std::string& name, Deadline deadline) = 0;
    virtual Result<CodeDeployProgress> progress(const std::string& id, const ClusterName& cluster,
                                                const EcsServiceName& service, Deadline deadline) = 0;
    /// The AppSpec of a revision of which CodeDeploy said the hash alone.
    virtual Result<CodeDeployRevision> application_revision(const std::string& application,
                                                            const CodeDeployRevision& revision, Deadline deadline) = 0;
    /// Ends a deployment; what ran before is brought back by another one. kRejected
    /// (DeploymentAlreadyCompletedException) when it is over.
    virtual Status stop_and_roll_back(const std::string& id, Deadline deadline) = 0;
};

}  // namespace ci_lambda
