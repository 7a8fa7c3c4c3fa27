#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace ci_lambda {

/// The process's environment variables. Injected; `getenv` is called in `environment.cpp` only.
class Environment {
public:
    Environment() = default;
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    virtual ~Environment() = default;

    /// The value, or `nullopt` when the variable is unset. An empty value is returned as such.
    [[nodiscard]] virtual std::optional<std::string> get(const std::string& name) const = 0;
    virtual void set(const std::string& name, const std::string& value) = 0;

    /// The value of a variable that is set and not empty: AWS tools treat empty as unset.
    [[nodiscard]] std::optional<std::string> get_non_empty(const std::string& name) const;
};

class ProcessEnvironment final : public Environment {
public:
    [[nodiscard]] std::optional<std::string> get(const std::string& name) const override;
    /// Not to be called while another thread reads the environment.
    void set(const std::string& name, const std::string& value) override;
};

/// Another environment, but for some variables, which have these values or, without one, are not set.
class ChangedEnvironment final : public Environment {
public:
    using Changes = std::map<std::string, std::optional<std::string>>;
    /// `other` must outlive it.
    ChangedEnvironment(const Environment& other, Changes changes) : other_(other), changes_(std::move(changes)) {}
    [[nodiscard]] std::optional<std::string> get(const std::string& name) const override;
    void set(const std::string& name, const std::string& value) override { changes_[name] = value; }

private:
    const Environment& other_;
    Changes changes_;
};

}  // namespace ci_lambda
