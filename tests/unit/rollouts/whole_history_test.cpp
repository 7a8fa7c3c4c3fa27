#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "approvals/token.hpp"
#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "deployer/holds/hold.hpp"
#include "sandbox/ecs/state.hpp"
#include "unit/rollouts/support.hpp"
#include "unit/rollouts/world.hpp"

// Random histories over all that may keep a deployment from beginning, or take it back: holds, freezes, approvals,
// tasks before and after, others who deploy, events that come twice or late, calls that fail, processes that die.
// What must hold is written in History::judge_*(). A history that fails is made shorter before it is shown.

namespace ci_lambda::testing {
namespace {

using sandbox::FaultKind;
using sandbox::Scenario;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr unsigned kHistoryTests = 4;
constexpr unsigned kHistories = 160;  // of all tests together, unless CI_LAMBDA_TEST_RUNS says otherwise
constexpr std::size_t kActsOfHistory = 16;
/// What may lie between a look of the function and what it does next.
constexpr Milliseconds kBetweenLookAndAct{3000};
const std::string kHistoryKey = "0123456789abcdef0123456789abcdef";
constexpr const char* kHistoryRole = "arn:aws:iam::123456789012:role/shop_schedules";

enum class Act {
    kParameter,  ///< a parameter changes, and ECS has to deploy for it
    kRelease,    ///< a revision is registered, and an event asks for it
    kPush,       ///< a tag stands for another image
    kHold,       ///< for some time, or without an end
    kReleaseHold,
    kApprove,  ///< the last question, or an old one
    kReject,
    kPersonAsks,
    kOverride,  ///< a person asks although it is held
    kForeign,   ///< somebody deploys past the function
    kTasks,     ///< tasks end in another way from now on
    kFault,
    kForget,  ///< a new process
    kDeath,   ///< a process dies in the middle
    kAgain,   ///< an event is delivered again
};
constexpr int kActs = 15;

struct Step {
    Act act = Act::kParameter;
    Milliseconds later{};  ///< after the step before it
    unsigned dice = 0;     ///< for whatever it has to choose
};

struct Setting {
    bool approvals = false;
    bool before = false;
    bool after = false;
    bool frozen = false;
    bool lag = false;
    bool short_of_time = false;  ///< invocations end before tasks do
    std::vector<Step> steps;
};

Setting draw(unsigned seed) {
    std::mt19937 random(seed);
    const auto pick = [&](int below) { return std::uniform_int_distribution<int>(0, below - 1)(random); };
    Setting setting{.approvals = pick(2) == 0,
                    .before = pick(2) == 0,
                    .after = pick(5) < 2,
                    .frozen = pick(4) == 0,
                    .lag = pick(4) == 0,
                    .short_of_time = pick(2) == 0,
                    .steps = {}};
    for (std::size_t i = 0; i < kActsOfHistory; ++i)
        setting.steps.push_back({.act = static_cast<Act>(pick(kActs)),
                                 .later = Milliseconds(pick(pick(2) == 0 ? 5'000 : 600'000)),
                                 .dice = static_cast<unsigned>(random())});
    return setting;
}

WorldOptions world_of(const Setting& setting) {
    WorldOptions options{.sweep = false, .lambda_retries = true, .knows_itself = true};
    options.environment = {{"HOLDS", "true"}, {"SCHEDULE_ROLE", kHistoryRole}};
    if (setting.approvals) {
        options.environment["APPROVAL_REQUIRED"] = "true";
        options.environment["APPROVAL_KEY"] = kHistoryKey;
        options.environment["APPROVAL_EXPIRES_MINUTES"] = "1440";
    }
    std::vector<std::string> members;
    if (setting.before) members.emplace_back(R"("before":{"task":"migrate","command":["up"],"timeout_minutes":60})");
    if (setting.after) members.emplace_back(R"("after":{"task":"smoke","command":["go"],"timeout_minutes":60})");
    if (!members.empty())
        options.environment["CI_LAMBDA_CONFIG"] = R"({"services":{"api":{)" + join(members, ",") + "}}}";
    if (setting.frozen) options.environment["FREEZE_WINDOWS"] = R"([{"daily":"11:00 - 12:30","zone":"UTC"}])";
    if (setting.lag) options.quirks.lag = {{"DescribeServices", seconds{2}}, {"ListServiceDeployments", seconds{2}}};
    options.lambda_timeout = setting.short_of_time ? minutes{2} : minutes{14};
    return options;
}

class History {
public:
    explicit History(const Setting& setting) : setting_(setting), world_(world_of(setting)) {
        tell(fmt::format("approvals {}, before {}, after {}, frozen {}, lag {}, short {}", setting.approvals,
                         setting.before, setting.after, setting.frozen, setting.lag, setting.short_of_time));
        world_.before_each_call([this](const auto& operation, const auto& body) { judge_call(operation, body); });
    }

