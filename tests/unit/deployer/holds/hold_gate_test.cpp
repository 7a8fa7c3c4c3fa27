#include "deployer/holds/hold_gate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "deployer/holds/hold.hpp"
#include "handlers/request_json.hpp"
#include "support/matchers.hpp"
#include "unit/deployer/holds/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class FakeCalendars final : public ChangeCalendars {
public:
    Result<CalendarState> answer = CalendarState{.open = true};
    int asked = 0;
    Result<CalendarState> state(const std::vector<std::string>& /*calendars*/, Deadline /*deadline*/) override {
        ++asked;
        return answer;
    }
};

/// A row: what of the three is closed, how it is asked, and what comes of it.
struct Row {
    const char* name;
    const char* tag;  ///< of the service; nullptr: none
    bool frozen;
    int calendar;  ///< 0: open, 1: closed, 2: it does not answer
    bool by_person;
    const char* past;   ///< why a person overrides it; nullptr: they do not
    const char* words;  ///< what keeps it from beginning; nullptr: nothing
};

class HoldTable : public ::testing::TestWithParam<Row> {};

TEST_P(HoldTable, SaysWhatBeginsAndWhy) {
    const auto& row = GetParam();
    // FakeClock begins on 2026-01-01, a Thursday.
    auto config =
        hold_config({{"HOLDS", "true"},
                     {"CHANGE_CALENDARS", "shop-freeze"},
                     {"FREEZE_WINDOWS", row.frozen ? R"([{"weekly":"Thu - Fri","zone":"UTC","reason":"weekend"}])"
                                                   : R"([{"weekly":"Sat - Sun","zone":"UTC"}])"}});
    FakeClock clock;
    FakeCalendars calendars;
    if (row.calendar == 1) calendars.answer = CalendarState{.open = false, .changes_at = second(7200)};
    if (row.calendar == 2)
        calendars.answer = fail(ErrorKind::kAccessDenied, "not authorized (needs ssm:GetCalendarState)");
    HoldGate gate(config, calendars, clock);
    EcsService service{.name = held_target().service, .status = "ACTIVE"};
    if (row.tag != nullptr) service.tags[std::string(kHoldTag)] = row.tag;
    auto request = (row.by_person ? held_wish("v2", 0) : held_push("v2", 0)).request;
    if (row.past != nullptr) request.past_holds = row.past;
    const auto barrier = gate.barrier(request, {.service = &service}, Deadline::none());
    if (row.calendar == 2 && row.words == nullptr) {
        ASSERT_THAT(barrier, Not(IsOk()));
        EXPECT_THAT(barrier.error().message,
                    ::testing::AllOf(HasSubstr("nothing is sent"), HasSubstr("CHANGE_CALENDARS"),
                                     HasSubstr("ssm:GetCalendarState")));
        return;
    }
    ASSERT_THAT(barrier, IsOk());
    if (row.words == nullptr) {
        EXPECT_FALSE(*barrier) << (*barrier)->words;
        return;
    }
    ASSERT_TRUE(*barrier);
    EXPECT_THAT((*barrier)->words, HasSubstr(row.words));
    EXPECT_EQ((*barrier)->kind, Barrier::Kind::kHeld);
    EXPECT_EQ((*barrier)->overridden.empty(), row.past == nullptr);
    if (row.past == nullptr) {
        const auto kept = request_of_json((*barrier)->request, config);
        ASSERT_THAT(kept, IsOk());
        EXPECT_EQ(kept->target, request.target);
    }
}

constexpr const char* kByAlice = "until=2026-01-01T18:00:00Z since=2026-01-01T09:00:00Z by=alice reason=moves";
constexpr const char* kOver = "until=2026-01-01T09:30:00Z since=2026-01-01T09:00:00Z by=alice";

