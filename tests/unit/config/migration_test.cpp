#include "config/migration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"
#include "unit/config/support.hpp"

namespace ci_lambda {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsErr;
using testing::IsOk;
using ::testing::Not;
using testing::Variables;

Result<MigratedConfig> migrated(const Variables& variables) {
    return migrate(testing::FakeEnvironment(variables), std::nullopt);
}

/// What is loaded from the document, beside the variables that it could not take.
Result<LoadedConfig> load_migrated(const Variables& variables, const MigratedConfig& migration) {
    Variables kept;
    for (const auto& one : migration.kept) kept[std::string(one.variable)] = variables.at(std::string(one.variable));
    return load_config(testing::FakeEnvironment(kept),
                       DocumentText{.text = migration.document, .source = "file:ci_lambda.json"});
}

/// The document says what the variables say.
void expect_the_same(const Variables& variables) {
    const auto before = load_config(testing::FakeEnvironment(variables));
    ASSERT_THAT(before, IsOk());
    const auto migration = migrated(variables);
    ASSERT_THAT(migration, IsOk());
    const auto after = load_migrated(variables, *migration);
    ASSERT_THAT(after, IsOk()) << migration->document;
    EXPECT_EQ(after->config, before->config) << migration->document;
    EXPECT_EQ(after->secret_references, before->secret_references);
    // And once more: the document is what its own document says.
    Variables kept;
    for (const auto& one : migration->kept) kept[std::string(one.variable)] = variables.at(std::string(one.variable));
    const auto again =
        migrate(testing::FakeEnvironment(kept), DocumentText{.text = migration->document, .source = "x"});
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->document, migration->document);
}

Variables least(const Variables& more = {}) {
    Variables variables{{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}};
    for (const auto& [name, value] : more) variables[name] = value;
    return variables;
}

/// Makes environments that are right, of every setting and every way to write it.
class Generator {
public:
    explicit Generator(unsigned seed) : random_(seed) {}

    Variables environment() {
        Variables variables{{"PROJECT_NAME", word()}, {"PROJECT_ENV", word()}};
        for (const auto& setting : settings()) {
            if (setting.required || setting.name == "CI_LAMBDA_CONFIG" || !chance(3)) continue;
            variables[std::string(setting.name)] = value(setting);
        }
        if (chance(2))
            variables["SLACK_WEBHOOK_URL"] = one_of({"secretsmanager:shop/slack", "ssm:/shop/slack", "https://h/x"});
        // What only one of the two may be.
        if (variables.contains("AWS_ENDPOINT_URL") || variables.contains("AWS_ENDPOINT_URL_ECS")) {
            variables.erase("AWS_USE_FIPS_ENDPOINT");
            variables.erase("AWS_USE_DUALSTACK_ENDPOINT");
        }
        if (variables.contains("TARGETS")) variables.erase("REGIONS");
        if (variables.contains("TARGET_ORDER") && !variables.contains("TARGETS"))
            variables["TARGET_ORDER"] = variables.contains("REGIONS") ? "eu-central-1, eu-west-1" : "";
        if (!variables.contains("S3_SERVICE_MAP")) variables["SERVICE_CONFIG"] = files();
        return variables;
    }

private:
    unsigned number(unsigned below) { return std::uniform_int_distribution<unsigned>(0, below - 1)(random_); }
    bool chance(unsigned in) { return number(in) == 0; }
    std::string one_of(const std::vector<std::string>& words) {
        return words[number(static_cast<unsigned>(words.size()))];
    }
    std::string word() { return one_of({"shop", "dev", "a.b", "X_1", "my-shop"}); }
    std::string id() { return one_of({"api", "worker", "", "backend", "core", "a.b-c_d", "task:report"}); }
    std::string id_list() {
        if (chance(2)) return "\"" + id() + "\"";
        return "[\"" + id() + "\",\"" + id() + "\"]";
    }

