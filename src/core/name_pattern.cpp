// The selectable endings of names: what they look like, for which steps, and back from the name.
#include <algorithm>
#include <array>
#include <charconv>

#include "core/civil.hpp"
#include "core/naming.hpp"

namespace strata::core {

namespace {

struct Pattern {
  NamePattern id;
  std::string_view text;
  std::string_view format;
  std::int64_t days;    // the longest such unit: steps of that many days or more never meet in one
  std::int64_t months;  // the same for steps of months
  std::string_view unit;
};

constexpr std::array<Pattern, 5> kPatterns{{
    {.id = NamePattern::Day, .text = "_YYYY_MM_DD", .format = "YYYY_MM_DD", .days = 1, .months = 1, .unit = "day"},
    {.id = NamePattern::Week, .text = "_YYYY_wWW", .format = "IYYY_\"w\"IW", .days = 7, .months = 1, .unit = "week"},
    {.id = NamePattern::Month, .text = "_YYYY_MM", .format = "YYYY_MM", .days = 31, .months = 1, .unit = "month"},
    {.id = NamePattern::Quarter,
     .text = "_YYYY_qN",
     .format = "YYYY_\"q\"Q",
     .days = 92,
     .months = 3,
     .unit = "quarter"},
    {.id = NamePattern::Year, .text = "_YYYY", .format = "YYYY", .days = 366, .months = 12, .unit = "year"},
}};

const Pattern* find_pattern(NamePattern id) noexcept {
  const auto* const found = std::ranges::find(kPatterns, id, &Pattern::id);
  return found == kPatterns.end() ? nullptr : found;
}

bool is_long_enough(const Pattern& pattern, const Step& step) noexcept {
  if (step.unit == Step::Unit::Month) return step.count >= pattern.months;
  return step.unit == Step::Unit::Day && step.count >= pattern.days;
}

// The whole numbers of a text, in order; every other character only separates them.
struct Numbers {
  std::array<std::int64_t, 3> value{};
  std::size_t count = 0;
};

Numbers numbers_in(std::string_view text) noexcept {
  constexpr std::string_view kDigits = "0123456789";
  Numbers found;
  while (found.count < found.value.size()) {
    text.remove_prefix(std::min(text.find_first_of(kDigits), text.size()));
    if (text.empty()) break;
    const std::string_view digits = text.substr(0, text.find_first_not_of(kDigits));
    if (std::from_chars(digits.data(), digits.data() + digits.size(), found.value[found.count]).ec != std::errc())
      break;
    ++found.count;
    text.remove_prefix(digits.size());
  }
  return found;
}

// Monday of this ISO week; week 1 holds January 4th. 2000-01-03, day 2, was a Monday.
std::int64_t monday_of_week(std::int64_t year, std::int64_t week) noexcept {
  const std::int64_t fourth = days_from_date({.year = year, .month = 1, .day = 4});
  return (fourth - ((fourth - 2) % 7 + 7) % 7 + (week - 1) * 7) * kMicrosPerDay;
}

std::optional<std::int64_t> local_of(NamePattern pattern, const Numbers& numbers) noexcept {
  const auto [year, second, third] = numbers.value;
  const bool plausible = year >= 1 && year <= 300'000 && second >= 0 && second <= 53 && third >= 0 && third <= 31;
  if (!plausible) return std::nullopt;
  if (pattern == NamePattern::Week) return monday_of_week(year, second);
  Civil civil{.year = year, .month = 1, .day = 1, .micros = 0};
  if (pattern == NamePattern::Quarter) civil.month = static_cast<unsigned>(second * 3 - 2);
  if (pattern == NamePattern::Month || pattern == NamePattern::Day) civil.month = static_cast<unsigned>(second);
  if (pattern == NamePattern::Day) civil.day = static_cast<unsigned>(third);
  if (civil.month < 1 || civil.month > 12 || civil.day < 1) return std::nullopt;
  return local_from_civil(civil);
}

}  // namespace

std::optional<NamePattern> parse_name_pattern(std::string_view text) noexcept {
  const auto* const found = std::ranges::find(kPatterns, text, &Pattern::text);
  return found == kPatterns.end() ? std::nullopt : std::optional(found->id);
}

std::string_view format_of(NamePattern pattern) noexcept {
  const Pattern* const found = find_pattern(pattern);
  return found == nullptr ? std::string_view{} : found->format;
}

std::optional<Refusal> wrong_pattern(NamePattern pattern, KeyType key, const Step& step, std::string_view set) {
  const Pattern* const found = find_pattern(pattern);
  if (found == nullptr) return std::nullopt;
  if (is_time(key) && is_long_enough(*found, step)) return std::nullopt;
  const std::string unit(found->unit);
  return Refusal{
      .code = Code::InvalidParameterValue,
      .message = "name_pattern \"" + std::string(found->text) + "\" cannot tell the partitions of \"" +
                 std::string(set) + "\" apart",
      .detail = is_time(key) ? "Its partitions can be shorter than a " + unit + "." : "It is not partitioned by time.",
      .hint = "Set part_policy.name_pattern to a pattern of a shorter unit, or to NULL."};
}

std::optional<std::int64_t> read_ending(NamePattern pattern, std::string_view ending) noexcept {
  const auto local = local_of(pattern, numbers_in(ending));
  if (!local) return std::nullopt;
  // Read leniently, so what was read must give the same text again.
  const auto again = format_local(*local, format_of(pattern));
  return again && *again == ending ? local : std::nullopt;
}

}  // namespace strata::core
