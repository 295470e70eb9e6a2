#include "core/grid.hpp"

#include "catch.hpp"
#include "support.hpp"

using namespace strata::test;

namespace {

const UtcZone kUtc;
constexpr Step kDays{.unit = Step::Unit::Day, .count = 1};

Step random_step(Dice& dice, KeyType key) {
  using Unit = Step::Unit;
  if (!is_time(key)) return {.unit = Unit::Integer, .count = dice.roll(2, 1'000)};
  switch (dice.roll(0, key == KeyType::Date ? 1 : 2)) {
    case 0:
      return {.unit = Unit::Month, .count = dice.roll(1, 30)};
    case 1:
      return {.unit = Unit::Day, .count = dice.roll(1, 40)};
    default:
      return {.unit = Unit::Micro, .count = dice.roll(1, 100'000) * kMicrosPerSecond};
  }
}

// What a tick of this key is worth in 2000 to 2045, where the fake zones change.
Tick random_tick(Dice& dice, KeyType key) {
  const std::int64_t moment = dice.roll(at(2001, 1, 1), at(2044, 1, 1));
  if (key == KeyType::Date) return moment / kMicrosPerDay;
  return is_time(key) ? moment : dice.roll(-20'000, 20'000);
}

KeyType random_key(Dice& dice) {
  return static_cast<KeyType>(dice.roll(0, 5));
}

// Ascending, disjoint, some touching, now and then open at the ends.
std::vector<Range> random_ranges(Dice& dice, Tick from, Tick longest) {
  std::vector<Range> ranges;
  Tick at = from;
  for (std::int64_t n = dice.roll(0, 6); n > 0; --n) {
    const Tick lower = at + (dice.roll(0, 1) == 0 ? 0 : dice.roll(1, longest));
    at = lower + dice.roll(1, longest);
    ranges.push_back(range(lower, at));
  }
  if (!ranges.empty() && dice.roll(0, 5) == 0) ranges.front().lower = Bound::min();
  if (!ranges.empty() && dice.roll(0, 5) == 0) ranges.back().upper = Bound::max();
  return ranges;
}

const Range* holder_of(const std::vector<Range>& ranges, Tick tick) {
  for (const Range& r : ranges) {
    if (r.contains(tick)) return &r;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("boundaries ascend and cells tile the axis", "[grid]") {
  const std::vector<TableZone> zones{paris(), havana(), far_east()};
  Dice dice(1);
  for (int round = 0; round < 2'000; ++round) {
    const KeyType key = random_key(dice);
    const Calendar calendar{key, &zones[static_cast<std::size_t>(dice.roll(0, 2))]};
    const Grid grid{calendar, random_step(dice, key), random_tick(dice, key)};
    const std::int64_t n = dice.roll(-12, 12);
    const auto cell = grid.cell(n);
    if (!cell) continue;
    const auto next = grid.cell(n + 1);
    if (!(cell->lower < cell->upper)) FAIL("round " << round << ": boundaries do not ascend");
    if (next && next->lower != cell->upper) FAIL("round " << round << ": cells do not touch");
    if (grid.cell_of(cell->lower.tick) != n) FAIL("round " << round << ": lower end is not in its cell");
    if (grid.cell_of(cell->upper.tick - 1) != n) FAIL("round " << round << ": last value is not in its cell");
    if (grid.cell_of(cell->upper.tick) != n + 1) FAIL("round " << round << ": upper end is in the cell");
  }
}

TEST_CASE("cell_of holds its promise for any tick", "[grid]") {
  const std::vector<TableZone> zones{paris(), havana(), far_east(), apia()};
  Dice dice(2);
  for (int round = 0; round < 5'000; ++round) {
    const KeyType key = random_key(dice);
    const Calendar calendar{key, &zones[static_cast<std::size_t>(dice.roll(0, 3))]};
    const Grid grid{calendar, random_step(dice, key), random_tick(dice, key)};
    const Tick tick = random_tick(dice, key);
    const auto cell = grid.cell(grid.cell_of(tick));
    if (cell && !cell->contains(tick)) FAIL("round " << round);
  }
}

TEST_CASE("cell_of far away", "[grid]") {
  const TableZone zone = paris();
  const Calendar stamps{KeyType::Timestamptz, &zone};
  const Grid seconds{stamps, {.unit = Step::Unit::Micro, .count = kMicrosPerSecond}, at(2026, 1, 1)};
  CHECK(seconds.cell_of(at(2026, 1, 1) - 1) == -1);
  const Grid months{stamps, {.unit = Step::Unit::Month, .count = 1}, at(2025, 12, 31, 23)};
  for (const Tick tick : {at(294'276, 11, 11), at(-4'000, 5, 5), at(1, 1, 1), at(4'000, 2, 29)}) {
    CHECK(months.cell(months.cell_of(tick))->contains(tick));
  }
  // Ends and infinities: an answer, if only a cell that does not exist.
  for (const Tick tick :
       {stamps.highest(), stamps.lowest(), std::numeric_limits<Tick>::max(), std::numeric_limits<Tick>::min()}) {
    CHECK_FALSE(months.cell(months.cell_of(tick)));
  }
  const Grid ids{
      Calendar{KeyType::Int8, nullptr}, {.unit = Step::Unit::Integer, .count = 1}, std::numeric_limits<Tick>::max()};
  CHECK(ids.cell_of(0) == -std::numeric_limits<Tick>::max());
  CHECK(ids.cell_of(std::numeric_limits<Tick>::min()) == std::numeric_limits<Tick>::min());
  CHECK_FALSE(ids.cell(std::numeric_limits<std::int64_t>::max()));
}

TEST_CASE("a cell may not leave the key's range", "[grid]") {
  const Grid grid{Calendar{KeyType::Int2, nullptr}, {.unit = Step::Unit::Integer, .count = 10'000}, 0};
  CHECK(grid.cell(2) == range(20'000, 30'000));
  CHECK_FALSE(grid.cell(3));
  CHECK_FALSE(grid.cell(-4));
  CHECK_FALSE(range_for(grid, {}, 31'000));
}

TEST_CASE("a day that does not exist has an empty cell that nobody gets", "[grid]") {
  const TableZone zone = apia();
  const Calendar calendar{KeyType::Timestamptz, &zone};
  const Grid grid{calendar, kDays, at(2011, 12, 28, 10)};
  CHECK(grid.boundary(2) == grid.boundary(3));
  CHECK(grid.cell_of(at(2011, 12, 30, 10)) == 3);
  CHECK(grid.cell_of(at(2011, 12, 30, 10) - 1) == 1);
  const auto ranges = missing_ranges(grid, {}, at(2011, 12, 28, 10), at(2012, 1, 1, 10), 100);
  CHECK(ranges == std::vector<Range>{range(at(2011, 12, 28, 10), at(2011, 12, 29, 10)),
                                     range(at(2011, 12, 29, 10), at(2011, 12, 30, 10)),
                                     range(at(2011, 12, 30, 10), at(2011, 12, 31, 10)),
                                     range(at(2011, 12, 31, 10), at(2012, 1, 1, 10))});
}

TEST_CASE("a missing midnight does not shift the days after it", "[grid]") {
  const TableZone zone = havana();
  const Calendar calendar{KeyType::Timestamptz, &zone};
  // 2026-03-08 begins at 01:00, 05:00 UTC; the days before at 05:00 UTC, those after at 04:00 UTC.
  std::vector<Range> existing{range(at(2026, 3, 7, 5), at(2026, 3, 8, 5))};
  for (int run = 0; run < 4; ++run) {
    const auto grid = grid_of(calendar, kDays, existing);
    const Tick last = existing.back().upper.tick;
    existing.push_back(missing_ranges(*grid, existing, last, last + 1, 10).at(0));
  }
  CHECK(existing.at(1) == range(at(2026, 3, 8, 5), at(2026, 3, 9, 4)));
  CHECK(existing.at(2) == range(at(2026, 3, 9, 4), at(2026, 3, 10, 4)));
  CHECK(existing.at(4) == range(at(2026, 3, 11, 4), at(2026, 3, 12, 4)));
}

TEST_CASE("the grid continues what exists", "[grid]") {
  const Calendar calendar{KeyType::Timestamp, &kUtc};
  const Tick infinite = std::numeric_limits<Tick>::max();
  const auto origin = [&](const std::vector<Range>& existing, const Step& step) {
    return grid_of(calendar, step, existing)->boundary(0);
  };
  const Step month{.unit = Step::Unit::Month, .count = 1};
  CHECK_FALSE(grid_of(calendar, kDays, {}));
  CHECK_FALSE(grid_of(calendar, kDays, std::vector<Range>{Range{}}));
  CHECK_FALSE(grid_of(calendar, kDays, std::vector<Range>{range(-infinite - 1, infinite)}));
  // One step wide: its lower end, so that month ends keep their day.
  CHECK(origin({range(at(2027, 1, 31), at(2027, 2, 28))}, month) == at(2027, 1, 31));
  CHECK(origin({range(at(2027, 2, 28), at(2027, 3, 31))}, month) == at(2027, 3, 31));
  CHECK(origin({range(at(2027, 1, 1), at(2027, 1, 8))}, kDays) == at(2027, 1, 8));
  // Open at the top: what is below counts.
  CHECK(origin({range(at(2027, 1, 1), at(2027, 1, 2)), Range{Bound::at(at(2027, 1, 2)), Bound::max()}}, kDays) ==
        at(2027, 1, 1));
  CHECK(origin({range(at(2027, 1, 1), at(2027, 1, 2)), range(at(2027, 1, 2), infinite)}, kDays) == at(2027, 1, 1));
  CHECK(origin({Range{Bound::at(at(2027, 5, 2)), Bound::max()}}, kDays) == at(2027, 5, 2));
  CHECK(origin({Range{Bound::min(), Bound::at(at(2027, 5, 2))}}, kDays) == at(2027, 5, 2));
}

TEST_CASE("range_for cuts the cell to its gap", "[grid]") {
  const Grid grid{Calendar{KeyType::Int4, nullptr}, {.unit = Step::Unit::Integer, .count = 10}, 0};
  const std::vector<Range> existing{range(3, 5), range(25, 45)};
  CHECK(range_for(grid, existing, 4) == range(3, 5));
  CHECK(range_for(grid, existing, 0) == range(0, 3));
  CHECK(range_for(grid, existing, 5) == range(5, 10));
  CHECK(range_for(grid, existing, 10) == range(10, 20));
  CHECK(range_for(grid, existing, 24) == range(20, 25));
  CHECK(range_for(grid, existing, 45) == range(45, 50));
  CHECK(range_for(grid, std::vector<Range>{Range{Bound::at(7), Bound::max()}}, 4'000'000'000) ==
        Range{Bound::at(7), Bound::max()});
  CHECK_FALSE(range_for(grid, existing, 4'000'000'000));

  const Grid stamps{Calendar{KeyType::Timestamp, &kUtc}, kDays, 0};
  CHECK_FALSE(range_for(stamps, {}, std::numeric_limits<Tick>::max()));
  CHECK_FALSE(range_for(stamps, {}, std::numeric_limits<Tick>::min()));
}

TEST_CASE("missing_ranges covers the span, overlaps nothing and stays on the grid", "[grid]") {
  Dice dice(3);
  for (int round = 0; round < 3'000; ++round) {
    const Calendar calendar{KeyType::Int8, nullptr};
    const Step step{.unit = Step::Unit::Integer, .count = dice.roll(2, 20)};
    const Grid grid{calendar, step, dice.roll(-30, 30)};
    const auto existing = random_ranges(dice, dice.roll(-100, 0), 30);
    const Tick from = dice.roll(-120, 60);
    const Tick to = from + dice.roll(0, 150);
    const auto missing = missing_ranges(grid, existing, from, to, 1'000);

    std::vector<Range> expected;  // one tick at a time
    for (Tick tick = from; tick < to; ++tick) {
      if (holder_of(existing, tick) != nullptr || holder_of(expected, tick) != nullptr) continue;
      const auto cell = grid.cell(grid.cell_of(tick));
      Tick lower = tick;
      while (lower > cell->lower.tick && holder_of(existing, lower - 1) == nullptr) --lower;
      Tick upper = tick + 1;
      while (upper < cell->upper.tick && holder_of(existing, upper) == nullptr) ++upper;
      expected.push_back(range(lower, upper));
    }
    if (missing != expected) FAIL("round " << round);
    const auto some = missing_ranges(grid, existing, from, to, 2);
    if (some !=
        std::vector<Range>(expected.begin(), expected.begin() + std::min<std::ptrdiff_t>(2, std::ssize(expected))))
      FAIL("limit, round " << round);
  }
}

TEST_CASE("missing_ranges jumps over what is covered", "[grid]") {
  const Grid grid{Calendar{KeyType::Int8, nullptr}, {.unit = Step::Unit::Integer, .count = 2}, 0};
  const Tick far = 4'000'000'000'000'000'000;
  CHECK(missing_ranges(grid, std::vector<Range>{range(0, far)}, 0, far + 2, 10) ==
        std::vector<Range>{range(far, far + 2)});
  CHECK(missing_ranges(grid, std::vector<Range>{Range{Bound::at(2), Bound::max()}}, 0, far, 10) ==
        std::vector<Range>{range(0, 2)});
  CHECK(missing_ranges(grid, {}, 0, far, 0).empty());
}

TEST_CASE("ranges and bounds compare as in the server", "[bound]") {
  const Tick least = std::numeric_limits<Tick>::min();
  CHECK(Bound::min() < Bound::at(least));
  CHECK(Bound::at(std::numeric_limits<Tick>::max()) < Bound::max());
  CHECK(Bound::min() == Bound::min());
  CHECK(Bound::max() == Bound{.kind = Bound::Kind::Max, .tick = 7});
  CHECK(range(0, 10).contains(0));
  CHECK_FALSE(range(0, 10).contains(10));
  CHECK(range(0, 10).overlaps(range(9, 20)));
  CHECK_FALSE(range(0, 10).overlaps(range(10, 20)));
  CHECK_FALSE(range(10, 20).overlaps(range(0, 10)));
  CHECK(Range{}.overlaps(range(3, 4)));
}
