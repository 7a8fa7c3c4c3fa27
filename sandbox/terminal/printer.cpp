#include "sandbox/terminal/printer.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <utility>

#include "base/text.hpp"
#include "sandbox/pages/state_pages.hpp"
#include "sandbox/shop/shop.hpp"
#include "sandbox/slack/slack_text.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::size_t kIndent = 4;
constexpr std::size_t kLabel = 10;

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

/// Takes so many characters off the front.
std::string take_front(std::string& text, std::size_t characters) {
    std::size_t bytes = 0;
    for (; bytes < text.size(); ++bytes) {
        const bool begins_character = (static_cast<unsigned char>(text[bytes]) & 0xC0U) != 0x80U;
        if (begins_character && characters-- == 0) break;
    }
    std::string front = text.substr(0, bytes);
    text.erase(0, bytes);
    return front;
}

/// Lines of at most `width` characters, broken between words; within one only where it is longer than a line.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    std::string line;
    for (auto word : split(printable(text), ' ')) {
        if (word.empty()) continue;
        if (!line.empty() && width_of(line) + 1 + width_of(word) > width) lines.push_back(std::exchange(line, {}));
        while (line.empty() && width_of(word) > width) lines.push_back(take_front(word, width));
        if (!line.empty()) line += ' ';
        line += word;
    }
    if (!line.empty()) lines.push_back(std::move(line));
    return lines;
}

class Page {
public:
    explicit Page(const Paper& paper) : paper_(paper) {}

    [[nodiscard]] std::size_t width() const { return paper_.width; }
    /// What is left for the content of a row.
    [[nodiscard]] std::size_t body() const { return paper_.width - kIndent - kLabel; }

    [[nodiscard]] std::string paint(Tone tone, std::string_view text) const {
        const bool blank = text.find_first_not_of(' ') == std::string_view::npos;
        if (!paper_.color || tone == Tone::kPlain || blank) return std::string(text);
        return fmt::format("\033[{}m{}\033[0m", code_of(tone), text);
    }

    void line(std::string_view text = {}) { text_ += fmt::format("{}\n", text); }

    void paragraph(Tone tone, std::string_view text) {
        for (const auto& part : wrapped(text, width())) line(paint(tone, part));
    }

    /// One row of a story: the label on its first line only.
    void row(std::string_view label, std::string_view content) {
        const bool repeated = label == last_label_;
        last_label_ = label;
        line(std::string(kIndent, ' ') + paint(Tone::kDim, padded(repeated ? "" : label, kLabel)) +
             std::string(content));
    }

    void rows(std::string_view label, Tone tone, std::string_view content, std::size_t indent = 0) {
        for (const auto& part : wrapped(content, body() - indent))
            row(label, std::string(indent, ' ') + paint(tone, part));
    }

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    Paper paper_;
    std::string text_;
    std::string last_label_;
};

struct Look {
    std::string_view symbol;
    Tone tone;
};

Look look_of(DecisionView::Kind verdict) {
    switch (verdict) {
        case DecisionView::Kind::kDeploy: return {.symbol = "▲", .tone = Tone::kGreen};
        case DecisionView::Kind::kNotify:
        case DecisionView::Kind::kSteer:
        case DecisionView::Kind::kVerify:
        case DecisionView::Kind::kHook:
        case DecisionView::Kind::kApproval:
        case DecisionView::Kind::kHold:
        case DecisionView::Kind::kPipeline:
        case DecisionView::Kind::kSweep: return {.symbol = "●", .tone = Tone::kCyan};
        case DecisionView::Kind::kIgnore: return {.symbol = "○", .tone = Tone::kYellow};
        case DecisionView::Kind::kRefuse: return {.symbol = "✗", .tone = Tone::kRed};
    }
    return {.symbol = "○", .tone = Tone::kPlain};
}

