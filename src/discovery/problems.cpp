#include "discovery/problems.hpp"

#include <fmt/format.h>

namespace ci_lambda {

bool may_heal(const Error& error) { return error.retryable() || error.kind == ErrorKind::kDeadline; }

void add_unread(const std::string& what, const Error& error, std::vector<std::string>& warnings, std::string& unread) {
    auto text = fmt::format("{} could not be read: {}", what, error.message);
    if (unread.empty() && may_heal(error)) unread = text;
    warnings.push_back(std::move(text));
}

void WarningLog::tell(const std::vector<std::string>& warnings) {
    for (const auto& warning : warnings)
        if (!told_.contains(warning)) logger_.warn(fmt::format("{}: {}", subject_, warning));
    told_ = {warnings.begin(), warnings.end()};
}

}  // namespace ci_lambda
