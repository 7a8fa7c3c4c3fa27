#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "bench/driver/function.hpp"
#include "bench/driver/http.hpp"

namespace ci_lambda::bench {

/// What a function is surrounded with: one Runtime API and one ECS, both on loopback and on the calling thread, which
/// answers at once and so is not what is measured.
class Stage {
public:
    /// The event that is handed out means this service.
    static constexpr std::string_view kService = "shop_service_api_dev";

    [[nodiscard]] static Result<std::unique_ptr<Stage>> open();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    ~Stage();

    [[nodiscard]] std::string runtime_api() const;
    [[nodiscard]] std::string ecs_url() const;

    /// Serves until the function asks for an event; returns when that was.
    [[nodiscard]] Result<Instant> until_next(const Function& function);

    /// Hands out an event and serves until its answer is there; returns how long that took. An answer that is an error
    /// is one here, and so is another number of deployments than `deployments`.
    [[nodiscard]] Result<std::chrono::nanoseconds> run_event(const Function& function, int deployments);

    /// Forgets the connections of a function that has ended.
    void clear();

private:
    struct Connection {
        int descriptor;
        std::string received;
    };

    Stage() = default;
    [[nodiscard]] Status serve_once(const Function& function);
    /// False when the other side has closed it.
    [[nodiscard]] Result<bool> read_from(Connection& connection);
    [[nodiscard]] Status handle(Connection& connection, const Request& request);
    [[nodiscard]] Status handle_runtime(Connection& connection, const Request& request);
    [[nodiscard]] Status handle_ecs(Connection& connection, const Request& request);

    int runtime_listener_ = -1;
    int ecs_listener_ = -1;
    std::vector<Connection> connections_;

    int waiting_ = -1;  ///< the connection on which the function waits for an event
    Instant waiting_since_;
    std::uint64_t event_ = 0;
    bool answered_ = false;
    Instant answered_at_;
    int deployments_ = 0;
};

}  // namespace ci_lambda::bench