    /// An object with some of these keys, each once.
    template <typename Value>
    std::string object(std::vector<std::string> keys, const Value& value) {
        std::ranges::shuffle(keys, random_);
        std::string members;
        for (std::size_t i = number(static_cast<unsigned>(keys.size()) + 1); i > 0; --i)
            members += fmt::format("{}\"{}\":{}", members.empty() ? "" : ",", keys[i - 1], value(keys[i - 1]));
        return "{" + members + "}";
    }
    std::string files() {
        return object({"api", "worker", "core"}, [&](const std::string&) {
            return fmt::format(R"([{{"bucket":"b{}","key":"k/{}.env"}}{}])", number(2), number(2),
                               chance(2) ? R"(,{"bucket":"b","key":"ü ~/\"x\""})" : "");
        });
    }
    std::string tasks() {
        return object({"task:report", "clean", "task:x.y"}, [&](const std::string& key) {
            return fmt::format(R"({{"task_family":"{}"{}{}{}{}}})", word(),
                               chance(2) ? R"(,"repositories":["r","a/b","r"],"type":"scheduled_task")" : "",
                               chance(2) ? R"(,"schedules":["night/report","hourly"])" : "",
                               chance(2) ? R"(,"rules":[])" : "",
                               key == "clean" ? R"(,"auto_deploy":"no","tags":["v*"])" : "");
        });
    }
    std::string map(std::string_view name) {
        if (name == "ECS_SERVICE_MAP")
            return object({"api", "worker", "", "a.b-c_d"}, [&](const std::string& key) {
                return fmt::format(R"({{"service_name":"s-{}","task_family":"{}","more":1}})", key, word());
            });
        if (name == "ECR_REPO_MAP")
            return object({"shop/api", "r", "R~/x"}, [&](const std::string&) { return id_list(); });
        if (name == "SSM_SERVICE_MAP")
            return object({"/dev/shop/api", "dev/shop/", "/p"}, [&](const std::string&) { return id_list(); });
        if (name == "ECR_TAG_FILTER")
            return object({"default", "api", "worker", "backend", "task:report"}, [&](const std::string&) {
                return one_of({R"([])", R"(["v*"])", R"([" >=2.0 <3 ","!*-rc*"])", R"(["/v[0-9]{1,3}/"])"});
            });
        if (name == "AUTO_DEPLOY_MAP")
            return object({"api", "worker", "backend", "task:clean"},
                          [&](const std::string&) { return one_of({"true", "false", "\"no\""}); });
        return files();
    }

    std::string value(const Setting& setting) {
        switch (setting.type) {
            case SettingType::kBoolean: return one_of({"true", "FALSE", "1", " no ", "Enabled", "off"});
            case SettingType::kInteger:
                return fmt::format(" {}", setting.smallest + number(setting.largest - setting.smallest + 1));
            case SettingType::kChoice:
                if (setting.name == "LOG_LEVEL") return one_of({"DEBUG", "info", "Warning", " error "});
                if (setting.name == "ECR_DEPLOY_MODE") return one_of({"redeploy", "Match", " revision "});
                if (setting.name == "ECR_PIN") return one_of({"tag", "digest", "BOTH"});
                return one_of({"Warn", "deploy", " ignore "});
            case SettingType::kList:
                if (setting.name == "CODE_DEPLOY_GROUPS") return "api=Shop/api group, backend=Shop/b";
                if (setting.name == "TARGET_ORDER") return "us, eu";
                if (setting.name == "APPROVAL_FROM") return one_of({"@alice, U0123ABCD", "oncall , requests"});
                if (setting.name == "APPROVAL_GROUPS") return "oncall = @alice  @bob, arn=arn:aws:iam::1:user/x";
                if (setting.name == "APPROVAL_EXCEPT") return " manual ";
                return setting.name == "EVENT_ACCOUNTS" ? " 111122223333 ,444455556666" : "eu-west-1, eu-central-1";
            case SettingType::kPerService: return map(setting.name);
            case SettingType::kTasks: return tasks();
            case SettingType::kTargets:
                return R"({"eu":{"region":"eu-west-1"},"us":{"region":"us-east-1","cluster":"shop","role_arn":"arn:aws:iam::111122223333:role/deploy","external_id":"x y"}})";
            case SettingType::kStrategy:
                return one_of({" Canary:10%:10m ", "keep", R"({"type":"linear","percent":20,"alarms":["a"]})"});
            case SettingType::kVerify:
                if (setting.name == "VERIFY_ALARMS")
                    return one_of({" a , b", R"(["a, b"])", R"({"api":["x"],"default":[]})", R"({"worker":[]})"});
                return one_of({R"(["https://a.example/?k=1"])",
                               R"({"api":[{"url":"http://b/","times":1}],"default":["https://c/"]})"});
            case SettingType::kFreezes:
                return one_of({R"([{"weekly":"Fri 16:00 - Mon 08:00","zone":"Europe/Berlin","reason":"weekend"}])",
                               R"([{"from":"2026-12-24","to":"2027-01-02","zone":"UTC"}])", "[]"});
            case SettingType::kPipelines:
                return one_of({R"({"release":{"stages":[{"services":["backend"]},{"promote":"other"}]}})",
                               R"({"a":{"stages":[{"name":"x","services":["api","web"]}],"on_failure":"stop"}})"});
            case SettingType::kChannels:
                return one_of({R"({"team":{"type":"teams","webhook":" ssm:/t "}})",
                               R"({"a":{"type":"sns","topic":"arn:aws:sns:eu-west-1:123456789012:t","format":"chat"}})",
                               "{}"});
            case SettingType::kNotify: return one_of({R"({"default":["slack"],"error":[]})", R"({"info":[]})", "{}"});
            case SettingType::kText: break;
        }
        if (setting.name == "CLUSTER_NAME_PATTERN") return one_of({"{env}", "{project}-{env}", "live"});
        if (setting.name.ends_with("_PATTERN")) return one_of({"{project}-{name}-{env}", "x{name}", "{name}"});
        if (setting.name.ends_with("REGION")) return one_of({"eu-west-1", " us-east-2"});
        if (setting.name.starts_with("AWS_ENDPOINT")) return one_of({"https://ecs.local/", "http://localhost:1"});
        if (setting.name == "SLACK_WEBHOOK_URL") return "https://hooks.example.com/a/b";
        if (setting.name == "FUNCTION_URL")
            return one_of({"https://x.lambda-url.us-east-1.on.aws/", " http://localhost:1/a"});
        if (setting.name == "SLACK_SIGNING_SECRET") return "8f742231b10e8888abcd99yyyzzz85a5";
        if (setting.name.starts_with("APPROVAL_KEY")) return "secretsmanager:shop/approval-key";
        if (setting.name.ends_with("SCHEDULE_ROLE")) return "arn:aws:iam::123456789012:role/scheduler";
        if (setting.name == "PIPELINE_STATE_MACHINE")
            return "arn:aws:states:us-east-1:123456789012:stateMachine:shop-dev-pipelines";
        if (setting.name == "AWS_CA_BUNDLE") return " /etc/ca bundle.pem";
        return one_of({"core", "web"});
    }

    std::mt19937 random_;
};

TEST(Migrate, MakesADocumentThatSaysTheSameForAnyEnvironment) {
    std::set<std::string> set;
    int good = 0;
    for (unsigned seed = 0; seed < 200 && !::testing::Test::HasFailure(); ++seed) {
        const auto variables = Generator(seed).environment();
        if (!load_config(testing::FakeEnvironment(variables))) continue;  // two names for one service, for example
        ++good;
        for (const auto& [name, value] : variables) set.insert(name);
        SCOPED_TRACE(seed);
        expect_the_same(variables);
    }
    EXPECT_GT(good, 80);
    EXPECT_EQ(set.size(), settings().size() - 1) << "all but CI_LAMBDA_CONFIG";
}

TEST(Migrate, WritesEachSettingInItsPlaceAndType) {
    const auto migration = migrated(least({{"DRY_RUN", "yes"},
                                           {"MAX_DEPLOYMENT_RETRIES", " 0"},
                                           {"LOG_LEVEL", "WARNING"},
                                           {"EVENT_ACCOUNTS", "111122223333"},
                                           {"SLACK_WEBHOOK_URL", "ssm:/shop/slack"},
                                           {"AWS_DEFAULT_REGION", "eu-west-1"},
                                           {"ECR_REPO_MAP", R"({"shop/api":["","worker"]})"}}));
    ASSERT_THAT(migration, IsOk());
    EXPECT_THAT(migration->kept, IsEmpty());
    EXPECT_EQ(migration->document, R"({
  "project": "shop",
  "environment": "dev",
  "aws": {
    "region": "eu-west-1"
  },
  "log_level": "warn",
  "slack": {
    "webhook": "ssm:/shop/slack"
  },
  "deployment": {
    "max_retries": 0
  },
  "dry_run": true,
  "events": {
    "accounts": [
      "111122223333"
    ]
  },
  "services": {
    "backend": {
      "repositories": [
        "shop/api"
      ]
    },
    "worker": {
      "repositories": [
        "shop/api"
      ]
    }
  }
}
)");
}

