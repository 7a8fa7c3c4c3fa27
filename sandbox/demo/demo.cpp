#include "sandbox/demo/demo.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

#include "sandbox/demo/demo_steps.hpp"
#include "sandbox/http/http_client.hpp"

namespace ci_lambda::sandbox {
namespace {

/// Far more than an event takes, milliseconds, on a machine that is busy with other things.
constexpr Milliseconds kPatience{20'000};

/// Between two events, in the demo's time. Less would be a burst, which the function treats as one.
constexpr std::chrono::seconds kBetweenEvents{10};

class Demo {
public:
    Demo(LocalAws& aws, DemoAddress address, const Config& config, Printer& printer)
        : aws_(aws), address_(address), config_(config), printer_(printer) {}

    /// False when there is no point in going on.
    bool run(const DemoStep& step) {
        address_.ecs.pass(aws_.ecs(), kBetweenEvents);
        const auto delivery = step.delivery({.journal = aws_.journal(), .ecs_event = [this](const auto& wanted) {
                                                 return address_.ecs.event(aws_.ecs(), wanted);
                                             }});
        if (!delivery) return give_up(fmt::format("{}: {}", step.title, delivery.error().message));
        const auto response = http_post(address_.port, delivery->path, delivery->body, delivery->headers);
        if (!response) return give_up(fmt::format("{}: {}", step.title, response.error().message));
        if (response->status >= 300)
            return give_up(fmt::format("{}: HTTP {} {}", step.title, response->status, response->body));
        const auto invocation = aws_.invocations().wait_for_done(totals_.events, kPatience);
        if (!invocation)
            return give_up(fmt::format("{}: the function had not finished after {} s, or the sandbox was stopped",
                                       step.title,
                                       std::chrono::duration_cast<std::chrono::seconds>(kPatience).count()));
        totals_.events = invocation->end + 1;
        const auto story = make_story(totals_.events, step.title, *invocation, aws_.journal(), config_);
        tell(story, step.expectation);
        if (story.ending.status.starts_with("Runtime."))
            return give_up("the function itself does not run, so the other events would tell nothing");
        return true;
    }

    [[nodiscard]] Totals totals() const { return totals_; }

private:
    void tell(const Story& story, const Expectation& expectation) {
        totals_.deployments += rollouts_of(story).size();
        totals_.messages += story.messages.size();
        printer_.story(story);
        report(surprises(story, expectation));
    }

    void report(const std::vector<std::string>& problems) {
        if (problems.empty()) return;
        totals_.surprises += problems.size();
        printer_.problems(problems);
    }

    bool give_up(std::string problem) {
        report({std::move(problem)});
        return false;
    }

    LocalAws& aws_;
    DemoAddress address_;
    const Config& config_;
    Printer& printer_;
    Totals totals_;
};

}  // namespace

bool run_demo(LocalAws& aws, DemoAddress address, const Config& config, Ids& ids, const Clock& clock,
              Printer& printer) {
    const auto begin = clock.now();
    printer.demo_title();
    Demo demo(aws, address, config, printer);
    for (const auto& step : demo_steps(ids, address.ecs))
        if (!demo.run(step)) break;
    auto totals = demo.totals();
    totals.took = std::chrono::duration_cast<Milliseconds>(clock.now() - begin);
    printer.totals(totals);
    return totals.surprises == 0;
}

}  // namespace ci_lambda::sandbox
