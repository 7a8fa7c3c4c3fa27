#pragma once

#include <string>
#include <vector>

#include "app/answer.hpp"

namespace ci_lambda {

/// What became of one event in one of several deployment targets.
struct TargetHandled {
    std::string target;  ///< its name
    Handled handled;
};

/// Nothing was done in this target; `why` in a sentence.
[[nodiscard]] Handled not_deployed_in(const std::string& target, const std::string& why);

/// One answer for all of them, each by its name. Who had nothing to do with the event says nothing, unless none had;
/// what all say alike is said once. An event that only some of the targets cannot act upon (they have no such service)
/// is no failure; one that failed somewhere is, so that it comes again: the others then answer it as before. Of a
/// queue those messages come again that failed anywhere. Needs at least one.
[[nodiscard]] Handled joint_answer(std::vector<TargetHandled> all);

/// Whether what was deployed in a target allows the next one in the order to follow. A service whose newest revision
/// was rolled back before does not: it runs something older.
struct Standing {
    std::string why = {};                   ///< why not: "api rolled back"; empty where it does
    bool going = false;                     ///< nothing has failed: it is under way, or is tried again with the event
    std::vector<ServiceId> unhealthy = {};  ///< the services that failed; none where somebody else deploys
};
[[nodiscard]] Standing standing_of(const Handled& handled);

}  // namespace ci_lambda
