// Runs programs side by side, round by round, and prints what was measured: one line `PROGRAM METRIC VALUE` for each
// value. bench/run.py makes medians of them.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/driver/function.hpp"
#include "bench/driver/stage.hpp"

namespace {

using namespace ci_lambda;
using namespace ci_lambda::bench;

struct Program {
    std::string name;
    std::string path;
    int deployments;  ///< for each event
};

struct Plan {
    std::vector<Program> programs;
    int rounds = 1;
    int events = 1;
    std::optional<CpuShare> share;
    std::string log_directory = ".";
};

double milliseconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }

void print(const Program& program, std::string_view metric, double value) {
    fmt::print("{} {} {:.4f}\n", program.name, metric, value);
}

/// One process: its start, its first event, and `events` more.
Status measure(Stage& stage, const Plan& plan, const Program& program) {
    TRY_ASSIGN(const auto function, Function::start({.program = program.path,
                                                     .runtime_api = stage.runtime_api(),
                                                     .ecs_url = stage.ecs_url(),
                                                     .log = plan.log_directory + "/" + program.name + ".log",
                                                     .share = plan.share}));
    TRY_ASSIGN(const auto ready, stage.until_next(*function));
    print(program, "cold_cpu_ms", milliseconds(function->cpu_time()));
    print(program, "cold_ms", milliseconds(ready - function->started()));
    TRY_ASSIGN(const auto first, stage.run_event(*function, program.deployments));
    print(program, "first_event_ms", milliseconds(first));

    TRY(stage.until_next(*function));
    const auto before = function->cpu_time();
    for (int i = 0; i < plan.events; ++i) {
        TRY_ASSIGN(const auto took, stage.run_event(*function, program.deployments));
        print(program, "warm_ms", milliseconds(took));
    }
    TRY(stage.until_next(*function));
    print(program, "warm_cpu_ms", milliseconds(function->cpu_time() - before) / plan.events);
    print(program, "peak_kb", static_cast<double>(function->peak_kb()));
    if (plan.share) fmt::print("{} limit {}\n", program.name, function->limit());
    return {};
}

Status run(const Plan& plan) {
    TRY_ASSIGN(const auto stage, Stage::open());
    for (int round = 0; round < plan.rounds; ++round) {
        for (const auto& program : plan.programs) {
            const auto measured = measure(*stage, plan, program);
            stage->clear();
            if (!measured) return std::unexpected(with_context(measured.error(), program.name));
        }
    }
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    Plan plan;
    std::vector<std::string> programs;
    std::string floor;
    std::vector<int> share;
    CLI::App app{"Measures programs that speak Lambda's Runtime API."};
    app.add_option("programs", programs, "NAME=PATH: deploys one service for each event")->required();
    app.add_option("--floor", floor, "PATH: only answers");
    app.add_option("--rounds", plan.rounds, "how often each is started");
    app.add_option("--events", plan.events, "of each start, after the first one");
    app.add_option("--cpu", share, "QUOTA PERIOD, in microseconds")->expected(2);
    app.add_option("--logs", plan.log_directory, "where the programs' output goes");
    CLI11_PARSE(app, argc, argv);

    if (!floor.empty()) plan.programs.push_back({.name = "floor", .path = floor, .deployments = 0});
    for (const auto& program : programs) {
        const auto equals = program.find('=');
        plan.programs.push_back(
            {.name = program.substr(0, equals), .path = program.substr(equals + 1), .deployments = 1});
    }
    if (!share.empty())
        plan.share =
            CpuShare{.quota = std::chrono::microseconds(share[0]), .period = std::chrono::microseconds(share[1])};
    if (const auto done = run(plan); !done) {
        std::fprintf(stderr, "bench: %s\n", done.error().message.c_str());
        return 1;
    }
    return 0;
}
