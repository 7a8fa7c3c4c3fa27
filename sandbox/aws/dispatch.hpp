#pragma once

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/aws/event.hpp"
#include "sandbox/aws/json.hpp"
#include "sandbox/aws/operation.hpp"

namespace ci_lambda::sandbox {

// For .cpp files: how an API of AWS JSON answers, as far as all of the sandbox's have it in common.

/// What `run` answers to the request, an `AwsAnswer`, or why there is nothing to run. `known`: nullptr where `service`
/// does not know the operation `name`; `body`: of the request.
template <typename Context, typename Run>
[[nodiscard]] AwsAnswer answer_request(const AwsOperation<Context>* known, std::string_view service,
                                       std::string_view name, std::string_view body, const Run& run) {
    if (known == nullptr)
        return to_answer(AwsError{.type = "UnknownOperationException",
                                  .message = fmt::format("The sandbox's {} does not know {}.", service, name)});
    const auto request = Parameters::parse(body);
    if (!request) return to_answer(request.error());
    return run(*known, *request);
}

/// Runs `change`, which gets the list for the events that it brings about, under the lock, and then hands these out.
template <typename Change>
auto change_and_tell(std::mutex& mutex, const EventSink& on_event, const Change& change) {
    std::vector<std::string> events;
    std::unique_lock lock(mutex);
    auto result = change(events);
    lock.unlock();
    if (on_event)
        for (auto& event : events) on_event(std::move(event));
    return result;
}

}  // namespace ci_lambda::sandbox
