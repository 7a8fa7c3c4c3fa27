#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/aws/json.hpp"

namespace ci_lambda::sandbox {

enum class FaultKind {
    kThrottled,     ///< ThrottlingException
    kDenied,        ///< AccessDeniedException
    kUnknown,       ///< UnknownOperationException, as from an ECS that is older or somebody else's
    kFailedBefore,  ///< HTTP 500, and nothing was done
    kFailedAfter,   ///< HTTP 500, although all was done: the answer is lost
    kEmpty,         ///< every list of the answer is empty
};

/// Something that goes wrong with the calls of one operation.
struct Fault {
    static constexpr int kAlways = -1;

    std::string operation;
    FaultKind kind = FaultKind::kFailedBefore;
    int times = 1;           ///< that many calls, or kAlways
    int after = 0;           ///< so many calls go well before
    std::string about = {};  ///< only of requests that have this text in them; empty: of all
};

/// The faults to come.
class Faults {
public:
    void add(Fault fault) { faults_.push_back(std::move(fault)); }
    void clear() { faults_.clear(); }

    /// What goes wrong with this call. The fault that was added first comes first.
    [[nodiscard]] std::optional<FaultKind> take(std::string_view operation, std::string_view body);

private:
    std::vector<Fault> faults_;
};

/// What the caller gets; `work` is what the operation does and answers, and is called if it is done at all.
[[nodiscard]] AwsAnswer answer_with(std::optional<FaultKind> fault, std::string_view operation,
                                    const std::function<AwsAnswer()>& work);

}  // namespace ci_lambda::sandbox
