#pragma once

#include <optional>
#include <string>

#include "app/foundation.hpp"
#include "base/environment.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "services/lambda/client.hpp"

namespace ci_lambda {

/// What the function of this name, or ARN, was installed with. Errors name what is missing and where it was looked for.
[[nodiscard]] Result<LambdaFunction> find_installed_function(Foundation& foundation, const std::string& name,
                                                             Deadline deadline);

/// The environment of an installed function on another machine: what configures the function is the function's, region
/// included; how AWS is reached, and as whom, is this machine's, where the function has nothing of its own to say.
class FunctionEnvironment final : public Environment {
public:
    /// `here` must outlive it.
    FunctionEnvironment(const Environment& here, LambdaFunction function)
        : here_(here), function_(std::move(function)) {}

    [[nodiscard]] std::optional<std::string> get(const std::string& name) const override;
    void set(const std::string& name, const std::string& value) override { function_.variables[name] = value; }

    [[nodiscard]] const std::string& arn() const { return function_.arn; }

private:
    const Environment& here_;
    LambdaFunction function_;
};

}  // namespace ci_lambda
