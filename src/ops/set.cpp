#include "ops/set.hpp"

#include "ops/subset.hpp"
#include "ops/validate.hpp"

#include "pg/bound_reader.hpp"
#include "pg/relation.hpp"
#include "pg/xact.hpp"

namespace strata::ops {

namespace {

core::Refusal refusal(core::Code code, std::string message, std::string hint = {}, std::string detail = {}) {
  return {.code = code, .message = std::move(message), .detail = std::move(detail), .hint = std::move(hint)};
}

// The column list and the reader below belong together, number by number.
constexpr const char* kConfigColumns =
    "c.parent_table, c.control, c.partition_interval, c.partition_type, c.epoch, c.time_encoder, "
    "c.time_decoder, c.premake, c.template_table, c.retention, "
    "c.retention_schema, c.retention_keep_index, c.retention_keep_table, c.retention_keep_publication, "
    "c.infinite_time_partitions, c.datetime_string, c.undo_in_progress, coalesce(c.inherit_privileges, false), "
    "c.ignore_default_data, c.date_trunc_interval, coalesce(c.detach_before_drop, false), "
    "c.async_partitioning_in_progress, EXISTS (SELECT 1 FROM %config_sub% s WHERE s.sub_parent = c.parent_table), "
    "c.constraint_cols IS NOT NULL, EXISTS (SELECT 1 FROM %pending_drop% d WHERE d.parent_table = c.parent_table), "
    "c.sub_partition_set_full, p.parent_table IS NOT NULL, p.time_zone, p.lock_timeout_ms, p.lock_tries, "
    "p.deferred_runs, "
    "CASE WHEN p.system_identifier = $1 AND p.database_oid = $2 THEN p.parent_oid END";

Config read_config(const pg::Rows& rows, std::size_t row) {
  int n = 0;
  Config config;
  config.parent_table = rows.text(row, n++);
  config.control = rows.text(row, n++);
  config.partition_interval = rows.text(row, n++);
  config.partition_type = rows.text(row, n++);
  config.epoch = rows.text(row, n++);
  config.time_encoder = rows.optional_text(row, n++);
  config.time_decoder = rows.optional_text(row, n++);
  config.premake = rows.int4(row, n++);
  config.template_table = rows.optional_text(row, n++);
  config.retention = rows.optional_text(row, n++);
  config.retention_schema = rows.optional_text(row, n++);
  config.keep_index = rows.boolean(row, n++);
  config.keep_table = rows.boolean(row, n++);
  config.keep_publication = rows.boolean(row, n++);
  config.infinite = rows.boolean(row, n++);
  config.datetime_string = rows.optional_text(row, n++);
  config.undo_in_progress = rows.boolean(row, n++);
  config.inherit_privileges = rows.boolean(row, n++);
  config.ignore_default_data = rows.boolean(row, n++);
  config.date_trunc_interval = rows.optional_text(row, n++);
  config.detach_before_drop = rows.boolean(row, n++);
  config.async_in_progress = rows.optional_text(row, n++);
  config.has_sub_config = rows.boolean(row, n++);
  config.has_constraint_cols = rows.boolean(row, n++);
  config.has_pending_drops = rows.boolean(row, n++);
  config.set_full = rows.boolean(row, n++);
  config.has_policy = rows.boolean(row, n++);
  config.time_zone = rows.optional_text(row, n++);
  if (config.has_policy) {
    config.lock_timeout_ms = rows.int4(row, n);
    config.lock_tries = rows.int4(row, n + 1);
    config.deferred_runs = rows.int4(row, n + 2);
    config.known_parent = rows.oid(row, n + 3);
  }
  return config;
}

std::vector<Config> read_configs(const Extension& extension, Selection selection, std::span<const std::string> names) {
  std::string sql = extension.with_tables(std::string("SELECT ") + kConfigColumns +
                                          " FROM %config% c LEFT JOIN %policy% p ON p.parent_table = c.parent_table");
  const pg::DatabaseIdentity here = pg::database_identity();
  pg::Params params;
  params.int8(static_cast<std::int64_t>(here.system)).oid(here.database);
  if (selection == Selection::Automatic) sql += " WHERE c.automatic_maintenance = 'on' AND NOT c.undo_in_progress";
  if (selection == Selection::Named) {
    sql += " WHERE c.parent_table = ANY ($3)";
    params.texts(names);
  }
  sql += " ORDER BY c.maintenance_order NULLS LAST, c.parent_table";
  const pg::Rows rows = pg::query(sql, params);
  std::vector<Config> configs;
  configs.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) configs.push_back(read_config(rows, row));
  return configs;
}

// By name while the name exists, else by the OID the policy knows.
constexpr const char* kParentQuery = R"sql(
SELECT w.ord, c.oid, n.oid, n.nspname, c.relname, c.relowner, c.relkind, p.partstrat, p.partnatts, a.attname,
       a.atttypid, a.attnotnull, p.partdefid, c.reltablespace,
       CASE WHEN c.relispartition THEN (SELECT i.inhparent FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) END,
       CASE WHEN c.relispartition THEN c.relpartbound::text END
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) WITH ORDINALITY AS w(name, known, ord)
JOIN pg_catalog.pg_class c ON c.oid = coalesce(
       (SELECT k.oid FROM pg_catalog.pg_class k JOIN pg_catalog.pg_namespace s ON s.oid = k.relnamespace
        WHERE s.nspname = split_part(w.name, '.', 1)::name AND k.relname = split_part(w.name, '.', 2)::name), w.known)
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0])sql";

