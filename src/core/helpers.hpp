// How many background workers help with a piece of work.
#pragma once

#include <algorithm>
#include <cstdint>

namespace strata::core {

struct HelperLimits {
  int pieces = 0;              // which different processes can take
  int most = 0;                // max_parallel_maintenance_workers
  std::int64_t memory_kb = 0;  // maintenance_work_mem, which is for all processes together
  bool restrained = false;     // the set has a limit of its own on what moves may use
};

// As the server does for its own parallel index builds: nobody works with less than this.
inline constexpr std::int64_t kLeastMemoryKb = 32 * 1024;
inline constexpr int kMostHelpers = 8;

[[nodiscard]] constexpr int helpers_for(const HelperLimits& limits) noexcept {
  if (limits.restrained) return 0;
  const auto by_memory =
      static_cast<int>(std::min<std::int64_t>(limits.memory_kb / kLeastMemoryKb, kMostHelpers + 1)) - 1;
  return std::max(0, std::min({limits.pieces - 1, limits.most, by_memory, kMostHelpers}));
}

// For each of them and for the session they help.
[[nodiscard]] constexpr std::int64_t memory_share_kb(std::int64_t memory_kb, int helpers) noexcept {
  return memory_kb / (helpers + 1);
}

}  // namespace strata::core