TEST(Migrate, NeverWritesASecret) {
    for (const std::string enabled : {"true", "false"}) {
        const auto migration = migrated(
            least({{"SLACK_WEBHOOK_URL", "https://hooks.slack.com/s3cr3t"}, {"ENABLE_SLACK_NOTIFICATIONS", enabled}}));
        ASSERT_THAT(migration, IsOk());
        EXPECT_THAT(migration->document, Not(HasSubstr("s3cr3t")));
        ASSERT_EQ(migration->kept.size(), 1U);
        EXPECT_EQ(migration->kept.front().variable, "SLACK_WEBHOOK_URL");
        EXPECT_THAT(migration->kept.front().why,
                    AllOf(HasSubstr("secretsmanager:NAME"), HasSubstr("/slack/webhook"), Not(HasSubstr("s3cr3t"))));
    }
}

TEST(Migrate, KeepsAMapThatNamesServicesWhichTheServiceMapDoesNotHave) {
    const auto variables = least({{"ECS_SERVICE_MAP", R"({"worker":{"service_name":"w","task_family":"w"}})"},
                                  {"ECR_REPO_MAP", R"({"r":["wroker"]})"},
                                  {"SERVICE_CONFIG", R"({"worker":[{"bucket":"b","key":"k"}]})"},
                                  {"S3_SERVICE_MAP", R"({"billing":[{"bucket":"b","key":"k"}]})"}});
    const auto migration = migrated(variables);
    ASSERT_THAT(migration, IsOk());
    std::vector<std::string_view> kept;
    for (const auto& one : migration->kept) kept.push_back(one.variable);
    EXPECT_THAT(kept, ElementsAre("ECR_REPO_MAP", "SERVICE_CONFIG", "S3_SERVICE_MAP"));
    EXPECT_THAT(migration->kept.front().why, HasSubstr("it names wroker, which ECS_SERVICE_MAP does not have"));
    expect_the_same(variables);
}

