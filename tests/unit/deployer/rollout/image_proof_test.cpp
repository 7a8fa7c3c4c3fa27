#include "deployer/rollout/image_proof.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;
using Found = ImageProof::Found;
using Image = EcsServiceRevision::Image;

constexpr const char* kShopApi = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api";

std::string digest_of_all_of(char digit) { return "sha256:" + std::string(64, digit); }

PushedImage pushed(char digit, const std::string& tag = "v2") {
    return {.repository = "shop/api",
            .tag = tag,
            .digest = digit == 0 ? "" : digest_of_all_of(digit),
            .account = "123456789012",
            .region = "us-east-1",
            .at = WallTime{std::chrono::hours{1}}};
}
Image app(char digit, const std::string& tag = "v2") {
    return {.container = "app", .image = kShopApi + (":" + tag), .digest = digit == 0 ? "" : digest_of_all_of(digit)};
}
const Image kFluentBit{
    .container = "log", .image = "public.ecr.aws/fluent-bit:stable", .digest = digest_of_all_of('9')};

TEST(ImageProof, SaysWhetherWhatWasPushedIsWhatRuns) {
    const struct {
        std::string what;
        std::vector<PushedImage> pushed;
        RunningImages running;
        Found found;
    } cases[] = {
        {"it runs", {pushed('a')}, {{app('a'), kFluentBit}, {}}, Found::kPushed},
        {"it runs by another tag", {pushed('a')}, {{app('a', "latest")}, {}}, Found::kPushed},
        {"another one runs by the same tag", {pushed('a')}, {{app('b')}, {}}, Found::kAnother},
        {"it runs in all tasks", {pushed('a')}, {{app('a')}, {app('a')}}, Found::kPushed},
        {"only tasks can be read", {pushed('a')}, {{}, {app('a'), kFluentBit}}, Found::kPushed},
        {"only tasks can be read, and run another one", {pushed('a')}, {{}, {app('b')}}, Found::kAnother},
        {"ECS resolved nothing, tasks run it", {pushed('a')}, {{app(0)}, {app('a')}}, Found::kPushed},
        {"ECS resolved nothing, one task runs another",
         {pushed('a')},
         {{app(0)}, {app('a'), app('b')}},
         Found::kAnother},
        {"ECS resolved it, one task runs another", {pushed('a')}, {{app('a')}, {app('a'), app('b')}}, Found::kAnother},
        {"all tasks report the platform's own digest", {pushed('a')}, {{app('a')}, {app('c')}}, Found::kPushed},
        {"tasks are not running yet", {pushed('a')}, {{app(0)}, {}}, Found::kNothing},
        {"ECS says nothing", {pushed('a')}, {{}, {}}, Found::kNothing},
        {"the event said no digest", {pushed(0)}, {{app('b')}, {app('b')}}, Found::kNothing},
        {"nothing was pushed", {}, {{app('b')}, {app('b')}}, Found::kNothing},
        {"nothing runs of the repository", {pushed('a')}, {{kFluentBit}, {kFluentBit}}, Found::kNothing},
    };
    for (const auto& one : cases) EXPECT_EQ(prove(one.pushed, one.running).found, one.found) << one.what;
}

TEST(ImageProof, OfTwoPushesTheLastOneMustRun) {
    auto later = pushed('b', "v3");
    later.at += std::chrono::minutes{1};
    for (const auto& both : {std::vector{pushed('a'), later}, std::vector{later, pushed('a')}}) {
        EXPECT_EQ(prove(both, {{app('b', "v3")}, {}}).found, Found::kPushed);
        EXPECT_EQ(prove(both, {{app('a')}, {}}).found, Found::kAnother);
    }
}

TEST(ImageProof, ARepositoryOfTheSameNameElsewhereIsAnotherOne) {
    auto elsewhere = pushed('a');
    elsewhere.account = "999999999999";
    EXPECT_EQ(prove({elsewhere}, {{app('b')}, {}}).found, Found::kNothing);
}

TEST(ImageProof, EveryContainerOfTheRepositoryCounts) {
    auto worker = app('b', "v1");
    worker.container = "worker";
    EXPECT_EQ(prove({pushed('a')}, {{app('a'), worker}, {}}).words,
              "runs shop/api:v1 (sha256:bbbbbbbbbbbb), not shop/api:v2 (sha256:aaaaaaaaaaaa), which was pushed");
}

TEST(ImagesInWords, AreTagAndDigestWithAllTagsThatAreKnown) {
    EXPECT_EQ(in_words({app('a')}), "v2@sha256:aaaaaaaaaaaa");
    EXPECT_EQ(in_words({app(0)}), "v2");
    EXPECT_EQ(in_words({app('a'), kFluentBit}), "app=v2@sha256:aaaaaaaaaaaa, log=stable@sha256:999999999999");
    EXPECT_EQ(in_words({app('a')}, {pushed('a', "latest"), pushed('b', "v1"), pushed('a')}),
              "v2,latest@sha256:aaaaaaaaaaaa");
    EXPECT_EQ(in_words(std::vector<Image>{}), "");
}

}  // namespace
}  // namespace ci_lambda::testing
