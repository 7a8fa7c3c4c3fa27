#include "cli/each_service.hpp"
#include "cli/verbs.hpp"

// `continue` and `stop`: what a person says to a rollout that is under way.

namespace ci_lambda::cli {
namespace {

template <typename Wanted>
int steer_all(const Wanted& command, Session& session, const Steer& what) {
    return for_each_service(command, session, [&](App& app, const EcsTarget& target) {
        auto one = what;
        one.target = target;
        return app.steer(one, Deadline::none());
    });
}

}  // namespace

int execute(const ContinueCommand& command, Session& session) {
    return steer_all(command, session,
                     {.what = Steer::What::kContinue, .target = {}, .reason = command.reason.value_or("")});
}

int execute(const StopCommand& command, Session& session) {
    return steer_all(command, session,
                     {.what = Steer::What::kStop,
                      .target = {},
                      .rollback = command.rollback,
                      .reason = command.reason.value_or("")});
}

}  // namespace ci_lambda::cli
