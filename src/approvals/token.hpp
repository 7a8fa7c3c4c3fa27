#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

namespace ci_lambda {

// What a person is asked to approve is kept nowhere: it stands in a token, signed with HMAC-SHA-256, which travels in a
// message, a link or a command and comes back with the answer. Pure.

/// With which tokens are signed. The one before is still good for tokens that are under way while keys are changed.
struct ApprovalKeys {
    Secret current;
    std::optional<Secret> previous = {};
    friend bool operator==(const ApprovalKeys&, const ApprovalKeys&) = default;
};

/// What somebody has to approve.
struct Approval {
    std::string environment;  ///< `PROJECT/ENVIRONMENT`: of another one it is good for nothing
    std::string target = {};  ///< the deployment target, where there are several
    ServiceId service;
    WallTime issued{};   ///< whole seconds
    WallTime expires{};  ///< whole seconds

    // A deployment that is to begin:
    std::string request = {};  ///< `to_json(DeploymentRequest)`
    std::string running = {};  ///< the deployment that is PRIMARY, `ecs-svc/N`: another one means that it moved on
    std::string content = {};  ///< hash of the task definition that was shown, with its images by digest

    // Or a rollout that waits at a hook of ECS:
    std::string service_deployment = {};  ///< ARN
    std::string hook = {};                ///< its id

    [[nodiscard]] bool is_of_hook() const { return !hook.empty(); }
    friend bool operator==(const Approval&, const Approval&) = default;
};

/// By which people name it, and by which it is asked once: eight hexadecimal digits. What is asked about the same
/// change of the same service has the same one, whenever it is asked.
[[nodiscard]] std::string id_of(const Approval& approval);
/// The same in twenty-four digits, of which these are the first: for what other environments' names are beside.
[[nodiscard]] std::string long_id_of(const Approval& approval);

/// `ca1.PAYLOAD.CODE`, of letters, digits, `-`, `_` and `.`: it can stand in a URL as it is. It is no secret who may
/// read the message, but whoever has it can show what is asked.
[[nodiscard]] Result<std::string> sign(const Approval& approval, const ApprovalKeys& keys);

/// And back, where one of the keys has signed it for this environment and its time is not over; else kInvalidEvent, in
/// words for whoever has sent it. What is wrong with a token that we did not sign takes the same time to find out.
[[nodiscard]] Result<Approval> open_token(std::string_view token, const ApprovalKeys& keys,
                                          std::string_view environment, WallTime now);

/// The same, also of one whose time is over: to say something of it. It is good for nothing else.
[[nodiscard]] Result<Approval> read_token(std::string_view token, const ApprovalKeys& keys,
                                          std::string_view environment);

/// `7K3QX-9WMPT`: stands in the message beside the link and not in the link, so that who only has the link cannot
/// approve by the page. Fifty bits, as nothing counts how often somebody guesses: at the ten thousand calls a second
/// that Lambda takes for a function URL, a day of guessing finds it once in a million times, and a token is good for
/// hours.
[[nodiscard]] Result<std::string> code_of(std::string_view token, const ApprovalKeys& keys);

/// Whether `given` is that code, as a person types it: in any case, with or without the hyphen, and with what looks
/// like another letter or digit. By either key; in constant time.
[[nodiscard]] Result<bool> is_code_of(std::string_view token, std::string_view given, const ApprovalKeys& keys);

/// Who has answered, as far as the way of the answer says it.
struct Approver {
    enum class Channel {
        kSlack,   ///< Slack has signed it: `id` is the user's
        kPage,    ///< the page of the function URL: somebody with link and code
        kIam,     ///< the command line: `id` is the ARN of the caller, by STS
        kRequest  ///< an event or a bare request: nobody knows who has sent it
    };
    Channel channel = Channel::kRequest;
    std::string id = {};
    std::string name = {};  ///< for people: `alice`; may be empty
    friend bool operator==(const Approver&, const Approver&) = default;
};

/// "alice (Slack)", "arn:aws:sts::..:assumed-role/deployer/alice", "somebody with the link".
[[nodiscard]] std::string in_words(const Approver& approver);

/// An answer on its way from where it came in to where it is carried out. Signed, so that an event cannot say that
/// somebody has approved.
struct ApprovalAnswer {
    std::string token;
    bool approved = false;
    Approver by = {};
    WallTime at{};              ///< whole seconds
    std::string reply_to = {};  ///< Slack's `response_url`; empty for none
    friend bool operator==(const ApprovalAnswer&, const ApprovalAnswer&) = default;
};
/// `cb1.PAYLOAD.CODE`.
[[nodiscard]] Result<std::string> sign(const ApprovalAnswer& answer, const ApprovalKeys& keys);
/// And back. It is good for fifteen minutes: what is later was kept by somebody. Whether its token is good is asked by
/// `open_token`.
[[nodiscard]] Result<ApprovalAnswer> open_answer(std::string_view text, const ApprovalKeys& keys, WallTime now);

/// That somebody has approved a deployment which has not begun since: it waits for a task, or for the end of a hold,
/// where others can read and write what waits. Signed, so that nobody can write one; good for exactly what was seen.
struct KeptApproval {
    std::string environment;  ///< as of `Approval`
    std::string target = {};  ///< as of `Approval`
    ServiceId service;
    std::string by;       ///< who, for people
    std::string running;  ///< as of `Approval`
    std::string content;  ///< as of `Approval`
    WallTime at{};        ///< whole seconds
    friend bool operator==(const KeptApproval&, const KeptApproval&) = default;
};
/// `ck1.PAYLOAD.CODE`.
[[nodiscard]] Result<std::string> sign(const KeptApproval& kept, const ApprovalKeys& keys);
/// And back, of this environment. It is good for a week: a freeze is over by then.
[[nodiscard]] Result<KeptApproval> open_kept(std::string_view text, const ApprovalKeys& keys,
                                             std::string_view environment, WallTime now);

}  // namespace ci_lambda
