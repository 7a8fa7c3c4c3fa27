#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace ci_lambda::sandbox {

/// One thing that somebody changes in a sandbox that runs.
struct Change {
    enum class Kind {
        kPush,           ///< as `docker push` of an image that was built anew: `api:v1.43`, `shop_service_api:v1.43`
        kSetParameter,   ///< another value, or a new parameter, which is a String
        kSetSecret,      ///< another value, or a new secret
        kRotate,         ///< a secret gets another value, by a rotation
        kEditFile,       ///< an env file was put: `api/.env`
        kCloseCalendar,  ///< a change calendar is closed: `shop-freeze`
        kOpenCalendar,   ///< and open again
        kClick,          ///< a button of a Slack message is pressed: `approve`, `reject`
    };
    Kind kind = Kind::kPush;
    std::string what;                        ///< the image, the name or the file
    std::string value = {};                  ///< of a parameter or a secret; never printed. Of a button: the service
    std::optional<std::string> from = {};    ///< of a push: in which region, if it comes from there by replication
    std::optional<std::string> target = {};  ///< in which of several deployment targets; absent: at home
    std::optional<std::string> user = {};    ///< of a button: who presses it, by their name in Slack
};

/// For the words of the command line: `push`, `set-parameter`, `set-secret`, `rotate`, `edit-file`, `close-calendar`,
/// `open-calendar`, `click`.
[[nodiscard]] Change::Kind change_kind_of(std::string_view word);

/// Makes the change in the sandbox at this port, of which the function then hears by an event, and says what was
/// changed. 0, or 1 when there is no sandbox or it refuses, which is said on `err`.
int make_change(std::uint16_t port, const Change& change, std::ostream& out, std::ostream& err);

/// What to say when there is no sandbox at this port.
[[nodiscard]] std::string nobody_answers(std::uint16_t port);

}  // namespace ci_lambda::sandbox
