#include "core/naming.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "core/arith.hpp"
#include "core/civil.hpp"

namespace strata::core {

namespace {

std::string padded(std::int64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

// A civil time with what the format fields derive from it.
struct Moment {
  Civil civil;
  std::int64_t day_of_year = 1;
  std::int64_t iso_year = 2000;
  std::int64_t iso_week = 1;
};

std::int64_t new_year(std::int64_t year) noexcept {
  return days_from_date({.year = year, .month = 1, .day = 1});
}

// The Monday of ISO week 1: the week that holds January 4th. 2000-01-03, day 2, was a Monday.
std::int64_t first_iso_monday(std::int64_t year) noexcept {
  const std::int64_t fourth = new_year(year) + 3;
  return fourth - floor_mod(fourth - 2, std::int64_t{7});
}

Moment moment_of(std::int64_t local) noexcept {
  Moment moment{.civil = civil_from_local(local)};
  const std::int64_t day = floor_div(local, kMicrosPerDay);
  const std::int64_t year = moment.civil.year;
  moment.day_of_year = day - new_year(year) + 1;
  moment.iso_year = year;
  if (day >= first_iso_monday(year + 1)) moment.iso_year = year + 1;
  if (day < first_iso_monday(year)) moment.iso_year = year - 1;
  moment.iso_week = (day - first_iso_monday(moment.iso_year)) / 7 + 1;
  return moment;
}

// Year 0 is 1 BC, which to_char writes as 1.
std::int64_t unsigned_year(std::int64_t year) noexcept {
  return year > 0 ? year : 1 - year;
}

std::int64_t hour_of(const Moment& m) noexcept {
  return m.civil.micros / kMicrosPerHour;
}

std::string hour12(const Moment& m) {
  const std::int64_t hour = hour_of(m) % 12;
  return padded(hour == 0 ? 12 : hour, 2);
}

struct Field {
  std::string_view word;
  std::string (*text)(const Moment& m);
};

// Longest words first, as to_char reads them.
constexpr std::array<Field, 16> kFields{{
    {.word = "YYYY", .text = [](const Moment& m) { return padded(unsigned_year(m.civil.year), 4); }},
    {.word = "IYYY", .text = [](const Moment& m) { return padded(unsigned_year(m.iso_year), 4); }},
    {.word = "HH24", .text = [](const Moment& m) { return padded(hour_of(m), 2); }},
    {.word = "HH12", .text = [](const Moment& m) { return hour12(m); }},
    {.word = "YYY", .text = [](const Moment& m) { return padded(unsigned_year(m.civil.year) % 1'000, 3); }},
    {.word = "DDD", .text = [](const Moment& m) { return padded(m.day_of_year, 3); }},
    {.word = "YY", .text = [](const Moment& m) { return padded(unsigned_year(m.civil.year) % 100, 2); }},
    {.word = "MM", .text = [](const Moment& m) { return padded(m.civil.month, 2); }},
    {.word = "DD", .text = [](const Moment& m) { return padded(m.civil.day, 2); }},
    {.word = "HH", .text = [](const Moment& m) { return hour12(m); }},
    {.word = "MI", .text = [](const Moment& m) { return padded(m.civil.micros / (60 * kMicrosPerSecond) % 60, 2); }},
    {.word = "SS", .text = [](const Moment& m) { return padded(m.civil.micros / kMicrosPerSecond % 60, 2); }},
    {.word = "WW", .text = [](const Moment& m) { return padded((m.day_of_year - 1) / 7 + 1, 2); }},
    {.word = "IW", .text = [](const Moment& m) { return padded(m.iso_week, 2); }},
    {.word = "Y", .text = [](const Moment& m) { return padded(unsigned_year(m.civil.year) % 10, 1); }},
    {.word = "Q", .text = [](const Moment& m) { return padded((m.civil.month - 1) / 3 + 1, 1); }},
}};

bool is_letter(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

Refusal refuse_format(std::string_view rest, std::string_view format) {
  const auto end = std::ranges::find_if_not(rest.substr(1), is_letter);
  const std::string word(rest.begin(), end);
  return {.code = Code::FeatureNotSupported,
          .message = "\"" + word + "\" is not supported in the datetime_string \"" + std::string(format) + "\"",
          .detail = {},
          .hint = "Use YYYY, MM, DD, DDD, HH24, MI, SS, Q, WW, IYYY, IW, and put other letters between double quotes."};
}

std::string describe(const Bound& bound) {
  if (bound.finite()) return std::to_string(bound.tick);
  return bound < Bound::at(0) ? "MINVALUE" : "MAXVALUE";
}

// What distinguishes two objects goes into the hash separated by a byte no name can hold.
std::string hashed(std::string_view identity, std::string_view rest) {
  std::string text(identity);
  text.push_back('\0');
  text.append(rest);
  return "_" + short_hash(text);
}

NameChoice choice(std::string_view object, const std::string& suffix, const std::string& hash, const NameRules& rules) {
  return {.contract = fit_name(object, suffix, rules),
          .fallback = fit_name(object, hash + suffix, rules),
          .clipped = object.size() + suffix.size() > rules.max_bytes};
}

}  // namespace

std::size_t clip_utf8(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text.size();
  std::size_t length = limit;
  // Continuation bytes look like 10xxxxxx; a character may not be cut before one.
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
  return length;
}

std::string fit_name(std::string_view object, std::string_view suffix, const NameRules& rules) {
  const std::string_view tail = suffix.substr(0, rules.clip(suffix, rules.max_bytes));
  std::string name(object.substr(0, rules.clip(object, rules.max_bytes - tail.size())));
  return name.append(tail);
}

Result<std::string> format_local(std::int64_t local_micros, std::string_view format) {
  const Moment moment = moment_of(local_micros);
  std::string out;
  bool quoted = false;
  for (std::size_t at = 0; at < format.size();) {
    const std::string_view rest = format.substr(at);
    const auto* const field =
        std::ranges::find_if(kFields, [rest](const Field& entry) { return rest.starts_with(entry.word); });
    if (rest.front() == '"') {
      quoted = !quoted;
      ++at;
    } else if (!quoted && field != kFields.end()) {
      out += field->text(moment);
      at += field->word.size();
    } else if (!quoted && (is_letter(rest.front()) || rest.front() == '\\')) {
      return refuse_format(rest, format);
    } else {
      out += rest.front();
      ++at;
    }
  }
  return out;
}

std::string_view datetime_string_for(const IntervalParts& interval) noexcept {
  return interval_span(interval) >= kMicrosPerDay ? "YYYYMMDD" : "YYYYMMDD_HH24MISS";
}

std::string show_tick(const Calendar& calendar, Tick tick) {
  if (!is_time(calendar.key())) return std::to_string(tick);
  if (!calendar.in_range(tick)) return tick < 0 ? "-infinity" : "infinity";
  const Moment moment = moment_of(calendar.to_local(tick));
  const Civil& civil = moment.civil;
  std::string text = padded(unsigned_year(civil.year), 4) + "-" + padded(civil.month, 2) + "-" + padded(civil.day, 2);
  if (civil.micros != 0) {
    text += " " + padded(hour_of(moment), 2) + ":" + padded(civil.micros / (60 * kMicrosPerSecond) % 60, 2) + ":" +
            padded(civil.micros / kMicrosPerSecond % 60, 2);
  }
  return civil.year > 0 ? text : text + " BC";
}

NameChoice partition_name(std::string_view table, std::string_view identity, std::string_view suffix,
                          const Bound& lower, const NameRules& rules, std::string_view lead) {
  return choice(table, std::string(lead).append(suffix), hashed(identity, describe(lower)), rules);
}

NameChoice default_name(std::string_view table, std::string_view identity, const NameRules& rules) {
  return choice(table, "_default", hashed(identity, "default"), rules);
}

NameChoice template_name(std::string_view schema, std::string_view table, const NameRules& rules) {
  const std::string object = "template_" + std::string(schema) + "_" + std::string(table);
  return choice(object, "", hashed(schema, table), rules);
}

std::string short_hash(std::string_view text) {
  std::uint32_t hash = 2'166'136'261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
  std::string hex(8, '0');
  for (std::size_t i = hex.size(); i-- > 0; hash >>= 4U) hex[i] = "0123456789abcdef"[hash & 0xFU];
  return hex;
}

}  // namespace strata::core
