// Task definitions: which there are, what is in them, and their copies.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.hpp"
#include "services/ecs/client.hpp"
#include "unit/services/ecs/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(EcsClientTest, ChoosesTheHighestRevisionNumberInWhateverOrderTheyCome) {
    http_.then(200, arns({"shop_service_api_dev:9", "shop_service_api_dev:42", "shop_service_api_dev:10"}));
    const auto newest = client_.active_task_definitions(kFamily, Deadline::none());
    ASSERT_THAT(newest, IsOk());
    EXPECT_THAT(newest->front().str(), EndsWith("/shop_service_api_dev:42"));
}

TEST_F(EcsClientTest, StopsAfterOnePageOfRevisionsThatIsInOrder) {
    http_.then(200,
               arns({"shop_service_api_dev:5001", "shop_service_api_dev:5000", "shop_service_api_dev:4998"}, "more"));
    const auto newest = client_.active_task_definitions(kFamily, Deadline::none());
    ASSERT_THAT(newest, IsOk());
    EXPECT_THAT(newest->front().str(), EndsWith(":5001"));
    EXPECT_THAT(http_.requests(), SizeIs(1)) << "a family of thousands must not cost a call for each hundred";
    EXPECT_EQ(body(0)["sort"], "DESC");
}

TEST_F(EcsClientTest, ReadsOnWhereThePageIsInTheOrderOfText) {
    http_.then(200, arns({"shop_service_api_dev:90", "shop_service_api_dev:9", "shop_service_api_dev:89"}, "more"));
    http_.then(200, arns({"shop_service_api_dev:100"}));
    EXPECT_THAT(client_.active_task_definitions(kFamily, Deadline::none())->front().str(), EndsWith(":100"));
}

TEST_F(EcsClientTest, ReadsAllPagesOfRevisionsThatAreNotInOrder) {
    http_.then(200, arns({"shop_service_api_dev:1"}, "more")).then(200, arns({"shop_service_api_dev:7"}, "even more"));
    http_.then(200, arns({"shop_service_api_dev:3"}));
    const auto newest = client_.active_task_definitions(kFamily, Deadline::none());
    ASSERT_THAT(newest, IsOk());
    EXPECT_THAT(newest->front().str(), EndsWith(":7"));
    ASSERT_THAT(http_.requests(), SizeIs(3));
    EXPECT_FALSE(body(0).contains("nextToken"));
    EXPECT_EQ(body(1)["nextToken"], "more");
    EXPECT_EQ(body(2)["nextToken"], "even more");
    EXPECT_EQ(body(0)["familyPrefix"], "shop_service_api_dev");
    EXPECT_EQ(body(0)["status"], "ACTIVE");
}

TEST_F(EcsClientTest, PassesOverRevisionsOfAnotherFamily) {
    http_.then(200,
               arns({"shop_service_api_dev_old:99", "xshop_service_api_dev:98", "shop_service_api_dev:2", "junk"}));
    EXPECT_THAT(client_.active_task_definitions(kFamily, Deadline::none())->front().str(), EndsWith("_dev:2"));
}

TEST_F(EcsClientTest, SaysThatAFamilyHasNoActiveRevision) {
    http_.then(200, arns({}));
    EXPECT_THAT(client_.active_task_definitions(kFamily, Deadline::none()),
                IsErr(ErrorKind::kNotFound, AllOf(HasSubstr("no task definitions found"),
                                                  HasSubstr("shop_service_api_dev has no ACTIVE revision"))));
}

TEST_F(EcsClientTest, DescribesATaskDefinitionWithItsTags) {
    http_.then(200, R"({"taskDefinition":{"taskDefinitionArn":"td:8","status":"INACTIVE","containerDefinitions":[
        {"name":"app","image":"shop/api:v7"}]},"tags":[{"key":"a","value":"b"}]})");
    const auto found = client_.describe_task_definition(TaskDefinition("api:8"), Deadline::none());
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(found->arn, "td:8");
    EXPECT_EQ(found->status, "INACTIVE");
    EXPECT_EQ(found->images.at(0).image, "shop/api:v7");
    EXPECT_EQ(found->tags, (EcsTags{{"a", "b"}}));
    FakeHttp http;
    http.then(400, R"({"__type":"ClientException","message":"Unable to describe task definition."})");
    EXPECT_THAT(client_with(http).describe_task_definition(TaskDefinition("api:9"), Deadline::none()),
                IsErr(ErrorKind::kNotFound, HasSubstr("Unable to describe")));
}

