#include "ops/key_codec.hpp"

#include "core/uuid7.hpp"
#include "ops/fail.hpp"
#include "pg/relation.hpp"
#include "pg/scope.hpp"
#include "pg/zone.hpp"

namespace strata::ops {

namespace {

core::Refusal refusal(core::Code code, std::string message, std::string hint, std::string detail = {}) {
  return {.code = code, .message = std::move(message), .detail = std::move(detail), .hint = std::move(hint)};
}

bool is_integer(Oid type) noexcept {
  return type == INT2OID || type == INT4OID || type == INT8OID;
}

core::Bound::Kind kind_of(const pg::RawEnd& end) noexcept {
  if (end.kind == 0) return core::Bound::Kind::Finite;
  return end.kind < 0 ? core::Bound::Kind::Min : core::Bound::Kind::Max;
}

// A numeric bound may carry a scale: 10.00 is a whole number.
std::string without_zeros(std::string text) {
  const auto point = text.find('.');
  if (point != std::string::npos && text.find_first_not_of('0', point + 1) == std::string::npos) text.resize(point);
  return text;
}

// --- functions -------------------------------------------------------------------------------------------------------

// One row per function that fits. Encoders stand at odd places, decoders at even ones. A bare name means our schema
// first, then pg_catalog.
constexpr const char* kFunctionQuery = R"sql(
SELECT w.ord, n.nspname, p.proname
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) WITH ORDINALITY AS w(name, encodes, ord)
JOIN pg_catalog.pg_proc p ON p.proname = CASE WHEN pg_catalog.strpos(w.name, '.') > 0
       THEN pg_catalog.split_part(w.name, '.', 2) ELSE w.name END::name
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace AND CASE WHEN pg_catalog.strpos(w.name, '.') > 0
       THEN n.nspname = pg_catalog.split_part(w.name, '.', 1)::name ELSE n.nspname IN ($3::name, 'pg_catalog') END
WHERE p.pronargs = 1 AND p.prokind = 'f' AND NOT p.proretset AND CASE WHEN w.encodes = 'yes'
       THEN p.proargtypes[0] = 'timestamptz'::regtype AND p.prorettype IN ('text'::regtype, 'varchar'::regtype,
                                                                           'uuid'::regtype)
       ELSE p.proargtypes[0] IN ('text'::regtype, 'varchar'::regtype) AND p.prorettype = 'timestamptz'::regtype END
ORDER BY w.ord, n.nspname = 'pg_catalog', p.proargtypes[0])sql";

core::Refusal no_function(const KeyFunctionName& wanted) {
  const bool encoder = wanted.role == KeyRole::Encoder;
  return refusal(
      core::Code::UndefinedFunction,
      "function \"" + wanted.name + "\" for " + (encoder ? "time_encoder" : "time_decoder") + " does not exist",
      encoder ? "It must be a function of one argument of type timestamptz that returns text or uuid, "
                "written as schema.function."
              : "It must be a function of one argument of type text that returns timestamptz, written as "
                "schema.function.");
}

core::Refusal ambiguous_function(const KeyFunctionName& wanted) {
  return refusal(core::Code::InvalidParameterValue, "function \"" + wanted.name + "\" is not unique",
                 "Exactly one function of this name must take a text and return timestamptz.");
}

// --- errors ----------------------------------------------------------------------------------------------------------

// Whatever the functions of others raise: under its own SQLSTATE, with the name of the set.
template <class F>
auto as_key_of(const std::string& set, F&& f) {
  try {
    return f();
  } catch (const pg::PgError& e) {
    if (e.is_interrupt()) throw;
    throw pg::Raise{.sqlstate = e.sqlstate(),
                    .message = "could not convert keys of partition set \"" + set + "\": " + e.message(),
                    .detail = e.detail(),
                    .hint = e.hint().empty()
                                ? "Check the row or bound, and what time_encoder and time_decoder say of it."
                                : e.hint(),
                    .schema = {},
                    .table = {}};
  }
}

