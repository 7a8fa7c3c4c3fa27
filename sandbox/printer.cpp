#include "sandbox/printer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <ostream>

#include "base/text.hpp"
#include "sandbox/shop.hpp"
#include "sandbox/slack_text.hpp"
#include "sandbox/state_pages.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kIndent = 4;
constexpr std::size_t kLabel = 10;
constexpr std::size_t kBody = kWidth - kIndent - kLabel;

enum class Tone { kPlain, kBold, kDim, kGreen, kYellow, kRed, kCyan, kMagenta };

std::string_view code_of(Tone tone) {
    switch (tone) {
        case Tone::kPlain: return "0";
        case Tone::kBold: return "1";
        case Tone::kDim: return "2";
        case Tone::kGreen: return "32";
        case Tone::kYellow: return "33";
        case Tone::kRed: return "31";
        case Tone::kCyan: return "36";
        case Tone::kMagenta: return "35";
    }
    return "0";
}

/// Text from outside.
std::string printable(std::string_view text) { return one_line(text); }

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string padded(std::string_view text, std::size_t width) {
    const auto used = width_of(text);
    return std::string(text) + std::string(used < width ? width - used : 0, ' ');
}

/// Lines of at most `width` characters, broken between words where there are any.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    std::string line;
    for (const auto& word : split(printable(text), ' ')) {
        if (word.empty()) continue;
        if (!line.empty() && width_of(line) + 1 + width_of(word) > width) lines.push_back(std::exchange(line, {}));
        if (!line.empty()) line += ' ';
        line += truncate_utf8(word, width);
    }
    if (!line.empty()) lines.push_back(std::move(line));
    return lines;
}

class Page {
public:
    explicit Page(bool color) : color_(color) {}

    [[nodiscard]] std::string paint(Tone tone, std::string_view text) const {
        const bool blank = text.find_first_not_of(' ') == std::string_view::npos;
        if (!color_ || tone == Tone::kPlain || blank) return std::string(text);
        return fmt::format("\033[{}m{}\033[0m", code_of(tone), text);
    }

    void line(std::string_view text = {}) { text_ += fmt::format("{}\n", text); }

    /// One row of a story: the label on its first line only.
    void row(std::string_view label, std::string_view content) {
        const bool repeated = label == last_label_;
        last_label_ = label;
        line(std::string(kIndent, ' ') + paint(Tone::kDim, padded(repeated ? "" : label, kLabel)) +
             std::string(content));
    }

    void rows(std::string_view label, Tone tone, std::string_view content) {
        for (const auto& part : wrapped(content, kBody)) row(label, paint(tone, part));
    }

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    bool color_;
    std::string text_;
    std::string last_label_;
};

struct Look {
    std::string_view symbol;
    Tone tone;
};

Look look_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::kDeploy: return {.symbol = "▲", .tone = Tone::kGreen};
        case Verdict::kNotify:
        case Verdict::kSweep: return {.symbol = "●", .tone = Tone::kCyan};
        case Verdict::kIgnore: return {.symbol = "○", .tone = Tone::kYellow};
        case Verdict::kRefuse: return {.symbol = "✗", .tone = Tone::kRed};
    }
    return {.symbol = "○", .tone = Tone::kPlain};
}

void put_title(Page& page, const Story& story) {
    const std::string kind = printable(story.explanation.kind);
    const std::string number = fmt::format("{:>2}  ", story.number);
    const std::string_view title = story.title.empty() ? std::string_view(kind) : story.title;
    const std::size_t room = kWidth - number.size();
    std::string line = page.paint(Tone::kDim, number);
    if (story.title.empty()) {
        page.line(line + page.paint(Tone::kBold, truncate_utf8(title, room)));
        return;
    }
    const std::size_t gap = room > width_of(title) + width_of(kind) ? room - width_of(title) - width_of(kind) : 2;
    line += page.paint(Tone::kBold, title) + std::string(gap, ' ') + page.paint(Tone::kDim, kind);
    page.line(line);
}

