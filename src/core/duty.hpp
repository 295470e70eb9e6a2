// The duty cycle of maintenance: for how much of any ten seconds the clients of one set may be kept out by it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace strata::core {

inline constexpr int kDutyPercent = 20;
inline constexpr std::int64_t kDutyWindowMs = 10'000;

// From the first request of a lock behind which clients queue to the commit or rollback. Milliseconds of any one clock.
struct KeptOut {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// From one time of the day to another, in microseconds; over midnight where the end comes first. Empty where both are
// the same.
struct DailyWindow {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  [[nodiscard]] bool contains(std::int64_t local) const noexcept;  // microseconds on the same clock
};

// The latest of them. Plain data.
class DutyLog {
 public:
  // Ascending and disjoint. When there is no room the two oldest are made one that ends where the later did: that
  // counts no less in any window.
  void add(KeptOut time) noexcept;
  // How long to wait before the next one, which may take as long as said, so that no window holds more than its share.
  // One that takes more than the share by itself waits until there is nothing else in its window.
  [[nodiscard]] std::int64_t pause_before(std::int64_t now, std::int64_t expected, int percent) const noexcept;

 private:
  static constexpr std::size_t kRoom = 256;
  std::array<KeptOut, kRoom> times_{};
  std::size_t count_ = 0;
};

}  // namespace strata::core
