#include "app/events/front_door.hpp"

#include <fmt/format.h>

#include "app/targets/wiring.hpp"
#include "base/text.hpp"
#include "deployer/approve/approval_gate.hpp"

namespace ci_lambda {
namespace {

/// Slack waits three seconds, the network and a cold start among them. Half of what is left is for telling whoever has
/// pressed that it did not work.
constexpr Milliseconds kHandingOn{1200};
constexpr Milliseconds kTelling{800};
constexpr std::size_t kLongestWords = 300;

Deadline at_most(Milliseconds time, Deadline deadline, const Clock& clock) {
    return Deadline::after(clock, deadline.clamp(clock, time));
}

}  // namespace

DoorSettings door_settings(const Config& config) {
    DoorSettings settings{.url = config.function_url.value_or(""),
                          .environment = environment_of(config),
                          .slack_signing_secret = config.slack_signing_secret,
                          .by_page = config.approval_by_page};
    if (auto keys = keys_of(config.approval)) settings.keys = *std::move(keys);
    return settings;
}

bool has_buttons(const Config& config) { return config.function_url && config.slack_signing_secret; }

FrontDoor::FrontDoor(const Config& config, Foundation& foundation, HttpClient& http)
    : foundation_(foundation),
      settings_(door_settings(config)),
      lambda_(endpoint_of(kLambdaService, config, foundation.environment), http, foundation.credentials,
              foundation.clock, foundation.sleeper, foundation.logger),
      replies_(http, foundation.clock, is_to_this_machine(config)) {}

Handled FrontDoor::answer(const HttpCall& call, const std::string& function, Deadline deadline) {
    auto step = answer_call(call, settings_, foundation_.clock.now());
    auto answer = std::move(step.answer);
    std::string lost;
    if (step.hand_over)
        if (const auto handed = hand_on(*step.hand_over, function, deadline); !handed) {
            lost = handed.error().message;
            answer = tell_lost(*step.hand_over, deadline);
        }
    std::vector<LogField> fields{{"method", one_line(call.method, kLongestWords)},
                                 {"path", one_line(call.path, kLongestWords)},
                                 {"source_ip", one_line(call.source_ip, kLongestWords)},
                                 {"http_status", answer.status},
                                 {"detail", one_line(step.words, kLongestWords)}};
    if (!lost.empty()) fields.emplace_back(log_key::kError, lost);
    const auto level = !lost.empty() ? LogLevel::kError : step.suspicious ? LogLevel::kWarn : LogLevel::kInfo;
    foundation_.logger.log(level, lost.empty() ? "call answered" : "call answered, but not handed on",
                           std::move(fields));
    return {.answer = {.status = "answered",
                       .detail = foundation_.redactor.redact(fmt::format("{}: {}", answer.status, step.words)),
                       .to_caller = to_json(answer)}};
}

Status FrontDoor::hand_on(const HandOver& hand_over, const std::string& function, Deadline deadline) {
    if (function.empty())
        return fail(ErrorKind::kInternal, "nobody knows the name of this function, which is to be invoked");
    return lambda_.invoke_later(function, hand_over.event, at_most(kHandingOn, deadline, foundation_.clock));
}

HttpAnswer FrontDoor::tell_lost(const HandOver& hand_over, Deadline deadline) {
    if (hand_over.reply_to.empty()) return hand_over.lost_answer;
    const auto told =
        replies_.tell(hand_over.reply_to, hand_over.if_lost, at_most(kTelling, deadline, foundation_.clock));
    // Whoever knows it need not be told by Slack, in fewer words, too.
    return told ? HttpAnswer{.status = 200} : hand_over.lost_answer;
}

}  // namespace ci_lambda
