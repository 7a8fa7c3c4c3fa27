#pragma once

// Private to config/: what the document says about services, as the maps that the environment's variables are read
// into.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.hpp"
#include "config/maps.hpp"
#include "config/setting_reader.hpp"
#include "config/strategy.hpp"

namespace ci_lambda {

/// How services without a name of their own are called.
struct PatternNames {
    std::string project;
    std::string environment;
    std::string backend_name;                    ///< BACKEND_SERVICE_NAME; may be empty
    std::optional<NamePattern> service_pattern;  ///< absent when it is wrong, which has been told of already
    std::optional<NamePattern> family_pattern;
};

/// What is wrong with a strategy at this place of the document.
void add_problems(const std::vector<StrategyProblem>& problems, std::string_view pointer, SettingReader& reader);

/// Adds what the document says to the maps, but for those that a variable gives: it wins as a whole. Problems go to the
/// reader. Returns the ids of all services that the document names.
///
/// Where any service has a name of its own, the document's services are the service map, all of them, and the patterns
/// name those that have none. Where none has, there is no service map.
[[nodiscard]] std::set<ServiceId> add_document_services(const Document& document, const PatternNames& names,
                                                        SettingReader& reader, Maps& maps);

}  // namespace ci_lambda
