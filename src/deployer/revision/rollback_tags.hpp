#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

// What a rollback writes into the tags of task definitions, where every process finds it (docs/adr/0013).

/// What a copy that a rollback has registered stands for. Written in its tags, where every process finds it.
struct RollbackCopy {
    std::string stands_for;   ///< the revision that it is a copy of: `shop_api:41`
    std::string rollback_of;  ///< the revision that was taken back: `shop_api:42`
    bool by_person = false;   ///< somebody asked for it; else the rollout had failed
    std::string reason;       ///< in words; may be empty
    WallTime bad_since{};     ///< when the rollout of what was taken back began

    [[nodiscard]] EcsTags tags() const;
    /// `nullopt` for a task definition that is none.
    [[nodiscard]] static std::optional<RollbackCopy> read(const EcsTags& tags);
};

/// Both are tags of copies, for the same rollback; the words of the reason do not count.
[[nodiscard]] bool is_same_rollback(const EcsTags& a, const EcsTags& b);

/// The tags of a revision whose rollout somebody has taken back by asking ECS to: ECS's record does not say who did.
[[nodiscard]] EcsTags taken_back_by_person(WallTime at);
/// When that was; `nullopt` where nobody has.
[[nodiscard]] std::optional<WallTime> when_taken_back_by_person(const EcsTags& tags);

}  // namespace ci_lambda