    std::vector<std::string> play() {
        for (const auto& step : setting_.steps) {
            world_.run_for(step.later);
            take(step);
        }
        come_to_rest();
        judge_end();
        return complaints_;
    }

    [[nodiscard]] std::string story() const {
        auto text = join(story_, "\n");
        for (const auto& [event, handled] : world_.outcomes())
            text += fmt::format("\n  {:.90} -> {}: {:.160}", event, handled.answer.status,
                                handled.error ? handled.error->message : handled.answer.detail);
        return text;
    }

private:
    struct Change {
        WallTime at;
        std::string id;  ///< of its event
    };
    struct Question {
        std::string token;
        std::string shown;   ///< the revision that it says would run
        std::string digest;  ///< what the tag stood for
        bool answered = false;
        std::string approved_over = {};  ///< what ran when it was asked; empty: nobody has approved it in its time
    };
    struct Ran {
        std::string revision;
        std::string deployment;  ///< of one that runs afterwards
        bool good = false;
        WallTime ends{};
    };
    struct Sent {
        WallTime at;
        std::string revision;
        std::string event;  ///< for which
    };

    void take(const Step& step) {
        note_questions();
        switch (step.act) {
            case Act::kParameter: return parameter_changes(step);
            case Act::kRelease: somebody_registers(step); return parameter_changes(step);
            case Act::kPush: return somebody_pushes(step);
            case Act::kHold: return hold(step);
            case Act::kReleaseHold: tell("released"); return world_.send(R"({"action":"release","service":"api"})");
            case Act::kApprove:
            case Act::kReject: return answer(step);
            case Act::kPersonAsks: return a_person_asks("");
            case Act::kOverride: return a_person_asks("it burns");
            case Act::kForeign: return somebody_deploys(step);
            case Act::kTasks: return tasks_change(step);
            case Act::kFault: return something_fails(step);
            case Act::kForget: tell("a new process"); return world_.forget_all();
            case Act::kDeath: return somebody_dies(step);
            case Act::kAgain: return comes_again(step);
        }
    }

