#pragma once

// Private to config/: the configuration document, taken apart.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"
#include "config/settings.hpp"

namespace ci_lambda {

/// What a person has to repair in the document.
struct DocumentProblem {
    std::string pointer;  ///< the place (RFC 6901), on one line and cut
    std::string what;
    std::string expects;  ///< may be empty, where `what` says it already
};

/// What the document says about one service. Nothing is checked here but the JSON types.
struct DocumentService {
    std::string key;      ///< as written: an id, or BACKEND_SERVICE_NAME
    std::string pointer;  ///< its place
    std::optional<std::string> service_name;
    std::optional<std::string> task_family;
    std::vector<std::string> repositories;
    std::vector<std::string> parameters;
    std::vector<S3File> files;
    std::optional<bool> auto_deploy;
    std::optional<std::string> image_mode;
    std::optional<std::string> strategy;           ///< a word, or the object
    std::optional<std::string> approval = {};      ///< JSON
    std::optional<std::string> verify;             ///< JSON
    std::optional<std::string> before = {};        ///< JSON
    std::optional<std::string> after = {};         ///< JSON
    std::optional<std::string> freezes = {};       ///< JSON
    std::optional<std::string> notify = {};        ///< JSON
    std::optional<std::vector<std::string>> tags;  ///< an item of the wrong type is empty
};

/// The document by the rows of the settings table: each value that has its type as the text that would say the same in
/// the environment, and everything that is wrong with the rest.
class Document {
public:
    /// Fails (kConfiguration) where the text is no JSON object at all.
    [[nodiscard]] static Result<Document> parse(const DocumentText& text);

    /// What it says for this setting; `nullopt` where it says nothing, or nothing of the right type.
    [[nodiscard]] std::optional<std::string> text(const Setting& setting) const;
    [[nodiscard]] const std::vector<DocumentService>& services() const { return services_; }
    /// `/defaults/auto_deploy`.
    [[nodiscard]] std::optional<bool> default_auto_deploy() const { return default_auto_deploy_; }
    /// `/defaults/tags`; an item of the wrong type is empty.
    [[nodiscard]] const std::optional<std::vector<std::string>>& default_tags() const { return default_tags_; }
    /// Whether any service says something by this member, or `/defaults` of tags.
    [[nodiscard]] bool has_service_member(std::string_view key) const;

    [[nodiscard]] const std::string& source() const { return source_; }
    [[nodiscard]] const std::vector<DocumentProblem>& problems() const { return problems_; }

private:
    class Walk;
    explicit Document(std::string source) : source_(std::move(source)) {}

    std::string source_;
    std::map<std::string_view, std::string> texts_;  // by the name of the setting
    std::vector<DocumentService> services_;
    std::optional<bool> default_auto_deploy_;
    std::optional<std::vector<std::string>> default_tags_;
    std::vector<DocumentProblem> problems_;
};

/// The place of a member, fit for a message: on one line, and long keys cut.
[[nodiscard]] std::string shown_pointer(std::string_view parent, std::string_view key);

/// What the document wants where the environment wants `setting.expects`.
[[nodiscard]] std::string expected_in_document(const Setting& setting);

}  // namespace ci_lambda