[[noreturn]] void refuse_key(const KeyFacts& facts, const std::string& key, const std::string& why) {
  refuse(core::Code::DatetimeOverflow, "key value \"" + key + "\" of partition set \"" + facts.set + "\" " + why,
         "Correct or delete the row or the partition that has it.");
}

[[noreturn]] void refuse_instant(const KeyFacts& facts, core::Tick tick, const std::string& what) {
  refuse(core::Code::DatetimeOverflow,
         pg::timestamptz_text(tick, pg::Zone("UTC")) + " cannot be written as " + what + " for partition set \"" +
             facts.set + "\"",
         "Use times within the range of the key.");
}

}  // namespace

std::vector<core::Result<KeyFunction>> find_key_functions(const std::string& extension_schema,
                                                          std::span<const KeyFunctionName> names) {
  const pg::SettingsScope settings;
  std::vector<std::string> texts;
  std::vector<std::string> encodes;
  std::vector<core::Result<KeyFunction>> found;
  for (const KeyFunctionName& wanted : names) {
    texts.push_back(wanted.name);
    encodes.emplace_back(wanted.role == KeyRole::Encoder ? "yes" : "no");
    found.emplace_back(no_function(wanted));
  }
  const pg::Rows rows = pg::query(kFunctionQuery, pg::Params().texts(texts).texts(encodes).text(extension_schema));
  std::vector<std::string> schemas(names.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto n = static_cast<std::size_t>(rows.int8(row, 0)) - 1;
    const std::string schema = rows.text(row, 1);
    const std::string name = rows.text(row, 2);
    if (schemas[n] == schema) found[n] = ambiguous_function(names[n]);
    if (!schemas[n].empty()) continue;
    schemas[n] = schema;
    found[n] =
        KeyFunction{.quoted = pg::qualified(schema, name),
                    .ours = schema == extension_schema &&
                            name == (names[n].role == KeyRole::Encoder ? "uuid7_time_encoder" : "uuid7_time_decoder")};
  }
  return found;
}

bool needs_encoder(Oid type) noexcept {
  return type == UUIDOID || type == TEXTOID || type == VARCHAROID;
}

std::optional<core::KeyType> key_type_of(Oid type, std::string_view epoch) noexcept {
  const bool counts_time = epoch != "none" && (is_integer(type) || type == NUMERICOID);
  if (counts_time || needs_encoder(type)) return core::KeyType::Timestamptz;
  switch (type) {
    case TIMESTAMPTZOID:
      return core::KeyType::Timestamptz;
    case TIMESTAMPOID:
      return core::KeyType::Timestamp;
    case DATEOID:
      return core::KeyType::Date;
    case INT2OID:
      return core::KeyType::Int2;
    case INT4OID:
      return core::KeyType::Int4;
    case INT8OID:
    case NUMERICOID:
      return core::KeyType::Int8;
    default:
      return std::nullopt;
  }
}

core::Result<KeyCodec> KeyCodec::choose(KeyFacts facts) {
  KeyCodec codec;
  const std::string column = "control column \"" + facts.column + "\" of \"" + facts.set + "\"";
  const bool number = is_integer(facts.type) || facts.type == NUMERICOID;
  if (needs_encoder(facts.type)) {
    if (!facts.encoder || !facts.decoder)
      return refusal(core::Code::InvalidParameterValue, column + " needs both a time encoder and a time decoder",
                     "Set time_encoder and time_decoder, for example to uuid7_time_encoder and uuid7_time_decoder.",
                     "Its type is " + pg::type_name(facts.type) + ".");
    codec.kind_ = facts.encoder->ours && facts.decoder->ours ? Kind::Uuid7 : Kind::Foreign;
    codec.written_ = std::make_shared<Written>();
  } else if (facts.encoder || facts.decoder) {
    return refusal(core::Code::InvalidParameterValue,
                   "a time encoder and decoder are only for keys of type uuid, text or varchar",
                   "Leave time_encoder and time_decoder NULL.",
                   "The " + column + " is of type " + pg::type_name(facts.type) + ".");
  }
  if (facts.epoch != "none") {
    if (!number)
      return refusal(core::Code::InvalidParameterValue, "an epoch is only for integer and numeric keys",
                     "Use epoch 'none'.", "The " + column + " is of type " + pg::type_name(facts.type) + ".");
    codec.kind_ = Kind::Epoch;
    codec.unit_ = core::parse_epoch(facts.epoch).value_or(core::EpochUnit::Seconds);
  } else if (facts.type == NUMERICOID) {
    codec.kind_ = Kind::Numeric;
  }
  codec.facts_ = std::move(facts);
  return codec;
}

