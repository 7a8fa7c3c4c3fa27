#include "base/environment.hpp"

#include <cstdlib>

namespace ci_lambda {

std::optional<std::string> Environment::get_non_empty(const std::string& name) const {
    auto value = get(name);
    if (value && value->empty()) return std::nullopt;
    return value;
}

std::optional<std::string> ProcessEnvironment::get(const std::string& name) const {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): see set()
    if (value == nullptr) return std::nullopt;
    return std::string(value);
}

void ProcessEnvironment::set(const std::string& name, const std::string& value) {
    ::setenv(name.c_str(), value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): the header forbids concurrent readers
}

std::optional<std::string> ChangedEnvironment::get(const std::string& name) const {
    const auto changed = changes_.find(name);
    return changed == changes_.end() ? other_.get(name) : changed->second;
}

}  // namespace ci_lambda
