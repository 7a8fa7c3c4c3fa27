#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/json.hpp"
#include "net/curl_http_client.hpp"
#include "services/ecs/client.hpp"
#include "services/ecs/decode.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/loopback_server.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTaskDefinition = R"({"taskDefinition":{"family":"api","revision":8,"taskDefinitionArn":"td:8",
    "containerDefinitions":[{"name":"app","image":"shop/api:v7","cpu":256,
        "environment":[{"name":"DB_PASSWORD","value":"hunter2-secret"}],
        "secrets":[{"name":"API_KEY","valueFrom":"arn:aws:ssm:r:1:parameter/secret"}],
        "command":["serve","--token=secret"],"entryPoint":["secret"],"dockerLabels":{"key":"secret"},
        "healthCheck":{"command":["curl","-u","secret"]},"someNewMember":{"of":"secret"},
        "logConfiguration":{"logDriver":"splunk","options":{"splunk-token":"secret"}}}]}})";

TEST(EcsBodyInLog, NamesTheVariablesOfATaskDefinitionAndShowsNoValue) {
    const auto shown = parse_json(ecs_body_in_log(kTaskDefinition));
    ASSERT_THAT(shown, IsOk());
    EXPECT_THAT(shown->dump(), Not(HasSubstr("secret\"")));
    const auto& definition = (*shown)["taskDefinition"];
    EXPECT_EQ(definition["taskDefinitionArn"], "td:8");
    const auto& container = definition["containerDefinitions"][0];
    EXPECT_EQ(container["name"], "app");
    EXPECT_EQ(container["image"], "shop/api:v7");
    EXPECT_EQ(container["environment"], Json::array({"DB_PASSWORD"}));
    EXPECT_EQ(container["secrets"], Json::array({"API_KEY"}));
    for (const auto* member :
         {"command", "entryPoint", "dockerLabels", "healthCheck", "someNewMember", "logConfiguration"})
        EXPECT_EQ(container[member], "***") << member;
}

TEST(EcsBodyInLog, HidesWhatServiceConnectAndOverridesMayHold) {
    const auto shown = ecs_body_in_log(R"({"services":[{"status":"ACTIVE","deployments":[{"serviceConnectConfiguration":
        {"logConfiguration":{"logDriver":"splunk","options":{"splunk-token":"topsecret"}}}}]}],
        "tasks":[{"overrides":{"containerOverrides":[{"name":"app","environment":[{"name":"A","value":"topsecret"}]}]}}],
        "environment":{"a":"topsecret"}})");
    EXPECT_THAT(shown, Not(HasSubstr("topsecret")));
    for (const auto* kept : {R"("status":"ACTIVE")", R"("logDriver":"splunk")", R"("environment":["A"])"})
        EXPECT_THAT(shown, HasSubstr(kept));
}

TEST(EcsBodyInLog, ShowsTheSizeOfWhatItCannotRead) {
    const std::string cut = std::string(kTaskDefinition).substr(0, 400);
    EXPECT_EQ(ecs_body_in_log(cut), "*** (400 bytes)");
    for (const std::string odd :
         {"[]", "7", "null", R"({"containerDefinitions":"x"})", R"({"containerDefinitions":[7]})",
          R"({"containerDefinitions":[{"environment":"topsecret"}]})",
          R"({"containerDefinitions":[{"environment":["topsecret",{"value":"topsecret"}]}]})"})
        EXPECT_THAT(ecs_body_in_log(odd), Not(HasSubstr("topsecret")));
}

TEST(EcsBodyInLog, KeepsTheEnvironmentOfACopiedTaskDefinitionOutOfTheDebugLog) {
    RecordingLog log;
    FakeSleeper sleeper{log.clock};
    FakeCredentials credentials;
    const LoopbackServer server([](const ServerRequest&) { return reply(200, kTaskDefinition); });
    CurlHttpClient http({}, log.clock, log.logger);
    EcsClient client({.region = "eu-west-1", .endpoint = server.url()}, http, credentials, log.clock, sleeper,
                     log.logger);
    ASSERT_THAT(client.register_pinned_copy({.arn = "rev:1", .task_definition = "td:8"}, TaskFamily("api-rollback"), {},
                                            Deadline::none()),
                IsOk());
    ASSERT_EQ(server.requests().size(), 2);
    EXPECT_THAT(server.requests().back().body, HasSubstr("hunter2-secret")) << "the copy must have it";
    EXPECT_THAT(log.sink.text(), HasSubstr("DB_PASSWORD"));
    for (const auto* secret : {"hunter2", "--token", "splunk-token"})
        EXPECT_THAT(log.sink.text(), Not(HasSubstr(secret)));
}

}  // namespace
}  // namespace ci_lambda::testing
