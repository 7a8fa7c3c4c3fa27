// Times as AWS prints them.

#include "base/time.hpp"
#include "fuzz/support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ci_lambda;
    const std::string input(fuzzing::text_of(data, size));
    const auto time = parse_rfc3339(input);
    if (!time) return 0;
    fuzzing::require(parse_rfc3339(format_rfc3339(*time)) == time, "a time is read as it was printed", input);
    // What is done with times: nothing of it may overflow.
    const auto deadline = Deadline(*time).minus(std::chrono::hours{1});
    const SystemClock clock;
    fuzzing::require(deadline.remaining(clock) >= Milliseconds{0}, "nothing is left after the deadline", input);
    return 0;
}
