#include "app/local_documents.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// Where Lambda unpacks layers (AWS Lambda developer guide, layer paths).
constexpr const char* kLayers = "/opt/";

/// A file that is open, and closed with this.
class OpenFile {
public:
    explicit OpenFile(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    ~OpenFile() {
        if (fd_ >= 0) ::close(fd_);
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    [[nodiscard]] int fd() const { return fd_; }

private:
    int fd_;
};

std::string reason() { return std::generic_category().message(errno); }

/// Changes whenever the file is written or replaced.
std::string version_of(const struct stat& status) {
    return fmt::format("{}.{:09}-{}-{}", status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_size, status.st_ino);
}

std::unexpected<Error> not_read(const std::string& path, std::string_view why) {
    return fail(ErrorKind::kConfiguration, fmt::format("file:{} cannot be read: {}", path, why));
}

}  // namespace

std::vector<std::string> document_roots(const Environment& environment) {
    const auto package = environment.get_non_empty("LAMBDA_TASK_ROOT");
    if (!package) return {""};
    return {*package + "/", kLayers};
}

Result<std::optional<SourceText>> LocalDocuments::read(const SourceRef& source, std::string_view if_not_version,
                                                       Deadline deadline) {
    switch (source.kind) {
        case SourceRef::Kind::kInline: return SourceText{.text = source.text, .version = {}};
        case SourceRef::Kind::kFile: return read_file(source.text, if_not_version);
        default: break;
    }
    if (others_ != nullptr) return others_->read(source, if_not_version, deadline);
    return fail(ErrorKind::kConfiguration,
                fmt::format("{} cannot be read here, only inline documents and `file:PATH`", to_string(source)));
}

Result<std::optional<SourceText>> LocalDocuments::read_file(const std::string& path,
                                                            std::string_view if_not_version) const {
    const bool absolute = path.starts_with('/');
    for (const auto& root : absolute ? std::vector<std::string>{""} : roots_) {
        const OpenFile file(root + path);
        if (file.fd() < 0 && errno == ENOENT) continue;
        if (file.fd() < 0) return not_read(root + path, reason());
        struct stat status{};
        if (::fstat(file.fd(), &status) != 0) return not_read(root + path, reason());
        if (S_ISDIR(status.st_mode)) return not_read(root + path, "it is a directory");
        auto version = version_of(status);
        if (S_ISREG(status.st_mode) && version == if_not_version) return std::nullopt;
        // Not by its size: a pipe has none.
        std::string text(kMaxDocumentBytes + 1, '\0');
        std::size_t size = 0;
        while (size < text.size()) {
            const auto got = ::read(file.fd(), text.data() + size, text.size() - size);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return not_read(root + path, reason());
            if (got == 0) break;
            size += static_cast<std::size_t>(got);
        }
        if (size > kMaxDocumentBytes) return not_read(root + path, "it is larger than a megabyte");
        text.resize(size);
        return SourceText{.text = std::move(text), .version = std::move(version)};
    }
    std::vector<std::string> places;
    for (const auto& root : roots_) places.push_back(root.empty() ? "the working directory" : root);
    return not_read(path,
                    absolute ? "there is no such file" : fmt::format("there is none in {}", join(places, " or ")));
}

}  // namespace ci_lambda
