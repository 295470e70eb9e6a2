#include "ops/subset.hpp"

#include "ops/create.hpp"

namespace strata::ops {

std::string SubConfig::partition_clause() const {
  return std::string("PARTITION BY ") + (type == "list" ? "LIST" : "RANGE") + " (" + pg::quote_ident(control) + ")";
}

std::string SubConfig::statement(const Extension& extension, const std::string& raw_name) const {
  std::string call = "SELECT " + extension.object("create_partition") + "(" + pg::quote_literal(raw_name) + ", " +
                     pg::quote_literal(control) + ", " + pg::quote_literal(interval) + ", " + pg::quote_literal(type) +
                     ", " + pg::quote_literal(epoch) + ", " + std::to_string(premake) +
                     ", p_automatic_maintenance := " + pg::quote_literal(automatic);
  const auto add = [&](const char* parameter, const std::optional<std::string>& value) {
    if (value) call += std::string(", ") + parameter + " := " + pg::quote_literal(*value);
  };
  add("p_start_partition", start);
  add("p_template_table", template_table);
  add("p_date_trunc_interval", date_trunc_interval);
  add("p_time_encoder", encoder);
  add("p_time_decoder", decoder);
  if (!default_table) call += ", p_default_table := false";
  if (!control_not_null) call += ", p_control_not_null := false";
  if (!jobmon) call += ", p_jobmon := false";
  if (constraint_cols) {
    std::string columns;
    for (const std::string& column : *constraint_cols)
      columns += (columns.empty() ? "" : ", ") + pg::quote_literal(column);
    call += ", p_constraint_cols := ARRAY[" + columns + "]::text[]";
  }
  return call + ")";
}

std::optional<SubConfig> read_sub_config(const Extension& extension, const ManagedSet& upper) {
  if (!upper.config.has_sub_config) return std::nullopt;
  const pg::Rows rows = pg::query(
      "SELECT sub_control, sub_partition_interval, sub_partition_type, sub_epoch, sub_premake, "
      "sub_automatic_maintenance, sub_template_table, sub_date_trunc_interval, sub_time_encoder, "
      "sub_time_decoder, coalesce(sub_default_table, true), coalesce(sub_control_not_null, true), sub_jobmon, "
      "sub_constraint_cols IS NOT NULL FROM " +
          extension.object("part_config_sub") + " WHERE sub_parent = $1",
      pg::Params().text(upper.config.parent_table));
  if (rows.empty()) return std::nullopt;
  SubConfig config{.parent_table = upper.config.parent_table,
                   .control = rows.text(0, 0),
                   .interval = rows.text(0, 1),
                   .type = rows.text(0, 2),
                   .epoch = rows.text(0, 3),
                   .premake = rows.int4(0, 4),
                   .automatic = rows.text(0, 5),
                   .constraint_cols = std::nullopt,
                   .template_table = rows.optional_text(0, 6),
                   .date_trunc_interval = rows.optional_text(0, 7),
                   .encoder = rows.optional_text(0, 8),
                   .decoder = rows.optional_text(0, 9),
                   .default_table = rows.boolean(0, 10),
                   .control_not_null = rows.boolean(0, 11),
                   .jobmon = rows.boolean(0, 12),
                   .start = std::nullopt};
  if (!rows.boolean(0, 13)) return config;
  const pg::Rows columns = pg::query("SELECT pg_catalog.unnest(sub_constraint_cols) FROM " +
                                         extension.object("part_config_sub") + " WHERE sub_parent = $1",
                                     pg::Params().text(upper.config.parent_table));
  config.constraint_cols.emplace();
  for (std::size_t row = 0; row < columns.size(); ++row) config.constraint_cols->push_back(columns.text(row, 0));
  return config;
}

namespace {

// The instant of a key, whatever clock it is read on.
std::int64_t utc_of(const ManagedSet& set, core::Tick tick) {
  if (set.policy.key == core::KeyType::Timestamptz) return tick;
  return set.zone->to_utc(set.calendar().to_local(tick));
}

core::Bound moved(const ManagedSet& from, const core::Bound& bound, const ManagedSet& to) {
  if (!bound.finite() || !to.is_time()) return bound;
  if (!from.calendar().in_range(bound.tick)) return bound.tick < 0 ? core::Bound::min() : core::Bound::max();
  return core::Bound::at(to.calendar().from_utc(utc_of(from, bound.tick)));
}

bool limits(const ManagedSet& upper, const ManagedSet& set) {
  return upper.is_time() == set.is_time() && !upper.config.time_encoder;
}

}  // namespace

std::optional<core::Range> limits_within(const ManagedSet& upper, const ManagedSet& set) {
  if (!limits(upper, set)) return std::nullopt;
  const pg::RawBound bound = pg::read_bound(set.parent.stored_bound);
  if (bound.is_default) return std::nullopt;
  return limits_of({.upper = upper, .range = range_of(upper, bound)}, set);
}

std::optional<core::Range> limits_of(const Place& place, const ManagedSet& set) {
  if (!limits(place.upper, set)) return std::nullopt;
  return core::Range{.lower = moved(place.upper, place.range.lower, set),
                     .upper = moved(place.upper, place.range.upper, set)};
}

void create_subset(const Extension& extension, const SubConfig& config, const Place& place,
                   const std::string& raw_name) {
  using Request = CreateRequest;
  const Request request{
      .parent = raw_name,
      .control = config.control,
      .interval = config.interval,
      .type = config.type,
      .epoch = config.epoch,
      .premake = config.premake,
      .start = config.start,
      .automatic = config.automatic,
      .constraint_cols = config.constraint_cols,
      .template_table = config.template_table,
      .date_trunc_interval = config.date_trunc_interval,
      .encoder = config.encoder,
      .decoder = config.decoder,
      .offset_id = 0,
      .default_table = config.default_table ? Request::Default::Create : Request::Default::None,
      .control_not_null = config.control_not_null ? Request::NotNull::Required : Request::NotNull::Optional,
      .jobmon = config.jobmon ? Request::Jobmon::On : Request::Jobmon::Off};
  (void)create_set(extension, request, &place);
}

void copy_sub_settings(const Extension& extension, const std::string& upper, const std::string& sub_set) {
  const pg::SettingsScope settings;
  pg::execute(
      "UPDATE " + extension.object("part_config") +
          " c SET retention = s.sub_retention, retention_schema = s.sub_retention_schema, "
          "retention_keep_index = s.sub_retention_keep_index, retention_keep_table = s.sub_retention_keep_table, "
          "optimize_constraint = s.sub_optimize_constraint, "
          "infinite_time_partitions = s.sub_infinite_time_partitions, "
          "inherit_privileges = s.sub_inherit_privileges, constraint_valid = s.sub_constraint_valid, "
          "ignore_default_data = s.sub_ignore_default_data, maintenance_order = s.sub_maintenance_order, "
          "retention_keep_publication = s.sub_retention_keep_publication, "
          "detach_before_drop = s.sub_detach_before_drop, maintenance_role = s.sub_maintenance_role FROM " +
          extension.object("part_config_sub") + " s WHERE s.sub_parent = $1 AND c.parent_table = $2",
      pg::Params().text(upper).text(sub_set));
}

void require_same_sub_config(const Extension& extension, const ManagedSet& upper) {
  if (!upper.config.has_sub_config) return;
  const std::string same = extension.object("check_subpart_sameconfig") + "(";
  const pg::Rows rows = pg::query("SELECT count(*) FROM " + same + "$1)", pg::Params().text(upper.config.parent_table));
  if (rows.int8(0, 0) <= 1) return;
  refuse(core::Code::NotInPrerequisiteState,
         "the partitions of \"" + upper.config.parent_table + "\" are configured for different sub-partitions",
         "Make their rows of part_config_sub equal; SELECT * FROM " + same +
             pg::quote_literal(upper.config.parent_table) + ") shows the differences.");
}

namespace {

constexpr const char* kSubColumns =
    "sub_control, sub_time_encoder, sub_time_decoder, sub_partition_interval, sub_partition_type, sub_premake, "
    "sub_automatic_maintenance, sub_template_table, sub_retention, sub_retention_schema, sub_retention_keep_index, "
    "sub_retention_keep_table, sub_epoch, sub_constraint_cols, sub_optimize_constraint, "
    "sub_infinite_time_partitions, sub_jobmon, sub_inherit_privileges, sub_constraint_valid, "
    "sub_ignore_default_data, sub_default_table, sub_date_trunc_interval, sub_maintenance_order, "
    "sub_retention_keep_publication, sub_control_not_null, sub_detach_before_drop, sub_maintenance_role";

}  // namespace

void copy_sibling_sub_config(const Extension& extension, Oid upper, const std::string& sub_set) {
  const pg::SettingsScope settings;
  const std::string table = extension.object("part_config_sub");
  pg::execute("INSERT INTO " + table + " (sub_parent, " + kSubColumns + ") SELECT $2, " + kSubColumns + " FROM " +
                  table +
                  " WHERE sub_parent <> $2 AND sub_parent IN (SELECT n.nspname || '.' || c.relname FROM "
                  "pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN "
                  "pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE i.inhparent = $1) ORDER BY sub_parent "
                  "DESC LIMIT 1 ON CONFLICT (sub_parent) DO NOTHING",
              pg::Params().oid(upper).text(sub_set));
}

}  // namespace strata::ops
