#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/targets/joint_answer.hpp"
#include "app/targets/target_app.hpp"
#include "app/targets/voice.hpp"
#include "base/worker_pool.hpp"

namespace ci_lambda {

/// Several deployment targets that do one thing: at the same time, or, where their order counts, one after the other as
/// long as what is deployed becomes healthy. None waits for another one's region at the same time; in an order none
/// begins before the one in front of it has completed (docs/adr/0025).
class Fleet {
public:
    /// What one target does, by then.
    using Task = std::function<Handled(TargetApp& target, std::size_t number, Deadline deadline)>;

    /// All of them must outlive it, and are in the order of the configuration. `chorus` has a voice for each.
    Fleet(std::vector<TargetApp*> targets, Chorus& chorus, bool in_order, bool roll_back_earlier)
        : targets_(std::move(targets)), chorus_(chorus), in_order_(in_order), roll_back_earlier_(roll_back_earlier) {}

    /// `event`: the id of what caused it, so that people hear of it once; may be empty.
    Handled run(const Task& task, const std::string& event, Deadline deadline);

    void release_idle() { workers_.release_idle(); }

private:
    void run_together(const Task& task, std::vector<TargetHandled>& all, Deadline deadline);
    void run_in_order(const Task& task, std::vector<TargetHandled>& all, const std::string& event, Deadline deadline);
    void take_back(std::vector<TargetHandled>& all, std::size_t failed, const Standing& standing, Deadline deadline);

    std::vector<TargetApp*> targets_;
    Chorus& chorus_;
    bool in_order_;
    bool roll_back_earlier_;
    WorkerPool workers_;
};

}  // namespace ci_lambda
