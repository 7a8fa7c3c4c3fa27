#pragma once

// Private to config/: the variables that hold JSON.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "config/config.hpp"
#include "config/service_task.hpp"

namespace ci_lambda {

/// Reads the JSON of one variable. Everything that is wrong is collected, so that a person can repair it all at once;
/// the texts name the place inside the JSON ("\"api\"[0]: \"key\" must be a string") but not the variable.
/// What the readers return is complete only if there were no problems.
class MapReader {
public:
    /// `backend_name` (BACKEND_SERVICE_NAME) is one of the spellings of the backend's id; may be empty.
    explicit MapReader(std::string_view backend_name) : backend_name_(backend_name) {}

    /// ECS_SERVICE_MAP.
    [[nodiscard]] std::map<ServiceId, Names::MapEntry> services(std::string_view json);
    /// ECR_REPO_MAP.
    [[nodiscard]] std::map<std::string, std::vector<ServiceId>> repositories(std::string_view json);
    /// SSM_SERVICE_MAP; the keys lose the slashes at their ends.
    [[nodiscard]] std::map<std::string, std::vector<ServiceId>> prefixes(std::string_view json);
    /// SERVICE_CONFIG or S3_SERVICE_MAP, merged into `files`.
    void files(std::string_view json, std::map<S3File, std::vector<ServiceId>>& files);
    /// AUTO_DEPLOY_MAP.
    [[nodiscard]] std::map<ServiceId, bool> switches(std::string_view json);
    /// SCHEDULED_TASK_MAP. The ids may do without their `task:`.
    [[nodiscard]] ScheduledTasks scheduled_tasks(std::string_view json);
    /// ECR_TAG_FILTER, which need not be JSON: a list with commas between the patterns is for all services.
    [[nodiscard]] TagFilters tag_filters(std::string_view text);

    /// VERIFY_ALARMS, which need not be JSON: names with commas between them are for all services.
    void verify_alarms(std::string_view text, VerifySettings& verify);
    /// VERIFY_URLS.
    void verify_urls(std::string_view json, VerifySettings& verify);

    /// What was wrong with the JSON read so far.
    [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

private:
    /// A list for all services, or an object with lists by service.
    template <typename List, typename Read>
    void verify_lists(std::string_view json, VerifySettings& verify, std::optional<List> VerifyWish::* member,
                      Read read);

    std::string backend_name_;
    std::vector<std::string> problems_;
};

/// Everything that the maps say.
struct Maps {
    std::map<ServiceId, Names::MapEntry> services;
    std::map<std::string, std::vector<ServiceId>> repositories;
    std::map<std::string, std::vector<ServiceId>> prefixes;
    std::map<S3File, std::vector<ServiceId>> files;
    std::map<ServiceId, bool> auto_deploy;
    std::map<ServiceId, ImageMode> image_modes;
    std::map<ServiceId, WantedStrategy> strategies;
    TagFilters tag_filters;
    ScheduledTasks scheduled_tasks;
    VerifySettings verify;
    std::map<ServiceId, ApprovalWish> approval;
    std::map<ServiceId, ServiceTask> tasks_before;
    std::map<ServiceId, ServiceTask> tasks_after;
    HoldSettings holds;
    NotifySettings notify;
};

/// The other maps may name tasks, too: what they say of them is put into the tasks, and taken out there. Returns the
/// tasks that they name and that do not exist, by the variable that names them.
[[nodiscard]] std::map<std::string_view, std::set<ServiceId>> take_out_tasks(Maps& maps);

/// The key of ECR_TAG_FILTER, VERIFY_ALARMS and VERIFY_URLS for the services that have no entry of their own.
inline constexpr std::string_view kDefaultTags = "default";

/// A path of parameters without the slashes at its ends; `nullopt` for one with an empty segment.
[[nodiscard]] std::optional<std::string> parameter_prefix(std::string_view text);

/// Sorted, and each once.
void sort_unique(std::vector<ServiceId>& ids);

}  // namespace ci_lambda
