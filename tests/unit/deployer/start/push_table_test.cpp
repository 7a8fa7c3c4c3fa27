#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "handlers/decision.hpp"
#include "unit/deployer/start/family.hpp"

// Every combination of what matters for a push, from the event to what ECS is asked, beside the table that
// docs/events.md has of it.

namespace ci_lambda::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

enum class Tag { kHigher, kLower, kNoVersion, kNoImage };
enum class Filter { kNone, kGlob, kRange, kElsewhere };
enum class Names { kTag, kAnotherTag, kDigest, kAnotherDigest, kLater, kNothing };
enum class Runs { kNewest, kNewestSince, kOlder, kHigher, kTakenBack };

constexpr std::array kModes{ImageMode::kRedeploy, ImageMode::kMatch, ImageMode::kRevision};
constexpr std::array kTags{Tag::kHigher, Tag::kLower, Tag::kNoVersion, Tag::kNoImage};
constexpr std::array kFilters{Filter::kNone, Filter::kGlob, Filter::kRange, Filter::kElsewhere};
constexpr std::array kNames{Names::kTag,           Names::kAnotherTag, Names::kDigest,
                            Names::kAnotherDigest, Names::kLater,      Names::kNothing};
constexpr std::array kRuns{Runs::kNewest, Runs::kNewestSince, Runs::kOlder, Runs::kHigher, Runs::kTakenBack};

struct Case {
    ImageMode mode;
    Tag tag;
    Filter filter;
    Names names;
    Runs runs;
};

/// What becomes of it, as ECS sees it and as the answer says it.
enum class What {
    kTagIgnored,
    kRegistered,
    kDeployed,
    kNotBrought,
    kOldOne,
    kAlready,
    kNotBroughtAlready,
    kNotNamed,
    kOlderPush,
    kOlderVersion,
    kError,
    kWrong
};
struct Outcome {
    What what;
    std::string text;
};

std::string in_words(ImageMode mode) { return fmt::format("`{}`", to_string(mode)); }

std::string_view in_words(Tag tag) {
    switch (tag) {
        case Tag::kHigher: return "a higher version";
        case Tag::kLower: return "a lower version";
        case Tag::kNoVersion: return "no version";
        case Tag::kNoImage: return "no image's";
    }
    return "";
}

std::string_view in_words(Filter filter) {
    switch (filter) {
        case Filter::kNone: return "none";
        case Filter::kGlob: return "`v*`";
        case Filter::kRange: return "a range that takes it";
        case Filter::kElsewhere: return "one that takes other tags";
    }
    return "";
}

std::string_view in_words(Names names) {
    switch (names) {
        case Names::kTag: return "the pushed tag";
        case Names::kAnotherTag: return "another tag";
        case Names::kDigest: return "the pushed digest";
        case Names::kAnotherDigest: return "the pushed tag, with another digest";
        case Names::kLater: return "what was pushed later";
        case Names::kNothing: return "nothing of the repository";
    }
    return "";
}

std::string_view in_words(Runs runs) {
    switch (runs) {
        case Runs::kNewest: return "the newest revision, since before the push";
        case Runs::kNewestSince: return "the newest revision, since after the push";
        case Runs::kOlder: return "an older one";
        case Runs::kHigher: return "an older one, of a higher version";
        case Runs::kTakenBack: return "an older one, as the newest was rolled back";
    }
    return "";
}

std::string_view in_words(What what) {
    switch (what) {
        case What::kTagIgnored: return "`ignored`: not a tag that deploys it";
        case What::kRegistered: return "a copy of the newest revision with the pushed image is registered and deployed";
        case What::kDeployed: return "the newest revision is deployed; nothing is registered";
        case What::kNotBrought:
            return "the newest revision is deployed; the message says that this is not what was pushed";
        case What::kOldOne: return "what runs is deployed anew; the message says that this is not what was pushed";
        case What::kAlready: return "`ignored`: already rolled out";
        case What::kNotBroughtAlready: return "`ignored`: already rolled out, and not what was pushed";
        case What::kNotNamed: return "`ignored`: what would be deployed names another image";
        case What::kOlderPush: return "`ignored`: pushed before what the newest revision has";
        case What::kOlderVersion: return "`ignored`: an older version than what runs";
        case What::kError: return "an error that names the images that it has";
        case What::kWrong: return "wrong";
    }
    return "";
}

std::string tag_of(Tag tag) {
    switch (tag) {
        case Tag::kHigher: return "v1.43.0";
        case Tag::kLower: return "v1.39.0";
        case Tag::kNoVersion: return "latest";
        case Tag::kNoImage: return "buildcache";
    }
    return "";
}

