#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sandbox/aws/answer.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/http/http_server.hpp"

namespace ci_lambda::sandbox {

/// One call of an API of AWS.
struct AwsCall {
    std::string caller;  ///< access key id, unchecked
    std::string operation;
    std::string body;
    std::string region = {};  ///< of its signature; empty: it names none
    std::string target = {};  ///< the sandbox's own clients name a target by `?target=`; empty: none
};

/// The one address of all APIs that speak AWS JSON: finds the API of a request by its X-Amz-Target. Signatures are not
/// checked, but there has to be one.
class AwsFront {
public:
    using Api = std::function<AwsAnswer(const AwsCall&)>;

    /// Must outlive it.
    explicit AwsFront(Ids& ids) : ids_(ids) {}

    /// `target`: what stands in front of the operation, such as `AWSEvents.`; `name`: as people call it.
    void add(std::string target, std::string name, Api api);

    /// What `target` of the query says is handed on.
    [[nodiscard]] HttpExchangeAnswer handle(const HttpExchangeRequest& request) const;

private:
    struct Entry {
        std::string target;
        std::string name;
        Api api;
    };
    [[nodiscard]] AwsAnswer dispatch(const HttpExchangeRequest& request) const;

    Ids& ids_;
    std::vector<Entry> apis_;
};

}  // namespace ci_lambda::sandbox