/// The title, and the kind of event at the end of its line, or below where there is no room for both.
void put_title(Page& page, const Story& story) {
    const std::string kind = printable(story.explanation.kind);
    const std::string number = fmt::format("{:>2}  ", story.number);
    const std::string_view title = story.title.empty() ? std::string_view(kind) : story.title;
    auto lines = wrapped(title, page.width() - number.size());
    if (lines.empty()) lines.emplace_back();
    const std::size_t used = number.size() + width_of(lines.back());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::string line = page.paint(Tone::kDim, i == 0 ? number : std::string(number.size(), ' '));
        line += page.paint(Tone::kBold, lines[i]);
        const bool last = i + 1 == lines.size();
        if (last && !story.title.empty() && used + 2 + width_of(kind) <= page.width())
            line += std::string(page.width() - used - width_of(kind), ' ') + page.paint(Tone::kDim, kind);
        page.line(line);
    }
    if (!story.title.empty() && used + 2 + width_of(kind) > page.width())
        for (const auto& part : wrapped(kind, page.width() - number.size()))
            page.line(std::string(number.size(), ' ') + page.paint(Tone::kDim, part));
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
        for (const auto& part : wrapped(reason, page.body() - 4)) {
            page.row("decision", (first ? "  " : "    ") + part);
            first = false;
        }
    }
}

/// Where in a story's calls the second and the third column begin: operation, what it is about, what came of it.
struct CallColumns {
    std::size_t arguments = 0;
    std::size_t answer = 0;
};

CallColumns columns_of(const std::vector<CallText>& calls) {
    constexpr std::size_t kWidest = 36;  // what is longer has a line for itself
    CallColumns columns;
    std::size_t arguments = 0;
    for (const auto& call : calls) {
        columns.arguments = std::max(columns.arguments, width_of(call.operation) + 2);
        if (const auto width = width_of(call.arguments); width <= kWidest) arguments = std::max(arguments, width);
    }
    columns.answer = columns.arguments + arguments + 3;
    return columns;
}

/// In columns as far as there is room for them; what there is no room for stands below.
void put_call(Page& page, const CallText& call, const CallColumns& columns) {
    constexpr std::size_t kBelow = 4;
    const bool change = call.operation == "UpdateService" || call.operation == "UpdateExpressGatewayService";
    const Tone call_tone = change ? Tone::kBold : Tone::kPlain;
    const Tone success_tone = change ? Tone::kGreen : Tone::kDim;
    const Tone answer_tone = call.ok ? success_tone : Tone::kRed;
    const auto line = padded(call.operation, columns.arguments) + call.arguments;
    if (width_of(line) < columns.answer && columns.answer + width_of(call.answer) <= page.body()) {
        page.row("ecs", page.paint(call_tone, padded(line, columns.answer)) + page.paint(answer_tone, call.answer));
        return;
    }
    if (width_of(line) <= page.body()) {
        page.row("ecs", page.paint(call_tone, line));
    } else {
        page.rows("ecs", call_tone, call.operation);
        page.rows("ecs", call_tone, call.arguments, kBelow);
    }
    page.rows("ecs", answer_tone, call.answer, kBelow);
}

void put_calls(Page& page, const std::vector<EcsCall>& calls) {
    if (calls.empty()) page.row("ecs", page.paint(Tone::kDim, "no call"));
    std::vector<CallText> texts;
    for (const auto& call : calls) {
        auto text = describe_call(call);
        text.operation = printable(text.operation);
        text.arguments = replace_all(printable(text.arguments), "->", "→");
        text.answer = printable(text.answer);
        texts.push_back(std::move(text));
    }
    const auto columns = columns_of(texts);
    // Those of one target together: they are made at the same time as the others'.
    std::ranges::stable_sort(texts, {}, &CallText::target);
    std::string_view target;
    for (const auto& text : texts) {
        if (text.target != target) page.rows("ecs", Tone::kDim, fmt::format("in {}", printable(text.target)));
        target = text.target;
        put_call(page, text, columns);
    }
}

/// Fields side by side in columns, as Slack shows them.
void put_fields(Page& page, const std::string& bar, const std::vector<std::string>& fields) {
    constexpr std::size_t kColumn = 26;
    const std::size_t room = page.body() - 2;
    std::string line;
    for (const auto& field : fields) {
        for (const auto& part : wrapped(field, room)) {
            const std::size_t begin = line.empty() ? 0 : (width_of(line) / kColumn + 1) * kColumn;
            if (!line.empty() && begin + width_of(part) > room) {
                page.row("slack", bar + line);
                line.clear();
            }
            if (!line.empty()) line = padded(line, begin);
            line += part;
        }
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
        for (const auto& text : split(line.parts.front(), '\n'))
            for (const auto& part : wrapped(text, page.body() - 2)) page.row("slack", bar + page.paint(tone, part));
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
    page.rows("result", Tone::kPlain, ending.detail, 2);
}

}  // namespace

