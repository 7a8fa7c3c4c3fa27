#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace ci_lambda::testing {

/// The text of tests/fixtures/events/NAME.
inline std::string fixture(const std::string& name) {
    std::ifstream file(CI_LAMBDA_SOURCE_DIR "/tests/fixtures/events/" + name);
    EXPECT_TRUE(file) << name;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace ci_lambda::testing
