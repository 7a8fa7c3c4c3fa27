#include "base/references.hpp"

#include "base/text.hpp"

namespace ci_lambda {
namespace {

bool is_registry(std::string_view first_part) {
    return first_part.find_first_of(".:") != std::string_view::npos || first_part == "localhost";
}

/// A colon before the last slash belongs to a registry's port.
std::size_t colon_of_tag(std::string_view name) {
    const auto slash = name.rfind('/');
    const auto colon = name.rfind(':');
    return slash != std::string_view::npos && colon != std::string_view::npos && colon < slash ? std::string_view::npos
                                                                                               : colon;
}

}  // namespace

std::string_view region_of_arn(std::string_view arn) {
    if (!arn.starts_with("arn:")) return {};
    for (int part = 0; part < 3; ++part) {
        const auto colon = arn.find(':');
        if (colon == std::string_view::npos) return {};
        arn.remove_prefix(colon + 1);
    }
    return arn.substr(0, arn.find(':'));
}

std::string_view image_name(std::string_view image) {
    const auto name = image.substr(0, image.find('@'));
    return name.substr(0, colon_of_tag(name));
}

ImageReference parse_image(std::string_view image) {
    ImageReference parts;
    const auto at = image.find('@');
    if (at != std::string_view::npos) parts.digest = image.substr(at + 1);
    const auto name = image.substr(0, at);
    if (const auto colon = colon_of_tag(name); colon != std::string_view::npos) parts.tag = name.substr(colon + 1);
    parts.repository = image_name(image);
    const auto slash = parts.repository.find('/');
    if (slash != std::string_view::npos && is_registry(parts.repository.substr(0, slash))) {
        parts.registry = parts.repository.substr(0, slash);
        parts.repository.remove_prefix(slash + 1);
    }
    return parts;
}

std::optional<EcrRegistry> parse_ecr_registry(std::string_view host) {
    for (const std::string_view middle : {".dkr.ecr.", ".dkr.ecr-fips.", ".dkr-ecr.", ".dkr-ecr-fips."}) {
        const auto at = host.find(middle);
        if (at == std::string_view::npos || at == 0) continue;
        const auto rest = host.substr(at + middle.size());
        const auto dot = rest.find('.');
        if (dot == std::string_view::npos || dot == 0) return std::nullopt;
        return EcrRegistry{.account = host.substr(0, at), .region = rest.substr(0, dot)};
    }
    return std::nullopt;
}

std::optional<RevisionName> parse_revision(std::string_view task_definition) {
    const auto name = last_segment(task_definition);
    const auto colon = name.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto number = parse_unsigned(name.substr(colon + 1));
    if (!number) return std::nullopt;
    return RevisionName{.family = name.substr(0, colon), .number = *number};
}

std::string short_name(std::string_view task_definition_arn) { return std::string(last_segment(task_definition_arn)); }

}  // namespace ci_lambda