bool KeyCodec::has_infinity() const noexcept {
  return native() && !is_integer(facts_.type);
}

// --- bounds ----------------------------------------------------------------------------------------------------------

core::Tick KeyCodec::decode_number(std::int64_t number) const {
  if (kind_ != Kind::Epoch) return number;
  const std::optional<core::Tick> tick = core::instant_exactly(number, unit_);
  if (!tick) refuse_key(facts_, std::to_string(number), "is no whole microsecond within the range of timestamps");
  return *tick;
}

std::vector<core::Tick> KeyCodec::call_decoder(std::span<const std::string> texts) const {
  std::vector<core::Tick> ticks;
  const pg::OwnerScope as_owner(facts_.owner);
  pg::LockDeadline(facts_.lock_timeout_ms).arm();
  pg::set_local("timezone", facts_.time_zone.value_or(pg::session_zone()));
  const pg::Rows rows = as_key_of(facts_.set, [&] {
    return pg::query(
        "SELECT " + facts_.decoder->quoted + "(u.t) FROM pg_catalog.unnest($1) WITH ORDINALITY AS u(t, n) ORDER BY u.n",
        pg::Params().texts(texts));
  });
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows.null(row, 0)) refuse_key(facts_, texts[row], "is decoded to no time");
    ticks.push_back(rows.int8(row, 0));
    if (TIMESTAMP_NOT_FINITE(ticks.back())) refuse_key(facts_, texts[row], "is decoded to an infinite time");
  }
  return ticks;
}

std::vector<core::Tick> KeyCodec::decode_texts(std::span<const std::string> texts) const {
  if (kind_ == Kind::Foreign) return texts.empty() ? std::vector<core::Tick>{} : call_decoder(texts);
  std::vector<core::Tick> ticks;
  for (const std::string& text : texts) {
    if (kind_ != Kind::Uuid7) {
      ticks.push_back(decode_number(as_key_of(facts_.set, [&] { return pg::parse_bigint(text); })));
      continue;
    }
    const std::optional<core::Tick> tick = core::instant_of_uuid7(text);
    if (!tick) refuse_key(facts_, text, "is no UUID");
    ticks.push_back(*tick);
  }
  return ticks;
}

void KeyCodec::remember(core::Tick tick, const std::string& text) const {
  written_->texts.emplace(tick, text);
  written_->ticks.emplace(text, tick);
}

// Ends whose type is read as text: all that are not known yet in one go.
void KeyCodec::read_ends(std::span<const pg::RawBound> bounds, std::vector<core::Range>& ranges) const {
  std::vector<std::string> texts;
  std::vector<core::Bound*> ends;
  for (std::size_t n = 0; n < bounds.size(); ++n) {
    const auto note = [&](const pg::RawEnd& raw, core::Bound& end) {
      if (raw.kind != 0) return;
      if (by_text() && written_->ticks.contains(raw.text)) {
        end.tick = written_->ticks.at(raw.text);
        return;
      }
      texts.push_back(facts_.type == NUMERICOID ? without_zeros(raw.text) : raw.text);
      ends.push_back(&end);
    };
    note(bounds[n].lower, ranges[n].lower);
    note(bounds[n].upper, ranges[n].upper);
  }
  const std::vector<core::Tick> ticks = decode_texts(texts);
  for (std::size_t n = 0; n < ends.size(); ++n) {
    ends[n]->tick = ticks[n];
    if (by_text()) remember(ticks[n], texts[n]);
  }
}

