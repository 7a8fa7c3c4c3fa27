// Any bytes as what Lambda hands over, and as a dump of a queue: unwrapped, decided, merged, answered.

#include <map>
#include <set>

#include "app/events/batch.hpp"
#include "base/json.hpp"
#include "fuzz/shared/decisions.hpp"
#include "fuzz/support.hpp"
#include "handlers/merge.hpp"

namespace ci_lambda::fuzzing {
namespace {

bool same(const Message& a, const Message& b) {
    if (a.id != b.id || a.group != b.group || a.events.has_value() != b.events.has_value()) return false;
    return a.events ? *a.events == *b.events : a.events.error().message == b.events.error().message;
}

bool same(const std::vector<Message>& a, const std::vector<Message>& b) {
    return std::ranges::equal(a, b, [](const Message& one, const Message& other) { return same(one, other); });
}

void check_message(const Message& message) {
    if (!message.events) return check_events_error(message.events.error());
    require(!message.events->empty(), "a message that can be read holds an event", message.id);
    for (const auto& event : *message.events) {
        require_readable(describe(event), "the description");
        require(message.id.empty() || !event.envelope.id.empty(), "an event has an id where its message has one");
    }
}

// --- merging --------------------------------------------------------------------------------------------------------

/// All that was asked of one service.
struct Asked {
    std::vector<std::string> reasons;
    std::optional<TaskDefinition> last_revision;
    std::vector<std::optional<WallTime>> times;
};
using ServiceKey = std::pair<std::string, std::string>;

ServiceKey key_of(const DeploymentRequest& request) {
    return {request.target.cluster.str(), request.target.service.str()};
}

void check_merged(const DeploymentRequest& request, const Asked& asked) {
    require_readable(request.reason, "the merged reason");
    const bool cut = request.reason.ends_with("\xE2\x80\xA6") && characters(request.reason) >= 20'000;
    for (const auto& reason : asked.reasons)
        require(cut || request.reason.contains(reason), "no reason is lost", reason + "\nis not in\n" + request.reason);
    require(request.task_definition == asked.last_revision, "the last request says with which revision");
    // No time means "now", which is later than any.
    const bool now = std::ranges::any_of(asked.times, [](const auto& time) { return !time; });
    const auto latest = now ? std::nullopt : std::ranges::max(asked.times);
    require(request.changed_at == latest, "the time is that of the latest change", request.reason);
}

void check_merge(const std::vector<Deploy>& decisions) {
    std::map<ServiceKey, Asked> asked;
    std::set<std::pair<std::string, std::string>> skipped;
    for (const auto& decision : decisions) {
        for (const auto& request : decision.requests) {
            auto& one = asked[key_of(request)];
            one.reasons.push_back(request.reason);
            one.last_revision = request.task_definition;
            one.times.push_back(request.changed_at);
        }
        for (const auto& one : decision.skipped) skipped.insert({one.service, one.reason});
    }

    const auto merged = merge(decisions);
    require(merged.requests.size() == asked.size(), "merge names each service once");
    for (const auto& request : merged.requests) {
        const auto found = asked.find(key_of(request));
        require(found != asked.end(), "merge names what was asked for, and nothing twice",
                request.target.service.str());
        check_merged(request, found->second);
        asked.erase(found);
    }
    require(merged.skipped.size() == skipped.size(), "merge tells each service that is passed by, once");
    for (const auto& one : merged.skipped)
        require(skipped.contains({one.service, one.reason}), "merge makes no service up", one.service);
    require(text_of(Decision(merged)) == text_of(Decision(merge(decisions))), "merge is deterministic");
}

// --- carrying a batch out -------------------------------------------------------------------------------------------

/// Some services cannot be deployed, which of them depends on the input.
bool breaks(const Deploy& deploy, const Delivery& delivery) {
    return std::ranges::any_of(deploy.requests, [&](const DeploymentRequest& request) {
        return (request.target.service.str().size() + delivery.messages.size()) % 3 == 0;
    });
}

/// A batch on its way, beside a model of what must become of each message.
class Rehearsal {
public:
    Rehearsal(const Delivery& delivery, const Config& config)
        : delivery_(delivery), batch_(delivery, config), progress_(delivery.messages.size()) {
        for (std::size_t i = 0; i < progress_.size(); ++i) {
            const auto& events = delivery.messages[i].events;
            progress_[i].failed = !events;
            for (const auto& event : events.value_or(std::vector<Event>{})) {
                const bool decided = decide_checked(event, config).has_value();
                ++(decided ? progress_[i].due : progress_[i].undecided);
            }
            progress_[i].failed = progress_[i].failed || progress_[i].undecided > 0;
        }
    }