Parent read_parent(const pg::Rows& rows, std::size_t row) {
  return {.oid = rows.oid(row, 1),
          .schema_oid = rows.oid(row, 2),
          .schema = rows.text(row, 3),
          .table = rows.text(row, 4),
          .owner = rows.oid(row, 5),
          .kind = rows.character(row, 6),
          .strategy = rows.null(row, 7) ? '\0' : rows.character(row, 7),
          .key_columns = rows.int2(row, 8),
          .key_column = rows.text(row, 9),
          .key_type = rows.oid(row, 10),
          .key_not_null = rows.boolean(row, 11),
          .default_oid = rows.oid(row, 12),
          .tablespace = rows.oid(row, 13),
          .upper = rows.oid(row, 14),
          .stored_bound = rows.text(row, 15)};
}

std::vector<std::optional<Parent>> find_parents(std::span<const std::string> names, std::span<const Oid> known) {
  const pg::Rows rows = pg::query(kParentQuery, pg::Params().texts(names).oids(known));
  std::vector<std::optional<Parent>> parents(names.size());
  for (std::size_t row = 0; row < rows.size(); ++row)
    parents[static_cast<std::size_t>(rows.int8(row, 0)) - 1] = read_parent(rows, row);
  return parents;
}

constexpr const char* kChildrenQuery = R"sql(
SELECT i.inhparent, c.oid, n.nspname, c.relname, c.relkind, c.relpartbound::text, c.reltuples, c.reltablespace,
       c.relfilenode, c.relam, c.relpersistence, i.inhdetachpending
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.inhparent = ANY ($1) AND c.relispartition)sql";

core::Bound to_bound(const pg::RawEnd& end) noexcept {
  if (end.kind < 0) return core::Bound::min();
  return end.kind > 0 ? core::Bound::max() : core::Bound::at(end.value);
}

// Whether the anchor of the grid falls on the set's grid in this zone: day and longer steps begin at midnight.
bool fits(const ManagedSet& set, const SetZone& zone) {
  if (set.policy.key != core::KeyType::Timestamptz || set.policy.step.unit == core::Step::Unit::Micro) return true;
  const core::Calendar calendar(set.policy.key, &zone);
  for (auto child = set.inventory.children.rbegin(); child != set.inventory.children.rend(); ++child) {
    for (const core::Bound& end : {child->range.upper, child->range.lower}) {
      if (!end.finite() || end.tick < calendar.lowest() || end.tick > calendar.highest()) continue;
      return calendar.truncate(end.tick, core::TruncField::Day) == end.tick;
    }
  }
  return true;
}

// The zones a set without a recorded one may live in: the session's, the server's default, UTC.
std::vector<std::string> zone_candidates() {
  const pg::Rows rows = pg::query("SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone'");
  std::vector<std::string> names{pg::session_zone()};
  if (!rows.empty()) names.push_back(rows.text(0, 0));
  names.emplace_back("UTC");
  return names;
}

