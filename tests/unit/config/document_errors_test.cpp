// What is said of a document that is wrong.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/text.hpp"
#include "config/config.hpp"
#include "unit/config/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(LoadDocument, SaysLineAndColumnOfBrokenJsonAndNothingElse) {
    EXPECT_THAT(
        load_document("{\n  \"project\": s3cr3t\n}"),
        IsErr(ErrorKind::kConfiguration,
              AllOf(HasSubstr("the configuration document (file:x.json) cannot be read: not valid JSON (at line "
                              "2, column "),
                    Not(HasSubstr("s3cr3t")), Not(HasSubstr("\n")))));
    EXPECT_THAT(load_document("[]"),
                IsErr(ErrorKind::kConfiguration, HasSubstr("is an array; expected a JSON object")));
    EXPECT_THAT(load_document(std::string(kMaxDocumentBytes + 1, ' ')),
                IsErr(ErrorKind::kConfiguration, HasSubstr("larger than a megabyte")));
    EXPECT_THAT(load_document("{\"a\":" + std::string(5000, '[')),
                IsErr(ErrorKind::kConfiguration, HasSubstr("nested deeper")));
}

TEST(LoadDocument, NamesEveryProblemOfBothAtOnce) {
    const auto loaded = load_document(
        R"({"environment":"de v","dry_run":"yes","deployment":{"timeout_second":5,"coalesce_seconds":61},
            "services":{"api":{"auto_deploy":"no","auto_deploi":true}},"services_":{}})",
        {{"MAX_DEPLOYMENT_RETRIES", "many"}});
    ASSERT_FALSE(loaded);
    EXPECT_THAT(
        split(loaded.error().message, '\n'),
        ElementsAre(
            "9 settings are missing or wrong (document: file:x.json):",
            "PROJECT_NAME: is not set, and the document has no /project; expected letters, digits, `_`, `-` and `.` "
            "only",
            "/environment: \"de v\" has characters that names must not have; expected letters, digits, `_`, `-` and "
            "`.` only",
            "MAX_DEPLOYMENT_RETRIES: \"many\" is not a number in range; expected a whole number from 0 to 10",
            "/deployment/coalesce_seconds: is 61; expected a whole number from 0 to 60",
            "/deployment/timeout_second: is not known; expected \"timeout_seconds\"?",
            "/dry_run: is \"yes\", a string; expected true or false",
            "/services/api/auto_deploi: is not known; expected \"auto_deploy\"?",
            "/services/api/auto_deploy: is \"no\", a string; expected true or false",
            "/services_: is not known; expected \"services\"?"));
}

