#include <algorithm>
#include <array>
#include <string_view>

#include "approvals/token.hpp"
#include "base/text.hpp"
#include "cli/reports.hpp"
#include "cli/verbs.hpp"
#include "deployer/approve/approval_gate.hpp"

// `approve` and `reject`: what a person says to what waits for them, as whoever AWS says that they are.

namespace ci_lambda::cli {
namespace {

bool went_well(const Handled& handled) {
    constexpr std::array<std::string_view, 4> kGood{"rejected", "continued", "dry_run", "deployed"};
    return !handled.error &&
           (std::ranges::find(kGood, handled.answer.status) != kGood.end() || all_done(handled.answer, true));
}

template <typename Wanted>
int answer(const Wanted& command, Session& session, bool approved) {
    AppOptions options;
    if (command.dry_run) options.dry_run = true;
    const auto app = session.open(command.log, std::move(options));
    if (!app) return session.failed(app.error());
    if (command.log == LogFormat::kSentences) (*app)->logger().set_level(LogLevel::kError);
    const auto keys = keys_of((*app)->config().approval);
    if (!keys) return session.failed(keys.error());
    auto token = command.token;
    if (token == "-") {
        auto read = session.event(token);
        if (!read) return session.failed(read.error());
        token = std::string(trim(*read));
    }
    // What is wrong with it is told before anybody is asked.
    const auto approval = open_token(token, *keys, environment_of((*app)->config()), session.clock().now());
    if (!approval) return session.failed(approval.error());
    auto caller = session.caller();
    if (!caller) return session.failed(caller.error());
    const auto text = sign({.token = token,
                            .approved = approved,
                            .by = {.channel = Approver::Channel::kIam, .id = *std::move(caller), .name = {}},
                            .at = session.clock().now(),
                            .reply_to = {}},
                           *keys);
    if (!text) return session.failed(text.error());
    const Event event{.envelope = {},
                      .body = ApprovalEvent{
                          .what = ApprovalEvent::What::kAnswer, .token = *text, .reason = command.reason.value_or("")}};
    const auto handled = (*app)->handle(event, Deadline::none());
    const bool good = went_well(handled);
    if (command.json || !handled.answer.deployments.empty())
        say(session.console(), handled.answer, command.json);
    else if (good)
        session.console().print(handled.answer.detail);
    else
        session.console().complain(handled.answer.detail);
    return good ? kDone : kFailed;
}

}  // namespace

int execute(const ApproveCommand& command, Session& session) { return answer(command, session, true); }

int execute(const RejectCommand& command, Session& session) { return answer(command, session, false); }

}  // namespace ci_lambda::cli
