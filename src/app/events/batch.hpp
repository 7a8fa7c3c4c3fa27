#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/answer.hpp"
#include "config/config.hpp"
#include "events/event.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

/// The type of the error by which an event ends about which nothing could be decided.
[[nodiscard]] std::string_view type_of_refusal(const Error& error);

/// The messages of one delivery on their way: which may be carried out together, and what became of each. Pure.
///
/// All messages of a standard queue, a topic or S3 go together. In a FIFO queue the messages of a group keep their
/// order: those in a row that concern the same services go together, the next ones after them, and none after one that
/// failed (Lambda developer guide, "Implementing partial batch responses").
class Batch {
public:
    /// One event of a message, decided.
    struct Item {
        std::size_t message = 0;
        Event event;
        Decision decision;
    };

    Batch(const Delivery& delivery, const Config& config, const Home& home = {});
    /// `decide_about` says what each event should do.
    Batch(const Delivery& delivery, const std::function<Result<Decision>(const Event&)>& decide_about);

    /// The items that may be carried out now, in their order; none when all is done. What came of them must be told
    /// before the next call.
    [[nodiscard]] std::vector<const Item*> next();

    void done(const Item& item, const Handled& handled);
    /// What became of tasks that no service runs, for the answer to all.
    void add_tasks(const std::vector<TaskReport>& tasks) { tasks_.insert(tasks_.end(), tasks.begin(), tasks.end()); }

    /// The answer when there is no next step. A queue hears which messages are to come again, exactly those; from
    /// elsewhere, one failure is one of all.
    [[nodiscard]] Handled answer(std::vector<DeploymentReport> reports) const;

private:
    struct Entry {
        std::string id;
        std::string group;
        std::vector<Item> items;
        std::set<std::string> services;  // that its items deploy
        std::optional<HandlingError> failure;
        bool begun = false;
    };

    [[nodiscard]] bool in_order() const { return source_ == Delivery::Source::kFifoQueue; }
    void begin(Entry& entry, std::vector<const Item*>& step);
    /// The messages of a FIFO queue that may go now.
    void begin_in_order(std::vector<const Item*>& step);
    [[nodiscard]] std::vector<const Entry*> failed() const;

    Delivery::Source source_;
    std::vector<Entry> entries_;
    std::vector<TaskReport> tasks_;
    std::size_t ignored_ = 0;
    std::size_t notified_ = 0;
};

}  // namespace ci_lambda
