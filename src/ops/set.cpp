#include "ops/set.hpp"

#include "ops/ledger.hpp"
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
    "c.constraint_cols IS NOT NULL, c.sub_partition_set_full";

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
  config.set_full = rows.boolean(row, n++);
  return config;
}

std::vector<Config> read_configs(const Extension& extension, Selection selection, std::span<const std::string> names) {
  std::string sql = extension.with_tables(std::string("SELECT ") + kConfigColumns + " FROM %config% c");
  pg::Params params;
  if (selection == Selection::Automatic) sql += " WHERE c.automatic_maintenance = 'on' AND NOT c.undo_in_progress";
  if (selection == Selection::Named) {
    sql += " WHERE c.parent_table = ANY ($1)";
    params.texts(names);
  }
  sql += " ORDER BY c.maintenance_order NULLS LAST, c.parent_table";
  const pg::Rows rows = pg::query(sql, params);
  std::vector<Config> configs;
  configs.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) configs.push_back(read_config(rows, row));
  add_ledger(extension, configs);
  return configs;
}

// By name while the name exists, else by the OID the policy knows.
constexpr const char* kParentQuery = R"sql(
SELECT w.ord, c.oid, n.oid, n.nspname, c.relname, c.relowner, c.relkind, p.partstrat, p.partnatts, a.attname,
       a.atttypid, a.attnotnull, p.partdefid, c.reltablespace,
       CASE WHEN c.relispartition THEN (SELECT i.inhparent FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) END,
       CASE WHEN c.relispartition THEN c.relpartbound::text END, c.relreplident, c.relrowsecurity
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
          .stored_bound = rows.text(row, 15),
          .replica_identity = rows.character(row, 16),
          .row_security = rows.boolean(row, 17)};
}

std::vector<std::optional<Parent>> find_parents(std::span<const std::string> names, std::span<const Oid> known) {
  const pg::Rows rows = pg::query(kParentQuery, pg::Params().texts(names).oids(known));
  std::vector<std::optional<Parent>> parents(names.size());
  for (std::size_t row = 0; row < rows.size(); ++row)
    parents[static_cast<std::size_t>(rows.int8(row, 0)) - 1] = read_parent(rows, row);
  return parents;
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

core::IntervalParts read_interval(const std::string& text) {
  const pg::IntervalValue value = pg::parse_interval(text);
  return {.months = value.months, .days = value.days, .micros = value.micros};
}

core::Result<core::Step> read_step(ManagedSet& set) {
  const Config& config = set.config;
  if (!core::is_time(set.policy.key))
    return core::id_step(pg::parse_bigint(config.partition_interval), set.policy.key,
                         set.is_list() ? core::Cut::List : core::Cut::Range);
  set.interval = read_interval(config.partition_interval);
  return core::time_step(set.interval, set.policy.key);
}

std::optional<core::Retention> read_retention(const ManagedSet& set) {
  if (!set.config.retention) return std::nullopt;
  if (!set.is_time()) return pg::parse_bigint(*set.config.retention);
  return read_interval(*set.config.retention);
}

bool is_history(std::string_view table) {
  return table.starts_with("maintenance_") || table == "move_history";
}

}  // namespace

Extension::Extension(Oid function) : schema_(pg::schema_of_function(function)) {}