    void run() {
        std::size_t steps = 0;
        for (auto step = batch_.next(); !step.empty(); step = batch_.next()) {
            require(++steps <= delivery_.messages.size(), "a batch comes to an end");
            check_order(step);
            carry_out(step);
        }
        check_all_accounted_for();
        check_answer();
    }

private:
    struct Progress {
        std::size_t undecided = 0;  // its events that cannot be acted upon
        std::size_t due = 0;        // its events that can
        std::size_t done = 0;
        bool failed = false;
    };

    [[nodiscard]] bool in_order() const { return delivery_.source == Delivery::Source::kFifoQueue; }

    /// An earlier message of the same group failed.
    [[nodiscard]] bool is_held_back(std::size_t message) const {
        for (std::size_t i = 0; i < message; ++i)
            if (progress_[i].failed && delivery_.messages[i].group == delivery_.messages[message].group) return true;
        return false;
    }

    void check_order(const std::vector<const Batch::Item*>& step) {
        std::map<std::pair<std::string, std::size_t>, std::set<ServiceKey>> services;
        for (const auto* item : step) {
            require(seen_.insert(item).second, "no event is carried out twice");
            if (!in_order()) continue;
            const auto& group = delivery_.messages[item->message].group;
            if (const auto* deploy = std::get_if<Deploy>(&item->decision))
                for (const auto& request : deploy->requests) services[{group, item->message}].insert(key_of(request));
            auto& last = last_of_group_[group];
            require(item->message >= last, "the messages of a group keep their order");
            require(!is_held_back(item->message), "nothing overtakes a message that failed");
            last = item->message;
        }
        const auto differ = [](const auto& a, const auto& b) {
            return a.first.first == b.first.first && a.second != b.second;
        };
        require(std::ranges::adjacent_find(services, differ) == services.end(),
                "what goes together in a group concerns the same services");
    }

    void carry_out(const std::vector<const Batch::Item*>& step) {
        std::vector<Deploy> decisions;
        for (const auto* item : step) {
            auto& progress = progress_[item->message];
            ++progress.done;
            Handled handled{.answer = {.status = "ignored", .detail = {}, .deployments = {}}, .error = {}};
            if (const auto* deploy = std::get_if<Deploy>(&item->decision)) {
                decisions.push_back(*deploy);
                if (breaks(*deploy, delivery_)) {
                    handled.error = HandlingError{.type = "Function.DeploymentFailed", .message = "it is broken"};
                    progress.failed = true;
                }
            }
            batch_.done(*item, handled);
        }
        check_merge(decisions);
    }

    void check_all_accounted_for() {
        for (std::size_t i = 0; i < progress_.size(); ++i) {
            auto& progress = progress_[i];
            if (progress.done == progress.due) continue;
            require(in_order() && is_held_back(i), "each event is carried out", delivery_.messages[i].id);
            require(progress.done == 0, "what is held back is held back as a whole", delivery_.messages[i].id);
            progress.failed = true;
        }
    }

    void check_answer() const {
        std::vector<std::string> failed;
        for (std::size_t i = 0; i < progress_.size(); ++i)
            if (progress_[i].failed) failed.push_back(delivery_.messages[i].id);
        const auto handled = batch_.answer({});
        require_readable(handled.answer.detail, "the answer");
        require(parse_json(to_json(handled.answer)).has_value(), "the answer is JSON");
        require((handled.answer.status == "failed") == !failed.empty(), "the answer says whether a message failed");
        // Lambda takes an answer with an unknown or empty id for a failure of all.
        if (delivery_.source == Delivery::Source::kBatch || std::ranges::find(failed, "") != failed.end()) {
            require(!handled.answer.failed_messages, "who has no ids to go by is told of one failure");
            require(handled.error.has_value() == !failed.empty(), "a failure of one is a failure of all");
        } else {
            require(handled.answer.failed_messages == failed, "exactly the failed messages come again");
            require(!handled.error, "who has ids to go by gets an answer");
        }
    }

