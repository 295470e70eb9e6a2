#include "core/naming.hpp"

#include "catch.hpp"
#include "support.hpp"

using namespace strata::test;

namespace {

constexpr NameRules kRules;
const UtcZone kUtc;

std::string times(const std::string& text, int count) {
  std::string all;
  for (; count > 0; --count) all += text;
  return all;
}

}  // namespace

TEST_CASE("the suffix survives, characters stay whole", "[naming]") {
  CHECK(fit_name("t", "_p20261122", kRules) == "t_p20261122");
  CHECK(fit_name(times("a", 53), "_p20240101", kRules) == times("a", 53) + "_p20240101");
  CHECK(fit_name(times("a", 54), "_p20240101", kRules) == times("a", 53) + "_p20240101");
  // Contract 3.3: 40 × é gives 26 characters and the suffix, 62 bytes.
  CHECK(fit_name(times("é", 40), "_p20240101", kRules) == times("é", 26) + "_p20240101");
  CHECK(fit_name(times("€", 40), "_default", kRules) == times("€", 18) + "_default");
  CHECK(fit_name("table", times("x", 70), kRules) == times("x", 63));
  CHECK(fit_name("abcdef", "_d", {.max_bytes = 5, .clip = &clip_utf8}) == "abc_d");
}

TEST_CASE("clip_utf8", "[naming]") {
  CHECK(clip_utf8("abc", 5) == 3);
  CHECK(clip_utf8("abc", 3) == 3);
  CHECK(clip_utf8("abc", 2) == 2);
  CHECK(clip_utf8("aé", 2) == 1);
  CHECK(clip_utf8("é", 1) == 0);
  CHECK(clip_utf8("😀x", 4) == 4);
  CHECK(clip_utf8("😀x", 3) == 0);
  CHECK(clip_utf8("", 0) == 0);
}

