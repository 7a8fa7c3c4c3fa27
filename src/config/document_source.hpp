#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/environment.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

/// The variable that says where the configuration document is.
inline constexpr const char* kDocumentVariable = "CI_LAMBDA_CONFIG";

/// No document is larger. A thousand services with all that there is to say about them take 300 KB.
inline constexpr std::size_t kMaxDocumentBytes = std::size_t{1024} * 1024;

/// Where the text of a document or of a secret is.
struct SourceRef {
    enum class Kind {
        kInline,          ///< the text itself
        kFile,            ///< `file:PATH`
        kSsm,             ///< `ssm:/path`, a parameter; also a SecureString
        kS3,              ///< `s3://bucket/key`
        kSecretsManager,  ///< `secretsmanager:NAME`, also an ARN
    };
    Kind kind = Kind::kInline;
    std::string text;         ///< the JSON, the path, the parameter's name, the key, or the secret's name
    std::string bucket = {};  ///< of `kS3` only
    friend bool operator==(const SourceRef&, const SourceRef&) = default;
};

/// Reads the five forms; what begins with `{` or a comment is the document itself. The error (kConfiguration) says what
/// was wrong and lists the forms. It does not repeat the text, which may hold a secret.
[[nodiscard]] Result<SourceRef> parse_source(std::string_view text);

/// As it was written, for messages and logs: `ssm:/path`. An inline document is called so and not repeated.
[[nodiscard]] std::string to_string(const SourceRef& source);

/// What CI_LAMBDA_CONFIG says; `nullopt` when it is not set.
[[nodiscard]] Result<std::optional<SourceRef>> find_document(const Environment& environment);

/// A text, with what identifies its version: an ETag, a parameter's version, a secret's version id, a file's time and
/// size. Two texts of one source with the same version are the same.
struct SourceText {
    std::string text;
    std::string version;
};

/// Reads texts from wherever they are. Errors are for people: they name the source, and the permission where one is
/// missing. Implemented over AWS and the file system outside of this room, and over a map in tests.
class DocumentReader {
public:
    DocumentReader() = default;
    DocumentReader(const DocumentReader&) = delete;
    DocumentReader& operator=(const DocumentReader&) = delete;
    virtual ~DocumentReader() = default;

    /// The text, or `nullopt` when its version still is `if_not_version`, which is empty when no version is known. Of
    /// an inline source it is the text of the reference. Fails with whatever the other side failed with; with
    /// kConfiguration when the text is larger than `kMaxDocumentBytes`; with kTimeout or kDeadline after `deadline`.
    [[nodiscard]] virtual Result<std::optional<SourceText>> read(const SourceRef& source,
                                                                 std::string_view if_not_version,
                                                                 Deadline deadline) = 0;
};

}  // namespace ci_lambda
