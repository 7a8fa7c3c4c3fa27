// Any bytes as an event: decoded, then decided upon with each of two configurations.

#include "fuzz/shared/decisions.hpp"
#include "fuzz/support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ci_lambda;
    const auto event = decode_event(fuzzing::text_of(data, size));
    if (!event) {
        fuzzing::check_events_error(event.error());
        return 0;
    }
    fuzzing::require_readable(describe(*event), "the description");
    for (const auto* config : {&fuzzing::by_patterns(), &fuzzing::by_maps()})
        (void)fuzzing::decide_checked(*event, *config);
    return 0;
}