void put_event(Page& page, const Story& story) {
    std::string facts;
    for (const auto& fact : story.explanation.facts) {
        if (!facts.empty()) facts += " · ";
        facts += fmt::format("{} {}", fact.label, fact.value);
    }
    page.rows("event", Tone::kPlain, facts.empty() ? story.event : facts);
}

void put_decision(Page& page, const Explanation& explanation) {
    const auto look = look_of(explanation.verdict);
    page.rows("decision", look.tone, fmt::format("{} {}", look.symbol, explanation.headline));
    for (const auto& reason : explanation.reasons) {
        bool first = true;
        for (const auto& part : wrapped(reason, kBody - 2)) {
            page.row("decision", (first ? "  " : "    ") + part);
            first = false;
        }
    }
}

void put_calls(Page& page, const std::vector<EcsCall>& calls) {
    constexpr std::size_t kOperation = 21;
    constexpr std::size_t kLeastAnswer = 20;
    constexpr std::size_t kWidestColumn = 36;  // leaves room for a deployment's id
    if (calls.empty()) page.row("ecs", page.paint(Tone::kDim, "no call"));
    std::vector<CallText> texts;
    std::size_t column = 0;
    for (const auto& call : calls) {
        auto text = describe_call(call);
        text.arguments =
            replace_all(truncate_utf8(printable(text.arguments), kBody - kOperation - kLeastAnswer), "->", "→");
        if (const auto width = width_of(text.arguments); width <= kWidestColumn) column = std::max(column, width);
        texts.push_back(std::move(text));
    }
    for (const auto& text : texts) {
        const bool change = text.operation == "UpdateService";
        const Tone answer_tone = text.ok ? (change ? Tone::kGreen : Tone::kDim) : Tone::kRed;
        const std::string operation = truncate_utf8(printable(text.operation), kOperation - 1);
        const std::string call = padded(operation, kOperation) + padded(text.arguments, column) + "   ";
        const std::string answer = truncate_utf8(printable(text.answer), kBody - width_of(call));
        page.row("ecs", page.paint(change ? Tone::kBold : Tone::kPlain, call) + page.paint(answer_tone, answer));
    }
}

/// Fields side by side in columns, as Slack shows them.
void put_fields(Page& page, const std::string& bar, const std::vector<std::string>& fields) {
    constexpr std::size_t kColumn = 26;
    std::string line;
    for (const auto& raw : fields) {
        const std::string field = truncate_utf8(printable(raw), kBody - 2);
        const std::size_t begin = line.empty() ? 0 : (width_of(line) / kColumn + 1) * kColumn;
        if (!line.empty() && begin + width_of(field) > kBody - 2) {
            page.row("slack", bar + line);
            line.clear();
        }
        if (!line.empty()) line = padded(line, begin);
        line += field;
    }
    if (!line.empty()) page.row("slack", bar + line);
}

void put_message(Page& page, const SlackMessage& message) {
    const std::string bar = page.paint(Tone::kMagenta, "▌ ");
    for (const auto& line : render_slack(message.payload)) {
        if (line.kind == SlackLine::Kind::kFields) {
            put_fields(page, bar, line.parts);
            continue;
        }
        Tone tone = Tone::kPlain;
        if (line.kind == SlackLine::Kind::kTitle) tone = Tone::kBold;
        if (line.kind == SlackLine::Kind::kContext) tone = Tone::kDim;
        for (const auto& part : wrapped(line.parts.front(), kBody - 2)) page.row("slack", bar + page.paint(tone, part));
    }
    if (message.status != 200)
        page.rows("slack", Tone::kRed, fmt::format("✗ refused: {} {}", message.status, message.answer));
}

void put_messages(Page& page, const std::vector<SlackMessage>& messages) {
    if (messages.empty()) page.row("slack", page.paint(Tone::kDim, "no message"));
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (i > 0) page.line();
        put_message(page, messages[i]);
    }
}

