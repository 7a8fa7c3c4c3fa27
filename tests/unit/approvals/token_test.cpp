#include "approvals/token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/base64.hpp"
#include "net/hmac.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

const WallTime kNow{seconds{1'790'000'000}};
constexpr std::string_view kEnvironment = "shop/dev";

ApprovalKeys keys(const std::string& current = "k1-0123456789012345678901234567890123",
                  const std::string& previous = {}) {
    return {.current = Secret(current), .previous = previous.empty() ? std::nullopt : std::optional(Secret(previous))};
}

Approval approval() {
    return {.environment = std::string(kEnvironment),
            .target = "eu",
            .service = ServiceId("api"),
            .issued = kNow,
            .expires = kNow + hours{4},
            .request = R"({"s":"api","why":"\"quoted\""})",
            .running = "ecs-svc/7",
            .content = "sha256:0"};
}

std::string token(const Approval& of = approval()) { return sign(of, keys()).value(); }

Result<Approval> opened(std::string_view text, WallTime now = kNow) {
    return open_token(text, keys(), kEnvironment, now);
}

TEST(ApprovalToken, BringsBackWhatWasSigned) {
    EXPECT_EQ(opened(token()).value(), approval());
    const Approval hook{.environment = std::string(kEnvironment),
                        .service = ServiceId("api"),
                        .issued = kNow,
                        .expires = kNow + hours{1},
                        .service_deployment = "arn:aws:ecs:us-east-1:123456789012:service-deployment/c/s/x",
                        .hook = "ecs-pause-1"};
    EXPECT_EQ(opened(token(hook)).value(), hook);
    EXPECT_TRUE(opened(token(hook))->is_of_hook());
    EXPECT_EQ(opened("  " + token() + "\n").value(), approval()) << "as it comes from a pipe";
}

TEST(ApprovalToken, CanBeReadAfterItsTimeAndOpenedNoMore) {
    const auto late = kNow + hours{5};
    EXPECT_FALSE(opened(token(), late));
    EXPECT_EQ(read_token(token(), keys(), kEnvironment).value(), approval());
    EXPECT_FALSE(read_token(token(), keys("k2-0123456789012345678901234567890123"), kEnvironment));
    EXPECT_FALSE(read_token(token(), keys(), "shop/prod"));
    EXPECT_TRUE(long_id_of(approval()).starts_with(id_of(approval())));
    EXPECT_EQ(long_id_of(approval()).size(), 24U);
}

TEST(ApprovalToken, CanStandInAUrlAsItIs) {
    EXPECT_EQ(token().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."),
              std::string::npos);
}

TEST(ApprovalToken, IsRefusedWithAnyOfItsBitsChanged) {
    const auto good = token();
    for (std::size_t i = 0; i < good.size(); ++i)
        for (const unsigned bit : {0U, 1U, 2U, 3U, 4U, 5U, 6U}) {
            auto changed = good;
            changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ (1U << bit));
            const auto read = opened(changed);
            ASSERT_FALSE(read) << "byte " << i << ", bit " << bit;
            EXPECT_EQ(read.error().kind, ErrorKind::kInvalidEvent);
        }
}

