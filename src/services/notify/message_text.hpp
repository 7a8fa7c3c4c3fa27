#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "services/notify/notification.hpp"

namespace ci_lambda {

// What the messages of several channels have in common.

/// How long a text is for a channel; of valid UTF-8.
using Measure = std::size_t (*)(std::string_view text);
[[nodiscard]] std::size_t characters(std::string_view text);   ///< code points
[[nodiscard]] std::size_t utf16_units(std::string_view text);  ///< as JavaScript counts
[[nodiscard]] std::size_t bytes(std::string_view text);
/// In bytes, as a string of JSON.
[[nodiscard]] std::size_t json_bytes(std::string_view text);

/// Makes a text one that the channel shows as it is.
using Escape = std::string (*)(std::string_view text);

/// The text cut so that it fits into `limit` once escaped, then escaped: never cut inside of an escape. `escape` makes
/// no character longer than by five.
[[nodiscard]] std::string escaped_to_fit(std::string_view text, std::size_t limit, Escape escape, Measure measure);

/// For Markdown that knows escapes: a backslash before each character of `special`, and before what would begin a
/// heading or a list at the start of a line. Nothing in it acts on a terminal, either.
[[nodiscard]] std::string markdown_literal(std::string_view text, std::string_view special);

/// For a block of code, where only backticks mean something: they become accents.
[[nodiscard]] std::string code_literal(std::string_view text);

struct ServiceFact {
    std::string_view label;
    std::string value;
};
/// "Environment", "Service", "Status", ..: what is known of one service.
[[nodiscard]] std::vector<ServiceFact> facts_of(const Notification& notification);

/// "and 12 more, 3 of them errors": of the lines behind the first `shown`.
[[nodiscard]] std::string and_more(const std::vector<AnnouncementLine>& lines, std::size_t shown);

/// "a message before this one may not have arrived; the log has it"; empty where none is known of.
[[nodiscard]] std::string lost_in_words(const Announcement& announcement);

/// "Last words of the container api"; "api: last words of .." where there are several services.
[[nodiscard]] std::string excerpt_title(const Notification& notification, bool names_service);
/// As many of its last lines as fit, each with a line break.
[[nodiscard]] std::vector<std::string> last_lines(const Excerpt& excerpt, std::size_t limit, Escape escape,
                                                  Measure measure);

/// What a link says: its title; with several services, also of which it is.
struct Linked {
    std::string title;
    std::string url;
};
/// The pages of approvals, then the links, the worst service's first: at most `most`, none of them with an address
/// that is longer than 1900 or no `http(s)://` of printable characters.
[[nodiscard]] std::vector<Linked> links_of(const Announcement& announcement, std::size_t most);

/// How to answer what is to be approved, for channels without buttons that reach us.
struct Asked {
    std::string words;    ///< "To approve api:"
    std::string command;  ///< "ci_lambda approve TOKEN"; empty where it has been decided
};
/// At most three, and then one that says where the others are. A token that is longer than `longest_token` is not
/// shown; the command then is the one that has it.
[[nodiscard]] std::vector<Asked> asked_in(const Announcement& announcement, std::size_t longest_token);

/// How a channel writes.
struct Markup {
    Escape literal;          ///< what is not ours, as it is
    Measure measure;         ///< how it counts
    std::string_view bold;   ///< around a heading
    std::string_view code;   ///< around a command
    std::string_view fence;  ///< around lines of somebody else's
    std::string (*link)(const Linked& link);
    std::string_view (*mark)(NotificationType type);  ///< at the beginning of a service's line
};
/// All that there is to tell but the title, as one text of at most `limit`, which is 1500 or more: what is to be
/// approved, then the services' lines, errors first and the rest counted, reason, last words, links, and what was lost
/// before. With facts: also those of a single service.
[[nodiscard]] std::string message_text(const Announcement& announcement, const Markup& markup, std::size_t limit,
                                       bool with_facts);

/// A sign for each type, in Unicode.
[[nodiscard]] std::string_view sign_of(NotificationType type);
/// "success", "error", "info", "warning"
[[nodiscard]] std::string_view word_of(NotificationType type);

}  // namespace ci_lambda