TEST(Migrate, FailsAsLoadingDoes) {
    EXPECT_THAT(migrated({{"PROJECT_NAME", "shop"}}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("PROJECT_ENV: is not")));
}

TEST(Migrate, KeepsWhatADocumentSaysThatNoVariableCan) {
    const std::string document = R"({"project":"p","environment":"e","slack":{"enabled":false},
        "defaults":{"auto_deploy":false},"services":{"api":{},"web":{"task_family":"w"}}})";
    const DocumentText text{.text = document, .source = "x"};
    const auto migration = migrate(testing::FakeEnvironment(), text);
    ASSERT_THAT(migration, IsOk());
    const auto before = load_config(testing::FakeEnvironment(), text);
    const auto after =
        load_config(testing::FakeEnvironment(), DocumentText{.text = migration->document, .source = "y"});
    ASSERT_THAT(after, IsOk());
    EXPECT_EQ(after->config, before->config) << migration->document;
}

/// The five maps of so many services with two files each, as Meroku's module makes them.
Variables meroku(int services) {
    Json names = Json::object();
    Json repositories = Json::object();
    Json prefixes = Json::object();
    Json files = Json::object();
    Json switches = Json::object();
    for (int i = 1; i <= services; ++i) {
        const auto id = fmt::format("service{:02}", i);
        const auto ecs = fmt::format("shop_service_{}_dev", id);
        names[id] = {{"service_name", ecs}, {"task_family", ecs}};
        repositories["shop_service_" + id] = {id};
        prefixes["/dev/shop/" + id] = {id};
        for (const std::string file : {"app.env", "secrets.env"})
            files[id].push_back({{"bucket", "shop-env-files-dev"}, {"key", id + "/" + file}});
        switches[id] = i % 5 != 0;
    }
    return least({{"BACKEND_SERVICE_NAME", "service01"},
                  {"ECS_CLUSTER_NAME", "shop_cluster_dev"},
                  {"SLACK_WEBHOOK_URL", "secretsmanager:shop/slack"},
                  {"ECS_SERVICE_MAP", dump_json(names)},
                  {"ECR_REPO_MAP", dump_json(repositories)},
                  {"SSM_SERVICE_MAP", dump_json(prefixes)},
                  {"SERVICE_CONFIG", dump_json(files)},
                  {"AUTO_DEPLOY_MAP", dump_json(switches)}});
}

std::size_t bytes_of(const Variables& variables) {
    std::size_t bytes = 0;
    for (const auto& [name, value] : variables) bytes += name.size() + value.size();
    return bytes;
}

