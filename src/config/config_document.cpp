#include "config/config_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace ci_lambda {

Result<ConfigDocument::Read> ConfigDocument::read(const SourceRef& source, const std::vector<Read>& known,
                                                  Deadline deadline) {
    if (source.kind == SourceRef::Kind::kInline) return Read{.source = source, .text = {.text = source.text}};
    const auto before = std::ranges::find(known, source, &Read::source);
    const std::string version = before == known.end() ? std::string() : before->text.version;
    auto answer = reader_.read(source, version, deadline);
    if (!answer) {
        // "ssm:/path: .." once, whether the reader says the name or not.
        auto error = std::move(answer).error();
        const auto name = to_string(source);
        return std::unexpected(error.message.contains(name) ? std::move(error) : with_context(std::move(error), name));
    }
    if (*answer) return Read{.source = source, .text = **std::move(answer)};
    if (before == known.end())
        return fail(ErrorKind::kInternal, fmt::format("{}: no text, though none was known", to_string(source)));
    return *before;
}

Result<LoadedConfig> ConfigDocument::read_all(std::vector<Read>& read_now, Deadline deadline) {
    TRY_ASSIGN(const auto source, find_document(environment_));
    std::optional<DocumentText> document;
    const auto known = last_read_;
    if (source) {
        TRY_ASSIGN(auto document_read, read(*source, known, deadline));
        document = {.text = document_read.text.text, .source = to_string(*source)};
        if (source->kind == SourceRef::Kind::kInline) document->source = kDocumentVariable;
        read_now.push_back(std::move(document_read));
    }
    TRY_ASSIGN(auto loaded, load_config(environment_, document));
    TRY(read_secrets(loaded, [&](const SourceRef& secret) -> Result<std::string> {
        TRY_ASSIGN(auto found, read(secret, known, deadline));
        read_now.push_back(found);
        return std::move(found.text.text);
    }));
    TRY(options_.check(loaded.config));
    return loaded;
}

Result<LoadedConfig> ConfigDocument::load(Deadline deadline) {
    std::vector<Read> now;
    const auto began = clock_.now();
    auto loaded = read_all(now, deadline);
    if (!loaded)
        return std::unexpected(Error{.kind = ErrorKind::kConfiguration, .message = std::move(loaded).error().message});
    in_force_ = now;
    last_read_ = std::move(now);
    good_since_ = looked_at_ = began;
    failures_ = 0;
    return loaded;
}

bool ConfigDocument::changes() const {
    return std::ranges::any_of(in_force_,
                               [](const Read& read) { return read.source.kind != SourceRef::Kind::kInline; });
}

bool ConfigDocument::is_due() const {
    const auto now = clock_.now();
    const auto wait = failures_ == 0 ? options_.max_age : options_.retry_after;
    // A clock that was put back must not end the looking.
    return now - looked_at_ >= wait || now < looked_at_;
}

std::string ConfigDocument::described() const {
    std::vector<std::string> sources;
    for (const auto& read : in_force_)
        if (read.source.kind != SourceRef::Kind::kInline) sources.push_back(to_string(read.source));
    return join(sources, ", ");
}

void ConfigDocument::tell_failure(const Error& error, const Logger& logger) {
    ++failures_;
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(clock_.now() - good_since_);
    // docs/logs.md has a metric filter for this very message.
    logger.warn("the configuration could not be renewed", {{"source", described()},
                                                           {log_key::kError, error.message},
                                                           {"failures", failures_},
                                                           {"age_seconds", age.count()}});
}

std::optional<LoadedConfig> ConfigDocument::refresh(Deadline deadline, const Logger& logger) {
    if (!changes() || !is_due()) return std::nullopt;
    const auto began = clock_.now();
    std::vector<Read> now;
    auto loaded = read_all(now, Deadline::earlier(deadline, Deadline::after(clock_, options_.patience)));
    looked_at_ = began;
    for (auto& read : now) {
        const auto before = std::ranges::find(last_read_, read.source, &Read::source);
        if (before == last_read_.end())
            last_read_.push_back(read);
        else
            before->text = read.text;
    }
    if (!loaded) {
        tell_failure(loaded.error(), logger);
        return std::nullopt;
    }
    if (failures_ > 0) logger.info("the configuration can be renewed again", {{"source", described()}});
    failures_ = 0;
    good_since_ = began;
    last_read_ = now;
    const auto same = [](const Read& a, const Read& b) {
        return a.source == b.source && a.text.version == b.text.version && a.text.text == b.text.text;
    };
    const bool unchanged = std::ranges::equal(now, in_force_, same);
    in_force_ = std::move(now);
    if (unchanged) return std::nullopt;
    logger.info("a new configuration is in force", {{"source", described()}});
    return std::move(*loaded);
}

}  // namespace ci_lambda