TEST(ApprovalToken, IsRefusedWhereItIsCutOrIsNone) {
    const auto good = token();
    for (std::size_t length = 0; length < good.size(); ++length) EXPECT_FALSE(opened(good.substr(0, length)));
    for (const auto* text : {"", ".", "..", "ca1..", "ca1.e30.", "ca1.e30.AAAA", "hello", "ca1.a.b.c"})
        EXPECT_THAT(opened(text).error().message,
                    ::testing::AnyOf(HasSubstr("no approval token"), HasSubstr("not signed with our key")));
    EXPECT_FALSE(opened(std::string(100'000, 'a')));
}

TEST(ApprovalToken, IsOfOneEnvironment) {
    const auto read = open_token(token(), keys(), "shop/prod", kNow);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, "the approval token is of shop/dev, and this is shop/prod");
}

TEST(ApprovalToken, Expires) {
    EXPECT_TRUE(opened(token(), kNow + hours{4} - seconds{1}));
    const auto read = opened(token(), kNow + hours{4});
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message, HasSubstr("has expired at 2026-09-21 18:13 UTC"));
}

TEST(ApprovalToken, IsGoodUnderTheKeyBeforeWhileKeysAreChanged) {
    const std::string next(40, 'n');
    const auto old = token();
    const auto with_both = keys(next, keys().current.reveal());
    EXPECT_TRUE(open_token(old, with_both, kEnvironment, kNow));
    EXPECT_TRUE(open_token(sign(approval(), with_both).value(), keys(next), kEnvironment, kNow));
    EXPECT_FALSE(open_token(old, keys(next), kEnvironment, kNow));
    EXPECT_FALSE(sign(approval(), {.current = Secret("")})) << "nothing is signed without a key";
    EXPECT_FALSE(open_token(old, {.current = Secret("")}, kEnvironment, kNow));
}

TEST(ApprovalToken, HasOneIdForOneChangeWheneverItIsAsked) {
    auto later = approval();
    later.issued += hours{1};
    later.expires += hours{1};
    later.request = R"({"s":"api","why":"another event"})";
    EXPECT_EQ(id_of(later), id_of(approval()));
    std::set<std::string> ids{id_of(approval())};
    for (const auto member : {&Approval::environment, &Approval::target, &Approval::running, &Approval::content,
                              &Approval::service_deployment, &Approval::hook}) {
        auto other = approval();
        other.*member += "1";
        EXPECT_TRUE(ids.insert(id_of(other)).second);
        EXPECT_THAT(id_of(other), ::testing::MatchesRegex("[0-9a-f]{8}"));
    }
}

TEST(ApprovalToken, HasACodeThatItDoesNotSay) {
    const auto code = code_of(token(), keys()).value();
    EXPECT_EQ(code.size(), 11U);
    EXPECT_EQ(code[5], '-');
    EXPECT_EQ(code.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ-"), std::string::npos);
    EXPECT_EQ(code_of(token(), keys()).value(), code);
    EXPECT_NE(code_of(token(), keys(std::string(40, 'x'))).value(), code);
    EXPECT_NE(code_of(token() + "x", keys()).value(), code);
    EXPECT_FALSE(code_of(token(), {.current = Secret("")}));
}

TEST(ApprovalToken, KnowsItsCodeAsAPersonTypesIt) {
    const auto known = [](std::string_view text) { return is_code_of(token(), text, keys()).value(); };
    const auto code = code_of(token(), keys()).value();
    auto lower = code;
    for (auto& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    auto letters = code;
    letters.erase(5, 1);
    auto alike = code;
    for (auto& c : alike) c = c == '0' ? 'o' : c == '1' ? 'l' : c;
    for (const auto& good : {code, lower, letters, alike, " " + code + " ", code.substr(0, 5) + " " + code.substr(6)})
        EXPECT_TRUE(known(good)) << good;
    for (const auto& bad : {std::string(), std::string("-"), code + "0", code.substr(1), code.substr(0, 10),
                            std::string(5000, '0'), code_of(token(), keys(std::string(40, 'x'))).value()})
        EXPECT_FALSE(known(bad)) << bad;
    for (std::size_t i = 0; i < code.size(); ++i) {
        auto changed = code;
        changed[i] = changed[i] == 'Z' ? 'Y' : 'Z';
        EXPECT_FALSE(known(changed)) << changed;
    }
    const auto next = keys(std::string(40, 'n'), keys().current.reveal());
    EXPECT_TRUE(is_code_of(token(), code, next).value()) << "while keys are changed";
    EXPECT_FALSE(is_code_of(token(), code, {.current = Secret("")}).value());
}

TEST(ApprovalAnswer, BringsBackWhoHasAnsweredAndIsNoToken) {
    const ApprovalAnswer answer{.token = token(),
                                .approved = true,
                                .by = {.channel = Approver::Channel::kSlack, .id = "U123", .name = "alice"},
                                .at = kNow,
                                .reply_to = "https://hooks.slack.example/actions/1"};
    const auto signed_answer = sign(answer, keys()).value();
    EXPECT_EQ(open_answer(signed_answer, keys(), kNow + minutes{15}).value(), answer);
    EXPECT_FALSE(open_answer(signed_answer, keys(), kNow + minutes{16}));
    EXPECT_FALSE(open_answer(signed_answer, keys(), kNow - minutes{2}));
    EXPECT_FALSE(open_answer(token(), keys(), kNow));
    EXPECT_FALSE(opened(signed_answer));
    // The payload of the one under the name of the other.
    EXPECT_FALSE(opened("ca1" + signed_answer.substr(3)));
    EXPECT_FALSE(open_answer("cb1" + token().substr(3), keys(), kNow));
}

TEST(ApprovalAnswer, SaysWhoItWasAsFarAsThatIsKnown) {
    using enum Approver::Channel;
    EXPECT_EQ(in_words(Approver{.channel = kSlack, .id = "U1", .name = "alice"}), "alice (Slack)");
    EXPECT_EQ(in_words(Approver{.channel = kSlack, .id = "U1"}), "U1 (Slack)");
    EXPECT_EQ(in_words(Approver{.channel = kPage}), "somebody with link and code");
    EXPECT_EQ(in_words(Approver{.channel = kIam, .id = "arn:aws:iam::1:user/alice"}), "arn:aws:iam::1:user/alice");
    EXPECT_EQ(in_words(Approver{}), "a request");
    EXPECT_EQ(in_words(Approver{.channel = kSlack, .id = "U1", .name = "a\nb"}), "a b (Slack)");
}

// RFC 4231, test cases 1, 2 and 6.
TEST(KeptApproval, BringsBackWhatWasApprovedAndIsNothingElse) {
    const KeptApproval kept{.environment = std::string(kEnvironment),
                            .target = "eu",
                            .service = ServiceId("api"),
                            .by = "alice (Slack)",
                            .running = "ecs-svc/7",
                            .content = "sha256:0",
                            .at = kNow};
    const auto text = sign(kept, keys()).value();
    EXPECT_EQ(open_kept(text, keys(), kEnvironment, kNow + hours{24}).value(), kept);
    EXPECT_FALSE(open_kept(text, keys(), "shop/prod", kNow));
    EXPECT_FALSE(open_kept(text, keys("k2-0123456789012345678901234567890123"), kEnvironment, kNow));
    EXPECT_FALSE(open_kept(text, keys(), kEnvironment, kNow + std::chrono::days{8})) << "nothing waits for so long";
    EXPECT_FALSE(open_token(text, keys(), kEnvironment, kNow));
    EXPECT_FALSE(open_answer(text, keys(), kNow));
    // What a message shows to everybody who may read it approves nothing.
    EXPECT_FALSE(open_kept(token(), keys(), kEnvironment, kNow));
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto changed = text;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        const auto read = open_kept(changed, keys(), kEnvironment, kNow);
        EXPECT_FALSE(read && *read != kept) << i;
    }
}

TEST(Hmac, IsThatOfTheStandard) {
    const auto hex = [](std::string_view key, std::string_view text) {
        std::string digits;
        const auto code = hmac_sha256(key, text).value();
        for (const auto byte : code) digits += fmt::format("{:02x}", byte);
        return digits;
    };
    EXPECT_EQ(hex(std::string(20, '\x0b'), "Hi There"),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hex("Jefe", "what do ya want for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// RFC 4648, section 10.
TEST(Base64, IsThatOfTheStandard) {
    for (const auto& [bytes, text] :
         {std::pair("", ""), std::pair("f", "Zg"), std::pair("fo", "Zm8"), std::pair("foo", "Zm9v"),
          std::pair("foob", "Zm9vYg"), std::pair("fooba", "Zm9vYmE"), std::pair("foobar", "Zm9vYmFy")}) {
        EXPECT_EQ(encode_base64url(bytes), text);
        EXPECT_EQ(decode_base64url(text), bytes);
        std::string padded = text;
        while (padded.size() % 4 != 0) padded += '=';
        EXPECT_EQ(decode_base64(padded), bytes);
    }
    EXPECT_EQ(encode_base64url("\xfb\xff\xfe"), "-__-");
    EXPECT_EQ(decode_base64("+//+"), "\xfb\xff\xfe");
}

TEST(Base64, HasOneEncodingForEachText) {
    for (const auto* text : {"Zh", "Z", "Zg=", "Zg==", "Zm9", "Zm 8", "Zm8\n", "+/"})
        EXPECT_EQ(decode_base64url(text), std::nullopt) << text;
    for (const auto* text : {"Zg", "Zh==", "Z===", "====", "=Zm8", "-_8="})
        EXPECT_EQ(decode_base64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace ci_lambda::testing