TEST(Migrate, BringsThirtyServicesOfMerokuOutOfTheFourKilobytes) {
    const auto variables = meroku(30);
    expect_the_same(variables);
    const auto migration = migrated(variables);
    ASSERT_THAT(migration, IsOk());
    EXPECT_THAT(migration->kept, IsEmpty());
    const auto compact = dump_json(parse_json(migration->document).value());
    RecordProperty("bytes_of_variables", static_cast<int>(bytes_of(variables)));
    RecordProperty("bytes_of_document", static_cast<int>(migration->document.size()));
    RecordProperty("bytes_of_document_on_one_line", static_cast<int>(compact.size()));
    constexpr std::size_t kEnvironment = 4096;  // AWS Lambda developer guide, quotas
    EXPECT_GT(bytes_of(variables), 2 * kEnvironment);
    EXPECT_LT(compact.size(), bytes_of(variables) * 11 / 10) << "the same is said, and longer keys";
    EXPECT_LT(bytes_of({{"CI_LAMBDA_CONFIG", "s3://shop-config/dev/ci_lambda.json"}}), 100U);
    EXPECT_LT(migration->document.size(), kMaxDocumentBytes / 20);
}

/// Of this thread: a busy machine makes it no longer.
double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double seconds_to_load(int services) {
    const DocumentText document{.text = migrated(meroku(services)).value().document, .source = "x"};
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
        const auto began = cpu_seconds();
        EXPECT_THAT(load_config(testing::FakeEnvironment(), document), IsOk());
        best = std::min(best, cpu_seconds() - began);
    }
    return best;
}

TEST(LoadDocument, TakesTimeInProportionToTheServices) {
    const auto few = seconds_to_load(50);
    const auto many = seconds_to_load(400);
    RecordProperty("microseconds_for_50_services", static_cast<int>(few * 1e6));
    // Eight times as many. In proportion to the square it would be 64.
    EXPECT_LT(many / few, 24) << few << " s, " << many << " s";
}

TEST(Explain, TellsValuesAndOriginsAndNoSecret) {
    const auto explained =
        explain(testing::FakeEnvironment({{"SLACK_WEBHOOK_URL", "https://hooks.slack.com/s3cr3t"},
                                          {"DRY_RUN", "yes"},
                                          {"AWS_DEFAULT_REGION", "eu-west-1"}}),
                DocumentText{.text = R"({"project":"shop","environment":"dev","events":{"accounts":["111122223333"]},
                                 "services":{"api":{"repositories":["r"]},"web":{"auto_deploy":false}}})",
                             .source = "file:x.json"});
    ASSERT_THAT(explained, IsOk());
    std::map<std::string_view, std::string> values;
    for (const auto& setting : explained->settings) {
        values[setting.origin.setting] = setting.value;
        EXPECT_THAT(setting.value, Not(HasSubstr("s3cr3t")));
    }
    EXPECT_EQ(values.size(), settings().size());
    EXPECT_EQ(values["PROJECT_NAME"], "\"shop\"");
    EXPECT_EQ(values["SLACK_WEBHOOK_URL"], "\"***\"");
    EXPECT_EQ(values["DRY_RUN"], "true");
    EXPECT_EQ(values["AWS_REGION"], "\"eu-west-1\"");
    EXPECT_EQ(values["DEPLOYMENT_TIMEOUT_SECONDS"], "600");
    EXPECT_EQ(values["EVENT_ACCOUNTS"], R"(["111122223333"])");
    EXPECT_EQ(values["ECR_REPO_MAP"], R"({"api":["r"]})");
    EXPECT_EQ(values["AUTO_DEPLOY_MAP"], R"({"web":false})");
    EXPECT_EQ(values["ECS_SERVICE_MAP"], "");
    EXPECT_EQ(values["AWS_CA_BUNDLE"], "");
    ASSERT_EQ(explained->services.size(), 2U);
    EXPECT_EQ(explained->services.front().id, "api");
    EXPECT_EQ(explained->services.front().members, R"({"repositories":["r"]})");
}

TEST(Explain, ShowsTheSourceOfAnInlineDocumentAndNotItsText) {
    const std::string text =
        R"({"project":"shop","environment":"dev","slack":{"webhook":"https://hooks.slack.com/s3cr3t"}})";
    const auto explained = explain(testing::FakeEnvironment({{"CI_LAMBDA_CONFIG", text}}),
                                   DocumentText{.text = text, .source = "CI_LAMBDA_CONFIG"});
    ASSERT_THAT(explained, IsOk());
    for (const auto& setting : explained->settings) EXPECT_THAT(setting.value, Not(HasSubstr("s3cr3t")));
}

}  // namespace
}  // namespace ci_lambda