core::Result<std::shared_ptr<SetZone>> choose_zone(const ManagedSet& set) {
  if (set.config.time_zone) return std::make_shared<SetZone>(*set.config.time_zone);
  for (const std::string& name : zone_candidates()) {
    if (!pg::zone_exists(name)) continue;
    auto zone = std::make_shared<SetZone>(name);
    if (fits(set, *zone)) return zone;
  }
  return refusal(core::Code::NotInPrerequisiteState,
                 "cannot tell the time zone in which the partitions of \"" + set.config.parent_table + "\" were made",
                 "Set TimeZone to the zone in which the existing partitions begin at midnight, or store its name in "
                 "part_policy.time_zone.");
}

std::optional<core::Refusal> wrong_parent(const Config& config, const Parent& parent) {
  const std::string name = "\"" + config.parent_table + "\"";
  if (parent.strategy == '\0')
    return refusal(core::Code::WrongObjectType, name + " is not a partitioned table",
                   "Delete its row from part_config if it is no longer to be managed.");
  if (parent.strategy != (config.partition_type == "list" ? 'l' : 'r'))
    return refusal(core::Code::WrongObjectType,
                   name + " is not partitioned by " + (config.partition_type == "list" ? "LIST" : "RANGE"),
                   "part_config.partition_type must say how the table was declared.");
  if (parent.key_columns != 1 || parent.key_column != config.control)
    return refusal(core::Code::InvalidObjectDefinition,
                   "the partition key of " + name + " is not the configured control column \"" + config.control + "\"",
                   "Update part_config.control, or partition the table by that one column.");
  const auto key = key_type_of(parent.key_type, config.epoch);
  if (!key)
    return refusal(core::Code::FeatureNotSupported,
                   "partition key type " + pg::type_name(parent.key_type) + " of " + name + " is not supported",
                   "Times, integers, numeric, and uuid, text or varchar with an encoder are.");
  if (core::is_time(*key) && config.partition_type == "list")
    return refusal(core::Code::InvalidObjectDefinition, name + " is partitioned by a LIST of times",
                   "LIST sets need an integer or numeric key without epoch.");
  return std::nullopt;
}

core::Result<core::Step> read_step(ManagedSet& set) {
  const Config& config = set.config;
  if (!core::is_time(set.policy.key))
    return core::id_step(pg::parse_bigint(config.partition_interval), set.policy.key,
                         set.is_list() ? core::Cut::List : core::Cut::Range);
  const pg::IntervalValue value = pg::parse_interval(config.partition_interval);
  set.interval = {.months = value.months, .days = value.days, .micros = value.micros};
  return core::time_step(set.interval, set.policy.key);
}

std::optional<core::Retention> read_retention(const ManagedSet& set) {
  if (!set.config.retention) return std::nullopt;
  if (!set.is_time()) return pg::parse_bigint(*set.config.retention);
  const pg::IntervalValue value = pg::parse_interval(*set.config.retention);
  return core::IntervalParts{.months = value.months, .days = value.days, .micros = value.micros};
}

}  // namespace

Extension::Extension(Oid function) : schema_(pg::schema_of_function(function)) {}

std::string Extension::with_tables(std::string_view sql) const {
  std::string text;
  for (bool is_name = false;; is_name = !is_name) {
    const auto end = sql.find('%');
    const std::string piece(sql.substr(0, end));
    text += is_name ? object("part_" + piece) : piece;
    if (end == std::string_view::npos) return text;
    sql.remove_prefix(end + 1);
  }
}

std::string ManagedSet::text(const core::Bound& bound) const {
  if (bound.kind == core::Bound::Kind::Min) return "MINVALUE";
  if (bound.kind == core::Bound::Kind::Max) return "MAXVALUE";
  if (!codec.native()) return codec.text(bound.tick);
  switch (policy.key) {
    case core::KeyType::Timestamptz:
      return pg::timestamptz_text(bound.tick, zone->server());
    case core::KeyType::Timestamp:
      return pg::timestamp_text(bound.tick);
    case core::KeyType::Date:
      return pg::date_text(static_cast<std::int32_t>(bound.tick));
    default:
      return std::to_string(bound.tick);
  }
}

