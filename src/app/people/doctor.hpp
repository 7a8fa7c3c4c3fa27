#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/app.hpp"

namespace ci_lambda {

/// One thing that the doctor looked at.
struct Finding {
    enum class Verdict { kOk, kNote, kBad };
    Verdict verdict = Verdict::kOk;
    std::string subject;  ///< "credentials", "service api"
    std::string detail;   ///< what was found, or what is wrong and what to do
};

/// `ok`, `note`, `bad`.
[[nodiscard]] std::string_view to_string(Finding::Verdict verdict);

/// For machines: `{"healthy":true,"findings":[{"verdict":"ok","subject":"cluster ..","detail":".."}]}`.
[[nodiscard]] std::string findings_json(const std::vector<Finding>& findings);

/// Looks at everything that a deployment needs, and changes nothing: credentials, the webhook, the cluster, every known
/// service, its task definition family, its deployment controller, and whether the images that it runs, and those that
/// a rollback would bring back, are still there; with ROLLBACK_ON_FAILURE also what a rollback
/// needs; what approvals need, and whether FUNCTION_URL is answered by this function. Known are the ids that the
/// configuration names and, where names follow a pattern, the cluster's services that match it. Each finding is handed
/// over as it is made; true when none was bad.
[[nodiscard]] bool examine(App& app, const Clock& clock, const std::function<void(const Finding&)>& report);

}  // namespace ci_lambda