TEST(LoadDocument, RefusesBadValues) {
    const struct {
        std::string members;
        std::string problem;
    } cases[] = {
        {R"("dry_run":1)", "/dry_run: is 1; expected true or false"},
        {R"("dry_run":null)", "/dry_run: is null; expected true or false"},
        {R"("log_level":"DEBUG")",
         "/log_level: is \"DEBUG\", a string (did you mean \"debug\"?); expected debug, info"},
        {R"("log_level":7)", "/log_level: is 7; expected debug"},
        {R"("log_level":"")", "/log_level: is empty; leave it out; expected debug"},
        {R"("names":{"cluster":""})", "/names/cluster: is empty; leave it out; expected the cluster's name"},
        {R"("names":{"cluster":"a/b"})", "/names/cluster: \"a/b\" has characters"},
        {R"("names":{"service_pattern":"{project}"})", "/names/service_pattern: \"{project}\": the pattern has no"},
        {R"("names":[])", "/names: is an array; expected an object"},
        {R"("names":{"clusters":"x"})", "/names/clusters: is not known; expected \"cluster\"?"},
        {R"("zzzzzzzzzzzzz":1)",
         "/zzzzzzzzzzzzz: is not known; expected one of $schema, approval, aws, change_calendars, channels, "
         "code_deploy, code_deploy_groups, defaults, deployment"},
        {R"("a/b~c":1)", "/a~1b~0c: is not known"},
        {R"("aws":{"endpoint_url":"ftp://x"})", "/aws/endpoint_url: \"ftp://x\" is not the URL of an endpoint"},
        {R"("aws":{"endpoint_url":"http://x"})", "set ALLOW_PLAIN_HTTP=true (/aws/allow_plain_http)"},
        {R"("deployment":{"timeout_seconds":"600"})", "/deployment/timeout_seconds: is \"600\", a string; expected a"},
        {R"("deployment":{"timeout_seconds":1.5})", "/deployment/timeout_seconds: is 1.5; expected a whole number"},
        {R"("deployment":{"timeout_seconds":0})", "/deployment/timeout_seconds: is 0; expected"},
        {R"("deployment":{"timeout_seconds":-1})", "/deployment/timeout_seconds: is -1; expected"},
        {R"("deployment":{"timeout_seconds":1e300})", "/deployment/timeout_seconds: is 1e+300; expected"},
        {R"("deployment":{"timeout_seconds":99999999999999999999})", "/deployment/timeout_seconds: is 1e+20; expected"},
        {R"("deployment":{"sweep_interval_seconds":59})", "/deployment/sweep_interval_seconds: is 59; expected 0, or"},
        {R"("events":{"accounts":"111122223333"})", "/events/accounts: is \"111122223333\", a string; expected a list"},
        {R"("events":{"accounts":["111122223333,444455556666"]})", "/events/accounts/0: is \"111122223333,4444"},
        {R"("events":{"accounts":["111122223333",7]})", "/events/accounts/1: is 7; expected one of them in a string"},
        {R"("events":{"accounts":["1"]})", "/events/accounts: \"1\" is not one of what belongs there; expected a list"},
        {R"("events":{"regions":["eu_west_1"]})", "/events/regions: \"eu_west_1\" is not"},
        {R"("defaults":{"auto_deploy":"true"})", "/defaults/auto_deploy: is \"true\", a string"},
        {R"("defaults":{"files":[]})", "/defaults/files: is not known; expected one of auto_deploy"},
        {R"("defaults":7)", "/defaults: is a number; expected an object"},
        {R"("services":[])", "/services: is an array; expected {\"ID\""},
        {R"("services":{"api":true})", "/services/api: is a boolean; expected an object"},
        {R"("services":{"":{}})", "/services/: has no id"},
        {R"("services":{"a b":{}})", "/services/a b: is not a service id"},
        {R"("services":{"api":{"service_name":"arn:x"}})",
         "/services/api/service_name: is \"arn:x\"; expected a plain"},
        {R"("services":{"api":{"service_name":""}})", "/services/api/service_name: is empty; expected the name"},
        {R"("services":{"api":{"task_family":"t:4"}})", "/services/api/task_family: is \"t:4\"; expected a plain name"},
        {R"("services":{"api":{"repositories":"r"}})",
         "/services/api/repositories: is \"r\", a string; expected a list"},
        {R"("services":{"api":{"repositories":[7]}})", "/services/api/repositories/0: is 7; expected a string"},
        {R"("services":{"api":{"parameters":["/a//b"]}})", "/services/api/parameters: has \"/a//b\", a path with an"},
        {R"("services":{"api":{"files":{}}})", "/services/api/files: is an object; expected a list of"},
        {R"("services":{"api":{"files":["s3://b/k"]}})",
         "/services/api/files/0: is \"s3://b/k\", a string; expected {"},
        {R"("services":{"api":{"files":[{"bucket":"b"}]}})", "/services/api/files/0/key: is missing"},
        {R"("services":{"api":{"files":[{"bucket":"b","key":"k","kye":1}]}})",
         "/services/api/files/0/kye: is not known; expected \"key\"?"},
        {R"("services":{"api":{"service_name":"x"},"web":{"service_name":"x"}})",
         "/services/web/service_name: is \"x\", as that of api"},
        {R"("services":{"api":{},"web":{"service_name":"shop_service_api_dev"}})",
         "/services/web/service_name: is \"shop_service_api_dev\", as that of api"},
        {R"("names":{"service_pattern":"{name}"},"services":{"backend":{},"web":{"service_name":"x"}})",
         "/services/backend/service_name: is missing, and the pattern \"{name}\" leaves no name for backend"},
        {R"("names":{"backend":"core"},"services":{"backend":{},"core":{}})",
         "/services/core: is a second name for backend"},
        {R"("services":{"api":{},"api":{}})", "/services/api: stands there twice"},
        {R"("dry_run":true,"dry_run":true)", "/dry_run: stands there twice"},
    };
    for (const auto& [members, problem] : cases)
        EXPECT_THAT(problems_of_shop(members), ElementsAre(HasSubstr(problem))) << members;
}

TEST(LoadDocument, NamesARequiredSettingOnceWhereItIsWrong) {
    EXPECT_THAT(problems_of(R"({"project":7,"environment":"dev"})"),
                ElementsAre(HasSubstr("/project: is 7; expected letters")));
}

TEST(LoadDocument, ReportsWrongTypesThatAVariableReplacesButNotItsOwnValue) {
    EXPECT_THAT(problems_of_shop(R"("dry_run":"yes")", {{"DRY_RUN", "true"}}), ElementsAre(HasSubstr("/dry_run: is")));
}

TEST(LoadDocument, KeepsItsErrorReadable) {
    std::string members = R"("services":{"x":{)";
    for (int i = 0; i < 1000; ++i) members += R"("zz)" + std::to_string(i) + R"(":1,)";
    members += R"("auto_deploy":true}})";
    const auto many = problems_of_shop(members);
    EXPECT_EQ(many.size(), 51U);
    EXPECT_EQ(many.back(), "and 950 more in the document");

    const auto hostile = problems_of_shop("\"\\u001b[2J\\n\\u202e" + std::string(10'000, 'x') + "\":1");
    ASSERT_EQ(hostile.size(), 1U);
    EXPECT_LT(hostile.front().size(), 500U);
    EXPECT_EQ(for_terminal(hostile.front()), hostile.front());
}

TEST(LoadDocument, TellsReadablyOfWhateverIsLeftOfIt) {
    const std::string whole = R"({ // a shop
  "project": "shop", "environment": "dev", "names": {"service_pattern": "{project}-{name}", "backend": "core"},
  "deployment": {"timeout_seconds": 60}, /* and */ "events": {"accounts": ["111122223333"]},
  "services": {"api": {"service_name": "a", "files": [{"bucket": "b", "key": "k\\n"}], "auto_deploy": false},
               "core": {"repositories": ["shop/\\u00fc"], "parameters": ["/p"]}},
  "slack": {"webhook": "https://hooks.slack.com/s3cr3t"}})";
    ASSERT_THAT(load_document(whole), IsOk());
    const auto expect_readable = [](const std::string& text) {
        const auto loaded = load_document(text);
        if (loaded) return;
        EXPECT_EQ(loaded.error().kind, ErrorKind::kConfiguration) << text;
        EXPECT_EQ(for_terminal(loaded.error().message), loaded.error().message) << text;
        EXPECT_EQ(sanitize_utf8(loaded.error().message), loaded.error().message) << text;
        EXPECT_THAT(loaded.error().message, Not(HasSubstr("s3cr3t"))) << text;
    };
    using std::string_literals::operator""s;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        expect_readable(whole.substr(0, i));
        expect_readable(whole.substr(0, i) + whole.substr(i + 1));
        for (const auto& other : {"\""s, "{"s, "]"s, ","s, "/"s, "*"s, "\\"s, "\0"s, "\xff"s, "\x1b"s, "9"s})
            expect_readable(whole.substr(0, i) + other + whole.substr(i + 1));
    }
}

TEST(LoadDocument, NeverShowsAWebhook) {
    for (const std::string members :
         {R"("x":{"webhook":"https://h/s3cr3t"})", R"("slack":"https://h/s3cr3t")", R"("slack":{"webhook":["s3cr3t"]})",
          R"("slack":{"webhook":"s3cr3t"})", R"("slack":{"webhook":"http://h/s3cr3t"})",
          R"("slack":{"webhok":"https://h/s3cr3t"})"}) {
        const auto loaded = load_document(R"({"project":"shop","environment":"dev",)" + members + "}");
        EXPECT_THAT(loaded, IsErr(ErrorKind::kConfiguration, Not(HasSubstr("s3cr3t")))) << members;
    }
}

}  // namespace
}  // namespace ci_lambda::testing