std::string ManagedSet::literal(const core::Bound& bound) const {
  return bound.finite() ? pg::quote_literal(text(bound)) : text(bound);
}

std::string ManagedSet::key_type_name() const {
  return codec.type_name();
}

core::NameRules name_rules() noexcept {
  return {.max_bytes = NAMEDATALEN - 1, .clip = &pg::clip_length};
}

void find_key_functions(const Extension& extension, std::span<Config> configs) {
  std::vector<KeyFunctionName> names;
  for (const Config& config : configs) {
    if (config.time_encoder) names.push_back({.name = *config.time_encoder, .role = KeyRole::Encoder});
    if (config.time_decoder) names.push_back({.name = *config.time_decoder, .role = KeyRole::Decoder});
  }
  if (names.empty()) return;
  const std::vector<core::Result<KeyFunction>> found = find_key_functions(extension.schema(), names);
  std::size_t next = 0;
  const auto take = [&](Config& config, std::optional<KeyFunction>& function) {
    const core::Result<KeyFunction>& result = found[next++];
    if (result)
      function = *result;
    else if (!config.key_refusal)
      config.key_refusal = result.refusal();
  };
  for (Config& config : configs) {
    if (config.time_encoder) take(config, config.encoder);
    if (config.time_decoder) take(config, config.decoder);
  }
}

std::optional<Parent> find_parent(const std::string& raw_name) {
  const pg::SettingsScope settings;
  const std::array<std::string, 1> names{raw_name};
  const std::array<Oid, 1> known{InvalidOid};
  return find_parents(names, known)[0];
}

namespace {

void read_child(const pg::Rows& rows, std::size_t row, ReadChildren& read) {
  std::string copy;
  const pg::RawBound raw = pg::read_bound(rows.text_view(row, 5, copy));
  core::Child child{.oid = rows.oid(row, 1),
                    .schema = rows.text(row, 2),
                    .name = rows.text(row, 3),
                    .range = {},
                    .estimated_rows = rows.real(row, 6),
                    .bytes = 0};
  if (rows.boolean(row, 11))
    read.refusal = refusal(core::Code::NotInPrerequisiteState,
                           "partition \"" + child.schema + "." + child.name + "\" is half detached",
                           "Finish it with ALTER TABLE ... DETACH PARTITION ... FINALIZE.");
  if (!raw.is_default && !raw.readable)
    read.refusal = refusal(core::Code::FeatureNotSupported, "the bounds of partition \"" + child.schema + "." +
                                                                child.name + "\" are of a kind not supported");
  if (raw.list_values > 1)
    read.refusal = refusal(core::Code::NotInPrerequisiteState,
                           "partition \"" + child.schema + "." + child.name + "\" holds a list of several values",
                           "Every partition of a LIST set must hold one value.");
  child.range = {.lower = to_bound(raw.lower), .upper = to_bound(raw.upper)};
  const bool is_range = raw.list_values == 0 && raw.lower.text.empty() && raw.upper.text.empty();
  read.children.push_back(std::move(child));
  read.facts.push_back({.oid = rows.oid(row, 1),
                        .kind = rows.character(row, 4),
                        .tablespace = rows.oid(row, 7),
                        .filenode = rows.oid(row, 8),
                        .access_method = rows.oid(row, 9),
                        .persistence = rows.character(row, 10),
                        .bound = is_range ? nullptr : std::make_shared<pg::RawBound>(raw)});
}

}  // namespace

std::map<Oid, ReadChildren> read_children(std::span<const Oid> parents) {
  constexpr long kBatch = 256;  // the texts of the bounds are most of what is read, and are not kept
  std::map<Oid, ReadChildren> result;
  pg::Cursor cursor(kChildrenQuery, pg::Params().oids(parents));
  for (bool more = true; more;) {
    const pg::Rows rows = cursor.next(kBatch);
    for (std::size_t row = 0; row < rows.size(); ++row) read_child(rows, row, result[rows.oid(row, 0)]);
    more = !rows.empty();
  }
  return result;
}

