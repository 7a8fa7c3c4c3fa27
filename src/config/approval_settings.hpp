#pragma once

// Private to config/: how APPROVAL_.. and the document's `approval` are read.

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

#include "config/approval.hpp"
#include "config/secrets.hpp"
#include "config/setting_reader.hpp"

namespace ci_lambda {

inline constexpr std::string_view kApprovalExpects =
    R"(`true`, `false` or `{"from":["@alice","oncall"],"expires_minutes":240,"except":["manual"]}`)";

/// All but what the document says of single services.
[[nodiscard]] ApprovalSettings read_approval_settings(SettingReader& reader, ReadSecrets& secrets);

/// The document's `approval` of one service. An object says that it is required.
[[nodiscard]] ApprovalWish read_approval_wish(const nlohmann::json& value, const std::string& place,
                                              SettingReader& reader);
/// And back: JSON.
[[nodiscard]] std::string wish_json(const ApprovalWish& wish);

/// What cannot be as it is said, once all is read: a key that is missing, a group that nobody has defined.
void check_approval(const ApprovalSettings& approval, SettingReader& reader);

}  // namespace ci_lambda
