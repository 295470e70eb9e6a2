#include "core/heal.hpp"

#include <algorithm>
#include <limits>

#include "core/calendar.hpp"

namespace strata::core {

std::int64_t rows_within(std::int64_t milliseconds, const std::optional<MoveRate>& measured) noexcept {
  const bool known = measured && measured->rows > 0 && measured->milliseconds > 0;
  const MoveRate& rate = known ? *measured : kAssumedMoveRate;
  const Wide rows = Wide{milliseconds} * rate.rows / rate.milliseconds;
  return static_cast<std::int64_t>(std::min<Wide>(rows, std::numeric_limits<std::int64_t>::max()));
}

}  // namespace strata::core
