#include "app/events/hook.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "announce/words.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// Between two calls of one hook; soon where something looks bad already.
constexpr std::chrono::seconds kBetween{30};
constexpr std::chrono::seconds kSoon{10};

/// What one call tells the next one: since when it is looked at, since when the rollout is under way, and what was
/// seen.
struct HookMemory {
    WallTime since{};
    WallTime began{};
    HealthState seen = {};
};

std::string to_text(const HookMemory& memory) {
    return fmt::format("{};{};{}", format_rfc3339(memory.since), format_rfc3339(memory.began), to_text(memory.seen));
}

std::optional<HookMemory> memory_of(std::string_view text) {
    const auto first = text.find(';');
    const auto second = first == std::string_view::npos ? first : text.find(';', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    const auto since = parse_rfc3339(std::string(text.substr(0, first)));
    const auto began = parse_rfc3339(std::string(text.substr(first + 1, second - first - 1)));
    if (!since || !began) return std::nullopt;
    return HookMemory{.since = *since, .began = *began, .seen = health_state_of(text.substr(second + 1))};
}

/// An alarm counts that went off since the rollout began, which only ECS's record knows. Who may not read it counts
/// from now on; an error can heal.
Result<HookMemory> first_look(Wiring& parts, const AnswerHook& hook, Deadline deadline) {
    const auto now = parts.clock.now();
    const auto record = parts.ecs.service_deployment(hook.service_deployment, deadline);
    if (!record && record.error().retryable()) return std::unexpected(record.error());
    return HookMemory{.since = now, .began = record ? std::min(record->created_at, now) : now};
}

struct Reply {
    std::string_view status;  ///< as ECS reads it
    std::string words;
    nlohmann::json json;
};

Reply reply(std::string_view status, std::string words) {
    return {.status = status, .words = std::move(words), .json = {{"hookStatus", status}}};
}

Reply look_again(const HookMemory& memory, std::chrono::seconds in, std::string words) {
    auto answer = reply("IN_PROGRESS", std::move(words));
    answer.json["callBackDelay"] = in.count();
    answer.json["hookDetails"] = {{kHookState, to_text(memory)}};
    return answer;
}

Reply judge(Wiring& parts, const AnswerHook& hook, Deadline deadline) {
    const auto rules = parts.config.verify.of(hook.target->id);
    if (!rules.watches_anything())
        return reply("SUCCEEDED", fmt::format("neither {} nor {} has anything for it",
                                              parts.config.called("VERIFY_ALARMS", hook.target->id),
                                              parts.config.called("VERIFY_URLS", hook.target->id)));
    auto memory = memory_of(hook.state);
    if (!memory) {
        auto first = first_look(parts, hook, deadline);
        if (!first) {
            auto answer = reply("IN_PROGRESS", fmt::format("when it began is not known: {}", first.error().message));
            answer.json["callBackDelay"] = kSoon.count();
            return answer;
        }
        memory = *std::move(first);
    }
    const auto health = parts.health.check(rules, memory->began, memory->seen, deadline);
    const auto unseen = health.unseen.empty() ? "" : fmt::format(" (not seen: {})", join(health.unseen, "; "));
    if (health.kind == Health::Kind::kUnhealthy) return reply("FAILED", health.why + unseen);
    const auto watched = parts.clock.now() - memory->since;
    if (watched < rules.time) {
        const auto left =
            std::max(std::chrono::ceil<std::chrono::seconds>(rules.time - watched), std::chrono::seconds{1});
        return look_again(*memory, std::min(health.in_doubt ? kSoon : kBetween, left),
                          fmt::format("nothing bad so far, for another {}{}", in_words(left), unseen));
    }
    // The time is over: what has not been found bad may go on; a look that failed a moment ago wants another one.
    if (health.in_doubt) return look_again(*memory, kSoon, health.why + unseen);
    return reply("SUCCEEDED", fmt::format("nothing bad in {}{}", in_words(rules.time), unseen));
}

/// ECS's own event will say that a hook has stopped the rollout, and not why.
void tell_why(Wiring& parts, const AnswerHook& hook, const std::string& why) {
    const auto id = hook.target->label();
    Notification notification{.type = NotificationType::kError,
                              .title = title_of("stopped", id),
                              .project = {},
                              .environment = {},
                              .service = id,
                              .status = "stopped by its alarms or URLs",
                              .deployment_id = {},
                              .task_definition = {},
                              .reason = fmt::format("At {}: {}", hook.stage, why),
                              .facts = {fmt::format("{}\nhook\n{}", id, hook.service_deployment)}};
    if (!parts.announcer.is_new(notification)) return;
    parts.announcer.news({std::move(notification)});
    parts.deliver();
}

}  // namespace

Handled answer_hook(Wiring& parts, const AnswerHook& hook, Deadline deadline) {
    auto answer = hook.judged ? judge(parts, hook, working_time(deadline)) : reply("SUCCEEDED", hook.reason);
    if (parts.dry_run && answer.status == "FAILED")
        answer = reply("SUCCEEDED", fmt::format("it would be stopped, but for the dry run: {}", answer.words));
    if (answer.status == "FAILED") tell_why(parts, hook, answer.words);
    parts.logger.log(answer.status == "FAILED" ? LogLevel::kWarn : LogLevel::kInfo, "lifecycle hook answered",
                     {{log_key::kService, hook.target ? hook.target->id.str() : ""},
                      {"stage", hook.stage},
                      {"service_deployment", hook.service_deployment},
                      {"answer", std::string(answer.status)},
                      {log_key::kReason, answer.words}});
    return {.answer = {.status = "answered",
                       .detail = parts.redactor.redact(fmt::format("{}: {}", answer.status, answer.words)),
                       .to_hook = dump_json(answer.json)}};
}

}  // namespace ci_lambda
