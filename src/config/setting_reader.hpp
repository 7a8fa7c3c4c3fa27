#pragma once

// Private to config/: single settings, from the environment, the document or the table's default.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"
#include "config/config.hpp"
#include "config/document.hpp"

namespace ci_lambda {

/// Reads single settings and remembers what is wrong with them. A reader of a bad value returns something harmless,
/// which is never used: a configuration with problems is not handed out.
class SettingReader {
public:
    /// Both must outlive it; no document: nullptr.
    SettingReader(const Environment& environment, const Document* document)
        : environment_(environment), document_(document) {}

    /// The value as it stands, or the default of the table; `nullopt` when there is neither.
    [[nodiscard]] std::optional<std::string> text(std::string_view name);
    /// The same without the blanks at its ends, which copying and pasting leaves behind.
    [[nodiscard]] std::optional<std::string> word(std::string_view name);
    [[nodiscard]] bool boolean(std::string_view name);
    /// Within the range of the table.
    [[nodiscard]] int number(std::string_view name);
    /// Letters, digits, `_`, `-` and `.`.
    [[nodiscard]] std::optional<std::string> plain_name(std::string_view name);

    void problem(std::string_view name, std::string what) { problems_[name].push_back(std::move(what)); }
    void problem(DocumentProblem problem) { document_problems_.push_back(std::move(problem)); }
    /// Of a setting that is JSON: told of a problem at a place in it (a JSON pointer). Must not outlive the reader.
    [[nodiscard]] std::function<void(const std::string& place, std::string what, std::string_view expects)>
    problems_within(std::string_view name);
    void warning(std::string text) { warnings_.push_back(std::move(text)); }

    [[nodiscard]] bool is_variable(std::string_view name) const;
    [[nodiscard]] const Document* document() const { return document_; }
    [[nodiscard]] SettingOrigin origin(std::string_view name) const;
    /// What to call a setting where it has its value from: the variable, or the place in the document.
    [[nodiscard]] std::string called(std::string_view name) const;
    /// Behind the name of a variable, where there is a document: " (/place/in/it)".
    [[nodiscard]] std::string or_place(std::string_view name) const;

    [[nodiscard]] bool has_problems() const;
    [[nodiscard]] std::vector<std::string> take_warnings() { return std::move(warnings_); }
    /// One line a setting, in the order of the table, and then what else is wrong in the document.
    [[nodiscard]] std::string report() const;

private:
    const Environment& environment_;
    const Document* document_;
    std::map<std::string_view, std::vector<std::string>> problems_;  // keys: the table's names
    std::vector<DocumentProblem> document_problems_;
    std::vector<std::string> warnings_;
};

}  // namespace ci_lambda