TEST_F(EcsClientTest, DescribesATaskDefinitionWithItsImagesAndTags) {
    http_.then(200, R"({"taskDefinition":{"taskDefinitionArn":"arn:aws:ecs:::task-definition/api:7","status":"INACTIVE",
        "containerDefinitions":[{"name":"app","image":"repo/api:v7"},{"name":"proxy"}]},
        "tags":[{"key":"ci_lambda:because","value":"person"}]})");
    const auto described = client_.describe_task_definition(TaskDefinition("api:7"), Deadline::none());
    ASSERT_THAT(described, IsOk());
    EXPECT_EQ(body(0), Json::parse(R"({"taskDefinition":"api:7","include":["TAGS"]})"));
    EXPECT_EQ(described->arn, "arn:aws:ecs:::task-definition/api:7");
    EXPECT_EQ(described->status, "INACTIVE");
    EXPECT_EQ(described->images, (std::vector<EcsTaskDefinition::Image>{{.container = "app", .image = "repo/api:v7"},
                                                                        {.container = "proxy", .image = ""}}));
    EXPECT_EQ(described->tags.at("ci_lambda:because"), "person");
}

TEST_F(EcsClientTest, SaysThatThereIsNoSuchTaskDefinition) {
    http_.then(400, R"({"__type":"ClientException","message":"Unable to describe task definition."})").then(200, "{}");
    EXPECT_THAT(client_.describe_task_definition(TaskDefinition("api:7"), Deadline::none()),
                IsErr(ErrorKind::kNotFound, HasSubstr("Unable to describe")));
    EXPECT_THAT(client_.describe_task_definition(TaskDefinition("api:7"), Deadline::none()),
                IsErr(ErrorKind::kProtocol, HasSubstr("DescribeTaskDefinition")));
}

TEST_F(EcsClientTest, RegistersACopyWithTheImagesPinned) {
    http_.then(200, R"({"taskDefinition":{"taskDefinitionArn":"td:8","family":"api","revision":8,"status":"ACTIVE",
        "compatibilities":["FARGATE"],"requiresAttributes":[],"registeredAt":1563223656,"registeredBy":"me",
        "cpu":"256","taskRoleArn":"role","containerDefinitions":[
            {"name":"app","image":"registry:5000/shop/api:latest","environment":[]},
            {"name":"proxy","image":"envoy"},{"name":"pinned","image":"shop/x@sha256:old"}]},
        "tags":[{"key":"team","value":"blue"},{"key":"aws:cloudformation:stack-name","value":"shop"},
                {"key":"ci_lambda:stands-for","value":"api:3"}]})");
    http_.then(200, R"({"taskDefinition":{"taskDefinitionArn":"arn:td/api-rollback:1"}})");
    const EcsServiceRevision revision{
        .arn = "rev:1",
        .task_definition = "td:8",
        .images = {{.container = "app", .image = "registry:5000/shop/api:latest", .digest = "sha256:abc"},
                   {.container = "pinned", .image = "shop/x@sha256:old", .digest = "sha256:old"}}};
    const auto copy = client_.register_pinned_copy(revision, TaskFamily("api-rollback"),
                                                   {{"ci_lambda:stands-for", "api:8"}}, Deadline::none());
    ASSERT_THAT(copy, IsOk());
    EXPECT_EQ(copy->str(), "arn:td/api-rollback:1");
    EXPECT_EQ(body(0), Json::parse(R"({"taskDefinition":"td:8","include":["TAGS"]})"));
    EXPECT_EQ(body(1), Json::parse(R"({"family":"api-rollback","cpu":"256","taskRoleArn":"role","containerDefinitions":[
            {"name":"app","image":"registry:5000/shop/api@sha256:abc","environment":[]},
            {"name":"proxy","image":"envoy"},{"name":"pinned","image":"shop/x@sha256:old"}],
        "tags":[{"key":"ci_lambda:stands-for","value":"api:8"},{"key":"team","value":"blue"}]})"));
    EXPECT_FALSE(http_.requests().back().idempotent);
}