std::vector<core::Range> KeyCodec::decode(std::span<const pg::RawBound> bounds) const {
  std::vector<core::Range> ranges(bounds.size());
  const auto number = [this](const pg::RawEnd& raw) {
    const bool whole = raw.kind == 0 && !reads_text();
    return core::Bound{.kind = kind_of(raw), .tick = whole ? decode_number(raw.value) : 0};
  };
  for (std::size_t n = 0; n < bounds.size(); ++n)
    ranges[n] = {.lower = number(bounds[n].lower), .upper = number(bounds[n].upper)};
  if (reads_text()) read_ends(bounds, ranges);
  return ranges;
}

std::string KeyCodec::encode_number(core::Tick tick) const {
  if (kind_ != Kind::Epoch) return std::to_string(tick);
  const std::optional<std::int64_t> number = core::epoch_of(tick, unit_);
  if (!number) refuse_instant(facts_, tick, facts_.epoch + " in a bigint");
  return std::to_string(*number);
}

std::string KeyCodec::encode_uuid7(core::Tick tick) const {
  const std::optional<std::string> uuid = core::uuid7_of(tick);
  if (!uuid) refuse_instant(facts_, tick, "a version 7 UUID");
  return *uuid;
}

std::vector<std::string> KeyCodec::call_encoder(std::span<const core::Tick> ticks) const {
  const pg::Zone utc("UTC");
  std::vector<std::string> times;
  for (const core::Tick tick : ticks) times.push_back(pg::timestamptz_text(tick, utc));
  const pg::OwnerScope as_owner(facts_.owner);
  pg::LockDeadline(facts_.lock_timeout_ms).arm();
  pg::set_local("timezone", facts_.time_zone.value_or(pg::session_zone()));
  const pg::Rows rows = as_key_of(facts_.set, [&] {
    return pg::query("SELECT " + facts_.encoder->quoted +
                         "(u.t::pg_catalog.timestamptz)::pg_catalog.text FROM pg_catalog.unnest($1) WITH ORDINALITY "
                         "AS u(t, n) ORDER BY u.n",
                     pg::Params().texts(times));
  });
  std::vector<std::string> texts;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows.null(row, 0)) refuse_instant(facts_, ticks[row], "a key: time_encoder gives NULL");
    texts.push_back(rows.text(row, 0));
  }
  return texts;
}

std::vector<std::string> KeyCodec::encode(std::span<const core::Tick> ticks) const {
  if (kind_ == Kind::Foreign) return call_encoder(ticks);
  std::vector<std::string> texts;
  for (const core::Tick tick : ticks) texts.push_back(encode_uuid7(tick));
  return texts;
}

void KeyCodec::prepare(std::span<const core::Range> ranges) const {
  if (!by_text()) return;
  std::vector<core::Tick> missing;
  for (const core::Range& range : ranges) {
    for (const core::Bound& end : {range.lower, range.upper})
      if (end.finite() && !written_->texts.contains(end.tick)) missing.push_back(end.tick);
  }
  std::ranges::sort(missing);
  const auto repeated = std::ranges::unique(missing);
  missing.erase(repeated.begin(), repeated.end());
  if (missing.empty()) return;
  const std::vector<std::string> texts = encode(missing);
  for (std::size_t n = 0; n < missing.size(); ++n) remember(missing[n], texts[n]);
}

std::string KeyCodec::text(core::Tick tick) const {
  if (!by_text()) return encode_number(tick);
  const std::array<core::Range, 1> one{core::Range{.lower = core::Bound::at(tick), .upper = core::Bound::max()}};
  prepare(one);
  return written_->texts.at(tick);
}

