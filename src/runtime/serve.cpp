#include <exception>

#include "runtime/runtime_api.hpp"

namespace ci_lambda {
namespace {

constexpr int kRuntimeApiGone = 1;

/// The handler's answer; an exception, which only a mistake of ours can cause, becomes a reported error.
std::expected<std::string, InvocationFailure> run_handler(const InvocationHandler& handler,
                                                          const Invocation& invocation) {
    try {
        return handler(invocation);
    } catch (const std::exception& exception) {
        return std::unexpected(InvocationFailure{.type = "Runtime.UnhandledException", .message = exception.what()});
    }
}

}  // namespace

int serve(RuntimeApi& api, Environment& environment, Logger& logger, const InvocationHandler& handler) {
    for (;;) {
        const auto invocation = api.next();
        if (!invocation) {
            logger.error("no further invocation can be fetched; the process ends",
                         {{log_key::kError, invocation.error().message}});
            return kRuntimeApiGone;
        }
        logger.bind_request_id(invocation->request_id);
        // Set while nothing else runs: whoever traces reads it from here (Lambda runtime API, "Processing tasks").
        if (!invocation->trace_id.empty()) environment.set("_X_AMZN_TRACE_ID", invocation->trace_id);

        const auto answer = run_handler(handler, *invocation);
        const auto posted = answer ? api.post_response(invocation->request_id, *answer)
                                   : api.post_error(invocation->request_id, answer.error());
        if (!posted) {
            logger.error("the invocation's answer could not be handed over",
                         {{log_key::kError, posted.error().message}});
            // A refusal (too large, too late) concerns this answer only. Anything else means that the Runtime API is
            // in trouble, and the contract is to exit.
            if (posted.error().kind != ErrorKind::kRejected) return kRuntimeApiGone;
        }
        logger.bind_request_id({});
    }
}

}  // namespace ci_lambda
