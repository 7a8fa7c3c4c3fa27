#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "sandbox/ecs/state.hpp"
#include "unit/rollouts/support.hpp"
#include "unit/rollouts/world.hpp"

// Random interleavings of events, foreign deployments, pushes, failures, throttles, lost answers, revisions asked for
// by number and rollbacks by a person, in every world that the sandbox's ECS knows. What must hold is written in
// RandomRun::judge_*().

namespace ci_lambda::testing {
namespace {

using sandbox::FaultKind;
using sandbox::Scenario;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kTests = 5;
constexpr int kRuns = 150;  // of all tests together, unless CI_LAMBDA_TEST_RUNS says otherwise
constexpr int kActions = 14;
/// What may lie between a look of the function and what it does next.
constexpr Milliseconds kMoment{3000};
constexpr const char* kApi = "shop_service_api_dev";

std::string family_of(std::string_view task_definition) {
    const auto name = last_segment(task_definition);
    return std::string(name.substr(0, name.find(':')));
}

class RandomRun {
public:
    explicit RandomRun(unsigned seed) : seed_(seed), random_(seed), options_(draw_options()), world_(options_) {
        configure_service();
        world_.before_each_call([this](const auto& operation, const auto& body) { judge_call(operation, body); });
        world_.at_each_wait([this](int) {
            // Who waits for the end of a rollout waits a hundred times.
            if (chance(options_.wait ? 0.01 : 0.15)) somebody_deploys();
        });
    }

    void play() {
        for (int i = 0; i < kActions; ++i) {
            world_.run_for(Milliseconds(pick(chance(0.5) ? 4'000 : 180'000)));
            act();
        }
        world_.run_for(minutes{120});
        judge_changes();
        judge_end();
    }

    /// What did not hold, and all that happened.
    [[nodiscard]] std::string complaints() const {
        if (complaints_.empty()) return "";
        std::string text = fmt::format("seed {}\n", seed_);
        for (const auto& line : complaints_) text += "WRONG: " + line + "\n";
        for (const auto& line : story_) text += line + "\n";
        return text;
    }

private:
    struct Change {
        WallTime at;
        std::string id;
    };

    /// A revision that a person asks the function for by its number.
    struct Named {
        int revision = 0;
        std::string id;
    };

    /// What somebody wanted last to run.
    struct LastDeployed {
        int revision = 0;
        WallTime at{};
        std::string event = {};  ///< that asked for it, where the function did it
    };

    int pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
    bool chance(double share) { return std::uniform_real_distribution<>(0, 1)(random_) < share; }

    WorldOptions draw_options() {
        WorldOptions options{.breaker = static_cast<Breaker>(pick(3)),
                             .roll_back = chance(0.5),
                             .sweep = chance(0.7),
                             .lambda_retries = true};
        options.wait = chance(0.25);
        if (options.wait) options.lambda_timeout = minutes{chance(0.5) ? 3 : 14};
        options.quirks.rollback = static_cast<sandbox::RollbackLook>(pick(3));
        if (chance(0.3)) options.quirks.until_rollback = seconds{45};
        if (chance(0.4))
            options.quirks.lag = {{"DescribeServices", seconds{2}}, {"ListServiceDeployments", seconds{2}}};
        options.quirks.ignores_sort = chance(0.2);
        return options;
    }

