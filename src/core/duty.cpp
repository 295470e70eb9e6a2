#include "core/duty.hpp"

#include <algorithm>

#include "core/arith.hpp"
#include "core/calendar.hpp"

namespace strata::core {

bool DailyWindow::contains(std::int64_t local) const noexcept {
  const std::int64_t now = floor_mod(local, kMicrosPerDay);
  return begin <= end ? begin <= now && now < end : begin <= now || now < end;
}

void DutyLog::add(KeptOut time) noexcept {
  if (count_ == kRoom) {
    const std::int64_t both = times_[0].end - times_[0].begin + times_[1].end - times_[1].begin;
    times_[1].begin = times_[1].end - both;
    std::copy(times_.begin() + 1, times_.end(), times_.begin());
    --count_;
  }
  times_[count_++] = time;
}

// The fullest window is one that ends with the next time, so only that is looked at. As much of the past as the share
// has no room for must have left it by then; the oldest leaves first.
std::int64_t DutyLog::pause_before(std::int64_t now, std::int64_t expected, int percent) const noexcept {
  const std::int64_t share = kDutyWindowMs * percent / 100;
  const std::int64_t next = std::min(expected, kDutyWindowMs);
  std::int64_t room = std::max<std::int64_t>(0, share - next);
  for (std::size_t n = count_; n-- > 0;) {
    const KeptOut& time = times_[n];
    const std::int64_t length = time.end - time.begin;
    if (length > room) {
      const std::int64_t window_begins = time.end - room;
      return std::max<std::int64_t>(0, window_begins + kDutyWindowMs - next - now);
    }
    room -= length;
  }
  return 0;
}

}  // namespace strata::core
