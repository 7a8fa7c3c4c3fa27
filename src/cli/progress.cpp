#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/references.hpp"
#include "base/text.hpp"
#include "deployer/start/deployer.hpp"

namespace ci_lambda::cli {
namespace {

/// The column of the time, right-aligned: "12 min 30 s" and the like.
constexpr std::size_t kTimeColumns = 11;
constexpr std::size_t kGapBehindTime = 2;

std::string tasks_text(const EcsService& service, const EcsDeployment& primary) {
    auto text = fmt::format("{}: {} of {} tasks run", short_name(primary.task_definition), primary.running_count,
                            primary.desired_count);
    if (primary.pending_count > 0) text += fmt::format(", {} pending", primary.pending_count);
    if (primary.failed_tasks > 0) text += fmt::format(", {} failed", primary.failed_tasks);
    for (const auto& older : service.deployments)
        if (older.status != "PRIMARY" && older.running_count > 0)
            text += fmt::format("; {} of {} still run", older.running_count, short_name(older.task_definition));
    return text;
}

/// Words of a rollout's text below its time.
void append(std::vector<Line>& block, const std::string& text, std::size_t columns, std::string first, Color color) {
    const std::string indent(kTimeColumns + kGapBehindTime, ' ');
    for (auto& words : wrapped(text, columns > indent.size() ? columns - indent.size() : 1)) {
        block.push_back({{.text = first.empty() ? indent : first, .color = Color::kDim},
                         {.text = std::move(words), .color = color}});
        first.clear();
    }
}

}  // namespace

Progress progress_of(const RolloutOutcome& so_far, const EcsService* service, const std::string& failing,
                     WallTime now) {
    Progress progress{.service = so_far.rollout.target.label(), .state = {}, .why = {}, .took = so_far.took};
    const auto& judgement = so_far.judgement;
    const auto* primary = service == nullptr ? nullptr : service->primary();
    if (judgement.final()) {
        progress.state =
            fmt::format("{}: {}", replace_all(std::string(to_string(judgement.verdict)), "_", " "), judgement.reason);
        return progress;
    }
    if (primary == nullptr) {
        progress.state = judgement.reason;
        return progress;
    }
    progress.state = tasks_text(*service, *primary);
    if (judgement.phase && !judgement.rolling_back)
        progress.state = fmt::format("{}; {}", in_words(*judgement.phase, now), progress.state);
    if (judgement.rolling_back)
        progress.why =
            so_far.rollback.empty() ? judgement.reason : fmt::format("{}; {}", judgement.reason, so_far.rollback);
    else
        progress.why = failing;
    return progress;
}

std::string plain_text(const Progress& progress) {
    return fmt::format("{}: {}{}{}", progress.service, progress.state, progress.why.empty() ? "" : "; ", progress.why);
}

std::vector<Line> block_of(const std::vector<Progress>& rollouts, std::size_t columns) {
    std::vector<Line> block;
    for (const auto& one : rollouts) {
        auto time = fmt::format("{:>{}}{:{}}", in_words(one.took), kTimeColumns, "", kGapBehindTime);
        append(block, fmt::format("{}: {}", one.service, one.state), columns, std::move(time), Color::kNone);
        if (!one.why.empty()) append(block, one.why, columns, "", Color::kYellow);
    }
    return block;
}

void ProgressView::look(const RolloutOutcome& so_far, const EcsService* service) {
    const std::scoped_lock lock(mutex_);
    auto& watched = watched_[so_far.rollout.target.label()];
    if (service != nullptr) ask_why(watched, so_far, *service);
    watched.progress = progress_of(so_far, service, watched.failing, clock_.now());
    watched.over = so_far.judgement.final();
    watched.seen_at = clock_.now();
    if (console_.err_screen().terminal) {
        draw();
        return;
    }
    // The last word of the last one is the command's result.
    if (watched.over && watched_.size() == 1) return;
    auto text = plain_text(watched.progress);
    if (text == watched.said) return;
    console_.note(
        fmt::format("{:>{}}{:{}}{}", in_words(watched.progress.took), kTimeColumns, "", kGapBehindTime, text));
    watched.said = std::move(text);
}

void ProgressView::tick() {
    const std::scoped_lock lock(mutex_);
    if (!watched_.empty() && console_.err_screen().terminal) draw();
}

void ProgressView::end() {
    const std::scoped_lock lock(mutex_);
    watched_.clear();
    console_.end_show();
}

void ProgressView::draw() {
    std::vector<Progress> rollouts;
    for (const auto& [id, watched] : watched_) {
        rollouts.push_back(watched.progress);
        if (!watched.over)
            rollouts.back().took += std::chrono::duration_cast<Milliseconds>(clock_.now() - watched.seen_at);
    }
    const auto columns = console_.err_screen().columns;
    console_.show(block_of(rollouts, columns > 1 ? columns - 1 : 1));
}

void ProgressView::ask_why(Watched& watched, const RolloutOutcome& so_far, const EcsService& service) const {
    const auto* primary = service.primary();
    if (primary == nullptr) return;
    RolloutFacts facts{.service = &service, .history = {}, .stopped_tasks = {}, .now = clock_.now()};
    const auto why = [&] { return why_tasks_fail(primary->id, so_far.rollout.started_at, facts); };
    // Messages come with the service; tasks have to be asked for, which is worth it when one more has failed.
    const auto message = why();
    if (primary->failed_tasks > watched.failed_tasks && stopped_tasks_)
        facts.stopped_tasks = stopped_tasks_(so_far.rollout.target);
    watched.failed_tasks = primary->failed_tasks;
    if (auto said = why(); said != message) watched.said_by_task = std::move(said);
    watched.failing = watched.said_by_task.empty() ? message : watched.said_by_task;
}

}  // namespace ci_lambda::cli
