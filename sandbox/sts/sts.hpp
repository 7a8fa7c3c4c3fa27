#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/http/http_server.hpp"

namespace ci_lambda::sandbox {

/// The Security Token Service (version 2011-06-15, query protocol): AssumeRole and GetCallerIdentity. It answers in
/// XML, or in JSON where the header Accept, or the parameter ContentType, asks for it, as the real one does. Nothing is
/// signed and nothing is checked but what a role's trust policy would say: who may assume it, and with which external
/// id. Thread-safe. Ids and clock must outlive it.
class Sts {
public:
    struct Role {
        std::string arn;
        std::string account;
        std::string external_id;
    };
    /// Credentials that it gave to somebody.
    struct Session {
        std::string account;
        std::string role;    ///< ARN
        std::string arn;     ///< of who has them: `arn:aws:sts::..:assumed-role/ROLE/SESSION`
        std::string caller;  ///< access key of who asked for them, at the beginning of the chain
        WallTime expires;
    };

    /// `account`: of everybody who has no credentials of a role.
    Sts(Ids& ids, const Clock& clock, std::string account) : ids_(ids), clock_(clock), account_(std::move(account)) {}

    void add_role(Role role);
    /// From now on nobody may assume it, and its sessions are over; or everybody may again.
    void deny(const std::string& role_arn, bool denied);

    [[nodiscard]] HttpExchangeAnswer handle(const HttpExchangeRequest& request, const std::string& caller);

    /// Whether it gave out this access key, which tells whose it is.
    [[nodiscard]] static bool is_of_a_session(std::string_view access_key);
    /// The session of an access key; nullopt when it is over, or when there never was one.
    [[nodiscard]] std::optional<Session> session(const std::string& access_key);

private:
    struct Refusal {
        int status = 400;
        std::string code;
        std::string message;
    };
    using Form = std::map<std::string, std::string>;
    struct Answer;

    [[nodiscard]] Answer assume_role(const Form& form, const std::string& caller);
    [[nodiscard]] Answer caller_identity(const std::string& caller);
    [[nodiscard]] std::string arn_of(const std::string& caller);

    Ids& ids_;
    const Clock& clock_;
    const std::string account_;
    std::mutex mutex_;
    std::map<std::string, Role> roles_;        ///< by ARN
    std::set<std::string> denied_;             ///< ARNs
    std::map<std::string, Session> sessions_;  ///< by access key
};

}  // namespace ci_lambda::sandbox
