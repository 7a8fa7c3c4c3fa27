#pragma once

#include <cstdint>

#include "config/config.hpp"
#include "sandbox/demo/demo_ecs.hpp"
#include "sandbox/local_aws.hpp"
#include "sandbox/terminal/printer.hpp"

namespace ci_lambda::sandbox {

struct DemoAddress {
    std::uint16_t port = 0;
    DemoEcs& ecs;
};

/// Sends one event of each kind, one after the other, and tells what came of each. True if all was as expected: the
/// demo is also the sandbox's self-test. Ends early when the sandbox is stopped or an event gets stuck.
[[nodiscard]] bool run_demo(LocalAws& aws, DemoAddress address, const Config& config, Ids& ids, const Clock& clock,
                            Printer& printer);

}  // namespace ci_lambda::sandbox
