#pragma once

// Private to config/: how CHANNELS and NOTIFY are read.

#include "base/environment.hpp"
#include "config/channel.hpp"
#include "config/secrets.hpp"
#include "config/setting_reader.hpp"

namespace ci_lambda {

/// All but what the document says of single services.
[[nodiscard]] NotifySettings read_notify_settings(SettingReader& reader, const Environment& environment,
                                                  ReadSecrets& secrets);

/// Where rules name no channel that is on, bad news reaches nobody, and that is to be known.
void warn_of_silence(const NotifySettings& notify, bool slack, SettingReader& reader);

}  // namespace ci_lambda