    void configure_service() {
        static const std::vector<std::string> kConfigurations{
            R"({"strategy":"ROLLING"})",
            R"({"strategy":"BLUE_GREEN","bakeTimeInMinutes":15})",
            R"({"strategy":"CANARY","canaryConfiguration":{"canaryPercent":10,"canaryBakeTimeInMinutes":12}})",
            R"({"strategy":"BLUE_GREEN","lifecycleHooks":[{"targetType":"PAUSE",
                "lifecycleStages":["POST_TEST_TRAFFIC_SHIFT"],
                "timeoutConfiguration":{"timeoutInMinutes":25,"action":"CONTINUE"}}]})",
        };
        const auto index = chance(0.6) ? 0 : pick(static_cast<int>(kConfigurations.size()));
        world_.call_ecs("UpdateService",
                        fmt::format(R"({{"cluster":"shop_cluster_dev","service":"{}","deploymentConfiguration":{}}})",
                                    kApi, kConfigurations[static_cast<std::size_t>(index)]));
        tell(fmt::format("breaker {}, roll_back {}, wait {}, rollback look {}, lag {}, configuration {}",
                         static_cast<int>(options_.breaker), options_.roll_back, options_.wait,
                         static_cast<int>(options_.quirks.rollback), options_.quirks.lag.size(), index));
    }

    void act() {
        switch (pick(10)) {
            case 0:
            case 1: return parameter_changes();
            case 2:
            case 3: return somebody_pushes();
            case 4: somebody_registers(); return;
            case 5: return somebody_deploys();
            case 6: return something_fails();
            case 7: return a_person_rolls_back();
            case 8: return a_person_names_a_revision();
            default: return a_person_asks();
        }
    }

    void parameter_changes() {
        const auto at = world_.now();
        const auto id = fmt::format("p{}", ++events_);
        tell("a parameter changes: " + id);
        changes_.push_back({.at = at, .id = id});
        send_later(
            dump_json({{"id", id},
                       {"source", "aws.ssm"},
                       {"detail-type", "Parameter Store Change"},
                       {"time", in_whole_seconds(at)},
                       {"detail", {{"name", fmt::format("/dev/shop/api/P{}", events_)}, {"operation", "Update"}}}}));
    }

    void somebody_pushes() {
        const auto at = world_.now();
        const auto id = fmt::format("i{}", ++events_);
        const auto fate = chance(0.4) ? Scenario::kCrashOnStart : Scenario::kHealthy;
        tell(fmt::format("an image is pushed, {}: {}", name_of(fate), id));
        world_.ecs().push_image(World::kImage, fate);
        changes_.push_back({.at = at, .id = id});
        send_later(dump_json({{"id", id},
                              {"source", "aws.ecr"},
                              {"detail-type", "ECR Image Action"},
                              {"time", in_whole_seconds(at)},
                              {"detail",
                               {{"result", "SUCCESS"},
                                {"action-type", "PUSH"},
                                {"image-tag", "v1.42"},
                                {"repository-name", "shop_service_api"}}}}));
    }

    std::string somebody_registers() {
        const auto revision = world_.somebody_registers();
        const auto fate = chance(0.3) ? Scenario::kCrashOnStart : Scenario::kHealthy;
        if (fate != Scenario::kHealthy) world_.ecs().set_fate(revision, fate);
        tell(fmt::format("somebody registers {}, {}", revision, name_of(fate)));
        taken_back_.reset();  // a newer one ends it
        highest_ = std::max(highest_, number_of(revision));
        return revision;
    }

    void somebody_deploys() {
        if (unfinished() >= sandbox::kMaxUnfinishedDeployments) return;
        const auto revision = somebody_registers();
        tell("somebody deploys " + revision);
        world_.somebody_deploys(revision);
        last_deployed_ = {.revision = number_of(revision), .at = world_.now()};
    }

    void something_fails() {
        static const std::vector<sandbox::Fault> kFaults{
            {.operation = "UpdateService", .kind = FaultKind::kThrottled, .times = 2},
            {.operation = "UpdateService", .kind = FaultKind::kFailedAfter},
            {.operation = "UpdateService", .kind = FaultKind::kFailedBefore, .times = 2},
            {.operation = "DescribeServices", .kind = FaultKind::kFailedBefore},
            {.operation = "ListServiceDeployments", .kind = FaultKind::kDenied, .times = 4},
            {.operation = "DescribeServiceDeployments", .kind = FaultKind::kFailedBefore, .times = 2},
            {.operation = "ListTaskDefinitions", .kind = FaultKind::kThrottled, .times = 2},
            {.operation = "StopServiceDeployment", .kind = FaultKind::kThrottled},
        };
        const auto& fault = kFaults[static_cast<std::size_t>(pick(static_cast<int>(kFaults.size())))];
        tell(fmt::format("{} will fail {} times, kind {}", fault.operation, fault.times, static_cast<int>(fault.kind)));
        world_.add_fault(fault);
    }

    /// A person's request through the function, which names nothing.
    void a_person_asks() {
        tell("a person asks the function to deploy");
        world_.send(R"({"service":"api","reason":"a person"})");
    }

    void a_person_names_a_revision() {
        static const std::vector<int> kOld{9, 10, 42};
        const int newer = highest_ - kOld.back();
        const int index = pick(static_cast<int>(kOld.size()) + newer);
        const int revision =
            index < static_cast<int>(kOld.size()) ? kOld[static_cast<std::size_t>(index)] : kOld.back() + index - 2;
        const auto id = fmt::format("m{}", ++events_);
        tell(fmt::format("a person asks the function to deploy :{}: {}", revision, id));
        named_.push_back({.revision = revision, .id = id});
        world_.send(
            dump_json({{"service", "api"}, {"task_definition", fmt::format("{}:{}", kApi, revision)}, {"reason", id}}));
    }

    /// `ci_lambda rollback api`
    void a_person_rolls_back() {
        const auto before = *world_.ecs().primary(kApi);
        tell("a person rolls back " + short_of(before));
        person_acts_ = true;
        const auto handled = world_.roll_back("a person");
        person_acts_ = false;
        tell("  " + (handled.error ? handled.error->message : handled.answer.detail));
        if (handled.error) return;
        rolled_back_at_ = world_.now();
        // What ECS was going back from by itself was not taken back by the person; what ECS has just begun may not have
        // been what the person saw; and the way back may lead to the same revision with another image.
        const bool seen = world_.now() - before.wanted_since > kMoment + lag();
        const bool of_the_person = !handled.answer.detail.contains("ECS is rolling it back");
        if (!of_the_person || family_of(before.task_definition) != kApi) return;
        going_back_from_ = before.id;
        const auto number = number_of(before.task_definition);
        if (seen && last_good_before(before) != number) taken_back_ = number;
    }

    /// The number of the last revision that was rolled out well before this deployment.
    int last_good_before(const sandbox::Deployment& deployment) {
        for (const auto& record : records())
            if (record["status"] == "SUCCESSFUL" && time_of(record) < deployment.wanted_since) return brought(record);
        return 0;
    }

    void send_later(const std::string& event) {
        // Most come at once; some wait in a queue, and what happened meanwhile must not be taken for their rollout.
        const auto delay = Milliseconds(500 + pick(chance(0.7) ? 3'500 : 240'000));
        world_.at(world_.passed() + delay, [this, event] { world_.send(event); });
    }

    /// Nothing of ours puts a lower number over a deployment that has been there for a moment, and nothing of ours
    /// stops what is healthy.
    void judge_call(const std::string& operation, const std::string& body) {
        const auto primary = *world_.ecs().primary(kApi);
        const auto request = parse_json(body).value_or(Json());
        if (person_acts_) return tell("  the person calls " + operation);
        if (operation == "StopServiceDeployment") {
            tell("the function stops " + short_of(primary));
            if (primary.fate == Scenario::kHealthy) complain("it stops the healthy " + short_of(primary));
        }
        if (operation != "UpdateService") return;
        const auto wanted = find_string(request, "taskDefinition").value_or(primary.task_definition);
        tell(fmt::format("the function deploys {} over {}", last_segment(wanted), short_of(primary)));
        const bool is_own = family_of(wanted) == kApi;
        if (is_own && is_named(number_of(wanted))) {
            taken_back_.reset();
            last_deployed_ = {.revision = number_of(wanted), .at = world_.now(), .event = named_.back().id};
            return;
        }
        if (is_own && taken_back_ == number_of(wanted)) {
            if (world_.now() - *rolled_back_at_ > kMoment + lag())
                complain(fmt::format("{} comes again, which a person has taken back", last_segment(wanted)));
            taken_back_.reset();
        }
        const auto seen_since = world_.now() - primary.created_at;
        const bool could_know = seen_since > kMoment + lag();
        if (family_of(wanted) != family_of(primary.task_definition)) {
            // A copy of what runs fixes its images, where their names stand for bad ones by now.
            const bool is_copy = family_of(wanted) != kApi;
            if (is_copy && could_know && primary.fate == Scenario::kHealthy &&
                stands_for(wanted) != last_segment(primary.task_definition))
                complain("it rolls back the healthy " + short_of(primary));
            rolled_back_at_ = world_.now();
            return;
        }
        // What somebody deployed a moment ago could not be known.
        if (is_own && last_deployed_ && world_.now() - last_deployed_->at <= kMoment + lag()) last_deployed_.reset();
        // What a person takes back gives way to what ran before it, and ECS may not have got to it yet.
        const bool is_taken_back = going_back_from_ == primary.id;
        if (could_know && !is_taken_back && primary.rollout != sandbox::RolloutState::kFailed &&
            number_of(wanted) < number_of(primary.task_definition))
            complain(fmt::format("{} goes over {}, which is newer", last_segment(wanted), short_of(primary)));
    }

    /// A person has asked for that revision, and the function has not done it yet.
    [[nodiscard]] bool is_named(int revision) const {
        return std::ranges::any_of(named_, [&](const Named& one) {
            if (one.revision != revision) return false;
            const auto has = [&](const std::string& event) {
                return event.contains(fmt::format("\"reason\":\"{}\"", one.id));
            };
            const bool done = std::ranges::any_of(
                world_.outcomes(), [&](const auto& outcome) { return !outcome.handled.error && has(outcome.event); });
            return !done && std::ranges::none_of(world_.lost_events(), has);
        });
    }

    /// The service does not run an older revision than somebody deployed last, but where that one did not run, or was
    /// taken back.
    void judge_end() {
        if (!last_deployed_ || (rolled_back_at_ && *rolled_back_at_ >= last_deployed_->at)) return;
        if (is_refused(last_deployed_->event)) return;
        const auto primary = *world_.ecs().primary(kApi);
        const bool is_copy = family_of(primary.task_definition) != kApi;
        const auto runs = is_copy ? number_of(stands_for(primary.task_definition)) : number_of(primary.task_definition);
        if (runs >= last_deployed_->revision || has_failed_since(*last_deployed_)) return;
        complain(fmt::format(":{} runs in the end, and somebody deployed :{} last", runs, last_deployed_->revision));
    }

    /// ECS did not take it, and somebody was told.
    [[nodiscard]] bool is_refused(const std::string& event) const {
        const auto reason = fmt::format("\"reason\":\"{}\"", event);
        return !event.empty() &&
               std::ranges::any_of(world_.lost_events(), [&](const auto& lost) { return lost.contains(reason); });
    }

    [[nodiscard]] bool has_failed_since(const LastDeployed& last) {
        return std::ranges::any_of(records(), [&](const Json& record) {
            const auto status = record["status"].get<std::string>();
            return time_of(record) >= last.at && status != "SUCCESSFUL" && status != "STOPPED" &&
                   brought(record) >= last.revision;
        });
    }

    /// The number of the revision that a rollout of ECS brought.
    int brought(const Json& record) {
        const Json request{{"serviceRevisionArns", {record["targetServiceRevisionArn"]}}};
        const auto described =
            parse_json(world_.call_ecs("DescribeServiceRevisions", dump_json(request))).value_or(Json());
        return number_of(described["serviceRevisions"][0]["taskDefinition"].get<std::string>());
    }

    /// The revision that a copy is of, by its tags.
    [[nodiscard]] std::string stands_for(const std::string& copy) {
        const Json request{{"taskDefinition", copy}, {"include", {"TAGS"}}};
        const auto described =
            parse_json(world_.call_ecs("DescribeTaskDefinition", dump_json(request))).value_or(Json());
        for (const auto& tag : described["tags"])
            if (tag["key"] == "ci_lambda:stands-for") return tag["value"].get<std::string>();
        return {};
    }

    /// No change goes missing: a rollout began after it, or somebody was told why none did.
    void judge_changes() {
        const auto begun = forward_rollouts();
        for (const auto& change : changes_) {
            const bool is_in = std::ranges::any_of(begun, [&](WallTime at) { return at >= change.at; });
            if (is_in || is_lost(change.id) || is_explained(change.id)) continue;
            complain("nothing was rolled out after the change " + change.id + answer_to(change.id));
        }
        const auto primary = *world_.ecs().primary(kApi);
        tell("in the end: " + short_of(primary));
    }

    std::vector<WallTime> forward_rollouts() {
        std::vector<WallTime> begun;
        for (const auto& record : records()) begun.push_back(time_of(record));
        return begun;
    }
    static WallTime time_of(const Json& record) {
        return WallTime(Milliseconds(std::llround(record["createdAt"].get<double>() * 1000)));
    }

    /// Of all rollouts, newest first.
    std::vector<Json> records() {
        std::vector<Json> all;
        std::string token;
        do {
            Json request{{"cluster", "shop_cluster_dev"}, {"service", kApi}, {"maxResults", 100}};
            if (!token.empty()) request["nextToken"] = token;
            const auto page =
                parse_json(world_.call_ecs("ListServiceDeployments", dump_json(request))).value_or(Json());
            for (const auto& one : page["serviceDeployments"]) all.push_back(one);
            token = find_string(page, "nextToken").value_or("");
        } while (!token.empty());
        return all;
    }

    [[nodiscard]] bool is_lost(const std::string& id) const {
        return std::ranges::any_of(world_.lost_events(), [&](const auto& event) { return has_id(event, id); });
    }
    /// `ignored`, with a reason other than that it is in already.
    [[nodiscard]] bool is_explained(const std::string& id) const {
        return std::ranges::any_of(world_.outcomes(), [&](const auto& one) {
            return has_id(one.event, id) && one.handled.answer.status == "ignored" &&
                   !one.handled.answer.detail.contains("already");
        });
    }
    [[nodiscard]] std::string answer_to(const std::string& id) const {
        std::string text;
        for (const auto& one : world_.outcomes())
            if (has_id(one.event, id))
                text += fmt::format("; answered {}: {}", one.handled.answer.status, one.handled.answer.detail);
        return text;
    }
    static bool has_id(const std::string& event, const std::string& id) {
        return event.contains(fmt::format("\"id\":\"{}\"", id));
    }

    [[nodiscard]] Milliseconds lag() const {
        return options_.quirks.lag.empty() ? Milliseconds{0} : options_.quirks.lag.begin()->second;
    }
    [[nodiscard]] int unfinished() { return world_.ecs().unfinished_deployments(kApi); }
    static std::string short_of(const sandbox::Deployment& deployment) {
        return fmt::format("{} ({}, {})", last_segment(deployment.task_definition), deployment.id,
                           name_of(deployment.fate));
    }
    void tell(const std::string& line) {
        story_.push_back(fmt::format("{:9.3f} s  {}", static_cast<double>(world_.passed().count()) / 1000, line));
    }
    void complain(const std::string& line) {
        complaints_.push_back(line);
        tell("WRONG: " + line);
    }

    unsigned seed_;
    std::mt19937 random_;
    WorldOptions options_;
    World world_;
    int events_ = 0;
    int highest_ = 42;  ///< revision
    bool person_acts_ = false;
    std::vector<Named> named_;
    std::optional<LastDeployed> last_deployed_;
    std::optional<int> taken_back_;  ///< by a person, and nothing has ended that yet
    std::optional<WallTime> rolled_back_at_;
    std::string going_back_from_;  ///< the last deployment that a person took back
    std::vector<Change> changes_;
    std::vector<std::string> story_;
    std::vector<std::string> complaints_;
};

unsigned number_in(const char* variable, unsigned otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : static_cast<unsigned>(std::stoul(text));
}

/// Some of the runs; all of them together take a minute of one processor.
class RandomRollouts : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomRollouts, UndoNothingNewerLoseNoChangeAndStopNothingHealthy) {
    const auto runs = number_in("CI_LAMBDA_TEST_RUNS", kRuns) / kTests;
    const auto only = number_in("CI_LAMBDA_TEST_SEED", 0);  // that of a run that has failed
    const auto first = only != 0 ? only : GetParam() * runs + 1;
    const auto last = only != 0 ? first + 1 : first + runs;
    for (unsigned seed = first; seed < last; ++seed) {
        RandomRun run(seed);
        run.play();
        const auto complaints = run.complaints();
        EXPECT_TRUE(complaints.empty()) << complaints;
    }
}

INSTANTIATE_TEST_SUITE_P(Runs, RandomRollouts, ::testing::Range(0U, static_cast<unsigned>(kTests)));

}  // namespace
}  // namespace ci_lambda::testing