bool KeyCodec::has_room_for(core::Tick tick) const noexcept {
  if (kind_ == Kind::Uuid7) return core::uuid7_of(tick).has_value();
  if (kind_ != Kind::Epoch) return true;
  const std::optional<std::int64_t> number = core::epoch_of(tick, unit_);
  if (!number) return false;
  if (facts_.type == INT4OID) return std::in_range<std::int32_t>(*number);
  return facts_.type != INT2OID || std::in_range<std::int16_t>(*number);
}

core::Tick KeyCodec::snap(core::Tick tick) const noexcept {
  if (kind_ == Kind::Epoch) return core::whole_second(tick).value_or(tick);
  if (kind_ == Kind::Uuid7) return core::whole_millisecond(tick).value_or(tick);
  return tick;
}

// --- rows ------------------------------------------------------------------------------------------------------------

std::string KeyCodec::row_expression(const std::string& key) const {
  if (native()) return key;
  if (by_text()) return key + "::pg_catalog.text";
  if (facts_.type == NUMERICOID) return "pg_catalog.floor(" + key + ")::pg_catalog.text";
  return key + "::pg_catalog.int8";
}

core::Tick KeyCodec::row_tick(const pg::Rows& rows, std::size_t row, int column) const {
  if (reads_text()) {
    const std::array<std::string, 1> texts{rows.text(row, column)};
    if (kind_ != Kind::Epoch) return decode_texts(texts).front();
    const std::int64_t number = as_key_of(facts_.set, [&] { return pg::parse_bigint(texts[0]); });
    const std::optional<core::Tick> tick = core::instant_at_or_before(number, unit_);
    if (!tick) refuse_key(facts_, texts[0], "is outside the range of timestamps");
    return *tick;
  }
  if (kind_ == Kind::Epoch) {
    const std::int64_t number = rows.int8(row, column);
    const std::optional<core::Tick> tick = core::instant_at_or_before(number, unit_);
    if (!tick) refuse_key(facts_, std::to_string(number), "is outside the range of timestamps");
    return *tick;
  }
  switch (facts_.type) {
    case INT2OID:
      return rows.int2(row, column);
    case INT4OID:
    case DATEOID:
      return rows.int4(row, column);
    default:
      return rows.int8(row, column);
  }
}

std::string KeyCodec::finite_condition(const std::string& key) const {
  if (facts_.type == NUMERICOID)
    return key + " > '-Infinity'::pg_catalog.numeric AND " + key + " < 'Infinity'::pg_catalog.numeric";
  if (!has_infinity()) return key + " IS NOT NULL";
  return key + " > '-infinity'::" + type_name() + " AND " + key + " < 'infinity'::" + type_name();
}

// Exact for keys from 1970 on: a division of numeric would round a key in the last nanoseconds of a partition up and
// out of it, div() cuts off as integers do.
std::string KeyCodec::time_expression(const std::string& key) const {
  const std::string units = std::to_string(core::epoch_units_per_second(unit_));
  std::string seconds = key;
  if (!is_integer(facts_.type))
    seconds = "pg_catalog.div(" + key + ", " + units + ")";
  else if (unit_ != core::EpochUnit::Seconds)
    seconds = "(" + key + " / " + units + ")";
  return "pg_catalog.to_timestamp(" + seconds + "::pg_catalog.float8)";
}

bool KeyCodec::has_time_expression(core::Tick lowest) const noexcept {
  return kind_ == Kind::Epoch && core::epoch_of(lowest, core::EpochUnit::Seconds).value_or(-1) >= 0;
}

std::string KeyCodec::type_name() const {
  return "pg_catalog." + pg::quote_ident([this] {
           switch (facts_.type) {
             case TIMESTAMPTZOID:
               return "timestamptz";
             case TIMESTAMPOID:
               return "timestamp";
             case DATEOID:
               return "date";
             case INT2OID:
               return "int2";
             case INT4OID:
               return "int4";
             case NUMERICOID:
               return "numeric";
             case UUIDOID:
               return "uuid";
             case TEXTOID:
               return "text";
             case VARCHAROID:
               return "varchar";
             default:
               return "int8";
           }
         }());
}

}  // namespace strata::ops
