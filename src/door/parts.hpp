#pragma once

// Private to door/: what its files share.

#include <optional>
#include <string>
#include <string_view>

#include "door/door.hpp"

namespace ci_lambda {

/// The first field of this name of a form (`application/x-www-form-urlencoded`) or a query; empty where there is none.
[[nodiscard]] std::string field_of(std::string_view form, std::string_view name);

[[nodiscard]] HttpAnswer plain_answer(int status, std::string_view text);

/// The signed answer, on its way. Fails where there is nothing to sign with.
[[nodiscard]] Result<HandOver> hand_over(const ApprovalAnswer& answer, const ApprovalKeys& keys);

/// `POST /slack`, with a body that can be read.
[[nodiscard]] DoorStep answer_slack(const HttpCall& call, const DoorSettings& settings, WallTime now);

/// `GET /approve` and `POST /approve`.
[[nodiscard]] DoorStep show_request(const HttpCall& call, const DoorSettings& settings, WallTime now);
[[nodiscard]] DoorStep take_form(const HttpCall& call, const DoorSettings& settings, WallTime now);

/// A page with the request that somebody is to approve. `notice`: what is said above it; may be empty.
struct RequestPage {
    const Approval& approval;
    std::string_view token;
    std::string_view notice = {};
};
[[nodiscard]] HttpAnswer request_page(int status, const RequestPage& page, const DoorSettings& settings);

/// A page that says one thing.
[[nodiscard]] HttpAnswer message_page(int status, std::string_view title, std::string_view text);

/// `&`, `<`, `>` and quotes as entities, what is no character replaced: text of others inside of HTML.
[[nodiscard]] std::string html_escape(std::string_view text);

}  // namespace ci_lambda
