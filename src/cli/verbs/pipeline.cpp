#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "app/people/pipelines.hpp"
#include "base/text.hpp"
#include "cli/pipelines.hpp"
#include "cli/reports.hpp"
#include "cli/verbs.hpp"
#include "cli/watching.hpp"
#include "cli/wishes.hpp"
#include "pipelines/state_machine.hpp"

// `pipeline`: what stands in which order, and runs of it.

namespace ci_lambda::cli {
namespace {

int show_status(const PipelineCommand& command, Session& session) {
    const auto opened = session.open(command.log);
    if (!opened) return session.failed(opened.error());
    auto& app = **opened;
    const auto pipelines = look_at_pipelines(app, command.pipeline, session.patience());
    if (!pipelines) return session.failed(pipelines.error());
    if (command.json) {
        session.console().print_for_machines(pipelines_json(*pipelines));
        return kDone;
    }
    for (const auto& line : pipelines_text(*pipelines, !app.config().pipeline_state_machine.empty()))
        session.console().print(line);
    if (pipelines->empty())
        session.console().note(fmt::format("There is no pipeline: {} has none.", app.config().called("PIPELINES")));
    return kDone;
}

/// As far as the configuration can be read; whoever opens the application tells why not.
std::vector<std::string> services_of(const std::string& pipeline, Session& session) {
    std::vector<std::string> ids;
    const auto document = session.document();
    if (!document) return ids;
    const auto loaded = load_config(session.environment(), *document);
    if (!loaded) return ids;
    if (const auto found = loaded->config.pipelines.find(pipeline); found != loaded->config.pipelines.end())
        for (const auto& id : found->second.services()) ids.push_back(id.str());
    return ids;
}

int start(const PipelineCommand& command, Session& session) {
    Watching watching(session, services_of(command.pipeline, session), command.log);
    AppOptions options{.wait = true};
    if (command.dry_run) options.dry_run = true;
    options.on_look = watching.on_look();
    const auto app = session.open(command.log, std::move(options));
    if (!app) return session.failed(app.error());
    const PipelineWish wish{
        .pipeline = command.pipeline,
        .reason = command.reason.value_or(fmt::format("`ci_lambda pipeline start {}` was called", command.pipeline)),
        .image_tag = command.image_tag,
        .promote_from = command.promote_from,
        .override_hold = command.override_hold};
    const auto decisions = decide_for_all(**app, [&](App& target) { return decide_pipeline(wish, target.config()); });
    if (!decisions) return session.failed(decisions.error());
    if (command.detach) {
        for (std::size_t i = 0; i < decisions->size(); ++i) {
            const auto& decision = (*decisions)[i];
            if (!decision) return session.failed(decision.error());
            auto& target = *(*app)->targets()[i];
            const auto run = hand_pipeline_on(target, *decision, session.clock(), session.patience());
            if (!run) return session.failed(run.error());
            session.console().print(fmt::format("{} is carried by the state machine: ci_lambda pipeline status {}",
                                                *run, command.pipeline));
        }
        return kDone;
    }
    const auto handled = (*app)->deploy(*decisions, {}, Deadline::none());
    watching.end();
    say(session.console(), handled.answer, command.json);
    if (!command.json) session.console().print(handled.answer.detail);
    const bool good = !handled.error && (handled.answer.status == "completed" || handled.answer.status == "dry_run");
    return good ? kDone : kFailed;
}

int stop(const PipelineCommand& command, Session& session) {
    const auto app = session.open(command.log);
    if (!app) return session.failed(app.error());
    const auto stopped = stop_pipeline(
        **app, command.pipeline, fmt::format("ci_lambda pipeline stop: {}", command.reason.value_or("no reason given")),
        session.patience());
    if (!stopped) return session.failed(stopped.error());
    for (const auto& run : *stopped)
        session.console().print(fmt::format("{} is stopped; what it has begun goes on by itself", run));
    if (stopped->empty()) session.console().complain(fmt::format("no run of {} is under way", command.pipeline));
    return stopped->empty() ? kFailed : kDone;
}

int retry(const PipelineCommand& command, Session& session) {
    const auto app = session.open(command.log);
    if (!app) return session.failed(app.error());
    const auto retried = retry_pipeline(**app, command.pipeline, session.clock(), session.patience());
    if (!retried) return session.failed(retried.error());
    session.console().print(fmt::format("{}: {}", retried->execution, retried->how));
    return kDone;
}

}  // namespace

int execute(const PipelineCommand& command, Session& session) {
    if (command.action == "asl") {
        session.console().print_for_machines(state_machine_definition(command.function.value_or("${Function}")));
        return kDone;
    }
    if (command.action == "start") return start(command, session);
    if (command.action == "stop") return stop(command, session);
    if (command.action == "retry") return retry(command, session);
    return show_status(command, session);
}

}  // namespace ci_lambda::cli
