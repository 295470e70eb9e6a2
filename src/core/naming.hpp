// Names of partitions, defaults and templates (contract 3.3), and what to do when two of them would be the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/bound.hpp"
#include "core/calendar.hpp"
#include "core/result.hpp"

namespace strata::core {

// Length in bytes of the longest prefix of whole characters within `limit` bytes. The server's encoding decides, so ops
// passes PostgreSQL's own; clip_utf8 serves tests and UTF8 databases.
using ClipLength = std::size_t (*)(std::string_view text, std::size_t limit);
[[nodiscard]] std::size_t clip_utf8(std::string_view text, std::size_t limit) noexcept;

struct NameRules {
  std::size_t max_bytes = 63;  // NAMEDATALEN - 1 of the running server
  ClipLength clip = &clip_utf8;
};

// object + suffix, the object cut to whole characters so that the suffix always survives.
[[nodiscard]] std::string fit_name(std::string_view object, std::string_view suffix, const NameRules& rules);

// to_char(local time, format) for the fields a datetime_string may hold: YYYY YYY YY Y, MM, DD, DDD, HH24 HH12 HH, MI,
// SS, Q, WW, IYYY, IW, "quoted text", and any character that is no letter. Anything else is refused by name (0A000).
// Years before Christ lose their sign, as in to_char.
[[nodiscard]] Result<std::string> format_local(std::int64_t local_micros, std::string_view format);
// YYYYMMDD for a day or longer, else YYYYMMDD_HH24MISS.
[[nodiscard]] std::string_view datetime_string_for(const IntervalParts& interval) noexcept;

// How names of partitions end where a set has chosen another way than _p<datetime_string> (part_policy.name_pattern).
enum class NamePattern : std::uint8_t { Contract, Day, Week, Month, Quarter, Year };
// From "_YYYY_MM_DD", "_YYYY_wWW" (ISO week of the ISO year), "_YYYY_MM", "_YYYY_qN", "_YYYY".
[[nodiscard]] std::optional<NamePattern> parse_name_pattern(std::string_view text) noexcept;
// The format of what follows the "_", as format_local takes it; empty for Contract.
[[nodiscard]] std::string_view format_of(NamePattern pattern) noexcept;
// Refuses a pattern that would give two partitions of this step the same name.
[[nodiscard]] std::optional<Refusal> wrong_pattern(NamePattern pattern, KeyType key, const Step& step,
                                                   std::string_view set);
// The local time that such an ending stands for, without the "_"; empty for what no partition is called.
[[nodiscard]] std::optional<std::int64_t> read_ending(NamePattern pattern, std::string_view ending) noexcept;

// A key value as people write it: number, date, or local date and time. For reasons and messages, never for bounds.
[[nodiscard]] std::string show_tick(const Calendar& calendar, Tick tick);

struct NameChoice {
  std::string contract;  // <parent>_p<suffix>, clipped
  std::string fallback;  // the same with a short hash of set and bound before the suffix
  bool clipped = false;  // the contract name lost characters of the parent's name
  friend bool operator==(const NameChoice&, const NameChoice&) = default;
};
// `suffix` without its lead. `identity` is what tells two sets apart: their qualified name.
[[nodiscard]] NameChoice partition_name(std::string_view table, std::string_view identity, std::string_view suffix,
                                        const Bound& lower, const NameRules& rules, std::string_view lead = "_p");
[[nodiscard]] NameChoice default_name(std::string_view table, std::string_view identity, const NameRules& rules);
[[nodiscard]] NameChoice template_name(std::string_view schema, std::string_view table, const NameRules& rules);

// FNV-1a, 8 hex digits: stable over versions and platforms, for names only.
[[nodiscard]] std::string short_hash(std::string_view text);

}  // namespace strata::core
