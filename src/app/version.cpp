#include "app/version.hpp"

namespace ci_lambda {

std::string_view version() { return CI_LAMBDA_VERSION; }
std::string_view commit() { return CI_LAMBDA_COMMIT; }

}  // namespace ci_lambda
