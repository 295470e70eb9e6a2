#include "core/retention.hpp"

#include <functional>
#include <utility>

namespace strata::core {

namespace {

// Whether a partition with this upper end is past its time.
using Expired = std::function<bool(Tick upper)>;

Expired by_age(const Calendar& calendar, const IntervalParts& retention, std::int64_t reference_utc) {
  const auto cutoff = cutoff_of(calendar, retention, reference_utc);
  if (!cutoff) return {};
  // A date is older than a cutoff later that day: 00:00 < 22:57.
  return [first_kept = calendar.at_or_after(*cutoff)](Tick upper) { return upper < first_kept; };
}

Expired by_distance(std::int64_t retention, std::optional<Tick> max_id) {
  if (!max_id) return {};
  return [retention, max = *max_id](Tick upper) { return retention <= Wide{max} - upper; };
}

// A retention of the wrong unit takes nothing.
Expired expiry(const Calendar& calendar, const Retention& retention, std::optional<Tick> max_id,
               std::int64_t reference_utc) {
  const bool time = is_time(calendar.key());
  if (const auto* age = std::get_if<IntervalParts>(&retention)) {
    return time ? by_age(calendar, *age, reference_utc) : Expired{};
  }
  return time ? Expired{} : by_distance(std::get<std::int64_t>(retention), max_id);
}

}  // namespace

std::optional<Tick> cutoff_of(const Calendar& calendar, const IntervalParts& retention, std::int64_t reference_utc) {
  const Calendar clock = calendar.clock();
  return clock.subtract(clock.from_utc(reference_utc), retention);
}

std::vector<std::size_t> qualifying(const Calendar& calendar, const Inventory& inventory, const Retention& retention,
                                    std::optional<Tick> max_id, std::int64_t reference_utc) {
  std::vector<std::size_t> found;
  const Expired expired = expiry(calendar, retention, max_id, reference_utc);
  if (!expired) return found;
  for (std::size_t i = 0; i < inventory.children.size(); ++i) {
    const Bound& upper = inventory.children[i].range.upper;
    if (upper.finite() && calendar.in_range(upper.tick) && expired(upper.tick)) found.push_back(i);
  }
  return found;
}

bool is_expired(const Calendar& calendar, const Retention& retention, const Bound& upper, std::int64_t reference_utc) {
  const Expired expired = expiry(calendar, retention, std::nullopt, reference_utc);
  return expired && upper.finite() && calendar.in_range(upper.tick) && expired(upper.tick);
}

bool grace_is_over(const Policy& policy, const ZoneRules* zone, std::int64_t detached_utc, std::int64_t now_utc) {
  if (!policy.grace) return true;
  const auto cutoff = Calendar(KeyType::Timestamptz, zone).subtract(now_utc, *policy.grace);
  return cutoff && detached_utc <= *cutoff;
}

namespace {

// Longer than any month, zone offset or shortened day can make it.
constexpr std::int64_t kSlackDays = 4;
constexpr std::int64_t kLongestMonth = 31;

// Longest time an interval can mean, and some more.
Wide longest(const IntervalParts& interval) noexcept {
  const Wide days = Wide{interval.months} * kLongestMonth + interval.days + 2 * kSlackDays;
  return days * kMicrosPerDay + interval.micros;
}

}  // namespace

// By search, since adding a month is not the inverse of subtracting one: asked is when the run will say so.
std::optional<std::int64_t> kept_until(const Calendar& calendar, const IntervalParts& retention, const Bound& upper) {
  if (!upper.finite() || !calendar.in_range(upper.tick)) return std::nullopt;
  const auto expired = [&](std::int64_t utc) { return is_expired(calendar, Retention{retention}, upper, utc); };
  const Calendar clock(KeyType::Timestamptz, nullptr);
  const Wide start = Wide{calendar.to_local(upper.tick)} - kSlackDays * kMicrosPerDay;
  const Wide end = start + longest(retention) + kSlackDays * kMicrosPerDay;
  if (start < clock.lowest() || end > clock.highest()) return std::nullopt;
  auto kept = static_cast<std::int64_t>(start);
  auto gone = static_cast<std::int64_t>(end);
  if (expired(kept) || !expired(gone)) return std::nullopt;
  while (gone - kept > 1) {
    const std::int64_t middle = kept + (gone - kept) / 2;
    (expired(middle) ? gone : kept) = middle;
  }
  return kept;
}

std::optional<std::int32_t> retirements_left(const Policy& policy, std::size_t drops) {
  const bool drops_at_once = !policy.keep_table && !policy.grace;
  if (!policy.max_retirements || !drops_at_once) return policy.max_retirements;
  if (std::cmp_greater_equal(drops, *policy.max_retirements)) return 0;
  return *policy.max_retirements - static_cast<std::int32_t>(drops);
}

Retirees keep_last(std::size_t partitions, std::vector<std::size_t> qualifying) {
  Retirees result{.children = std::move(qualifying), .kept_last = std::nullopt};
  if (result.children.empty() || result.children.size() < partitions) return result;
  result.kept_last = result.children.back();
  result.children.pop_back();
  return result;
}

Retirees retirees(const Calendar& calendar, const Inventory& inventory, const Retention& retention,
                  std::optional<Tick> max_id, std::int64_t reference_utc) {
  return keep_last(inventory.children.size(), qualifying(calendar, inventory, retention, max_id, reference_utc));
}

}  // namespace strata::core