namespace {

// The partition of one value counts as the range up to the next one.
core::Bound list_upper(const core::Calendar& calendar, const core::Step& step, const core::Bound& lower) {
  const std::optional<core::Tick> upper = calendar.advance(lower.tick, step, 1);
  return upper ? core::Bound::at(*upper) : core::Bound::max();
}

void cut_lists(std::vector<core::Child>& children) {
  for (std::size_t n = 0; n + 1 < children.size(); ++n)
    children[n].range.upper = std::min(children[n].range.upper, children[n + 1].range.lower);
}

pg::RawEnd raw_end(const core::Bound& bound) {
  return {.kind = static_cast<int>(bound.kind), .value = bound.tick, .text = {}};
}

// Sorts by bound and takes the default out.
void take_children(ManagedSet& set, std::vector<core::Child> children, std::vector<ChildFacts> facts) {
  std::vector<std::size_t> order;
  order.reserve(children.size());
  for (std::size_t n = 0; n < children.size(); ++n) {
    if (children[n].oid == set.parent.default_oid) {
      set.inventory.default_partition = children[n];
      set.default_facts = facts[n];
    } else {
      order.push_back(n);
    }
  }
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return children[a].range.lower < children[b].range.lower; });
  set.inventory.children.reserve(order.size());
  set.facts.reserve(order.size());
  for (const std::size_t n : order) {
    set.inventory.children.push_back(std::move(children[n]));
    set.facts.push_back(facts[n]);
  }
  if (set.is_list()) cut_lists(set.inventory.children);
}

}  // namespace

namespace {

// The two patterns we write ourselves follow the interval when it changes (rulings 7); others are the user's.
std::string name_pattern(const ManagedSet& set) {
  const std::string automatic(core::datetime_string_for(set.interval));
  const std::string stored = set.config.datetime_string.value_or(automatic);
  const bool ours = stored == "YYYYMMDD" || stored == "YYYYMMDD_HH24MISS";
  return ours ? automatic : stored;
}

}  // namespace

void decode_children(const KeyCodec& codec, const core::Calendar& calendar, const core::Step& step, Oid default_oid,
                     std::vector<core::Child>& children, std::vector<ChildFacts>& facts) {
  if (codec.native() && std::ranges::none_of(facts, [](const ChildFacts& fact) { return fact.bound != nullptr; }))
    return;
  std::vector<pg::RawBound> bounds;
  std::vector<std::size_t> which;
  for (std::size_t n = 0; n < children.size(); ++n) {
    if (children[n].oid == default_oid) continue;
    which.push_back(n);
    bounds.push_back(facts[n].bound ? *facts[n].bound
                                    : pg::RawBound{.is_default = false,
                                                   .readable = true,
                                                   .list_values = 0,
                                                   .type = InvalidOid,
                                                   .lower = raw_end(children[n].range.lower),
                                                   .upper = raw_end(children[n].range.upper)});
  }
  const std::vector<core::Range> ranges = codec.decode(bounds);
  for (std::size_t n = 0; n < which.size(); ++n) {
    core::Range& range = children[which[n]].range;
    range = ranges[n];
    if (bounds[n].list_values > 0) range.upper = list_upper(calendar, step, range.lower);
  }
}

core::Range range_of(const ManagedSet& set, const pg::RawBound& bound) {
  core::Range range = set.codec.decode(std::span(&bound, 1)).front();
  if (bound.list_values == 0) return range;
  range.upper = list_upper(set.calendar(), set.policy.step, range.lower);
  // Up to the next partition, as in the inventory.
  for (const core::Child& child : set.inventory.children)
    if (range.lower < child.range.lower) range.upper = std::min(range.upper, child.range.lower);
  return range;
}

