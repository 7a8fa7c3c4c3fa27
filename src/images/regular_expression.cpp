#include "images/regular_expression.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

constexpr std::size_t kMostSteps = 1000;
constexpr std::size_t kMostRepetitions = 128;  // no tag is longer
constexpr std::size_t kDeepestGroup = 32;

std::unexpected<Error> wrong(std::string what) { return fail(ErrorKind::kConfiguration, std::move(what)); }

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_visible_ascii(char c) { return c >= ' ' && c <= '~'; }

std::size_t index_of(char c) { return static_cast<unsigned char>(c); }

/// How often something is there: `{2,5}`.
struct Repetition {
    std::size_t least = 0;
    std::optional<std::size_t> most;  // absent: any number
};

}  // namespace

/// By recursive descent; each method takes off `rest_` what it has read.
class RegularExpression::Parser {
public:
    explicit Parser(std::string_view text) : rest_(text) {}

    Result<Program> parse() {
        TRY_ASSIGN(auto program, alternatives());
        if (!rest_.empty()) return wrong("there is a \")\" without a \"(\"");
        return program;
    }

private:
    bool take(std::string_view text) {
        if (!rest_.starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }
    char take_any() {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    static std::unexpected<Error> too_large() { return wrong("it is too large, most likely for its {..}"); }

    static void append(Program& to, const Program& more) { to.insert(to.end(), more.begin(), more.end()); }

    static Step split(std::size_t first, std::size_t second) {
        return {.kind = Step::Kind::kSplit,
                .first = static_cast<std::ptrdiff_t>(first),
                .second = static_cast<std::ptrdiff_t>(second)};
    }
    static Step back(std::size_t steps) {
        return {.kind = Step::Kind::kJump, .first = -static_cast<std::ptrdiff_t>(steps)};
    }

    static Program either(const Program& one, const Program& other) {
        Program program{split(1, one.size() + 2)};
        append(program, one);
        program.push_back({.kind = Step::Kind::kJump, .first = static_cast<std::ptrdiff_t>(other.size() + 1)});
        append(program, other);
        return program;
    }
    static Program optional(const Program& inner) {
        Program program{split(1, inner.size() + 1)};
        append(program, inner);
        return program;
    }
    static Program any_number(const Program& inner) {
        Program program{split(1, inner.size() + 2)};
        append(program, inner);
        program.push_back(back(inner.size() + 1));
        return program;
    }

    static Result<Program> repeated(const Program& inner, const Repetition& often) {
        // Looked at before it is made: groups within one another multiply.
        const auto copies = often.most.value_or(often.least + 1);
        if ((inner.size() + 2) * copies > kMostSteps) return too_large();
        Program program;
        for (std::size_t i = 0; i < often.least; ++i) append(program, inner);
        if (!often.most) append(program, any_number(inner));
        for (std::size_t i = often.least; i < often.most.value_or(0); ++i) append(program, optional(inner));
        return program;
    }

    Result<Program> alternatives() {
        TRY_ASSIGN(auto program, sequence());
        while (take("|")) {
            TRY_ASSIGN(const auto other, sequence());
            program = either(program, other);
            if (program.size() > kMostSteps) return too_large();
        }
        return program;
    }

    Result<Program> sequence() {
        Program program;
        while (!rest_.empty() && !rest_.starts_with('|') && !rest_.starts_with(')')) {
            TRY_ASSIGN(const auto one, quantified());
            append(program, one);
            if (program.size() > kMostSteps) return too_large();
        }
        return program;
    }

    Result<Program> quantified() {
        TRY_ASSIGN(auto program, atom());
        std::optional<Repetition> often;
        if (take("*")) {
            often = Repetition{.least = 0, .most = std::nullopt};
        } else if (take("+")) {
            often = Repetition{.least = 1, .most = std::nullopt};
        } else if (take("?")) {
            often = Repetition{.least = 0, .most = 1};
        } else if (take("{")) {
            TRY_ASSIGN(often, repetition());
        }
        if (!often) return program;
        (void)take("?");  // as few as possible: of the whole text that says nothing
        return repeated(program, *often);
    }

    Result<Repetition> repetition() {
        const auto end = rest_.find('}');
        const auto inside = rest_.substr(0, end);
        if (end == std::string_view::npos) return wrong("a \"{\" has no \"}\"");
        rest_.remove_prefix(end + 1);
        const auto comma = inside.find(',');
        const bool open = comma != std::string_view::npos && comma + 1 == inside.size();
        const auto number = [](std::string_view text) { return parse_unsigned(text).value_or(kMostRepetitions + 1); };
        const auto least = number(inside.substr(0, comma));
        const auto most = open ? least : number(comma == std::string_view::npos ? inside : inside.substr(comma + 1));
        if (least > kMostRepetitions || most > kMostRepetitions || most < least)
            return wrong(fmt::format("{{{}}} is not {{2}}, {{2,}} or {{2,5}} with numbers up to {}",
                                     one_line(inside, 20), kMostRepetitions));
        Repetition often{.least = static_cast<std::size_t>(least), .most = std::nullopt};
        if (!open) often.most = static_cast<std::size_t>(most);
        return often;
    }

    Result<Program> atom() {
        const char c = take_any();
        switch (c) {
            case '(': return group();
            case '[': return bracket();
            case '^': return Program{{.kind = Step::Kind::kBegin}};
            case '$': return Program{{.kind = Step::Kind::kEnd}};
            case '.': return one_of(Characters().set());
            case '*':
            case '+':
            case '?':
            case '{': return wrong(fmt::format("there is nothing before a \"{}\" that it could repeat", c));
            case '\\': {
                TRY_ASSIGN(const auto characters, escaped());
                return one_of(characters);
            }
            default: return one_of(Characters().set(index_of(c)));
        }
    }

    static Program one_of(const Characters& characters) {
        return {{.kind = Step::Kind::kCharacter, .characters = characters}};
    }

    Result<Program> group() {
        if (!take("?:") && rest_.starts_with('?')) return wrong("of \"(?..)\" only \"(?:..)\" is known");
        if (++depth_ > kDeepestGroup) return wrong("there are too many groups within one another");
        TRY_ASSIGN(auto program, alternatives());
        if (!take(")")) return wrong("a \"(\" has no \")\"");
        --depth_;
        return program;
    }

    static Characters range(char first, char last) {
        Characters characters;
        for (auto i = index_of(first); i <= index_of(last); ++i) characters.set(i);
        return characters;
    }

    /// What stands behind a backslash.
    Result<Characters> escaped() {
        if (rest_.empty()) return wrong("there is nothing behind a \"\\\"");
        const char c = take_any();
        const auto digits = range('0', '9');
        const auto letters = range('a', 'z') | range('A', 'Z');
        switch (c) {
            case 'd': return digits;
            case 'D': return ~digits;
            case 'w': return digits | letters | Characters().set(index_of('_'));
            case 'W': return ~(digits | letters | Characters().set(index_of('_')));
            case 's': return range('\t', '\r') | Characters().set(index_of(' '));
            case 'S': return ~(range('\t', '\r') | Characters().set(index_of(' ')));
            default: break;
        }
        if (is_letter_or_digit(c)) return wrong(fmt::format("\"\\{}\" is not known", c));
        return Characters().set(index_of(c));
    }

    Result<Program> bracket() {
        const bool others = take("^");
        Characters characters;
        bool first = true;
        while (!rest_.starts_with(']') || first) {
            first = false;
            if (rest_.empty()) return wrong("a \"[\" has no \"]\"");
            if (rest_.starts_with("[:")) return wrong("\"[:..:]\" is not known; write a-z, 0-9");
            TRY_ASSIGN(const auto more, part_of_bracket());
            characters |= more;
        }
        (void)take("]");
        return one_of(others ? ~characters : characters);
    }

    /// `a`, `\d` or `a-z`.
    Result<Characters> part_of_bracket() {
        const char from = take_any();
        if (from == '\\') {
            auto characters = escaped();
            if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']')
                return wrong("a \"-\" behind an escaped character stands last in its [..]");
            return characters;
        }
        const bool is_range = rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']';
        if (!is_range) return Characters().set(index_of(from));
        (void)take("-");
        const char to = take_any();
        if (to == '\\' || to < from) return wrong(fmt::format("[{}-{}] is no range", from, to));
        return range(from, to);
    }

    std::string_view rest_;
    std::size_t depth_ = 0;
};

/// One comparison: at which steps of the program the ways through it stand.
class RegularExpression::Run {
public:
    Run(const Program& program, std::string_view text) : program_(program), text_(text), seen_(program.size() + 1, 0) {}

