#include "services/sts/assumed_role.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ci_lambda {
namespace {

bool fits_into_a_session_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").contains(c);
}

}  // namespace

std::string role_session_name(std::string_view event_id) {
    constexpr std::size_t kLongestName = 64;
    std::string name = "ci_lambda";
    if (!event_id.empty()) name.append("-").append(event_id.substr(0, kLongestName));
    name.resize(std::min(name.size(), kLongestName));
    std::ranges::replace_if(name, [](char c) { return !fits_into_a_session_name(c); }, '-');
    return name;
}

AssumedRole::AssumedRole(Options options, StsClient& sts, const Clock& clock, Redactor& redactor)
    : options_(std::move(options)),
      sts_(sts),
      clock_(clock),
      redactor_(redactor),
      session_name_(role_session_name("")) {}

Result<Credentials> AssumedRole::get() {
    const std::scoped_lock lock(mutex_);
    if (cached_ && clock_.now() < renew_at_) return *cached_;
    if (failure_ && clock_.now() < failure_->until) return despite(failure_->error);

    auto credentials = sts_.assume_role({.role_arn = options_.role_arn,
                                         .session_name = session_name_,
                                         .external_id = options_.external_id,
                                         .duration = options_.duration},
                                        Deadline::after(clock_, kCallTimeout));
    const auto now = clock_.now();
    if (!credentials) {
        auto error = with_context(std::move(credentials).error(), fmt::format("assuming {}", options_.role_arn));
        const auto keep = error.retryable() ? kKeepOutage : kKeepRefusal;
        failure_ = Failure{.error = std::move(error), .until = now + keep};
        return despite(failure_->error);
    }
    redactor_.add(credentials->secret_access_key);
    redactor_.add(credentials->session_token);
    failure_.reset();
    cached_ = *std::move(credentials);
    got_at_ = now;
    // Of those that end sooner than that: after half of their time.
    const auto end = *cached_->expires_at;
    renew_at_ = end - std::min<WallTime::duration>(CredentialChain::kRenewBefore,
                                                   std::max(end - now, WallTime::duration{0}) / 2);
    return *cached_;
}

/// The credentials that are to be renewed, as long as they are good.
Result<Credentials> AssumedRole::despite(const Error& error) const {
    if (error.retryable() && cached_ && clock_.now() < *cached_->expires_at) return *cached_;
    return std::unexpected(error);
}

void AssumedRole::invalidate() {
    const std::scoped_lock lock(mutex_);
    if (cached_ && clock_.now() < got_at_ + kYoung) return;
    cached_.reset();
}

void AssumedRole::name_session_after(std::string_view event_id) {
    auto name = role_session_name(event_id);
    const std::scoped_lock lock(mutex_);
    session_name_ = std::move(name);
}

}  // namespace ci_lambda