namespace {

core::Result<KeyCodec> choose_codec(const ManagedSet& set) {
  const Config& config = set.config;
  if (config.key_refusal) return *config.key_refusal;
  // Reading the bounds runs the functions of others: only for those who may look at the set.
  if ((config.encoder || config.decoder) && !may_look(set.parent))
    return refusal(core::Code::InsufficientPrivilege, "permission denied for table " + set.parent.raw_name(),
                   "Looking at a partition set needs ownership of its parent table or SELECT on it.");
  return KeyCodec::choose({.set = config.parent_table,
                           .column = config.control,
                           .type = set.parent.key_type,
                           .owner = set.parent.owner,
                           .epoch = config.epoch,
                           .time_zone = config.time_zone,
                           .lock_timeout_ms = config.lock_timeout_ms,
                           .encoder = config.encoder,
                           .decoder = config.decoder});
}

}  // namespace

core::Result<ManagedSet> assemble(Config config, Parent parent, std::vector<core::Child> children,
                                  std::vector<ChildFacts> facts) {
  if (auto no = wrong_parent(config, parent)) return *no;
  ManagedSet set;
  set.renamed = parent.raw_name() != config.parent_table;
  set.config = std::move(config);
  set.parent = std::move(parent);
  core::Policy& policy = set.policy;
  policy.parent = set.parent.raw_name();
  policy.schema = set.parent.schema;
  policy.table = set.parent.table;
  policy.key = *key_type_of(set.parent.key_type, set.config.epoch);
  core::Result<KeyCodec> codec = choose_codec(set);
  if (!codec) return codec.refusal();
  set.codec = *codec;
  core::Result<core::Step> step = read_step(set);
  if (!step) return step.refusal();
  policy.step = *step;
  policy.premake = set.config.premake;
  policy.infinite_time_partitions = set.config.infinite;
  policy.ignore_default_data = set.config.ignore_default_data;
  policy.retention = read_retention(set);
  policy.keep_table = set.config.keeps_table();
  policy.keep_index = set.config.keep_index;
  policy.full = set.config.set_full;
  policy.may_empty = set.config.has_sub_config;
  if (set.is_time()) policy.datetime_string = name_pattern(set);
  decode_children(set.codec, {policy.key, nullptr}, policy.step, set.parent.default_oid, children, facts);
  take_children(set, std::move(children), std::move(facts));
  core::Result<std::shared_ptr<SetZone>> zone = choose_zone(set);
  if (!zone) return zone.refusal();
  set.zone = *zone;
  return set;
}

namespace {

// What the trigger refuses may still be there: restored with triggers off, or written before it existed.
void recheck(const Config& config) {
  ConfigTexts texts{.parent_table = config.parent_table,
                    .partition_interval = config.partition_interval,
                    .partition_type = config.partition_type,
                    .epoch = config.epoch,
                    .retention = config.retention,
                    .datetime_string = config.datetime_string,
                    .date_trunc_interval = config.date_trunc_interval,
                    .time_encoder = config.time_encoder,
                    .time_decoder = config.time_decoder};
  validate_config(texts, "");
}

LoadedSet load_one(Config config, const std::optional<Parent>& parent, std::map<Oid, ReadChildren>& children) {
  LoadedSet loaded{.config = config, .parent = parent, .set = std::nullopt, .refusal = std::nullopt};
  if (!parent) {
    loaded.refusal =
        refusal(core::Code::UndefinedTable, "configured table \"" + config.parent_table + "\" does not exist",
                "Delete its row from part_config, or update part_config.parent_table to its new name.");
    return loaded;
  }
  ReadChildren read = std::move(children[parent->oid]);
  if (read.refusal) {
    loaded.refusal = read.refusal;
    return loaded;
  }
  try {
    pg::in_subtransaction([&] {
      recheck(config);
      core::Result<ManagedSet> set =
          assemble(std::move(config), *parent, std::move(read.children), std::move(read.facts));
      if (set)
        loaded.set = std::move(set).value();
      else
        loaded.refusal = set.refusal();
    });
  } catch (const pg::Raise& e) {  // a zone the server does not know, a key that cannot be read
    loaded.refusal = refusal(code_of(e.sqlstate), e.message, e.hint, e.detail);
  } catch (const pg::PgError& e) {  // an interval or retention text that does not parse
    if (e.is_interrupt()) throw;
    loaded.refusal = refusal(core::Code::InvalidParameterValue, e.message(), "Correct the row of part_config.");
  }
  return loaded;
}

}  // namespace

