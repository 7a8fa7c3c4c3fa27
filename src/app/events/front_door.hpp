#pragma once

#include <string>

#include "app/answer.hpp"
#include "app/foundation.hpp"
#include "config/config.hpp"
#include "door/door.hpp"
#include "events/event.hpp"
#include "services/lambda/client.hpp"
#include "services/notify/slack_reply.hpp"

namespace ci_lambda {

/// What the configuration says about calls by HTTP.
[[nodiscard]] DoorSettings door_settings(const Config& config);

/// Whether what is pressed in Slack reaches the function: then messages may have buttons.
[[nodiscard]] bool has_buttons(const Config& config);

/// Answers whoever calls the function by HTTP, and hands on what is to be carried out: the function invokes itself, as
/// Slack waits three seconds and a browser not much longer. One for all deployment targets.
class FrontDoor {
public:
    /// All must outlive it.
    FrontDoor(const Config& config, Foundation& foundation, HttpClient& http);

    /// Never an error of the invocation, which would be a 502 for whoever calls. `function`: the ARN by which this one
    /// was invoked; empty where nobody knows it, and nothing can be handed on.
    [[nodiscard]] Handled answer(const HttpCall& call, const std::string& function, Deadline deadline);

private:
    Status hand_on(const HandOver& hand_over, const std::string& function, Deadline deadline);
    /// What the call gets whose answer could not be handed on.
    HttpAnswer tell_lost(const HandOver& hand_over, Deadline deadline);

    Foundation& foundation_;
    DoorSettings settings_;
    LambdaClient lambda_;
    SlackReplies replies_;
};

}  // namespace ci_lambda
