#pragma once

#include <bitset>
#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ci_lambda {

/// A regular expression that is compared with the whole of a text, in time proportional to the text's length whatever
/// the expression is: all ways through it are followed at once (Thompson's construction, "Regular Expression Search
/// Algorithm", 1968), and none is tried a second time. std::regex tries them one after the other, which takes minutes
/// for `(a+)+b` and a tag of 40 characters, and is ten times as much code.
///
/// What it knows: characters, `.`, `[a-z]`, `[^a-z]`, `\d \D \w \W \s \S`, `\.` (any sign), `(..)`, `(?:..)`, `|`, `*`,
/// `+`, `?`, `{2}`, `{2,}`, `{2,5}`, `^` and `$`. ASCII only, as tags are. It knows no references to groups and no
/// looking ahead, which cannot be compared in that time.
class RegularExpression {
public:
    /// Fails (kConfiguration) with what is wrong, and on an expression that is too large.
    [[nodiscard]] static Result<RegularExpression> parse(std::string_view text);

    [[nodiscard]] bool matches(std::string_view text) const;

private:
    static constexpr std::size_t kCharacters = 128;
    using Characters = std::bitset<kCharacters>;

    /// One step of the program; its end is behind the last one.
    struct Step {
        enum class Kind {
            kCharacter,  ///< goes on to the next step with one of `characters`
            kSplit,      ///< goes on both at `first` and at `second`
            kJump,       ///< goes on at `first`
            kBegin,      ///< goes on at the beginning of the text only
            kEnd,        ///< goes on at the end of the text only
        };
        Kind kind = Kind::kCharacter;
        Characters characters = {};
        std::ptrdiff_t first = 1;  ///< from this step, so that a part of a program can be copied
        std::ptrdiff_t second = 1;
    };
    using Program = std::vector<Step>;
    class Parser;
    class Run;

    explicit RegularExpression(Program program) : program_(std::move(program)) {}

    Program program_;
};

}  // namespace ci_lambda
