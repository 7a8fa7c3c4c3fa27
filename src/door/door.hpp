#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "approvals/token.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "events/event.hpp"

namespace ci_lambda {

// The way by HTTP to what waits for an approval: Slack's buttons, and a page that shows the request. What comes in is
// anybody's, so nothing is believed that is not signed, and nothing here acts: a good answer is signed anew and handed
// on to another invocation of the function. Pure.
//
// `POST /slack`    the buttons (docs.slack.dev, "Verifying requests from Slack", "Handling user interaction")
// `GET /approve`   the page; changes nothing, as machines open links: unfurlers, scanners of mail
// `POST /approve`  the page's form, where the configuration lets anybody with link and code approve

/// What whoever calls gets. Header names in lower case.
struct HttpAnswer {
    int status = 200;
    std::map<std::string, std::string> headers = {};
    std::string body = {};
    friend bool operator==(const HttpAnswer&, const HttpAnswer&) = default;
};

/// `{"statusCode":200,"headers":{..},"body":".."}`, as function URLs and HTTP APIs take it from a function.
[[nodiscard]] std::string to_json(const HttpAnswer& answer);

struct DoorSettings {
    std::string url;                                  ///< FUNCTION_URL; empty: the door is closed
    std::string environment;                          ///< `PROJECT/ENVIRONMENT`
    std::optional<ApprovalKeys> keys = {};            ///< absent: nothing is approved here
    std::optional<Secret> slack_signing_secret = {};  ///< absent: there are no buttons
    bool by_page = false;                             ///< link and code are enough to approve by the page
};

/// An answer to an approval on its way to the invocation that carries it out.
struct HandOver {
    std::string event;       ///< `{"approval_answer":"cb1.."}`
    std::string reply_to;    ///< Slack's `response_url`; empty for none
    std::string if_lost;     ///< what the person is told where it cannot be handed on
    HttpAnswer lost_answer;  ///< and what the call gets then
};

/// What comes of a call.
struct DoorStep {
    HttpAnswer answer;        ///< once it is handed on, where there is anything to hand on
    std::string words;        ///< for the log: what was asked, or why it was refused
    bool suspicious = false;  ///< a forged, old or cross-site request: no mistake of a person with a browser
    std::optional<HandOver> hand_over = {};
};

[[nodiscard]] DoorStep answer_call(const HttpCall& call, const DoorSettings& settings, WallTime now);

/// The page that shows a request: `URL/approve?t=TOKEN`.
[[nodiscard]] std::string approval_link(std::string_view url, std::string_view token);

/// How far Slack's clock and ours may be apart (docs.slack.dev, "Verifying requests from Slack").
inline constexpr std::chrono::minutes kSlackWindow{5};

}  // namespace ci_lambda