    void parameter_changes(const Step& step) {
        const auto at = world_.now();
        const Change change{.at = at, .id = fmt::format("P{}", ++number_)};
        tell("a parameter changes: " + change.id);
        changes_.push_back(change);
        // Some come twice, some late, and so in another order.
        const auto event = update_of_parameter(change.id, at);
        send_later(event, step.dice % 3 == 0 ? 90'000 : 1'000);
        if (step.dice % 4 == 0) send_later(event, 200'000);
    }

    void somebody_pushes(const Step& step) {
        const auto at = world_.now();
        const Change change{.at = at, .id = fmt::format("I{}", ++number_)};
        digest_ = "sha256:" + std::string(62, 'a') + fmt::format("{:02}", number_);
        digest_since_ = at;
        tell("v1.42 is pushed: " + change.id);
        world_.move_tag("v1.42", digest_);
        world_.ecs().push_image(World::kImage, Scenario::kHealthy);
        changes_.push_back(change);
        send_later(dump_json({{"id", change.id},
                              {"source", "aws.ecr"},
                              {"detail-type", "ECR Image Action"},
                              {"time", in_whole_seconds(at)},
                              {"detail",
                               {{"result", "SUCCESS"},
                                {"action-type", "PUSH"},
                                {"image-tag", "v1.42"},
                                {"image-digest", digest_},
                                {"repository-name", "shop_service_api"}}}}),
                   step.dice % 3 == 0 ? 90'000 : 1'000);
    }

    std::string somebody_registers(const Step& step) {
        // Each has another image, so that what is shown of one is not what is shown of another.
        const auto image = replace_all(World::kImage, "v1.42", fmt::format("v2.{}", ++number_));
        const auto revision = world_.somebody_registers(image);
        const bool bad = step.dice % 5 == 0;
        if (bad) world_.ecs().set_fate(revision, Scenario::kCrashOnStart);
        tell(fmt::format("somebody registers {}{}", revision, bad ? ", which crashes" : ""));
        return revision;
    }

    /// Perhaps while the function waits for something.
    void somebody_deploys(const Step& step) {
        world_.at(world_.passed() + Milliseconds(step.dice % 90'000), [this, step] {
            if (world_.ecs().unfinished_deployments(kApiService) >= sandbox::kMaxUnfinishedDeployments) return;
            const auto revision = somebody_registers(step);
            tell("somebody deploys " + revision);
            world_.somebody_deploys(revision);
            foreign_.push_back(world_.now());
        });
    }

    void hold(const Step& step) {
        if (step.dice % 3 == 0) return hold_by_hand(step);
        static const std::vector<std::string> kEnds{R"("until":"20m",)", R"("until":"90m",)", ""};
        const auto& end = kEnds[(step.dice / 3) % kEnds.size()];
        tell("held: " + end);
        world_.send(fmt::format(R"({{"action":"hold","service":"api",{}"reason":"moves","by":"alice"}})", end));
    }

    /// Past the function, perhaps while it waits for something.
    void hold_by_hand(const Step& step) {
        world_.at(world_.passed() + Milliseconds(step.dice % 90'000), [this] {
            tell("somebody writes the tag of a hold");
            world_.call_ecs(
                "TagResource",
                fmt::format(
                    R"({{"resourceArn":"arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/{}","tags":[{{"key":"{}","value":"{}"}}]}})",
                    kApiService, kHoldTag, tag_value({.until = world_.now() + minutes{40}, .by = "bob"})));
            held_by_hand_at_ = world_.now();
        });
    }

    void answer(const Step& step) {
        if (questions_.empty()) return;
        const auto index = step.dice % 4 == 0 ? (step.dice / 4) % questions_.size() : questions_.size() - 1;
        const auto event = answer(questions_[index], step.act == Act::kApprove);
        // The same once more, when all is done.
        if (step.dice % 3 == 0) send_later(event, 400'000);
    }

    std::string answer(Question& question, bool yes) {
        tell(fmt::format("somebody {} to {}", yes ? "says yes" : "says no", question.shown));
        question.answered = true;
        if (const auto opened = open(question.token); opened && yes) question.approved_over = opened->running;
        auto event = dump_json({{yes ? "approve" : "reject", question.token}});  // it has no id to be known by
        world_.send(event);
        return event;
    }

    void a_person_asks(const std::string& override_hold) {
        const Change change{.at = world_.now(), .id = fmt::format("M{}", ++number_)};
        changes_.push_back(change);
        tell("a person asks: " + change.id + (override_hold.empty() ? "" : ", also past a hold"));
        Json event{{"service", "api"}, {"reason", change.id}};
        if (!override_hold.empty()) event["override_hold"] = override_hold;
        world_.send(dump_json(event));
    }

    void tasks_change(const Step& step) {
        tasks_good_ = step.dice % 3 != 0;
        tasks_run_ = step.dice % 2 == 0 ? seconds{30} : seconds{480};
        tell(fmt::format("tasks are {} from now on, and run for {} s", tasks_good_ ? "good" : "bad",
                         tasks_run_.count()));
        world_.ecs().set_alone({.exit_code = tasks_good_ ? 0 : 1, .runs = tasks_run_});
    }

    void something_fails(const Step& step) {
        static const std::vector<sandbox::Fault> kFaults{
            {.operation = "UpdateService", .kind = FaultKind::kThrottled, .times = 2},
            {.operation = "UpdateService", .kind = FaultKind::kFailedAfter},
            {.operation = "UpdateService", .kind = FaultKind::kFailedBefore, .times = 2},
            {.operation = "DescribeServices", .kind = FaultKind::kThrottled, .times = 3},
            {.operation = "ListTaskDefinitions", .kind = FaultKind::kThrottled, .times = 2},
            {.operation = "DescribeTaskDefinition", .kind = FaultKind::kFailedBefore, .times = 2},
            {.operation = "RunTask", .kind = FaultKind::kThrottled, .times = 2},
            {.operation = "RunTask", .kind = FaultKind::kFailedAfter},
            {.operation = "ListTasks", .kind = FaultKind::kFailedBefore, .times = 2},
            {.operation = "DescribeTasks", .kind = FaultKind::kThrottled},
        };
        const auto& fault = kFaults[step.dice % kFaults.size()];
        tell(fmt::format("{} will fail {} times, kind {}", fault.operation, fault.times, static_cast<int>(fault.kind)));
        world_.add_fault(fault);
    }

    void somebody_dies(const Step& step) {
        calls_to_live_ = 1 + static_cast<int>(step.dice % 12);
        dies_ = step.dice % 2 == 0 ? World::Dies::kNow : World::Dies::kAfterThisCall;
        tell(fmt::format("the process will die at its call {} from now, {}", calls_to_live_,
                         dies_ == World::Dies::kNow ? "which is not made" : "which is made"));
    }

    void comes_again(const Step& step) {
        const auto& all = world_.outcomes();
        if (all.empty()) return;
        const auto event = all[step.dice % all.size()].event;
        // What a person sends, they send once; the rest is delivered at least once.
        if (event.contains(R"("reason":"M)") || event.contains(R"("action":"hold")") ||
            event.contains(R"("action":"release")"))
            return;
        tell("again: " + event.substr(0, 100));
        world_.send(event);
    }

    void send_later(const std::string& event, int within) {
        const auto delay = Milliseconds(300 + static_cast<int>((number_ * 7919) % static_cast<unsigned>(within)));
        world_.at(world_.passed() + delay, [this, event] { world_.send(event); });
    }

    // --- what must hold -------------------------------------------------------------------------------------------

    /// Nothing rolls that was not allowed.
    void judge_call(const std::string& operation, const std::string& body) {
        if (calls_to_live_ > 0 && --calls_to_live_ == 0) {
            tell("the process dies at " + operation);
            world_.die(dies_);
            if (dies_ == World::Dies::kNow) return;
        }
        const auto request = parse_json(body).value_or(Json());
        if (operation == "RunTask") return note_task(request);
        if (operation != "UpdateService") return;
        const auto primary = *world_.ecs().primary(kApiService);
        const auto wanted = short_name(find_string(request, "taskDefinition").value_or(primary.task_definition));
        const bool back = !wanted.starts_with(std::string(kApiService) + ":");
        tell(fmt::format("the function deploys {} over {} ({}){}", wanted, short_name(primary.task_definition),
                         primary.id, back ? ", which takes it back" : ""));
        if (back) return;
        sent_.push_back({.at = world_.now(), .revision = wanted, .event = world_.handling()});
        judge_hold();
        if (setting_.approvals) judge_approval(primary, wanted);
        if (setting_.before && wanted != short_name(primary.task_definition)) judge_task_before(wanted);
    }

    void judge_hold() {
        if (passes_holds()) return;
        const auto now = world_.now();
        const auto described = parse_json(world_.call_ecs(
            "DescribeServices",
            fmt::format(R"({{"cluster":"shop_cluster_dev","services":["{}"],"include":["TAGS"]}})", kApiService)));
        for (const auto& tag : (*described)["services"][0]["tags"])
            if (tag["key"] == kHoldTag) {
                const auto held = hold_of_value(tag["value"].get<std::string>());
                const bool could_know = now - held_by_hand_at_ > kBetweenLookAndAct + lag();
                if ((!held.until || *held.until > now) && could_know) complain("it deploys what is " + in_words(held));
            }
        const auto of_day = now.time_since_epoch() % hours{24};
        if (setting_.frozen && of_day > hours{11} + kBetweenLookAndAct && of_day < hours{12} + minutes{30})
            complain("it deploys in a freeze");
    }

    /// Somebody has said so, and the request remembers.
    [[nodiscard]] bool passes_holds() const {
        const auto& event = world_.handling();
        if (event.contains("override_hold") || event.contains(R"(past\":)") || event.contains(R"("past":)"))
            return true;
        const auto at = event.find("ca1.");
        if (at == std::string::npos) return false;
        const auto opened = open(event.substr(at, event.find('"', at) - at));
        return opened && opened->request.contains(R"("past":)");
    }

    [[nodiscard]] Result<Approval> open(const std::string& token) const {
        return open_token(token, {.current = Secret(kHistoryKey)}, "shop/dev", world_.now());
    }

    void judge_approval(const sandbox::Deployment& primary, const std::string& wanted) {
        std::string seen = "nobody has approved anything";
        for (const auto& question : questions_) {
            if (question.approved_over.empty()) continue;
            // The only one whose image the tag is of.
            const bool moved = wanted == kNewRevision && digest_ != question.digest &&
                               world_.now() - digest_since_ > kBetweenLookAndAct;
            seen = fmt::format("approved was {} over {}{}", question.shown, question.approved_over,
                               moved ? ", with another image" : "");
            const bool moved_on =
                question.approved_over != primary.id && world_.now() - primary.created_at > kBetweenLookAndAct + lag();
            if (question.shown == wanted && !moved_on && !moved) return;
        }
        complain(fmt::format("it deploys {} over {}, and {}", wanted, primary.id, seen));
    }

    void judge_task_before(const std::string& wanted) {
        for (const auto& [by, ran] : tasks_)
            if (by.starts_with("ci_lambda-before-") && ran.revision == wanted && ran.good && ran.ends <= world_.now())
                return;
        complain(fmt::format("it deploys {}, and no task before it has succeeded", wanted));
    }

    void note_task(const Json& request) {
        const auto by = find_string(request, "startedBy").value_or("");
        const auto token = find_string(request, "clientToken").value_or("");
        Ran ran{.revision = short_name(find_string(request, "taskDefinition").value_or("")),
                .deployment = {},
                .good = tasks_good_,
                .ends = world_.now() + tasks_run_};
        if (by.starts_with("ci_lambda-after-"))
            for (const auto& variable : request["overrides"]["containerOverrides"][0]["environment"])
                if (variable["name"] == "CI_LAMBDA_REQUEST")
                    ran.deployment = find_string(parse_json(variable["value"].get<std::string>()).value_or(Json()), "d")
                                         .value_or("");
        tell(fmt::format("the function runs {} by {}, {}", ran.revision, by.substr(0, 25), ran.good ? "good" : "bad"));
        // The same token once more finds the first one; and one that failed may be run again.
        if (tokens_.insert(token).second || tasks_[by].ends < world_.now()) tasks_.insert_or_assign(by, ran);
    }

    void note_questions() {
        const auto text = world_.slack();
        for (auto at = text.find("ca1."); at != std::string::npos; at = text.find("ca1.", at + 1)) {
            const auto end =
                text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.", at);
            const auto token = text.substr(at, end - at);
            if (std::ranges::find(questions_, token, &Question::token) != questions_.end()) continue;
            const auto begin = text.rfind('\n', at) == std::string::npos ? 0 : text.rfind('\n', at);
            const std::string_view says = "would run: ";
            auto shown = text.find(says, begin);
            if (shown == std::string::npos) continue;
            shown += says.size();
            questions_.push_back(
                {.token = token,
                 .shown = text.substr(shown,
                                      text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789:-", shown) - shown),
                 .digest = digest_});
        }
    }

    /// Nothing goes wrong any more, no hold is left, and who is asked says yes.
    void come_to_rest() {
        tell("--- all comes to rest");
        calls_to_live_ = 0;
        world_.clear_faults();
        world_.run_for(minutes{20});
        world_.send(R"({"action":"release","service":"api"})");
        world_.run_for(hours{4});
        for (int round = 0; round < 3; ++round) {
            note_questions();
            if (!waits_for_approval()) break;
            answer(questions_.back(), true);
            world_.run_for(hours{2});
        }
    }

    /// The last that has been said about what somebody wants.
    [[nodiscard]] std::optional<World::Outcome> last_word() const {
        std::optional<World::Outcome> last;
        for (const auto& outcome : world_.outcomes()) {
            const auto& event = outcome.event;
            const bool wants = event.contains(R"("id":"P)") || event.contains(R"("id":"I)") ||
                               event.contains(R"("reason":"M)") || event.contains(R"("approve")") ||
                               event.contains(R"("action":"thaw")") || event.contains("ci_lambda-before-");
            if (wants && outcome.handled.answer.status != "refused" && !is_repeated(outcome)) last = outcome;
        }
        return last;
    }
    /// What comes once more is answered as before, and whoever waits for a task is left alone.
    [[nodiscard]] bool is_repeated(const World::Outcome& outcome) const {
        const auto& answer = outcome.handled.answer;
        if (answer.status == "ignored" && answer.detail.contains("waits for its end")) return true;
        const auto first = std::ranges::find_if(world_.outcomes(), [&](const World::Outcome& one) {
            return one.event == outcome.event && one.handled.answer.detail == answer.detail;
        });
        return &*first != &outcome && !outcome.handled.error;
    }

    [[nodiscard]] bool waits_for_approval() const {
        return !questions_.empty() && !questions_.back().answered && open(questions_.back().token);
    }

    void judge_end() {
        judge_nothing_is_forgotten();
        judge_nothing_arrives_twice();
        if (setting_.after) judge_what_is_called_completed();
        tell("in the end: " + world_.end_state());
    }

    /// The last change is in, or somebody was told why it is not.
    void judge_nothing_is_forgotten() {
        if (changes_.empty()) return;
        const auto last_change = std::ranges::max_element(changes_, {}, &Change::at)->at;
        for (const auto at : forward_rollouts())
            if (at >= last_change - seconds{1}) return;
        const auto last = last_word();
        if (!last) return complain("nothing was ever said about what was wanted");
        const auto& status = last->handled.answer.status;
        if (last->handled.error && is_lost(last->event)) return;
        if (last->handled.error && last->handled.error->message.contains("the task migrate before it failed")) return;
        if ((status == "rejected" || status == "outdated" || status == "awaiting_approval") && !questions_.empty() &&
            questions_.back().answered)
            return;
        if (status == "ignored" && last->handled.answer.detail.contains("newer")) return;
        if (was_told_since(last_change)) return;
        complain(fmt::format("the last change is not in, and what was said last is {}: {} ({})", status,
                             last->handled.answer.detail,
                             last->handled.error ? last->handled.error->message : "no error"));
    }

    [[nodiscard]] bool is_lost(const std::string& event) const {
        return std::ranges::find(world_.lost_events(), event) != world_.lost_events().end();
    }
    [[nodiscard]] bool was_told_since(WallTime /*since*/) const {
        const auto titles = world_.titles();
        return !titles.empty() && (titles.back().contains("not approved") || titles.back().contains("rejected") ||
                                   titles.back().contains("could not start"));
    }

    /// A rollout of the function's has something in it that the one before has not.
    void judge_nothing_arrives_twice() {
        const auto all = records();
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto at = time_of(all[i]);
            const auto mine =
                std::ranges::find_if(sent_, [&](const Sent& one) { return one.at <= at && at - one.at < seconds{1}; });
            if (mine == sent_.end() || is_foreign(at)) continue;
            // What says no time means the moment at which it is handled, also when it comes again.
            if (is_a_persons(mine->event)) continue;
            // The one that was there before, where it is good.
            const auto before = i + 1 < all.size() ? std::optional(all[i + 1]) : std::nullopt;
            if (!before || (*before)["status"] != "SUCCESSFUL" || is_back(*before)) continue;
            const auto since = time_of(*before) - seconds{5};
            const bool is_new = std::ranges::any_of(
                changes_, [&](const Change& one) { return one.at >= since && one.at <= at + seconds{1}; });
            if (!is_new)
                complain(fmt::format("{} is rolled out once more at {} s, and nothing has changed since {} s",
                                     mine->revision, seconds_of(at), seconds_of(time_of(*before))));
        }
    }

    /// Whoever hears "completed" knows that the task after it has succeeded.
    void judge_what_is_called_completed() {
        const auto messages = split(world_.slack(), '\n');
        for (const auto& message : messages) {
            if (!message.contains("Deployment completed: api") || message.contains("took its place")) continue;
            const auto at = message.find("ecs-svc/");
            const auto id = message.substr(at, message.find_first_not_of("ecs-v/0123456789", at) - at);
            const bool tested = std::ranges::any_of(
                tasks_, [&](const auto& one) { return one.second.deployment == id && one.second.good; });
            if (!tested) complain(fmt::format("{} is called completed, and no task after it has succeeded", id));
        }
    }

    /// Asked for by a person, at first or by way of an approval, a hold or a task.
    [[nodiscard]] bool is_a_persons(const std::string& event) const {
        if (event.contains(R"("reason":"M)") || event.contains(R"("why":"M)") || event.contains(R"(why\":\"M)"))
            return true;
        const auto at = event.find("ca1.");
        if (at == std::string::npos) return false;
        const auto opened = open(event.substr(at, event.find('"', at) - at));
        return opened && opened->request.contains(R"("why":"M)");
    }
    [[nodiscard]] bool is_foreign(WallTime at) const {
        return std::ranges::any_of(foreign_,
                                   [&](WallTime one) { return one <= at + seconds{1} && at <= one + seconds{1}; });
    }
    bool is_back(const Json& record) {
        const auto described = parse_json(world_.call_ecs(
            "DescribeServiceRevisions", dump_json({{"serviceRevisionArns", {record["targetServiceRevisionArn"]}}})));
        const auto name = short_name((*described)["serviceRevisions"][0]["taskDefinition"].get<std::string>());
        return !name.starts_with(std::string(kApiService) + ":");
    }
    std::vector<WallTime> forward_rollouts() {
        std::vector<WallTime> all;
        for (const auto& record : records()) all.push_back(time_of(record));
        return all;
    }
    static WallTime time_of(const Json& record) {
        return WallTime(Milliseconds(std::llround(record["createdAt"].get<double>() * 1000)));
    }
    /// Of all rollouts, newest first.
    std::vector<Json> records() {
        const auto page = parse_json(world_.call_ecs(
            "ListServiceDeployments",
            fmt::format(R"({{"cluster":"shop_cluster_dev","service":"{}","maxResults":100}})", kApiService)));
        std::vector<Json> all;
        for (const auto& one : (*page)["serviceDeployments"]) all.push_back(one);
        return all;
    }

    [[nodiscard]] Milliseconds lag() const { return setting_.lag ? seconds{2} : seconds{0}; }
    [[nodiscard]] double seconds_of(WallTime at) const {
        const auto passed = at - (world_.now() - world_.passed());
        return static_cast<double>(std::chrono::duration_cast<Milliseconds>(passed).count()) / 1000;
    }
    void tell(const std::string& line) {
        story_.push_back(fmt::format("{:9.3f} s  {}", seconds_of(world_.now()), line));
    }
    void complain(const std::string& line) {
        complaints_.push_back(line);
        tell("WRONG: " + line);
    }

    Setting setting_;
    World world_;
    unsigned number_ = 0;
    int calls_to_live_ = 0;
    World::Dies dies_ = World::Dies::kNow;
    bool tasks_good_ = true;
    seconds tasks_run_{20};
    std::string digest_;
    WallTime digest_since_{};
    WallTime held_by_hand_at_{};
    std::vector<Change> changes_;
    std::vector<Question> questions_;
    std::vector<WallTime> foreign_;
    std::vector<Sent> sent_;
    std::map<std::string, Ran> tasks_;  ///< by who started them
    std::set<std::string> tokens_;
    std::vector<std::string> story_;
    std::vector<std::string> complaints_;
};

/// The same history with as few steps as it takes to go wrong; what happened then.
std::string shortened(Setting setting, std::string story) {
    for (std::size_t i = setting.steps.size(); i-- > 0;) {
        auto shorter = setting;
        if (i + 1 < shorter.steps.size()) shorter.steps[i + 1].later += shorter.steps[i].later;
        shorter.steps.erase(shorter.steps.begin() + static_cast<std::ptrdiff_t>(i));
        History history(shorter);
        if (history.play().empty()) continue;
        setting = std::move(shorter);
        story = history.story();
    }
    return story;
}

unsigned number_from(const char* variable, unsigned otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : static_cast<unsigned>(std::stoul(text));
}

class WholeHistories : public ::testing::TestWithParam<unsigned> {};

TEST_P(WholeHistories, BeginNothingThatIsNotAllowedForgetNothingAndDoNothingTwice) {
    const auto runs = number_from("CI_LAMBDA_TEST_RUNS", kHistories) / kHistoryTests;
    const auto only = number_from("CI_LAMBDA_TEST_SEED", 0);  // that of a history that has failed
    const auto first = only != 0 ? only : GetParam() * runs + 1;
    const auto last = only != 0 ? first + 1 : first + runs;
    for (unsigned seed = first; seed < last; ++seed) {
        const auto setting = draw(seed);
        History history(setting);
        if (history.play().empty()) continue;
        ADD_FAILURE() << "seed " << seed << "\n" << shortened(setting, history.story());
    }
}

INSTANTIATE_TEST_SUITE_P(Runs, WholeHistories, ::testing::Range(0U, kHistoryTests));

}  // namespace
}  // namespace ci_lambda::testing
