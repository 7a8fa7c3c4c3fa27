#include "announce/told_facts.hpp"

#include <algorithm>
#include <functional>

namespace ci_lambda {
namespace {

std::size_t hash_of(std::string_view fact) { return std::hash<std::string_view>{}(fact); }

}  // namespace

bool ToldFacts::knows(std::string_view fact) const {
    return std::ranges::any_of(told_, [hash = hash_of(fact), now = clock_.now()](const Told& told) {
        return told.hash == hash && told.until > now;
    });
}

void ToldFacts::remember(std::string_view fact, Milliseconds duration) {
    forget(fact);
    told_.push_back({.hash = hash_of(fact), .until = clock_.now() + duration});
    if (told_.size() > kMax) told_.pop_front();
}

void ToldFacts::forget(std::string_view fact) {
    std::erase_if(told_, [hash = hash_of(fact)](const Told& told) { return told.hash == hash; });
}

}  // namespace ci_lambda
