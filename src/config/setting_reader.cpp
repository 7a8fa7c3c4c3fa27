#include "config/setting_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

/// Of problems in a document. Who has more begins with these.
constexpr std::size_t kMostProblems = 50;

/// What a service's member is called in the document: the last part of `/services/*/files`.
std::string_view member_of(const Setting& setting) { return last_segment(setting.pointer); }

bool is_of_files(std::string_view name) { return name == "SERVICE_CONFIG" || name == "S3_SERVICE_MAP"; }

}  // namespace

std::optional<std::string> SettingReader::text(std::string_view name) {
    const auto& setting = setting_of(name);
    if (auto value = environment_.get_non_empty(std::string(name))) return value;
    if (document_ != nullptr && !setting.is_per_service())
        if (auto value = document_->text(setting)) return value;
    if (setting.required) {
        // What is there, but wrong, has been told of already.
        const bool told = document_ != nullptr &&
                          std::ranges::find(document_->problems(), setting.pointer, &DocumentProblem::pointer) !=
                              document_->problems().end();
        if (!told)
            problem(name, document_ == nullptr
                              ? std::string("is not set")
                              : fmt::format("is not set, and the document has no {}", setting.pointer));
    }
    if (setting.default_value.empty()) return std::nullopt;
    return std::string(setting.default_value);
}

std::optional<std::string> SettingReader::word(std::string_view name) {
    const auto value = text(name);
    if (!value) return std::nullopt;
    return std::string(trim(*value));
}

bool SettingReader::boolean(std::string_view name) {
    const auto value = word(name).value_or("");
    const auto parsed = parse_boolean(value);
    if (!parsed) problem(name, fmt::format("{} is not a boolean", in_quotes(value)));
    return parsed.value_or(false);
}

int SettingReader::number(std::string_view name) {
    const auto& setting = setting_of(name);
    const auto value = word(name).value_or("");
    const auto parsed = parse_unsigned(value);
    const bool good =
        parsed && ((*parsed >= setting.smallest && *parsed <= setting.largest) || (*parsed == 0 && setting.or_zero));
    if (good) return static_cast<int>(*parsed);
    problem(name, fmt::format("{} is not a number in range", in_quotes(value)));
    return 0;
}

std::optional<std::string> SettingReader::plain_name(std::string_view name) {
    auto value = text(name);
    if (value && !is_valid_service_id(*value))
        problem(name, fmt::format("{} has characters that names must not have", in_quotes(*value)));
    return value;
}

bool SettingReader::is_variable(std::string_view name) const {
    return environment_.get_non_empty(std::string(name)).has_value();
}

SettingOrigin SettingReader::origin(std::string_view name) const {
    using Kind = SettingOrigin::Kind;
    const auto& setting = setting_of(name);
    const auto from = [&](Kind kind, std::string_view place) {
        return SettingOrigin{.setting = setting.name, .kind = kind, .place = place};
    };
    if (is_variable(name)) return from(Kind::kVariable, setting.name);
    if (name == "AWS_REGION" && is_variable("AWS_DEFAULT_REGION"))
        return from(Kind::kVariable, setting_of("AWS_DEFAULT_REGION").name);
    if (document_ != nullptr && setting.has_pointer()) {
        // Either of the two variables with files takes the place of all the document's files.
        const bool replaced = is_of_files(name) && (is_variable("SERVICE_CONFIG") || is_variable("S3_SERVICE_MAP"));
        const bool there = setting.is_per_service() ? !replaced && document_->has_service_member(member_of(setting))
                                                    : document_->text(setting).has_value();
        if (there) return from(Kind::kDocument, setting.pointer);
    }
    return from(setting.default_value.empty() ? Kind::kNothing : Kind::kDefault, {});
}

std::string SettingReader::called(std::string_view name) const {
    const auto from = origin(name);
    return std::string(from.kind == SettingOrigin::Kind::kDocument ? from.place : name);
}

std::string SettingReader::or_place(std::string_view name) const {
    const auto& setting = setting_of(name);
    if (document_ == nullptr || !setting.has_pointer()) return {};
    return fmt::format(" ({})", setting.pointer);
}

bool SettingReader::has_problems() const {
    return !problems_.empty() || !document_problems_.empty() ||
           (document_ != nullptr && !document_->problems().empty());
}

std::string SettingReader::report() const {
    std::vector<std::string> lines;
    for (const auto& setting : settings()) {
        const auto found = problems_.find(setting.name);
        if (found == problems_.end()) continue;
        const bool in_document = origin(setting.name).kind == SettingOrigin::Kind::kDocument;
        lines.push_back(fmt::format("{}: {}; expected {}", called(setting.name), join(found->second, "; "),
                                    in_document ? expected_in_document(setting) : setting.expects));
    }
    const auto count_of_settings = lines.size();
    auto problems = document_problems_;
    if (document_ != nullptr)
        problems.insert(problems.end(), document_->problems().begin(), document_->problems().end());
    std::ranges::stable_sort(problems, {}, &DocumentProblem::pointer);
    for (const auto& problem : problems) {
        if (lines.size() >= count_of_settings + kMostProblems) break;
        lines.push_back(fmt::format("{}: {}{}{}", problem.pointer, problem.what,
                                    problem.expects.empty() ? "" : "; expected ", problem.expects));
    }
    const auto count = count_of_settings + problems.size();
    if (lines.size() < count) lines.push_back(fmt::format("and {} more in the document", count - lines.size()));

    const std::string_view one = document_ == nullptr ? "a variable" : "a setting";
    const std::string_view many = document_ == nullptr ? "variables" : "settings";
    auto head = count == 1 ? fmt::format("{} is missing or wrong", one)
                           : fmt::format("{} {} are missing or wrong", count, many);
    if (document_ != nullptr) head += fmt::format(" (document: {})", document_->source());
    return fmt::format("{}:\n{}", head, join(lines, "\n"));
}

std::function<void(const std::string& place, std::string what, std::string_view expects)>
SettingReader::problems_within(std::string_view name) {
    const bool in_document = origin(name).kind == SettingOrigin::Kind::kDocument;
    return [this, in_document, setting = setting_of(name).name](const std::string& place, std::string what,
                                                                std::string_view expects) {
        if (in_document)
            problem({.pointer = fmt::format("{}{}", setting_of(setting).pointer, place),
                     .what = std::move(what),
                     .expects = std::string(expects)});
        else
            problem(setting, fmt::format("{}{}{}; expected {}", place, place.empty() ? "" : " ", what, expects));
    };
}

}  // namespace ci_lambda