std::string Extension::with_tables(std::string_view sql) const {
  std::string text;
  for (bool is_name = false;; is_name = !is_name) {
    const auto end = sql.find('%');
    const std::string piece(sql.substr(0, end));
    text += is_name ? object(is_history(piece) ? piece : "part_" + piece) : piece;
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

std::optional<TableColumn> find_column(Oid table, const std::string& name) {
  const pg::Rows rows = pg::query(
      "SELECT atttypid, attnotnull FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attname = $2 AND attnum > 0 "
      "AND NOT attisdropped",
      pg::Params().oid(table).text(name));
  if (rows.empty()) return std::nullopt;
  return TableColumn{.type = rows.oid(0, 0), .not_null = rows.boolean(0, 1)};
}

std::optional<Parent> find_parent(const std::string& raw_name) {
  const pg::SettingsScope settings;
  const std::array<std::string, 1> names{raw_name};
  const std::array<Oid, 1> known{InvalidOid};
  return find_parents(names, known)[0];
}

namespace {

// The two patterns we write ourselves follow the interval when it changes (rulings 7); others are the user's.
std::string name_pattern(const ManagedSet& set) {
  const std::string automatic(core::datetime_string_for(set.interval));
  const std::string stored = set.config.datetime_string.value_or(automatic);
  const bool ours = stored == "YYYYMMDD" || stored == "YYYYMMDD_HH24MISS";
  return ours ? automatic : stored;
}

}  // namespace

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
  set.config.parent = set.parent.oid;
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
  policy.outlier_horizon = set.config.outlier_horizon;
  policy.retention = read_retention(set);
  policy.keep_table = set.config.keeps_table();
  policy.keep_index = set.config.keep_index;
  policy.max_retirements = set.config.max_drop;
  if (set.config.grace) policy.grace = read_interval(*set.config.grace);
  policy.full = set.config.set_full;
  policy.may_empty = set.config.has_sub_config;
  if (set.is_time()) policy.datetime_string = name_pattern(set);
  if (set.config.name_pattern)
    policy.pattern = core::parse_name_pattern(*set.config.name_pattern).value_or(core::NamePattern::Contract);
  decode_children(set.codec, {policy.key, nullptr}, policy.step, set.parent.default_oid, children, facts);
  take_children(set, std::move(children), std::move(facts));
  core::Result<std::shared_ptr<SetZone>> zone = choose_zone(set);
  if (!zone) return zone.refusal();
  set.zone = *zone;
  const core::DailyWindow window = set.config.window.value_or(core::DailyWindow{});
  if (!window.contains(set.zone ? set.zone->to_local(pg::wall_clock()) : pg::wall_clock()))
    set.config.window_lock_budget.reset();
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

// New queries do not see it any more.
void set_aside_half_detached(ManagedSet& set) {
  const auto half = std::ranges::find_if(set.facts, &ChildFacts::half_detached);
  if (half == set.facts.end()) return;
  const auto child = std::next(set.inventory.children.begin(), std::distance(set.facts.begin(), half));
  set.half_detached = std::move(*child);
  set.inventory.children.erase(child);
  set.facts.erase(half);
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
  const bool is_ours = OidIsValid(read.half_detached) && read.half_detached == config.detaching;
  if (read.refusal && !is_ours) {
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
    if (loaded.set) set_aside_half_detached(*loaded.set);
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

enum class Partitions : std::uint8_t { Read, Left };

std::vector<LoadedSet> load(const Extension& extension, std::vector<Config> configs, Partitions partitions) {
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
  std::map<Oid, ReadChildren> children;
  if (partitions == Partitions::Read) children = read_children(oids);
  std::vector<LoadedSet> sets;
  sets.reserve(configs.size());
  for (std::size_t n = 0; n < configs.size(); ++n)
    sets.push_back(load_one(std::move(configs[n]), parents[n], children));
  return sets;
}

std::vector<std::string> names_of(std::span<const Oid> tables) {
  const pg::Rows rows = pg::query(
      "SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
      "c.relnamespace WHERE c.oid = ANY ($1)",
      pg::Params().oids(tables));
  std::vector<std::string> names;
  for (std::size_t row = 0; row < rows.size(); ++row) names.push_back(rows.text(row, 0));
  return names;
}

// A set above that cannot be worked on cannot say where its sub-sets end: they wait for its cure, and only they.
void set_limits(LoadedSet& loaded, const LoadedSet& upper) {
  if (upper.config.time_encoder) return;  // never limits
  if (!upper.set) {
    loaded.refusal = upper.refusal;
    loaded.set.reset();
    return;
  }
  try {
    loaded.set->policy.limits = limits_within(*upper.set, *loaded.set);
  } catch (const pg::Raise& raise) {  // a bound that cannot be read
    loaded.refusal = refusal(code_of(raise.sqlstate), raise.message, raise.hint, raise.detail);
    loaded.set.reset();
  }
}

// Sub-sets stay within the bounds of their own table (contract 8.6). One look for all sets, none without sub-sets.
void set_all_limits(const Extension& extension, std::span<LoadedSet> sets) {
  std::set<Oid> found;
  for (const LoadedSet& loaded : sets)
    if (loaded.set && OidIsValid(loaded.parent->upper)) found.insert(loaded.parent->upper);
  if (found.empty()) return;
  const std::vector<Oid> tables(found.begin(), found.end());
  std::map<Oid, LoadedSet> uppers;
  for (LoadedSet& upper :
       load(extension, read_configs(extension, Selection::Named, names_of(tables)), Partitions::Left))
    if (upper.parent) uppers.emplace(upper.parent->oid, std::move(upper));
  for (LoadedSet& loaded : sets) {
    const auto upper = loaded.set ? uppers.find(loaded.parent->upper) : uppers.end();
    if (upper != uppers.end()) set_limits(loaded, upper->second);
  }
}

}  // namespace

std::vector<LoadedSet> load_sets(const Extension& extension, Selection selection, const std::string& name) {
  const pg::SettingsScope settings;
  const std::array<std::string, 1> wanted{name};
  std::vector<LoadedSet> sets = load(extension, read_configs(extension, selection, wanted), Partitions::Read);
  set_all_limits(extension, sets);
  return sets;
}

ManagedSet load_set(const Extension& extension, const std::string& name) {
  std::vector<LoadedSet> sets = load_sets(extension, Selection::Named, name);
  if (sets.empty())
    refuse(core::Code::UndefinedTable, "table \"" + name + "\" is not managed by pg_strata",
           "Configured sets are listed in part_config; names are written schema.table, without quotes. Use "
           "create_partition to manage a table.");
  if (sets[0].set && sets[0].set->half_detached)
    refuse(core::Code::NotInPrerequisiteState,
           "partition " + in_quotes(sets[0].set->half_detached->schema + "." + sets[0].set->half_detached->name) +
               " is half detached",
           "Maintenance finishes it: run it, or wait for its next run.");
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

bool is_hidden(const LoadedSet& loaded) {
  return loaded.parent && (!may_look(*loaded.parent) || pg::hides_rows(loaded.parent->oid));
}

}  // namespace strata::ops