TEST_CASE("format_local agrees with to_char", "[naming]") {
  struct Row {
    std::int64_t local;
    std::string text;
  };
  // From PostgreSQL 15.
  const std::vector<Row> rows{
      {at(2026, 11, 22, 13, 47, 38) + 500'000, "2026|026|26|6|11|22|326|13|01|01|47|38|4|47|2026|47"},
      {at(1, 3, 4, 0, 6, 7), "0001|001|01|1|03|04|063|00|12|12|06|07|1|09|0001|09"},
      {at(0, 3, 4, 12, 6, 7), "0001|001|01|1|03|04|064|12|12|12|06|07|1|10|0001|09"},
      {at(2027, 1, 1), "2027|027|27|7|01|01|001|00|12|12|00|00|1|01|2026|53"},
      {at(2021, 1, 3), "2021|021|21|1|01|03|003|00|12|12|00|00|1|01|2020|53"},
      {at(2024, 12, 30), "2024|024|24|4|12|30|365|00|12|12|00|00|4|53|2025|01"},
      {at(294'276, 12, 31, 12), "294276|276|76|6|12|31|366|12|12|12|00|00|4|53|294276|52"},
      {at(-4'712, 12, 1), "4713|713|13|3|12|01|336|00|12|12|00|00|4|48|4713|49"},
      {at(2000, 2, 29, 23, 59, 59), "2000|000|00|0|02|29|060|23|11|11|59|59|1|09|2000|09"},
  };
  for (const Row& row : rows) {
    CHECK(*format_local(row.local, "YYYY|YYY|YY|Y|MM|DD|DDD|HH24|HH12|HH|MI|SS|Q|WW|IYYY|IW") == row.text);
  }
}

TEST_CASE("formats of a datetime_string", "[naming]") {
  const std::int64_t local = at(2026, 11, 22, 22, 54, 21);
  CHECK(*format_local(local, "YYYYMMDD") == "20261122");
  CHECK(*format_local(local, "YYYYMMDD_HH24MISS") == "20261122_225421");
  CHECK(*format_local(local, "YYYY\"q\"Q") == "2026q4");
  CHECK(*format_local(local, "IYYY\"wIW\"IW") == "2026wIW47");
  CHECK(*format_local(at(2024, 1, 1), "IYYYIW") == "202401");  // a Monday
  CHECK(*format_local(local, "\"open") == "open");
  CHECK(format_local(local, "").value().empty());
  CHECK(*format_local(local, "DD é 24") == "22 é 24");
  for (const auto* bad : {"YYYYMon", "yyyy", "FMMM", "DDTH", "D", "YYYY\\MM", "HH24:MI AM"}) {
    const auto text = format_local(local, bad);
    REQUIRE_FALSE(text);
    CHECK(text.refusal().code == Code::FeatureNotSupported);
    CHECK_FALSE(text.refusal().hint.empty());
  }
  CHECK(format_local(local, "YYYYMon").refusal().message ==
        "\"Mon\" is not supported in the datetime_string \"YYYYMon\"");
}

TEST_CASE("the pattern follows the interval", "[naming]") {
  CHECK(datetime_string_for(kDay) == "YYYYMMDD");
  CHECK(datetime_string_for({.months = 0, .days = 0, .micros = kMicrosPerDay}) == "YYYYMMDD");
  CHECK(datetime_string_for({.months = 0, .days = 0, .micros = kMicrosPerDay - 1}) == "YYYYMMDD_HH24MISS");
}

TEST_CASE("two sets or two bounds never share a fallback name", "[naming]") {
  const std::string longer = times("x", 60);
  const auto a = partition_name(longer + "a", "s." + longer + "a", "20261122", Bound::at(1), kRules);
  const auto b = partition_name(longer + "b", "s." + longer + "b", "20261122", Bound::at(1), kRules);
  CHECK(a.clipped);
  CHECK(a.contract == b.contract);
  CHECK(a.fallback != b.fallback);
  CHECK(a.fallback.size() == 63);
  CHECK(a.fallback.substr(63 - 10) == "_p20261122");
  CHECK(a.fallback != partition_name(longer + "a", "s." + longer + "a", "20261122", Bound::at(2), kRules).fallback);

  const auto plain = partition_name("t", "s.t", "-10", Bound::at(-10), kRules);
  CHECK(plain.contract == "t_p-10");
  CHECK_FALSE(plain.clipped);
  CHECK(plain == partition_name("t", "s.t", "-10", Bound::at(-10), kRules));
  CHECK_FALSE(partition_name(times("x", 53), "i", "20261122", Bound::at(1), kRules).clipped);
  CHECK(partition_name(times("x", 54), "i", "20261122", Bound::at(1), kRules).clipped);

  CHECK(default_name("t", "s.t", kRules).contract == "t_default");
  CHECK(default_name("t", "s.t", kRules).fallback != default_name("t", "r.t", kRules).fallback);
  CHECK(template_name("public", "t", kRules).contract == "template_public_t");
  CHECK(template_name("a_b", "c", kRules).contract == template_name("a", "b_c", kRules).contract);
  CHECK(template_name("a_b", "c", kRules).fallback != template_name("a", "b_c", kRules).fallback);
}

TEST_CASE("short_hash is FNV-1a", "[naming]") {
  CHECK(short_hash("") == "811c9dc5");
  CHECK(short_hash("a") == "e40c292c");
  CHECK(short_hash("foobar") == "bf9cf968");
}

TEST_CASE("show_tick", "[naming]") {
  CHECK(show_tick(Calendar{KeyType::Int8, nullptr}, -5) == "-5");
  CHECK(show_tick(Calendar{KeyType::Date, &kUtc}, day(2026, 11, 22)) == "2026-11-22");
  const TableZone zone = paris();
  const Calendar calendar{KeyType::Timestamptz, &zone};
  CHECK(show_tick(calendar, at(2026, 11, 21, 23)) == "2026-11-22");
  CHECK(show_tick(calendar, at(2026, 11, 21, 22, 5, 9)) == "2026-11-21 23:05:09");
  CHECK(show_tick(Calendar{KeyType::Timestamp, &kUtc}, at(0, 3, 4)) == "0001-03-04 BC");
  CHECK(show_tick(calendar, std::numeric_limits<Tick>::max()) == "infinity");
  CHECK(show_tick(calendar, std::numeric_limits<Tick>::min()) == "-infinity");
}

TEST_CASE("a taken name", "[naming]") {
  using Kind = NameHolder::Kind;
  const NameChoice choice{.contract = "t_p1", .fallback = "t_00000000_p1", .clipped = false};
  const NameChoice clipped{.contract = "t_p1", .fallback = "t_00000000_p1", .clipped = true};
  const auto taken = [](Kind kind, const std::string& own) {
    return std::vector<TakenName>{{.name = "t_p1", .holder = {.kind = kind, .contract_name = own}}};
  };
  CHECK(*choose_name(choice, {}) == "t_p1");
  CHECK(*choose_name(choice, {{.name = "t_p2", .holder = {}}}) == "t_p1");
  CHECK(*choose_name(choice, taken(Kind::OtherSet, "")) == "t_00000000_p1");
  CHECK(*choose_name(clipped, taken(Kind::Stranger, "")) == "t_00000000_p1");
  // The repeated hour: the holder has its name by right.
  CHECK(*choose_name(choice, taken(Kind::SameSet, "t_p1")) == "t_00000000_p1");
  // A partition of this set under another one's name, or a stranger: somebody must look.
  for (const auto& held : {taken(Kind::SameSet, "t_p2"), taken(Kind::Stranger, "")}) {
    const auto name = choose_name(choice, held);
    REQUIRE_FALSE(name);
    CHECK(name.refusal().code == Code::DuplicateTable);
    CHECK(name.refusal().message == "relation \"t_p1\" already exists");
    CHECK_FALSE(name.refusal().hint.empty());
  }
  auto both = taken(Kind::OtherSet, "");
  both.push_back({.name = "t_00000000_p1", .holder = {}});
  CHECK(choose_name(choice, both).refusal().message == "relation \"t_00000000_p1\" already exists");
}