Paper paper_of(int descriptor, bool color) {
    winsize size{};
    const bool known = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return {.color = color,
            .width = known ? std::clamp<std::size_t>(size.ws_col, Paper::kNarrowest, Paper::kWidest) : Paper::kWidest};
}

void Printer::ready(std::uint16_t port) {
    const std::scoped_lock lock(mutex_);
    out_ << fmt::format("sandbox: ready at http://127.0.0.1:{}\n", port) << std::flush;
}

void Printer::welcome(std::uint16_t port, std::string_view program, const std::vector<Target>& targets) {
    Page page(paper_);
    page.line();
    page.paragraph(Tone::kPlain, fmt::format("A local AWS: cluster {}, services {}, {}, {}, {}.", shop::kCluster,
                                             shop::kBackend, shop::kApi, shop::kWorker, shop::kWeb));
    if (targets.size() > 1) page.paragraph(Tone::kPlain, targets_in_words(targets));
    page.line("From another terminal:");
    for (const auto& example : example_commands(port, program)) {
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
    Page page(paper_);
    page.line();
    page.line(page.paint(Tone::kBold, "ci_lambda: an event in, a deployment out"));
    page.paragraph(Tone::kDim,
                   "The real function runs here against a local AWS; nothing leaves this machine. All services run "
                   ":9, their task definitions have the revisions :9, :10 and :42.");
    page.line();
    const std::scoped_lock lock(mutex_);
    out_ << page.text() << std::flush;
}

void Printer::release_title() {
    Page page(paper_);
    page.line();
    page.line(page.paint(Tone::kBold, "ci_lambda: a release, with a person in front and a way back"));
    page.paragraph(
        Tone::kDim,
        "The pipeline: backend, once alice has approved it and its migration has run; then api; then worker. "
        "Where a stage fails, the earlier ones go back. Told are the events that changed or told something.");
    page.line();
    const std::scoped_lock lock(mutex_);
    out_ << page.text() << std::flush;
}

void Printer::chapter(std::string_view text) {
    Page page(paper_);
    page.paragraph(Tone::kYellow, text);
    page.line();
    const std::scoped_lock lock(mutex_);
    out_ << page.text() << std::flush;
}

void Printer::story(const Story& story) {
    Page page(paper_);
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
    Page page(paper_);
    for (const auto& problem : problems) page.paragraph(Tone::kRed, fmt::format("! not as expected: {}", problem));
    page.line();
    const std::scoped_lock lock(mutex_);
    out_ << page.text() << std::flush;
}

void Printer::totals(const Totals& totals) {
    Page page(paper_);
    const auto counts = fmt::format("{} events · {} deployments accepted by ECS · {} Slack messages · {} ms",
                                    totals.events, totals.deployments, totals.messages, totals.took.count());
    const bool good = totals.surprises == 0;
    page.line(page.paint(Tone::kDim, fmt::format("{:─<{}}", "", page.width())));
    const std::string verdict = good ? "✓ all as expected" : "✗ not all as expected";
    const auto painted = page.paint(good ? Tone::kGreen : Tone::kRed, verdict);
    if (width_of(verdict) + 3 + width_of(counts) <= page.width()) {
        page.line(painted + "   " + counts);
    } else {
        page.line(painted);
        page.paragraph(Tone::kPlain, counts);
    }
    const std::scoped_lock lock(mutex_);
    out_ << page.text() << std::flush;
}

void Printer::notice(std::string_view text) {
    Page page(paper_);
    for (const auto& line : split(text, '\n')) page.paragraph(Tone::kYellow, fmt::format("sandbox: {}", line));
    const std::scoped_lock lock(mutex_);
    out_ << page.text() << std::flush;
}

void Printer::log(std::string_view line) {
    Page page(paper_);
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
