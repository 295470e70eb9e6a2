// Integer division that rounds down, as calendars and grids need it on both sides of zero.
#pragma once

namespace strata::core {

// `b` is positive.
template <class T>
[[nodiscard]] constexpr T floor_div(T a, T b) noexcept {
  return a / b - static_cast<T>(a % b < 0);
}

template <class T>
[[nodiscard]] constexpr T floor_mod(T a, T b) noexcept {
  return a - floor_div(a, b) * b;
}

}  // namespace strata::core