INSTANTIATE_TEST_SUITE_P(
    All, HoldTable,
    ::testing::Values(
        Row{"open", nullptr, false, 0, false, nullptr, nullptr},
        Row{"held", kByAlice, false, 0, false, nullptr, "held by alice until 2026-01-01 18:00 UTC: moves"},
        Row{"held_for_a_person", kByAlice, false, 0, true, nullptr, "held by alice"},
        Row{"held_by_hand", "do not touch", false, 0, false, nullptr, "held until it is released: do not touch"},
        Row{"over", kOver, false, 0, false, nullptr, nullptr},
        Row{"over_and_frozen", kOver, true, 0, false, nullptr, "frozen until 2026-01-03 00:00 UTC"},
        Row{"frozen", nullptr, true, 0, false, nullptr, "(Thu - Fri, UTC): weekend"},
        Row{"held_and_frozen", kByAlice, true, 0, false, nullptr, "held by alice"},
        Row{"calendar", nullptr, false, 1, false, nullptr, "closed by the change calendar shop-freeze until"},
        Row{"unknown_calendar", nullptr, false, 2, false, nullptr, nullptr},
        Row{"held_and_unknown_calendar", kByAlice, false, 2, false, nullptr, "held by alice"},
        Row{"override_open", nullptr, false, 0, true, "outage", nullptr},
        Row{"override_held", kByAlice, false, 0, true, "outage", "held by alice"},
        Row{"override_frozen", nullptr, true, 0, true, "outage", "frozen until"},
        Row{"override_calendar", nullptr, false, 1, true, "outage", "closed by the change calendar"},
        Row{"override_unknown", nullptr, false, 2, true, "outage", "perhaps held"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(HoldGateTest, NothingIsSentWhereTheServiceCannotBeLookedAt) {
    auto config = hold_config({{"HOLDS", "true"}});
    FakeClock clock;
    FakeCalendars calendars;
    HoldGate gate(config, calendars, clock);
    const PlannedDeployment planned{
        .unseen = Error{.kind = ErrorKind::kAccessDenied, .message = "not authorized (needs ecs:ListTagsForResource)"}};
    const auto barrier = gate.barrier(held_push("v2", 0).request, planned, Deadline::none());
    ASSERT_THAT(barrier, Not(IsOk()));
    EXPECT_EQ(barrier.error().kind, ErrorKind::kAccessDenied);
    EXPECT_THAT(barrier.error().message,
                ::testing::AllOf(HasSubstr("whether api may be deployed now is not known, and nothing is sent"),
                                 HasSubstr("ecs:ListTagsForResource"), HasSubstr("HOLDS")));
}

TEST(HoldGateTest, WhatIsOffCostsNothing) {
    auto config = hold_config();
    FakeClock clock;
    FakeCalendars calendars;
    HoldGate gate(config, calendars, clock);
    const auto barrier = gate.barrier(held_push("v2", 0).request, {}, Deadline::none());
    ASSERT_THAT(barrier, IsOk());
    EXPECT_FALSE(*barrier);
    EXPECT_EQ(calendars.asked, 0);
}

TEST(HoldGateTest, AllServicesOfAnEventAskTheCalendarOnce) {
    auto config = hold_config({{"CHANGE_CALENDARS", "shop-freeze"}});
    FakeClock clock;
    FakeCalendars calendars;
    HoldGate gate(config, calendars, clock);
    for (int i = 0; i < 30; ++i) EXPECT_THAT(gate.barrier(held_push("v2", 0).request, {}, Deadline::none()), IsOk());
    EXPECT_EQ(calendars.asked, 1);
    clock.advance(std::chrono::seconds{3});
    calendars.answer = CalendarState{.open = false};
    const auto closed = gate.barrier(held_push("v2", 0).request, {}, Deadline::none());
    ASSERT_THAT(closed, IsOk());
    ASSERT_TRUE(*closed) << "what was known is old after a wait";
    EXPECT_FALSE((*closed)->until);
}

}  // namespace
}  // namespace ci_lambda::testing
