// Any text as each part of a call by HTTP (they are divided by tabs), also under a good signature of Slack's: what the
// function answers, and that nothing is handed on which nobody has signed.

#include <array>
#include <chrono>

#include "base/json.hpp"
#include "door/door.hpp"
#include "fuzz/support.hpp"
#include "net/hmac.hpp"

namespace ci_lambda::fuzzing {
namespace {

constexpr std::string_view kSigningSecret = "8f742231b10e8888abcd99yyyzzz85a5";
constexpr std::string_view kStamp = "1790000000";
const WallTime kNow{std::chrono::seconds{1'790'000'000}};

DoorSettings settings_of_door() {
    return {.url = "https://x.example",
            .environment = "shop/dev",
            .keys = ApprovalKeys{.current = Secret(std::string(40, 'k'))},
            .slack_signing_secret = Secret(std::string(kSigningSecret)),
            .by_page = true};
}

HttpCall call_of(std::string_view input) {
    auto parts = split(input, '\t');
    parts.resize(8);
    return {.method = parts[0].empty() ? "POST" : parts[0],
            .path = parts[1].empty() ? "/slack" : parts[1],
            .query = parts[2],
            .headers = {{"content-type", parts[3].empty() ? "application/x-www-form-urlencoded" : parts[3]},
                        {"x-slack-request-timestamp", parts[4]},
                        {"x-slack-signature", parts[5]},
                        {"origin", parts[6]}},
            .body = parts[7]};
}

/// As Slack would sign it.
HttpCall signed_call(HttpCall call) {
    const auto code = hmac_sha256(kSigningSecret, fmt::format("v0:{}:{}", kStamp, call.body)).value();
    std::string signature = "v0=";
    for (const auto byte : code) signature += fmt::format("{:02x}", byte);
    call.headers["x-slack-request-timestamp"] = kStamp;
    call.headers["x-slack-signature"] = signature;
    return call;
}

void check(const DoorStep& step) {
    constexpr std::array kStatuses{200, 202, 400, 401, 403, 404, 405, 413, 415};
    require(std::ranges::find(kStatuses, step.answer.status) != kStatuses.end(), "the status is one of ours");
    const auto json = parse_json(to_json(step.answer));
    require(json.has_value(), "the answer is JSON", to_json(step.answer));
    require(is_utf8(step.answer.body), "the body is valid UTF-8", step.answer.body);
    require(!step.answer.body.contains("<script"), "nobody's markup is in the page", step.answer.body);
    for (const auto& [name, value] : step.answer.headers) require(is_one_line(value), "a header is one line", value);
}

}  // namespace
}  // namespace ci_lambda::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ci_lambda;
    using namespace ci_lambda::fuzzing;
    const auto call = call_of(text_of(data, size));
    const auto step = answer_call(call, settings_of_door(), kNow);
    check(step);
    require(!step.hand_over, "what nobody has signed is not handed on");
    const auto pressed = answer_call(signed_call(call), settings_of_door(), kNow);
    check(pressed);
    if (pressed.hand_over) {
        const auto event = parse_json(pressed.hand_over->event);
        require(event && find_string(*event, "approval_answer").has_value(),
                "an answer is handed on, and nothing else");
    }
    return 0;
}