/// One combination, in a process of its own.
class OneCase : public FamilyTest {
public:
    explicit OneCase(const Case& one) { set_up(one); }
    /// Puts the family and the service into the state of this case: `:42` is the newest revision, `:41` an older one.
    void set_up(const Case& one) {
        const std::string repository = kRepository;
        const auto named = [&] {
            switch (one.names) {
                case Names::kTag: return repository + ":" + tag_of(one.tag);
                case Names::kAnotherTag: return repository + ":v1.40.0";
                case Names::kDigest: return repository + ":" + tag_of(one.tag) + "@" + digest('a');
                case Names::kAnotherDigest: return repository + ":" + tag_of(one.tag) + "@" + digest('b');
                case Names::kLater: return repository + ":v1.50.0@" + digest('c');
                case Names::kNothing: return std::string("123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_other:v1");
            }
            return std::string();
        };
        revisions_.clear();
        add("41", repository + (one.runs == Runs::kHigher ? ":v1.99.0" : ":v1.30.0"));
        add("42", named());
        if (one.names == Names::kLater)
            revisions_.at(42).tags["ci_lambda:pushed-at/app"] = format_rfc3339(start() + seconds{60});
        const bool newest = one.runs == Runs::kNewest || one.runs == Runs::kNewestSince;
        primary_ = deployment("ecs-svc/1", newest ? "42" : "41", RolloutState::kCompleted);
        primary_.created_at = one.runs == Runs::kNewestSince ? start() + seconds{30} : start() - hours{1};
        deployments_ = 1;
        ecs_.history = std::vector<EcsServiceDeployment>{};
        if (one.runs == Runs::kTakenBack) {
            ecs_.history = std::vector{record("bad", ServiceDeploymentStatus::kRollbackSuccessful, -hours{1}, "42"),
                                       record("good", ServiceDeploymentStatus::kSuccessful, -hours{2}, "41")};
            ecs_.revisions = std::vector<EcsServiceRevision>{
                {.arn = "service-revision/42", .task_definition = arn_of("42"), .images = {}},
                {.arn = "service-revision/41", .task_definition = arn_of("41"), .images = {}}};
        }
    }
    static Result<Decision> decision(const Case& one) {
        std::map<std::string, std::string> variables{{"PROJECT_NAME", "shop"},
                                                     {"PROJECT_ENV", "dev"},
                                                     {"SERVICE_CONFIG", "{}"},
                                                     {"ECR_REPO_MAP", R"({"shop_api":["api"]})"},
                                                     {"ECR_DEPLOY_MODE", std::string(to_string(one.mode))}};
        if (one.filter == Filter::kGlob) variables["ECR_TAG_FILTER"] = "v*";
        if (one.filter == Filter::kRange) variables["ECR_TAG_FILTER"] = ">=1.0";
        if (one.filter == Filter::kElsewhere) variables["ECR_TAG_FILTER"] = "release-*";
        const auto config = load_config(FakeEnvironment(variables)).value().config;
        return decide({.envelope = {.source = "aws.ecr",
                                    .account = "123456789012",
                                    .time = format_rfc3339(start() + seconds{20}).substr(0, 19) + "Z",
                                    .region = "us-east-1"},
                       .body = EcrImageAction{.action = "PUSH",
                                              .result = "SUCCESS",
                                              .repository = "shop_api",
                                              .tag = tag_of(one.tag),
                                              .digest = digest('a')}},
                      config);
    }
    Outcome outcome(const Case& one) {
        const auto decided = decision(one);
        if (!decided) return {.what = What::kError, .text = decided.error().message};
        if (const auto* ignored = std::get_if<Ignore>(&*decided))
            return {.what = What::kTagIgnored, .text = ignored->reason};
        clock_.advance(seconds{30});
        const auto report = run(std::get<Deploy>(*decided), {.rollback_on_failure = true}).at(0);
        return {.what = what_of(report), .text = report.error ? report.error->message : report.outcome};
    }
    What what_of(const DeploymentReport& report) const {
        const bool registered = revisions_.contains(43);
        if (ecs_.updates().empty()) {
            EXPECT_FALSE(registered) << "something is half done";
            if (report.status == DeploymentStatus::kFailed) return What::kError;
            EXPECT_EQ(report.status, DeploymentStatus::kAlreadyRolling);
            if (report.outcome.contains("was pushed before")) return What::kOlderPush;
            if (report.outcome.contains("is an older version")) return What::kOlderVersion;
            if (report.outcome.starts_with("not deployed: ")) return What::kNotNamed;
            if (!report.not_brought.empty()) return What::kNotBroughtAlready;
            return What::kAlready;
        }
        EXPECT_THAT(ecs_.updates(), ::testing::SizeIs(1));
        EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
        const auto revision = short_name(primary_.task_definition);
        if (registered)
            return revision.ends_with(":43") && report.not_brought.empty() ? What::kRegistered : What::kWrong;
        if (revision.ends_with(":41")) return report.not_brought.empty() ? What::kWrong : What::kOldOne;
        return report.not_brought.empty() ? What::kDeployed : What::kNotBrought;
    }
    void TestBody() override {}
};

bool has(const auto& values, auto value) { return values.empty() || std::ranges::find(values, value) != values.end(); }

/// A row of the table; what is empty is any. The first one that fits decides.
struct Row {
    std::vector<ImageMode> modes;
    std::vector<Tag> tags;
    std::vector<Filter> filters;
    std::vector<Names> names;
    std::vector<Runs> runs;
    What what;

