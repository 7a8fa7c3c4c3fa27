#include "door/door.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <functional>
#include <set>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "net/hmac.hpp"
#include "net/sha256.hpp"
#include "net/url.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

const WallTime kNow{seconds{1'790'000'000}};
constexpr std::string_view kSigningSecret = "8f742231b10e8888abcd99yyyzzz85a5";
constexpr std::string_view kUrl = "https://abc123.lambda-url.us-east-1.on.aws";

ApprovalKeys keys() { return {.current = Secret(std::string(40, 'k'))}; }

DoorSettings settings() {
    return {.url = std::string(kUrl),
            .environment = "shop/dev",
            .keys = keys(),
            .slack_signing_secret = Secret(std::string(kSigningSecret))};
}

DoorSettings by_page() {
    auto open = settings();
    open.by_page = true;
    return open;
}

Approval approval() {
    return {.environment = "shop/dev",
            .target = "eu",
            .service = ServiceId("api"),
            .issued = kNow,
            .expires = kNow + hours{4},
            .request = R"({"s":"api","why":"image <b>shop_api</b>:v7 was pushed & \"quoted\"",)"
                       R"("img":[{"r":"shop_api","t":"v7","d":"sha256:0123","at":1}],"m":"revision"})",
            .running = "ecs-svc/7",
            .content = "sha256:0"};
}

std::string token(const Approval& of = approval()) { return sign(of, keys()).value(); }

std::string signature(std::string_view stamp, std::string_view body, std::string_view secret = kSigningSecret) {
    std::string text = "v0=";
    const auto code = hmac_sha256(secret, fmt::format("v0:{}:{}", stamp, body)).value();
    for (const auto byte : code) text += fmt::format("{:02x}", byte);
    return text;
}

HttpCall get(const std::string& path, const std::string& query = {}) {
    return {.method = "GET", .path = path, .query = query};
}

HttpCall form(const std::string& path, std::string body) {
    return {.method = "POST",
            .path = path,
            .query = {},
            .headers = {{"content-type", "application/x-www-form-urlencoded"}},
            .body = std::move(body)};
}

/// As Slack sends it at this time.
HttpCall slack(const Json& payload, WallTime at = kNow) {
    auto call = form("/slack", "payload=" + escape_component(dump_json(payload)));
    const auto stamp = fmt::format("{}", std::chrono::duration_cast<seconds>(at.time_since_epoch()).count());
    call.headers["x-slack-request-timestamp"] = stamp;
    call.headers["x-slack-signature"] = signature(stamp, call.body);
    return call;
}

Json press(const std::string& action, const std::string& value) {
    return {{"type", "block_actions"},
            {"user", {{"id", "U123"}, {"username", "alice"}, {"name", "alice"}}},
            {"response_url", "https://hooks.slack.com/actions/T1/2/3"},
            {"actions", {{{"type", "button"}, {"action_id", action}, {"value", value}}}}};
}

std::string page_form(const std::string& the_token, const std::string& code, const std::string& answer = "approve") {
    return fmt::format("t={}&code={}&answer={}", the_token, escape_component(code), answer);
}

/// The answer that is handed on, where it is signed with our key.
ApprovalAnswer handed(const DoorStep& step) {
    const auto event = parse_json(step.hand_over.value().event).value();
    EXPECT_EQ(event.size(), 1U);
    return open_answer(find_string(event, "approval_answer").value(), keys(), kNow).value();
}

// docs.slack.dev, "Verifying requests from Slack".
TEST(DoorSlack, ChecksTheSignatureOfSlacksOwnExample) {
    auto call = form("/slack",
                     "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
                     "channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
                     "response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%"
                     "2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c");
    call.headers["x-slack-request-timestamp"] = "1531420618";
    call.headers["x-slack-signature"] = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const auto step = answer_call(call, settings(), WallTime{seconds{1531420618}});
    EXPECT_EQ(step.answer.status, 400) << "signed, but without a payload";
    call.body += "x";
    EXPECT_EQ(answer_call(call, settings(), WallTime{seconds{1531420618}}).answer.status, 401);
}

TEST(DoorSlack, HandsOnWhoHasPressedWhatUnderASignatureOfOurs) {
    for (const bool approved : {true, false}) {
        const auto step = answer_call(slack(press(approved ? "approve" : "reject", token())), settings(), kNow);
        EXPECT_EQ(step.answer.status, 200);
        EXPECT_EQ(step.answer.body, "");
        EXPECT_FALSE(step.suspicious);
        EXPECT_EQ(handed(step),
                  (ApprovalAnswer{.token = token(),
                                  .approved = approved,
                                  .by = {.channel = Approver::Channel::kSlack, .id = "U123", .name = "alice"},
                                  .at = kNow,
                                  .reply_to = "https://hooks.slack.com/actions/T1/2/3"}));
        EXPECT_EQ(step.words, approved ? "alice (Slack) approves" : "alice (Slack) rejects");
        EXPECT_EQ(step.hand_over->lost_answer.status, 500) << "Slack shows whoever pressed it that it did not work";
    }
}

TEST(DoorSlack, TakesATimestampOfFiveMinutesBothWaysAndNoMore) {
    for (const auto& [away, status] :
         {std::pair(minutes{0}, 200), std::pair(minutes{5}, 200), std::pair(minutes{-5}, 200),
          std::pair(minutes{6}, 401), std::pair(minutes{-6}, 401)}) {
        const auto step = answer_call(slack(press("approve", token()), kNow + away), settings(), kNow);
        EXPECT_EQ(step.answer.status, status) << away.count();
        EXPECT_EQ(step.hand_over.has_value(), status == 200);
        EXPECT_EQ(step.suspicious, status != 200);
    }
}

TEST(DoorSlack, RefusesWhatIsNotSignedBySlack) {
    const auto good = slack(press("approve", token()));
    const auto stamp = std::string(good.header("x-slack-request-timestamp"));
    struct Row {
        std::string name;
        std::function<void(HttpCall&)> change;
    };
    for (const auto& [name, change] : {
             Row{"no signature", [](auto& call) { call.headers.erase("x-slack-signature"); }},
             Row{"an empty one", [](auto& call) { call.headers["x-slack-signature"] = ""; }},
             Row{"of another secret",
                 [&](auto& call) { call.headers["x-slack-signature"] = signature(stamp, call.body, "another"); }},
             Row{"in capitals",
                 [](auto& call) {
                     auto& text = call.headers["x-slack-signature"];
                     for (auto& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
                 }},
             Row{"cut", [](auto& call) { call.headers["x-slack-signature"].pop_back(); }},
             Row{"another body", [](auto& call) { call.body += "&x=1"; }},
             Row{"no timestamp", [](auto& call) { call.headers.erase("x-slack-request-timestamp"); }},
             Row{"a timestamp of another second",
                 [](auto& call) { call.headers["x-slack-request-timestamp"] = "1790000001"; }},
             Row{"a timestamp that no clock shows",
                 [](auto& call) { call.headers["x-slack-request-timestamp"] = "17900000090"; }},
             Row{"a timestamp that is no number",
                 [](auto& call) { call.headers["x-slack-request-timestamp"] = "soon"; }},
             Row{"a timestamp with a sign", [](auto& call) { call.headers["x-slack-request-timestamp"] = "-1"; }},
             Row{"an enormous timestamp",
                 [](auto& call) { call.headers["x-slack-request-timestamp"] = "18446744073709551615"; }},
         }) {
        auto call = good;
        change(call);
        const auto step = answer_call(call, settings(), kNow);
        EXPECT_EQ(step.answer.status, 401) << name;
        EXPECT_FALSE(step.hand_over) << name;
        EXPECT_TRUE(step.suspicious) << name;
    }
}

TEST(DoorSlack, RefusesASignatureWithAnyOfItsBitsChanged) {
    const auto good = slack(press("approve", token()));
    const std::string text(good.header("x-slack-signature"));
    for (std::size_t i = 0; i < text.size(); ++i)
        for (unsigned bit = 0; bit < 8; ++bit) {
            auto call = good;
            call.headers["x-slack-signature"][i] = static_cast<char>(static_cast<unsigned char>(text[i]) ^ (1U << bit));
            ASSERT_EQ(answer_call(call, settings(), kNow).answer.status, 401) << i << " " << bit;
        }
}

TEST(DoorSlack, AcknowledgesWhatIsNoneOfOurButtonsAndHandsNothingOn) {
    auto of_nobody = press("approve", token());
    of_nobody.erase("user");
    for (const auto& payload :
         {Json{{"type", "view_submission"}}, Json::object(), Json::array(), press("open_page", "x"),
          press("approve", ""), Json{{"type", "block_actions"}}, Json{{"type", "block_actions"}, {"actions", "x"}},
          Json{{"type", "block_actions"}, {"actions", {1, nullptr, "x", Json::array()}}}, of_nobody}) {
        const auto step = answer_call(slack(payload), settings(), kNow);
        EXPECT_EQ(step.answer.status, 200) << dump_json(payload);
        EXPECT_EQ(step.answer.body, "");
        EXPECT_FALSE(step.hand_over) << dump_json(payload);
    }
}

TEST(DoorSlack, HandsOnAHundredReplaysAsOneAndTheSameAnswer) {
    // Which of them is carried out is for the service's state to say; none of them says more than the first.
    std::set<std::string> events;
    for (int i = 0; i < 100; ++i) {
        const auto step = answer_call(slack(press("approve", token())), settings(), kNow);
        events.insert(step.hand_over.value().event);
    }
    EXPECT_EQ(events.size(), 1U);
}

TEST(DoorPage, ShowsTheRequestAndChangesNothing) {
    const auto step = answer_call(get("/approve", "t=" + token()), settings(), kNow);
    EXPECT_EQ(step.answer.status, 200);
    EXPECT_FALSE(step.hand_over);
    for (const auto* text : {"shop/dev", "<dd>api</dd>", "<dd>eu</dd>", "shop_api:v7@sha256:0123", "ecs-svc/7",
                             "2026-09-21 18:13 UTC", "press the button below the message in Slack"})
        EXPECT_THAT(step.answer.body, HasSubstr(text));
    EXPECT_THAT(step.answer.body, HasSubstr("<pre>ci_lambda approve " + token()));
    EXPECT_THAT(step.answer.body,
                HasSubstr("image &lt;b&gt;shop_api&lt;/b&gt;:v7 was pushed &amp; &quot;quoted&quot;"));
    EXPECT_THAT(step.answer.body, Not(HasSubstr("<form")));
    EXPECT_THAT(step.answer.body, Not(HasSubstr("<script")));
    EXPECT_THAT(step.answer.body, Not(HasSubstr(code_of(token(), keys()).value())))
        << "the link alone approves nothing";
}

TEST(DoorPage, HasNoFormThatActsUnlessTheConfigurationAllowsIt) {
    EXPECT_THAT(answer_call(get("/approve", "t=" + token()), by_page(), kNow).answer.body,
                AllOf(HasSubstr("<form method=\"post\""), HasSubstr("name=\"code\""),
                      Not(HasSubstr(code_of(token(), keys()).value()))));
    const auto step =
        answer_call(form("/approve", page_form(token(), code_of(token(), keys()).value())), settings(), kNow);
    EXPECT_EQ(step.answer.status, 403);
    EXPECT_FALSE(step.hand_over);
    EXPECT_THAT(step.answer.body, HasSubstr("ci_lambda approve"));
}

TEST(DoorPage, IsKeptByNobodyAndShownInNoFrame) {
    for (const auto& open : {settings(), by_page()})
        for (const auto* query : {"t=nonsense", ""}) {
            const auto answer = answer_call(get("/approve", query), open, kNow).answer;
            EXPECT_EQ(answer.status, 400);
            EXPECT_THAT(answer.headers, Contains(Pair("cache-control", "no-store")));
            EXPECT_THAT(answer.headers, Contains(Pair("x-frame-options", "DENY")));
            EXPECT_THAT(answer.headers, Contains(Pair("referrer-policy", "no-referrer")));
            EXPECT_THAT(answer.headers, Contains(Pair("x-content-type-options", "nosniff")));
            EXPECT_THAT(answer.headers, Contains(Pair("x-robots-tag", "noindex, nofollow")));
            EXPECT_THAT(answer.headers,
                        Contains(Pair("content-security-policy",
                                      AllOf(HasSubstr("default-src 'none'"), HasSubstr("frame-ancestors 'none'"),
                                            HasSubstr("base-uri 'none'"), HasSubstr("form-action 'none'")))));
        }
    // Else the browser would call the page's own origin "null", and the form would be refused.
    EXPECT_THAT(answer_call(get("/approve", "t=" + token()), by_page(), kNow).answer.headers,
                Contains(Pair("referrer-policy", "same-origin")));
}

TEST(DoorPage, AllowsItsOwnStyleByItsHash) {
    const auto answer = answer_call(get("/approve", "t=" + token()), settings(), kNow).answer;
    const auto begin = answer.body.find("<style>") + std::string("<style>").size();
    const auto style = answer.body.substr(begin, answer.body.find("</style>") - begin);
    const auto digits = sha256_digest_of(style).substr(std::string_view("sha256:").size());
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2)
        bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
    auto text = encode_base64url(bytes);
    for (auto& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
    EXPECT_THAT(answer.headers.at("content-security-policy"), HasSubstr("style-src 'sha256-" + text + "='"));
}

TEST(DoorPage, AnswersHeadAsGetWithoutTheBody) {
    auto call = get("/approve", "t=" + token());
    const auto with_body = answer_call(call, settings(), kNow).answer;
    call.method = "HEAD";
    const auto answer = answer_call(call, settings(), kNow).answer;
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers, with_body.headers);
    EXPECT_THAT(answer.body, IsEmpty());
}

TEST(DoorPage, RefusesATokenThatIsNotGood) {
    auto elsewhere = approval();
    elsewhere.environment = "shop/prod";
    auto old = approval();
    old.expires = kNow;
    auto changed = token();
    changed[20] = changed[20] == 'A' ? 'B' : 'A';
    for (const auto& bad : {changed, token(elsewhere), token(old), std::string("<script>"), std::string(50'000, 'a')}) {
        const auto shown = answer_call(get("/approve", "t=" + bad), by_page(), kNow);
        EXPECT_EQ(shown.answer.status, 400);
        EXPECT_THAT(shown.answer.body, Not(HasSubstr("<script>")));
        const auto posted =
            answer_call(form("/approve", page_form(bad, code_of(bad, keys()).value())), by_page(), kNow);
        EXPECT_EQ(posted.answer.status, 400);
        EXPECT_FALSE(posted.hand_over);
    }
    EXPECT_THAT(answer_call(get("/approve", "t=" + token(old)), by_page(), kNow).answer.body,
                HasSubstr("has expired at"));
}

TEST(DoorPage, ApprovesWithLinkAndCode) {
    const auto code = code_of(token(), keys()).value();
    for (const bool approved : {true, false})
        for (const auto& typed : {code, std::string(to_lower(code)), replace_all(code, "-", ""), " " + code + " "}) {
            auto call = form("/approve", page_form(token(), typed, approved ? "approve" : "reject"));
            call.headers["origin"] = kUrl;
            call.headers["sec-fetch-site"] = "same-origin";
            const auto step = answer_call(call, by_page(), kNow);
            EXPECT_EQ(step.answer.status, 202) << typed;
            EXPECT_EQ(
                handed(step),
                (ApprovalAnswer{
                    .token = token(), .approved = approved, .by = {.channel = Approver::Channel::kPage}, .at = kNow}));
            EXPECT_EQ(step.hand_over->lost_answer.status, 503);
        }
}

TEST(DoorPage, RefusesAFormThatIsNotWhole) {
    const auto code = code_of(token(), keys()).value();
    struct Row {
        std::string body;
        int status;
    };
    for (const auto& [body, status] :
         {Row{page_form(token(), ""), 403}, Row{page_form(token(), "00000-00000"), 403},
          Row{page_form(token(), code.substr(0, code.size() - 1)), 403}, Row{page_form(token(), code + "0"), 403},
          Row{page_form(token(), std::string(10'000, 'A')), 403}, Row{page_form("", code), 400},
          Row{"code=" + code + "&answer=approve", 400}, Row{page_form(token(), code, "maybe"), 400},
          Row{page_form(token(), code, ""), 400}, Row{"t=" + token() + "&code=" + code, 400}, Row{"", 400},
          Row{"&&&==&t", 400}}) {
        const auto step = answer_call(form("/approve", body), by_page(), kNow);
        EXPECT_EQ(step.answer.status, status) << body;
        EXPECT_FALSE(step.hand_over) << body;
    }
    // The token of the link counts for nothing where the form has none.
    auto call = form("/approve", "code=" + code + "&answer=approve");
    call.query = "t=" + token();
    EXPECT_EQ(answer_call(call, by_page(), kNow).answer.status, 400);
}

TEST(DoorPage, RefusesTheFormOfAnotherSite) {
    const auto body = page_form(token(), code_of(token(), keys()).value());
    struct Row {
        std::string origin;
        std::string site;
        int status;
    };
    for (const auto& [origin, site, status] :
         {Row{"", "", 202}, Row{std::string(kUrl), "same-origin", 202}, Row{"", "none", 202},
          Row{"HTTPS://ABC123.lambda-url.us-east-1.on.aws", "", 202}, Row{"https://evil.example", "", 403},
          Row{"null", "", 403}, Row{"", "cross-site", 403}, Row{"", "same-site", 403},
          Row{std::string(kUrl), "cross-site", 403}, Row{std::string(kUrl) + ".evil.example", "", 403},
          Row{"http://abc123.lambda-url.us-east-1.on.aws", "", 403}, Row{"https://evil.example", "same-origin", 403}}) {
        auto call = form("/approve", body);
        if (!origin.empty()) call.headers["origin"] = origin;
        if (!site.empty()) call.headers["sec-fetch-site"] = site;
        const auto step = answer_call(call, by_page(), kNow);
        EXPECT_EQ(step.answer.status, status) << origin << " " << site;
        EXPECT_EQ(step.hand_over.has_value(), status == 202);
    }
}

TEST(Door, SaysWhatIsWrongWithACall) {
    const auto with = [](HttpCall call, auto change) {
        change(call);
        return call;
    };
    struct Row {
        HttpCall call;
        int status;
        std::string allow = {};
    };
    for (const auto& [call, status, allow] :
         {Row{get("/"), 404}, Row{get(""), 404}, Row{get("/approved"), 404}, Row{get("/slack/x"), 404},
          Row{get("/slack"), 405, "POST"}, Row{with(get("/slack"), [](auto& c) { c.method = "HEAD"; }), 405, "POST"},
          Row{with(get("/approve"), [](auto& c) { c.method = "DELETE"; }), 405, "GET, HEAD, POST"},
          Row{with(get("/approve"), [](auto& c) { c.method = ""; }), 405, "GET, HEAD, POST"},
          Row{with(form("/approve", "x"), [](auto& c) { c.headers["content-type"] = "application/json"; }), 415},
          Row{with(form("/slack", "x"), [](auto& c) { c.headers.clear(); }), 415},
          Row{with(form("/slack", ""), [](auto& c) { c.is_too_large = true; }), 413},
          Row{with(form("/approve", ""), [](auto& c) { c.is_too_large = true; }), 413},
          Row{with(form("/slack", ""), [](auto& c) { c.is_unreadable = true; }), 400},
          Row{with(form("/slack", "payload={}"), [](auto&) {}), 401}}) {
        const auto step = answer_call(call, by_page(), kNow);
        EXPECT_EQ(step.answer.status, status) << call.method << " " << call.path;
        EXPECT_FALSE(step.hand_over);
        EXPECT_EQ(step.answer.headers.contains("allow"), !allow.empty());
        if (!allow.empty()) {
            EXPECT_EQ(step.answer.headers.at("allow"), allow);
        }
        EXPECT_THAT(step.answer.headers, Contains(Pair("cache-control", "no-store")));
    }
    EXPECT_EQ(answer_call(
                  with(form("/slack", "x"),
                       [](auto& c) { c.headers["content-type"] = "Application/X-WWW-Form-Urlencoded; charset=utf-8"; }),
                  settings(), kNow)
                  .answer.status,
              401)
        << "a form, whatever it is called exactly";
}

TEST(Door, IsClosedWithoutAUrlOrKeysOrASigningSecret) {
    auto no_url = by_page();
    no_url.url = {};
    auto no_keys = by_page();
    no_keys.keys = std::nullopt;
    auto empty_key = by_page();
    empty_key.keys = ApprovalKeys{.current = Secret("")};
    for (const auto& closed : {no_url, no_keys, empty_key}) {
        EXPECT_EQ(answer_call(get("/approve", "t=" + token()), closed, kNow).answer.status, 404);
        EXPECT_EQ(answer_call(slack(press("approve", token())), closed, kNow).answer.status, 404);
    }
    auto no_slack = by_page();
    no_slack.slack_signing_secret = std::nullopt;
    EXPECT_EQ(answer_call(slack(press("approve", token())), no_slack, kNow).answer.status, 404);
    EXPECT_THAT(answer_call(get("/approve", "t=" + token()), no_slack, kNow).answer.body, Not(HasSubstr("Slack")));
}

TEST(Door, StandsBehindThePathOfItsUrl) {
    auto behind = settings();
    behind.url = "https://api.example.com/tools/deploy";
    for (const auto* path : {"/tools/deploy/approve", "/approve", "/approve/"})
        EXPECT_EQ(answer_call(get(path, "t=" + token()), behind, kNow).answer.status, 200) << path;
    for (const auto* path : {"/tools/approve", "/tools/deployapprove", "/x/approve"})
        EXPECT_EQ(answer_call(get(path, "t=" + token()), behind, kNow).answer.status, 404) << path;
    EXPECT_EQ(approval_link(behind.url, "ca1.x.y"), "https://api.example.com/tools/deploy/approve?t=ca1.x.y");
}

TEST(Door, WritesItsAnswerAsFunctionUrlsTakeIt) {
    EXPECT_EQ(to_json(HttpAnswer{.status = 405, .headers = {{"allow", "POST"}}, .body = "a \"b\"\n"}),
              R"({"body":"a \"b\"\n","headers":{"allow":"POST"},"statusCode":405})");
}

TEST(Door, ShowsAHookOfEcsToo) {
    const Approval hook{.environment = "shop/dev",
                        .service = ServiceId("api"),
                        .issued = kNow,
                        .expires = kNow + hours{1},
                        .service_deployment = "arn:aws:ecs:us-east-1:123456789012:service-deployment/c/s/Dep1",
                        .hook = "ecs-pause-1"};
    const auto step = answer_call(get("/approve", "t=" + token(hook)), settings(), kNow);
    EXPECT_EQ(step.answer.status, 200);
    EXPECT_THAT(step.answer.body, AllOf(HasSubstr("Let go on: api in shop/dev?"), HasSubstr("<dd>Dep1</dd>")));
}

}  // namespace
}  // namespace ci_lambda::testing