    const Delivery& delivery_;
    Batch batch_;
    std::vector<Progress> progress_;
    std::set<const Batch::Item*> seen_;
    std::map<std::string, std::size_t> last_of_group_;
};

// --- unwrapping -----------------------------------------------------------------------------------------------------

/// The ids of the elements of an array.
std::vector<std::string> ids_in(const Json& records, std::string_view name) {
    std::vector<std::string> ids;
    for (const auto& record : records) ids.push_back(find_string(record, name).value_or(""));
    return ids;
}

std::vector<std::string> ids_of(const std::vector<Message>& messages) {
    std::vector<std::string> ids;
    for (const auto& message : messages) ids.push_back(message.id);
    return ids;
}

/// What a queue hands over; nullptr for anything else.
const Json* records_of_queue(const Json& json) {
    const Json* records = find(json, "Records");
    if (records == nullptr || !records->is_array() || records->empty()) return nullptr;
    return find_string(records->front(), "eventSource") == "aws:sqs" ? records : nullptr;
}

/// A topic and S3 hand over records, too.
void check_records(const Json& json, const Delivery& delivery) {
    const Json* records = find(json, "Records");
    if (records == nullptr || find_string(json, "Event") == "s3:TestEvent") return;
    if (find_string(records->front(), "EventSource") == "aws:sns") {
        require(delivery.messages.size() == records->size(), "each record of SNS is a message");
    } else if (const auto& events = delivery.messages.front().events) {
        require(events->size() == records->size(), "each record of S3 is an event");
    }
}

/// What comes by a queue means the same as what comes by itself; but for what a failure of ours has left behind, which
/// is tried again only there.
void check_queued(std::string_view bytes, const Delivery& by_itself) {
    std::vector<Event> events;
    for (const auto& message : by_itself.messages) {
        if (!message.events) return;
        events.insert(events.end(), message.events->begin(), message.events->end());
    }
    const bool left_behind = std::ranges::any_of(events, [](const Event& event) {
        const auto* other = std::get_if<OtherEvent>(&event.body);
        return other != nullptr && other->reason.starts_with("it is a record of a failed invocation");
    });
    const Json record{{"eventSource", "aws:sqs"}, {"messageId", ""}, {"body", std::string(bytes)}};
    const auto queued = decode_delivery(dump_json({{"Records", Json::array({record})}}));
    require(queued.messages.size() == 1, "a message by itself is one message");
    const auto& unwrapped = queued.messages.front().events;
    // A queue around it can be one envelope too many.
    if (!left_behind && unwrapped) require(*unwrapped == events, "an event is the same in all envelopes");
}

void check_delivery(std::string_view bytes) {
    using Source = Delivery::Source;
    const auto delivery = decode_delivery(bytes);
    const auto again = decode_delivery(bytes);
    require(delivery.source == again.source && same(delivery.messages, again.messages), "decoding is deterministic");
    require(!delivery.messages.empty(), "a delivery has a message");
    require(delivery.source != Source::kEvent || delivery.messages.size() == 1, "an event by itself is one message");
    std::ranges::for_each(delivery.messages, check_message);

    const auto json = parse_json(bytes);
    const Json* records = json ? records_of_queue(*json) : nullptr;
    const bool queue = delivery.source == Source::kQueue || delivery.source == Source::kFifoQueue;
    require(queue == (records != nullptr), "a queue is known by its records");
    if (queue) {
        require(ids_of(delivery.messages) == ids_in(*records, "messageId"), "each message is there once, in its order");
        require(same(decode_dump(bytes), delivery.messages), "a dump of what a queue hands over is read the same");
    } else if (json) {
        if (delivery.source == Source::kBatch) check_records(*json, delivery);
        check_queued(bytes, delivery);
    }
    if (delivery.source == Source::kEvent) {
        for (const auto& event : delivery.messages.front().events.value_or(std::vector<Event>{}))
            (void)decide_checked(event, by_maps());
        return;
    }
    Rehearsal(delivery, by_patterns()).run();
    Rehearsal(delivery, by_maps()).run();
}

void check_dump(std::string_view bytes) {
    const auto messages = decode_dump(bytes);
    require(same(messages, decode_dump(bytes)), "decoding a dump is deterministic");
    std::ranges::for_each(messages, check_message);

    const auto json = parse_json(bytes);
    if (!json) return;
    const Json* received = find(*json, "Messages");
    if (received != nullptr && received->is_array() && records_of_queue(*json) == nullptr)
        require(ids_of(messages) == ids_in(*received, "MessageId"), "each dumped message is there once, in its order");
    const auto line = dump_json(*json);
    auto twice = messages;
    twice.insert(twice.end(), messages.begin(), messages.end());
    require(same(decode_dump(line + "\n\n" + line), twice), "lines are read one after the other", line);
}

}  // namespace
}  // namespace ci_lambda::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = ci_lambda::fuzzing::text_of(data, size);
    ci_lambda::fuzzing::check_delivery(bytes);
    ci_lambda::fuzzing::check_dump(bytes);
    return 0;
}