    bool matches() {
        reach(0, 0);
        for (std::size_t position = 0; position < text_.size(); ++position) {
            const auto steps = std::exchange(at_, {});
            ++round_;
            for (const auto step : steps)
                if (takes(step, text_[position])) reach(step + 1, position + 1);
            if (at_.empty()) return false;
        }
        return seen_[program_.size()] == round_;
    }

private:
    [[nodiscard]] bool takes(std::size_t step, char c) const {
        return step < program_.size() && index_of(c) < kCharacters && program_[step].characters[index_of(c)];
    }

    /// Stands at this step, and at all to which it leads without another character.
    void reach(std::size_t start, std::size_t position) {
        pending_.push_back(start);
        while (!pending_.empty()) {
            const auto step = pending_.back();
            pending_.pop_back();
            if (std::exchange(seen_[step], round_) == round_) continue;
            if (step == program_.size() || program_[step].kind == Step::Kind::kCharacter)
                at_.push_back(step);
            else
                follow(step, position);
        }
    }

    void follow(std::size_t step, std::size_t position) {
        const auto& now = program_[step];
        const auto go = [&](std::ptrdiff_t steps) {
            pending_.push_back(static_cast<std::size_t>(static_cast<std::ptrdiff_t>(step) + steps));
        };
        if (now.kind == Step::Kind::kBegin && position != 0) return;
        if (now.kind == Step::Kind::kEnd && position != text_.size()) return;
        go(now.first);
        if (now.kind == Step::Kind::kSplit) go(now.second);
    }

    const Program& program_;
    std::string_view text_;
    std::size_t round_ = 1;
    std::vector<std::size_t> seen_;  // by step: the last round in which a way stood there
    std::vector<std::size_t> at_;
    std::vector<std::size_t> pending_;
};

Result<RegularExpression> RegularExpression::parse(std::string_view text) {
    for (const char c : text)
        if (!is_visible_ascii(c)) return wrong("it has characters that are not ASCII");
    TRY_ASSIGN(auto program, Parser(text).parse());
    return RegularExpression(std::move(program));
}

bool RegularExpression::matches(std::string_view text) const { return Run(program_, text).matches(); }

}  // namespace ci_lambda