TEST_F(EcsClientTest, RegistersARevisionWithOtherImagesInTheSameFamily) {
    http_.then(200, R"({"taskDefinition":{"taskDefinitionArn":"td:8","family":"api","revision":8,"status":"ACTIVE",
        "ofNextYear":{"a":[1,2.50]},"containerDefinitions":[{"name":"app","image":"shop/api:v1","cpu":7},
                                                           {"name":"log","image":"fluent:1"}]},
        "tags":[{"key":"team","value":"blue"}]})");
    http_.then(200, R"({"taskDefinition":{"taskDefinitionArn":"arn:td/api:9"}})");
    const auto registered =
        client_.register_with_images(TaskDefinition("td:8"), {{"app", "shop/api:v2"}, {"gone", "x"}},
                                     {{"ci_lambda:image", "v2"}, {"aws:mine", "no"}}, Deadline::none());
    ASSERT_THAT(registered, IsOk());
    EXPECT_EQ(registered->str(), "arn:td/api:9");
    EXPECT_EQ(body(1), Json::parse(R"({"family":"api","ofNextYear":{"a":[1,2.5]},"containerDefinitions":[
            {"name":"app","image":"shop/api:v2","cpu":7},{"name":"log","image":"fluent:1"}],
        "tags":[{"key":"ci_lambda:image","value":"v2"}]})"))
        << "the tags are the caller's, but for AWS's own";
    EXPECT_FALSE(http_.requests().back().idempotent);
}

TEST_F(EcsClientTest, RefusesToCopyWhatIsNoTaskDefinition) {
    for (const std::string answer : {R"({})", R"({"taskDefinition":"td:8"})", R"({"taskDefinition":[{}]})", "[]"}) {
        FakeHttp http;
        http.then(200, answer);
        EcsClient client = client_with(http);
        EXPECT_THAT(client.register_pinned_copy({.arn = "rev:1", .task_definition = "td:8"}, TaskFamily("api-rollback"),
                                                {}, Deadline::none()),
                    IsErr(ErrorKind::kProtocol, HasSubstr("no \"taskDefinition\"")))
            << answer;
    }
}

TEST_F(EcsClientTest, CopiesATaskDefinitionWhoseContainersAreNotUnderstood) {
    for (const std::string members :
         {R"("cpu":"256")", R"("containerDefinitions":{"a":1})", R"("containerDefinitions":["a",null,[1]])"}) {
        FakeHttp http;
        http.then(200, R"({"taskDefinition":{)" + members + "}}");
        http.then(200, R"({"taskDefinition":{"taskDefinitionArn":"arn:td/api-rollback:1"}})");
        EcsClient client = client_with(http);
        // A digest for an image without a container, as a garbled revision would have it.
        const EcsServiceRevision revision{.arn = "rev:1",
                                          .task_definition = "td:8",
                                          .images = {{.container = "", .image = "", .digest = "sha256:a"}}};
        EXPECT_THAT(client.register_pinned_copy(revision, TaskFamily("api-rollback"), {}, Deadline::none()), IsOk());
        EXPECT_EQ(http.requests().back().body, Json::parse("{" + members + R"(,"family":"api-rollback"})").dump());
    }
}

TEST_F(EcsClientTest, CopiesWithoutTagsWhereTheyMayNotBeRead) {
    http_.then(400, R"({"__type":"AccessDeniedException","message":"ecs:ListTagsForResource"})");
    http_.then(200, R"({"taskDefinition":{"taskDefinitionArn":"td:8","cpu":"256"}})");
    http_.then(200, R"({"taskDefinition":{"taskDefinitionArn":"arn:td/api-rollback:1"}})");
    ASSERT_THAT(client_.register_pinned_copy({.arn = "rev:1", .task_definition = "td:8"}, TaskFamily("api-rollback"),
                                             {{"ci_lambda:because", "person"}}, Deadline::none()),
                IsOk());
    EXPECT_EQ(body(2)["tags"], Json::parse(R"([{"key":"ci_lambda:because","value":"person"}])"));
}

}  // namespace
}  // namespace ci_lambda::testing