    [[nodiscard]] bool fits(const Case& one) const {
        return has(modes, one.mode) && has(tags, one.tag) && has(filters, one.filter) && has(names, one.names) &&
               has(runs, one.runs);
    }
};

const std::vector<Row>& table() {
    using enum ImageMode;
    using F = Filter;
    using N = Names;
    using R = Runs;
    using W = What;
    const std::vector kVersions{Tag::kHigher, Tag::kLower};
    static const std::vector<Row> rows{
        {{}, {Tag::kNoImage}, {}, {}, {}, W::kTagIgnored},
        {{}, {}, {F::kElsewhere}, {}, {}, W::kTagIgnored},
        {{}, {Tag::kNoVersion}, {F::kGlob, F::kRange}, {}, {}, W::kTagIgnored},
        {{kRedeploy}, {}, {}, {N::kTag, N::kDigest}, {R::kNewestSince}, W::kAlready},
        {{kRedeploy}, {}, {}, {}, {R::kNewestSince}, W::kNotBroughtAlready},
        {{kRedeploy}, {}, {}, {N::kTag}, {}, W::kDeployed},
        {{kRedeploy}, {}, {}, {}, {R::kTakenBack}, W::kOldOne},
        {{kRedeploy}, {}, {}, {N::kDigest}, {}, W::kDeployed},
        {{kRedeploy}, {}, {}, {}, {}, W::kNotBrought},
        {{kMatch, kRevision}, {}, {}, {N::kDigest, N::kNothing}, {R::kTakenBack}, W::kNotNamed},
        {{kMatch}, {}, {}, {N::kTag, N::kDigest}, {R::kNewestSince}, W::kAlready},
        {{kMatch}, {}, {}, {N::kTag, N::kDigest}, {}, W::kDeployed},
        {{kMatch}, {}, {}, {}, {}, W::kNotNamed},
        {{kRevision}, {}, {}, {N::kNothing}, {}, W::kError},
        {{kRevision}, kVersions, {F::kRange}, {}, {R::kHigher}, W::kOlderVersion},
        {{kRevision}, kVersions, {F::kRange}, {N::kLater}, {R::kNewest, R::kNewestSince}, W::kOlderVersion},
        {{kRevision}, {Tag::kLower}, {F::kRange}, {N::kAnotherTag}, {R::kNewest, R::kNewestSince}, W::kOlderVersion},
        {{kRevision}, {}, {}, {N::kLater}, {}, W::kOlderPush},
        {{kRevision}, {}, {}, {N::kDigest}, {R::kNewest, R::kNewestSince}, W::kAlready},
        {{kRevision}, {}, {}, {N::kDigest}, {}, W::kDeployed},
        {{kRevision}, {}, {}, {}, {}, W::kRegistered},
    };
    return rows;
}

template <typename Value>
std::string cell(const std::vector<Value>& values) {
    std::vector<std::string> words;
    for (const auto value : values) words.emplace_back(in_words(value));
    return words.empty() ? "any" : ci_lambda::join(words, "; or ");
}

std::string line(const Row& row) {
    return fmt::format("| {} | {} | {} | {} | {} | {} |\n", cell(row.modes), cell(row.tags), cell(row.filters),
                       cell(row.names), cell(row.runs), in_words(row.what));
}

TEST(PushTable, SaysWhatBecomesOfEveryCombination) {
    std::vector<int> hits(table().size());
    for (const auto mode : kModes)
        for (const auto tag : kTags)
            for (const auto filter : kFilters)
                for (const auto names : kNames)
                    for (const auto runs : kRuns) {
                        const Case one{mode, tag, filter, names, runs};
                        const auto row =
                            std::ranges::find_if(table(), [&](const Row& candidate) { return candidate.fits(one); });
                        ++hits.at(static_cast<std::size_t>(row - table().begin()));
                        const auto outcome = OneCase(one).outcome(one);
                        EXPECT_EQ(in_words(outcome.what), in_words(row->what))
                            << cell(std::vector{mode}) << ", " << tag_of(tag) << ", " << cell(std::vector{filter})
                            << ", names " << cell(std::vector{names}) << ", runs " << cell(std::vector{runs}) << ": "
                            << outcome.text;
                    }
    for (std::size_t i = 0; i < hits.size(); ++i) EXPECT_GT(hits[i], 0) << "says nothing: " << line(table()[i]);
}

TEST(PushTable, StandsInTheDocs) {
    std::string wanted =
        "| mode | tag | filter | the newest revision names | what runs | outcome |\n|---|---|---|---|---|---|\n";
    for (const auto& row : table()) wanted += line(row);
    std::ifstream file(CI_LAMBDA_SOURCE_DIR "/docs/events.md");
    const std::string docs(std::istreambuf_iterator<char>(file), {});
    EXPECT_TRUE(docs.contains(wanted)) << "docs/events.md is to have this table:\n" << wanted;
}

}  // namespace
}  // namespace ci_lambda::testing
