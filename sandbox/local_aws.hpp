#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "sandbox/ecs.hpp"
#include "sandbox/http_server.hpp"
#include "sandbox/ids.hpp"
#include "sandbox/invocations.hpp"
#include "sandbox/journal.hpp"

namespace ci_lambda::sandbox {

/// The sandbox's AWS behind one address: ECS and EventBridge (AWS JSON 1.1, `POST /`), the Runtime API and Invoke, the
/// Slack inbox, and pages that show what happened. The function's process is not part of it: see FunctionHost.
class LocalAws {
public:
    /// Ids and clock must outlive it.
    LocalAws(Ids& ids, const Clock& clock);
    ~LocalAws();
    LocalAws(const LocalAws&) = delete;
    LocalAws& operator=(const LocalAws&) = delete;

    /// Fails (kConnection) when the port is taken. Returns the port.
    [[nodiscard]] Result<std::uint16_t> start(std::uint16_t port);
    /// Releases everybody who waits for an event or an answer, and ends the server.
    void stop();

    [[nodiscard]] Invocations& invocations() { return invocations_; }
    [[nodiscard]] const Journal& journal() const { return journal_; }

private:
    void add_routes();
    [[nodiscard]] HttpExchangeAnswer handle_aws_json(const HttpExchangeRequest& request);
    [[nodiscard]] AwsAnswer dispatch(const HttpExchangeRequest& request);
    [[nodiscard]] AwsAnswer call_ecs(const HttpExchangeRequest& request, const std::string& operation);
    [[nodiscard]] AwsAnswer call_events(const HttpExchangeRequest& request, const std::string& operation);
    [[nodiscard]] HttpExchangeAnswer take_slack_message(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_raw_event(const HttpExchangeRequest& request);

    Ids& ids_;
    const Clock& clock_;
    Ecs ecs_;
    Invocations invocations_;
    Journal journal_;
    std::uint16_t port_ = 0;
    HttpServer server_;  // last: its handlers use all of the above
};

}  // namespace ci_lambda::sandbox