namespace {

std::vector<std::string> names_of(std::span<const Oid> tables) {
  const pg::Rows rows = pg::query(
      "SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
      "c.relnamespace WHERE c.oid = ANY ($1)",
      pg::Params().oids(tables));
  std::vector<std::string> names;
  for (std::size_t row = 0; row < rows.size(); ++row) names.push_back(rows.text(row, 0));
  return names;
}

// The managed sets among these tables, without their partitions: enough to read the bounds of one.
std::map<Oid, ManagedSet> load_uppers(const Extension& extension, std::span<const Oid> tables) {
  std::map<Oid, ManagedSet> uppers;
  std::vector<Config> configs = read_configs(extension, Selection::Named, names_of(tables));
  find_key_functions(extension, configs);
  for (Config& config : configs) {
    const std::array<std::string, 1> name{config.parent_table};
    const std::array<Oid, 1> known{InvalidOid};
    std::optional<Parent> parent = find_parents(name, known)[0];
    if (!parent) continue;
    const Oid oid = parent->oid;
    core::Result<ManagedSet> upper = assemble(std::move(config), *std::move(parent), {}, {});
    if (upper) uppers.emplace(oid, std::move(upper).value());
  }
  return uppers;
}

// Sub-sets stay within the bounds of their own table (contract 8.6). One look for all sets, none without sub-sets.
void set_limits(const Extension& extension, std::span<LoadedSet> sets) {
  std::set<Oid> found;
  for (const LoadedSet& loaded : sets)
    if (loaded.set && OidIsValid(loaded.parent->upper)) found.insert(loaded.parent->upper);
  if (found.empty()) return;
  const std::vector<Oid> tables(found.begin(), found.end());
  const std::map<Oid, ManagedSet> uppers = load_uppers(extension, tables);
  for (LoadedSet& loaded : sets) {
    const auto upper = loaded.set ? uppers.find(loaded.parent->upper) : uppers.end();
    if (upper != uppers.end()) loaded.set->policy.limits = limits_within(upper->second, *loaded.set);
  }
}

}  // namespace

std::vector<LoadedSet> load_sets(const Extension& extension, Selection selection, const std::string& name) {
  const pg::SettingsScope settings;
  const std::array<std::string, 1> wanted{name};
  std::vector<Config> configs = read_configs(extension, selection, wanted);
  if (configs.empty()) return {};
  find_key_functions(extension, configs);
  std::vector<std::string> names;
  std::vector<Oid> known;
  for (const Config& config : configs) {
    names.push_back(config.parent_table);
    known.push_back(config.known_parent);
  }
  const std::vector<std::optional<Parent>> parents = find_parents(names, known);
  std::vector<Oid> oids;
  for (const auto& parent : parents)
    if (parent) oids.push_back(parent->oid);
  std::map<Oid, ReadChildren> children = read_children(oids);
  std::vector<LoadedSet> sets;
  sets.reserve(configs.size());
  for (std::size_t n = 0; n < configs.size(); ++n)
    sets.push_back(load_one(std::move(configs[n]), parents[n], children));
  set_limits(extension, sets);
  return sets;
}

ManagedSet load_set(const Extension& extension, const std::string& name) {
  std::vector<LoadedSet> sets = load_sets(extension, Selection::Named, name);
  if (sets.empty())
    refuse(core::Code::UndefinedTable, "table \"" + name + "\" is not managed by pg_strata",
           "Configured sets are listed in part_config; names are written schema.table, without quotes. Use "
           "create_partition to manage a table.");
  if (!sets[0].refusal) return std::move(*sets[0].set);
  // Why it cannot be worked on is for those who may look at it.
  if (sets[0].parent && !may_look(*sets[0].parent)) require_owner_rights(*sets[0].parent);
  throw to_raise(*sets[0].refusal);
}

void require_owner_rights(const Parent& parent) {
  if (pg::has_rights_of(parent.owner)) return;
  refuse(core::Code::InsufficientPrivilege, "must be owner of table " + parent.raw_name(),
         "Act as role \"" + pg::role_name(parent.owner) + "\" or as a member of it.");
}

bool may_look(const Parent& parent) {
  return pg::has_rights_of(parent.owner) || pg::may_select(parent.oid);
}

}  // namespace strata::ops
