// The Lambda: reads the configuration once, then serves invocations until Lambda ends the process.

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "app/app.hpp"
#include "app/version.hpp"
#include "base/allocator.hpp"
#include "runtime/runtime_api.hpp"

namespace {

using namespace ci_lambda;

constexpr int kBadConfiguration = 1;
constexpr int kNoRuntimeApi = 2;

/// So rarely that it costs nothing, so often that a process which lives long does not keep what its worst hours needed.
constexpr int kEventsBetweenReleases = 256;

/// In the place of a standard stream that is closed: else the next connection would get its number, and the log would
/// be written into that connection.
void fill_in_closed_streams() {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(stream, F_GETFD) < 0) (void)::open("/dev/null", O_RDWR);  // the lowest number that is free
}

std::expected<std::string, InvocationFailure> answer_invocation(App& app, const Invocation& invocation) {
    app.set_home(Home::of_function(invocation.function_arn));
    auto handled = app.handle(invocation.event, invocation.deadline);
    if (handled.error)
        return std::unexpected(
            InvocationFailure{.type = std::move(handled.error->type), .message = std::move(handled.error->message)});
    return to_json(handled.answer);
}

int run() {
    ProcessEnvironment environment;
    const SystemClock clock;
    SystemSleeper sleeper;
    FdLogSink sink(STDOUT_FILENO);

    const auto host = environment.get_non_empty("AWS_LAMBDA_RUNTIME_API");
    if (!host) {
        std::fputs(
            "AWS_LAMBDA_RUNTIME_API is not set: this program is started by AWS Lambda. On a laptop, use "
            "`ci_lambda sandbox` or `ci_lambda invoke`.\n",
            stderr);
        return kNoRuntimeApi;
    }
    const auto api = http_runtime_api(*host);
    const auto app = App::create({.announce = true, .metrics = true}, environment, sink, clock, sleeper);
    if (!app) {
        const Redactor nothing_secret;
        Logger logger(sink, clock, nothing_secret);
        logger.error("the function cannot start",
                     {{log_key::kError, app.error().message}, {"version", version()}, {"commit", commit()}});
        const auto posted = api->post_init_error({.type = "Runtime.BadConfiguration", .message = app.error().message});
        if (!posted) logger.error("the init error could not be reported", {{log_key::kError, posted.error().message}});
        return kBadConfiguration;
    }
    int events = 0;
    return serve(*api, environment, (*app)->logger(), [&](const Invocation& invocation) {
        auto answer = answer_invocation(**app, invocation);
        if (++events % kEventsBetweenReleases == 0) (*app)->release_idle();
        return answer;
    });
}

}  // namespace

int main() {
    // A log reader or a peer that goes away must cost a line or a request, not the process.
    std::signal(SIGPIPE, SIG_IGN);
    fill_in_closed_streams();
    keep_memory_small();
    try {
        return run();
    } catch (const std::exception& exception) {
        std::fprintf(stderr, "ci_lambda: %s\n", exception.what());
        return kBadConfiguration;
    }
}
