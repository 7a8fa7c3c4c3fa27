#include "sandbox/aws/credential.hpp"

#include <array>
#include <cstddef>

namespace ci_lambda::sandbox {

Credential credential_of(std::string_view authorization) {
    constexpr std::string_view kCredential = "Credential=";
    const auto begin = authorization.find(kCredential);
    if (begin == std::string_view::npos) return {};
    auto scope = authorization.substr(begin + kCredential.size());
    scope = scope.substr(0, scope.find_first_of(", "));
    std::array<std::string, 4> parts;  // access key, date, region, service
    for (auto& part : parts) {
        const auto slash = scope.find('/');
        part = scope.substr(0, slash);
        scope = slash == std::string_view::npos ? std::string_view() : scope.substr(slash + 1);
    }
    return {.access_key = parts[0], .region = parts[2], .service = parts[3]};
}

}  // namespace ci_lambda::sandbox
