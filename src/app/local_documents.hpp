#pragma once

#include <string>
#include <vector>

#include "base/environment.hpp"
#include "config/document_source.hpp"

namespace ci_lambda {

/// Where a relative path of a document is looked for, in this order: in Lambda in the package and in the layers, else
/// in the working directory. With a slash at the end, or empty.
[[nodiscard]] std::vector<std::string> document_roots(const Environment& environment);

/// Reads what needs no network, inline documents and files, and leaves the rest to somebody else.
class LocalDocuments final : public DocumentReader {
public:
    /// `others` reads everything else; nullptr where nobody can. It must outlive this.
    explicit LocalDocuments(std::vector<std::string> roots, DocumentReader* others = nullptr)
        : roots_(std::move(roots)), others_(others) {}

    [[nodiscard]] Result<std::optional<SourceText>> read(const SourceRef& source, std::string_view if_not_version,
                                                         Deadline deadline) override;

private:
    [[nodiscard]] Result<std::optional<SourceText>> read_file(const std::string& path,
                                                              std::string_view if_not_version) const;

    std::vector<std::string> roots_;
    DocumentReader* others_;
};

}  // namespace ci_lambda
