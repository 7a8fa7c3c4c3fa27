#include "config/names.hpp"

#include <map>
#include <string>

#include "support/matchers.hpp"

namespace ci_lambda {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsErr;
using testing::IsOk;
using ::testing::Optional;

const ServiceId kTheBackend{std::string(kBackend)};

NamePattern pattern(std::string_view text) { return NamePattern::parse(text, false).value(); }

Names make_names(std::string_view service_pattern = "{project}_service_{name}_{env}",
                 std::map<ServiceId, Names::MapEntry> map = {}) {
    return Names({.project = "shop",
                  .environment = "dev",
                  .backend_service_name = "web",
                  .cluster_pattern = pattern("{project}_cluster_{env}"),
                  .service_pattern = pattern(service_pattern),
                  .family_pattern = pattern("{project}_family_{name}_{env}"),
                  .cluster_name = std::nullopt,
                  .service_map = std::move(map)});
}

TEST(NamePattern, ExpandsPlaceholdersAndDropsTheBackendsName) {
    const struct {
        std::string pattern;
        std::string api;
        std::string backend;
    } cases[] = {
        {"{project}_service_{name}_{env}", "shop_service_api_dev", "shop_service_dev"},
        {"{name}_{project}", "api_shop", "shop"},
        {"{project}-{name}-{env}", "shop-api-dev", "shop--dev"},
        {"{project}-{name}", "shop-api", "shop-"},
        {"{project}{name}", "shopapi", "shop"},
        {"{name}", "api", ""},
        {"x_{name}_{name}", "x_api_api", "x"},
        {"{env}.{env}_{name}", "dev.dev_api", "dev.dev"},
        {"all", "all", "all"},
    };
    for (const auto& [text, api, backend] : cases) {
        EXPECT_EQ(pattern(text).expand("shop", "dev", ServiceId("api")), api) << text;
        EXPECT_EQ(pattern(text).expand("shop", "dev", kTheBackend), backend) << text;
    }
}

TEST(NamePattern, ExplainsWhatIsWrong) {
    const struct {
        std::string pattern;
        std::string message;
    } cases[] = {
        {"", "is empty"},
        {"{projekt}_{name}", "unknown placeholder {projekt} (did you mean {project}?)"},
        {"{service}_{name}", "there are {project}, {env} and {name}"},
        {"{}_{name}", "unknown placeholder {}"},
        {"{NAME}", "unknown placeholder {NAME}"},
        {"{a\nSLACK_WEBHOOK_URL: \x1b[2J}", "unknown placeholder {a SLACK_WEBHOOK_URL:  [2J}"},
        {"{name", "a \"{\" without its \"}\""},
        {"{{name}}", "a \"{\" without its \"}\""},
        {"name}", "a \"}\" without its \"{\""},
        {"{project}_{env}", "has no {name}"},
        {"{project} {name}", "letters, digits"},
        {"arn:aws:ecs/{name}", "letters, digits"},
    };
    for (const auto& [text, message] : cases)
        EXPECT_THAT(NamePattern::parse(text, true), IsErr(ErrorKind::kConfiguration, HasSubstr(message))) << text;
    EXPECT_THAT(NamePattern::parse("{project}_{env}", false), IsOk());
}

TEST(IsValidServiceId, AllowsNoMoreThanEcsDoes) {
    EXPECT_TRUE(is_valid_service_id(std::string(255, 'a')));
    EXPECT_FALSE(is_valid_service_id(std::string(256, 'a')));
}

TEST(IsValidServiceId, AllowsLettersDigitsAndThreeSigns) {
    for (const std::string id : {"api", "API-2_x.y", "0"}) EXPECT_TRUE(is_valid_service_id(id)) << id;
    for (const std::string id : {"", "a b", "a/b", "a:b", "a{b", "\xC3\xBC", "a\n"})
        EXPECT_FALSE(is_valid_service_id(id)) << id;
}

TEST(Names, TakesThreeSpellingsOfTheBackend) {
    const auto names = make_names();
    for (const std::string text : {"", "backend", "web"}) EXPECT_THAT(names.canonical(text), Optional(kTheBackend));
    EXPECT_THAT(names.canonical("Backend"), Optional(ServiceId("Backend")));
    EXPECT_THAT(names.canonical("api"), Optional(ServiceId("api")));
    EXPECT_EQ(names.canonical("a/b"), std::nullopt);
    EXPECT_THAT(Names::canonical("web", ""), Optional(ServiceId("web")));
}

TEST(Names, BuildsTargetsFromPatterns) {
    const auto api = make_names().target(ServiceId("api"));
    ASSERT_TRUE(api);
    EXPECT_EQ(*api, (EcsTarget{.id = ServiceId("api"),
                               .cluster = ClusterName("shop_cluster_dev"),
                               .service = EcsServiceName("shop_service_api_dev"),
                               .family = TaskFamily("shop_family_api_dev")}));
    EXPECT_THAT(make_names().target(kTheBackend)->service, EcsServiceName("shop_service_dev"));
}

TEST(ClusterRef, IsOfOneRegionAndAccount) {
    const EcsTarget here{.id = ServiceId("api"), .cluster = ClusterName("c"), .service = {}, .family = {}};
    auto elsewhere = here;
    elsewhere.region = "eu-west-1";
    auto anothers = here;
    anothers.account = "123456789012";
    EXPECT_NE(here.cluster_ref(), elsewhere.cluster_ref());
    EXPECT_NE(here.cluster_ref(), anothers.cluster_ref());
    EXPECT_EQ(here.cluster_ref(), (ClusterRef{.account = "", .region = "", .name = ClusterName("c")}));
}

TEST(Names, HasNoTargetWhereThePatternLeavesNoName) {
    EXPECT_EQ(make_names("{name}").target(kTheBackend), std::nullopt);
    EXPECT_TRUE(make_names("{name}").target(ServiceId("api")));
}

TEST(Names, FindsTheServiceOfAnEcsName) {
    const auto names = make_names();
    EXPECT_THAT(names.id_of(EcsServiceName("shop_service_api_dev")), Optional(ServiceId("api")));
    EXPECT_THAT(names.id_of(EcsServiceName("shop_service_a_b.c-d_dev")), Optional(ServiceId("a_b.c-d")));
    EXPECT_THAT(names.id_of(EcsServiceName("shop_service_dev")), Optional(kTheBackend));
    EXPECT_THAT(make_names("{name}-{project}-{name}").id_of(EcsServiceName("api-shop-api")),
                Optional(ServiceId("api")));
}

TEST(Names, DoesNotTakeNamesThatOnlyLookLikeOurs) {
    const auto names = make_names();
    for (const std::string name :
         {"", "shop", "shop_service_", "shop_service__dev", "shop_service_api_prod", "shop_service_api_dev_old",
          "xshop_service_api_dev", "other_service_api_dev", "SHOP_service_api_dev", "shop_service_api_DEV",
          "shop_service_backend_dev", "shop_service_web_dev", "shop_service_a/b_dev", "shop_service_de"})
        EXPECT_EQ(names.id_of(EcsServiceName(name)), std::nullopt) << name;
    EXPECT_EQ(make_names("{name}-{project}-{name}").id_of(EcsServiceName("api-shop-web")), std::nullopt);
    EXPECT_EQ(make_names("all").id_of(EcsServiceName("other")), std::nullopt);
}

TEST(Names, UsesTheMapInsteadOfThePatterns) {
    const auto names = make_names("{project}_service_{name}_{env}",
                                  {{ServiceId("api"), {EcsServiceName("front-door"), TaskFamily("front")}},
                                   {kTheBackend, {EcsServiceName("core"), TaskFamily("core-tasks")}}});
    EXPECT_EQ(names.target(ServiceId("api"))->service, EcsServiceName("front-door"));
    EXPECT_EQ(names.target(kTheBackend)->family, TaskFamily("core-tasks"));
    EXPECT_EQ(names.target(ServiceId("worker")), std::nullopt);
    EXPECT_THAT(names.id_of(EcsServiceName("core")), Optional(kTheBackend));
    EXPECT_EQ(names.id_of(EcsServiceName("shop_service_api_dev")), std::nullopt);
    EXPECT_THAT(names.mapped_ids(), ElementsAre("api", "backend"));
    EXPECT_TRUE(names.has_service_map());
}

}  // namespace
}  // namespace ci_lambda
