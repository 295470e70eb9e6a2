#include "ops/validate.hpp"

#include <charconv>

#include "core/calendar.hpp"
#include "core/epoch.hpp"
#include "core/naming.hpp"
#include "pg/zone.hpp"

namespace strata::ops {

namespace {

// One column of the row under judgement.
class Column {
 public:
  Column(const ConfigTexts& row, const std::string& prefix, const char* name, const std::string& value)
      : set_(row.parent_table.value_or("")), name_(prefix + name), value_(value) {}
  [[nodiscard]] const std::string& value() const noexcept { return value_; }

  [[noreturn]] void refuse(std::string detail, std::string hint,
                           core::Code code = core::Code::InvalidParameterValue) const {
    ops::refuse(code, "invalid " + name_ + " \"" + value_ + "\" for partition set \"" + set_ + "\"", std::move(hint),
                std::move(detail));
  }
  // A primary message reads as a sentence in DETAIL.
  [[noreturn]] void refuse(const core::Refusal& why, core::Code code = core::Code::InvalidParameterValue) const {
    refuse(sentence(why.message), why.hint, code);
  }
  [[nodiscard]] static std::string sentence(std::string text) {
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
      text.front() = static_cast<char>(text.front() - 'a' + 'A');
    return text + ".";
  }

 private:
  std::string set_;
  std::string name_;
  std::string value_;
};

constexpr const char* kIntervalHint = "Write it with a unit, for example '1 day'.";
constexpr const char* kRetentionHint = "Write it with a unit, for example '90 days'.";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r\f\v";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// Digits with an optional sign, of whatever size.
bool is_integer(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Years and months as IntervalStyle sql_standard writes them: 0-1 is a month.
bool is_year_month(std::string_view text) {
  text = trimmed(text);
  const auto hyphen = text.find('-', 1);
  return hyphen < text.size() && is_integer(text.substr(0, hyphen)) &&
         text.find_first_not_of("0123456789", hyphen + 1) == std::string_view::npos && hyphen + 1 < text.size();
}

// Anything that counts as a bare number to the interval input, which takes it for seconds.
bool is_number(std::string_view text) {
  return !text.empty() && !is_year_month(text) &&
         text.find_first_not_of("0123456789+-. \t\n\r\f\v") == std::string_view::npos;
}

std::int64_t read_bigint(const Column& column, const char* hint) {
  std::string_view text = trimmed(column.value());
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) column.refuse("It is out of the range of bigint.", hint);
  if (error != std::errc() || end != text.data() + text.size()) column.refuse("It is not a whole number.", hint);
  return number;
}

core::IntervalParts read_interval(const Column& column, const char* hint) {
  if (is_number(column.value())) column.refuse("A bare number would be read as seconds.", hint);
  try {
    const pg::IntervalValue value = pg::parse_interval(column.value());
    return {.months = value.months, .days = value.days, .micros = value.micros};
  } catch (const pg::PgError& e) {
    column.refuse(Column::sentence(e.message()), hint);
  }
}

// An integer as interval makes an id set, unless something else in the row speaks of time. A word that is no epoch is
// left to the CHECK of the table.
bool is_id_set(const ConfigTexts& row) {
  const bool speaks_of_time =
      core::parse_epoch(row.epoch.value_or("none")) || row.datetime_string || row.time_encoder || row.time_decoder;
  return !speaks_of_time && row.partition_interval && is_integer(*row.partition_interval);
}

void check_id_interval(const Column& column, const ConfigTexts& row) {
  const std::int64_t interval = read_bigint(column, "Use a whole number such as 1000000.");
  if (interval == 1 && row.partition_type == "list") return;  // a list partition holds one value
  const auto step = core::id_step(interval, core::KeyType::Int8);
  if (!step) column.refuse(step.refusal());
}

// The key's type is not in the row; timestamptz allows what any of them does.
void check_time_interval(const Column& column) {
  const auto step = core::time_step(read_interval(column, kIntervalHint), core::KeyType::Timestamptz);
  if (!step) column.refuse(step.refusal());
}

void check_id_retention(const Column& column) {
  constexpr const char* kHint =
      "Sets partitioned by number take a number: keep what is less than it below the highest.";
  if (read_bigint(column, kHint) < 0) column.refuse("A retention must not be negative.", kHint);
}

void check_time_retention(const Column& column) {
  if (core::interval_span(read_interval(column, kRetentionHint)) < 0)
    column.refuse("A retention must not be negative.", kRetentionHint);
}

void check_date_trunc(const Column& column) {
  const auto field = core::parse_trunc_field(column.value());
  if (!field) column.refuse(field.refusal());
}

void check_datetime_string(const Column& column) {
  const auto sample = core::format_local(0, column.value());
  if (!sample) column.refuse(sample.refusal(), core::Code::FeatureNotSupported);
  if (sample->empty()) column.refuse("Names of partitions would end in nothing.", "Use YYYYMMDD or YYYYMMDD_HH24MISS.");
}

bool begins_identifier(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || static_cast<signed char>(c) < 0;
}

bool is_identifier(std::string_view text) {
  return !text.empty() && begins_identifier(text.front()) &&
         std::ranges::all_of(text, [](char c) { return begins_identifier(c) || (c >= '0' && c <= '9') || c == '$'; });
}

// Names only: what is stored here is looked up one day by somebody with other rights than the writer's.
void check_function_name(const Column& column) {
  const std::string_view name = column.value();
  const auto dot = name.find('.');
  const bool plain = dot == std::string_view::npos
                         ? is_identifier(name)
                         : is_identifier(name.substr(0, dot)) && is_identifier(name.substr(dot + 1));
  if (!plain)
    column.refuse("It is not the plain name of a function.",
                  "Write schema.function, without quotes, arguments or spaces.");
}

}  // namespace

void validate_config(const ConfigTexts& row, const std::string& prefix) {
  const bool id_set = is_id_set(row);
  const auto check = [&](const char* name, const std::optional<std::string>& value, auto&& judge) {
    if (value) judge(Column(row, prefix, name, *value));
  };
  check("time_encoder", row.time_encoder, check_function_name);
  check("time_decoder", row.time_decoder, check_function_name);
  check("partition_interval", row.partition_interval, [&](const Column& column) {
    if (id_set)
      check_id_interval(column, row);
    else
      check_time_interval(column);
  });
  check("retention", row.retention, [&](const Column& column) {
    if (id_set)
      check_id_retention(column);
    else
      check_time_retention(column);
  });
  check("date_trunc_interval", row.date_trunc_interval, check_date_trunc);
  check("datetime_string", row.datetime_string, check_datetime_string);
}

void require_key_functions(const Extension& extension, const ConfigTexts& row, const std::string& prefix) {
  std::array<Config, 1> config;
  config[0].time_encoder = row.time_encoder;
  config[0].time_decoder = row.time_decoder;
  find_key_functions(extension, config);
  if (!config[0].key_refusal) return;
  const bool encoder = row.time_encoder && !config[0].encoder;
  const char* const name = encoder ? "time_encoder" : "time_decoder";
  Column(row, prefix, name, encoder ? *row.time_encoder : *row.time_decoder).refuse(*config[0].key_refusal);
}

}  // namespace strata::ops