void put_ending(Page& page, const Ending& ending) {
    const auto took = page.paint(Tone::kDim, fmt::format("in {} ms", ending.took.count()));
    const auto status = printable(ending.status);
    if (ending.ok) {
        page.row("result", page.paint(Tone::kGreen, fmt::format("✓ {}", status)) + ' ' + took);
        return;
    }
    page.row("result", page.paint(Tone::kRed, fmt::format("✗ {}", status)) + ' ' + took);
    for (const auto& part : wrapped(ending.detail, kBody - 2)) page.row("result", "  " + part);
}

}  // namespace

void Printer::ready(std::uint16_t port) {
    const std::scoped_lock lock(mutex_);
    out_ << fmt::format("sandbox: ready at http://127.0.0.1:{}\n", port) << std::flush;
}

void Printer::welcome(std::uint16_t port) {
    Page page(color_);
    page.line();
    page.line(fmt::format("A local AWS: cluster {}, services {}, {}, {}.", shop::kCluster, shop::kBackend, shop::kApi,
                          shop::kWorker));
    page.line("From another terminal:");
    for (const auto& example : example_commands(port)) {
        page.line();
        page.line(page.paint(Tone::kDim, fmt::format("# {}", example.what)));
        for (const auto& part : split(example.command, '\n')) page.line(part);
    }
    page.line();
    page.line(page.paint(Tone::kDim, "Each event is told here as it is handled. Ctrl-C ends the sandbox."));
    page.line();
    const std::scoped_lock lock(mutex_);
    out_ << page.text() << std::flush;
}

void Printer::demo_title() {
    Page page(color_);
    page.line();
    page.line(page.paint(Tone::kBold, "ci_lambda: an event in, a deployment out"));
    page.line(page.paint(
        Tone::kDim,
        "The real function runs here against a local AWS; nothing leaves this machine. All services run :9,"));
    page.line(page.paint(Tone::kDim, "their task definitions have the revisions :9, :10 and :42."));
    page.line();
    const std::scoped_lock lock(mutex_);
    out_ << page.text() << std::flush;
}

void Printer::story(const Story& story) {
    Page page(color_);
    put_title(page, story);
    put_event(page, story);
    put_decision(page, story.explanation);
    put_calls(page, story.calls);
    put_messages(page, story.messages);
    put_ending(page, story.ending);
    page.line();
    const std::scoped_lock lock(mutex_);
    out_ << page.text() << std::flush;
}

void Printer::problems(const std::vector<std::string>& problems) {
    Page page(color_);
    for (const auto& problem : problems)
        page.line(page.paint(Tone::kRed, fmt::format("  ! not as expected: {}", printable(problem))));
    page.line();
    const std::scoped_lock lock(mutex_);
    out_ << page.text() << std::flush;
}

void Printer::totals(const Totals& totals) {
    Page page(color_);
    const auto counts = fmt::format("{} events · {} deployments accepted by ECS · {} Slack messages · {} ms",
                                    totals.events, totals.deployments, totals.messages, totals.took.count());
    const bool good = totals.surprises == 0;
    page.line(page.paint(Tone::kDim, fmt::format("{:─<{}}", "", kWidth)));
    page.line(page.paint(good ? Tone::kGreen : Tone::kRed, good ? "✓ all as expected" : "✗ not all as expected") +
              "   " + counts);
    const std::scoped_lock lock(mutex_);
    out_ << page.text() << std::flush;
}

void Printer::notice(std::string_view text) {
    Page page(color_);
    for (const auto& line : split(text, '\n')) page.line(page.paint(Tone::kYellow, "sandbox: " + printable(line)));
    const std::scoped_lock lock(mutex_);
    out_ << page.text() << std::flush;
}

void Printer::log(std::string_view line) {
    Page page(color_);
    page.line(page.paint(Tone::kDim, "log  " + printable(line)));
    const std::scoped_lock lock(mutex_);
    out_ << page.text() << std::flush;
}

void Printer::log_tail(const std::vector<std::string>& lines) {
    if (lines.empty()) return notice("the function has printed nothing");
    notice("the function's last log lines:");
    for (const auto& line : lines) log(line);
}

}  // namespace ci_lambda::sandbox
