#include "config/document_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kForms =
    "the JSON itself, `file:PATH`, `ssm:/PATH`, `s3://BUCKET/KEY` or `secretsmanager:NAME`";

struct Scheme {
    std::string_view prefix;
    SourceRef::Kind kind;
};
constexpr std::array kSchemes{
    Scheme{.prefix = "file:", .kind = SourceRef::Kind::kFile},
    Scheme{.prefix = "ssm:", .kind = SourceRef::Kind::kSsm},
    Scheme{.prefix = "s3://", .kind = SourceRef::Kind::kS3},
    Scheme{.prefix = "secretsmanager:", .kind = SourceRef::Kind::kSecretsManager},
};

std::unexpected<Error> wrong(std::string_view what) {
    return fail(ErrorKind::kConfiguration, fmt::format("{}; expected {}", what, kForms));
}

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// Every character is a letter, a digit or one of `others`.
bool is_made_of(std::string_view text, std::string_view others) {
    return !text.empty() && std::ranges::all_of(text, [&](char c) { return is_alphanumeric(c) || others.contains(c); });
}

bool has_control_character(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; });
}

Result<SourceRef> parse_s3(std::string_view rest) {
    const auto slash = rest.find('/');
    const auto bucket = rest.substr(0, slash);
    const auto key = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    // Letters, digits, dots and hyphens, 3 to 63 of them (Amazon S3 user guide, bucket naming rules).
    if (bucket.size() < 3 || bucket.size() > 63 || !is_made_of(bucket, ".-"))
        return wrong("what follows `s3://` does not begin with the name of a bucket");
    if (key.empty() || has_control_character(key)) return wrong("the key of the object in S3 is missing");
    return SourceRef{.kind = SourceRef::Kind::kS3, .text = std::string(key), .bucket = std::string(bucket)};
}

/// What stands before the first colon, if that is a word: no part of a secret.
std::string scheme_of(std::string_view text) {
    constexpr std::size_t kLongestWord = 20;
    const auto word = text.substr(0, text.find(':'));
    return word.size() < text.size() && word.size() <= kLongestWord && is_made_of(word, "-") ? std::string(word) : "";
}

std::unexpected<Error> no_scheme(std::string_view text) {
    if (text.starts_with('[')) return wrong("a document is a JSON object, not an array");
    const auto word = scheme_of(text);
    if (word.empty()) {
        const bool path = text.ends_with(".json") || text.ends_with(".jsonc");
        return wrong(path ? "a path needs `file:` in front of it" : "it does not begin with any of the known forms");
    }
    static const std::array<std::string, 4> known{"file", "ssm", "s3", "secretsmanager"};
    if (word == "s3") return wrong("`s3:` is followed by two slashes");
    const auto meant = closest(to_lower(word), known);
    return wrong(fmt::format("nothing can be read from `{}:`{}", word,
                             meant ? fmt::format(" (did you mean `{}:`?)", *meant) : ""));
}

}  // namespace

Result<SourceRef> parse_source(std::string_view text) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    const auto trimmed = trim(text);
    if (trimmed.empty()) return wrong("it is empty");
    if (trimmed.starts_with('{') || trimmed.starts_with("//") || trimmed.starts_with("/*") ||
        trimmed.starts_with(kByteOrderMark))
        return SourceRef{.kind = SourceRef::Kind::kInline, .text = std::string(text)};
    const auto* const scheme =
        std::ranges::find_if(kSchemes, [&](const Scheme& known) { return trimmed.starts_with(known.prefix); });
    if (scheme == kSchemes.end()) return no_scheme(trimmed);

    const auto rest = trimmed.substr(scheme->prefix.size());
    switch (scheme->kind) {
        case SourceRef::Kind::kS3: return parse_s3(rest);
        case SourceRef::Kind::kSsm:
            // With a version or a label behind a colon, and as an ARN (AWS Systems Manager, GetParameter).
            if (!is_made_of(rest, "/_.-:")) return wrong("what follows `ssm:` is not the name of a parameter");
            break;
        case SourceRef::Kind::kSecretsManager:
            // AWS Secrets Manager API reference, CreateSecret: letters, digits and /_+=.@-; an ARN has colons.
            if (!is_made_of(rest, "/_+=.@-:"))
                return wrong("what follows `secretsmanager:` is not the name of a secret");
            break;
        default:
            if (rest.empty() || has_control_character(rest)) return wrong("what follows `file:` is not a path");
    }
    return SourceRef{.kind = scheme->kind, .text = std::string(rest)};
}

std::string to_string(const SourceRef& source) {
    if (source.kind == SourceRef::Kind::kInline) return "inline JSON";
    if (source.kind == SourceRef::Kind::kS3) return fmt::format("s3://{}/{}", source.bucket, source.text);
    const auto* const scheme = std::ranges::find(kSchemes, source.kind, &Scheme::kind);
    return fmt::format("{}{}", scheme->prefix, source.text);
}

Result<std::optional<SourceRef>> find_document(const Environment& environment) {
    const auto text = environment.get_non_empty(kDocumentVariable);
    if (!text) return std::nullopt;
    auto source = parse_source(*text);
    if (!source) return std::unexpected(with_context(std::move(source).error(), kDocumentVariable));
    return std::optional(*std::move(source));
}

}  // namespace ci_lambda
