#include "ops/show.hpp"

#include "ops/child.hpp"
#include "ops/ledger.hpp"
#include "ops/typed_bound.hpp"
#include "pg/bound_reader.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

// --- finding the set ------------------------------------------------------------------------------------------------

// A configured set before its partitions are read.
struct Look {
  Config config;
  Parent parent;
};

// Only what looking needs, so that a retention that does not parse, or an option not built yet, is no obstacle.
constexpr const char* kLookColumns =
    "c.parent_table, c.control, c.partition_interval, c.partition_type, c.epoch, c.time_encoder, "
    "c.time_decoder, c.datetime_string";

std::optional<Config> read_look(const Extension& extension, const std::string& name) {
  const pg::Rows rows = pg::query(std::string("SELECT ") + kLookColumns + " FROM " + extension.object("part_config") +
                                      " c WHERE c.parent_table = $1",
                                  pg::Params().text(name));
  if (rows.empty()) return std::nullopt;
  Config config;
  config.parent_table = rows.text(0, 0);
  config.control = rows.text(0, 1);
  config.partition_interval = rows.text(0, 2);
  config.partition_type = rows.text(0, 3);
  config.epoch = rows.text(0, 4);
  config.time_encoder = rows.optional_text(0, 5);
  config.time_decoder = rows.optional_text(0, 6);
  config.datetime_string = rows.optional_text(0, 7);
  return config;
}

std::optional<std::string> raw_name_of(Oid relation) {
  const pg::Rows rows = pg::query(
      "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "WHERE c.oid = $1",
      pg::Params().oid(relation));
  if (rows.empty()) return std::nullopt;
  return rows.text(0, 0) + "." + rows.text(0, 1);
}

Parent find_configured_parent(const Config& config) {
  std::optional<Parent> parent = find_parent(config.parent_table);
  if (!parent && OidIsValid(config.known_parent)) {
    const std::optional<std::string> renamed = raw_name_of(config.known_parent);
    if (renamed) parent = find_parent(*renamed);
  }
  if (!parent)
    refuse(core::Code::UndefinedTable, "configured table \"" + config.parent_table + "\" does not exist",
           "Delete its row from part_config, or update part_config.parent_table to its new name.");
  return *parent;
}

void require_sight(const Parent& parent) {
  if (may_look(parent)) return;
  refuse(core::Code::InsufficientPrivilege, "permission denied for table " + parent.raw_name(),
         "Looking at a partition set needs ownership of its parent table or SELECT on it.");
}

// By configured name, or by the OID of a parent that was renamed since.
Look look_at(const Extension& extension, const std::string& name, Oid known = InvalidOid) {
  std::optional<Config> config = read_look(extension, name);
  if (!config && OidIsValid(known))
    if (const auto configured = configured_name_of(extension, known)) config = read_look(extension, *configured);
  if (!config)
    refuse(core::Code::UndefinedTable, "table \"" + name + "\" is not managed by pg_strata",
           "Configured sets are listed in part_config; names are written schema.table, without quotes.");
  add_ledger(extension, std::span(&*config, 1));
  Look look{.config = *std::move(config), .parent = {}};
  look.parent = find_configured_parent(look.config);
  require_sight(look.parent);
  find_key_functions(extension, std::span(&look.config, 1));
  return look;
}

// A partition half detached keeps maintenance away, but may be looked at: it is still there.
ManagedSet put_together(Look look, ReadChildren read) {
  if (read.refusal && read.refusal->code != core::Code::NotInPrerequisiteState) throw to_raise(*read.refusal);
  return with_hint("Correct the row of part_config.", [&] {
    return value_or_raise(
        assemble(std::move(look.config), std::move(look.parent), std::move(read.children), std::move(read.facts)));
  });
}

ManagedSet with_partitions(Look look) {
  const std::array<Oid, 1> parents{look.parent.oid};
  ReadChildren read = std::move(read_children(parents)[look.parent.oid]);
  return put_together(std::move(look), std::move(read));
}

// Without partitions where nothing depends on them: only a set that has no recorded zone infers one from its bounds.
// Listing a set and asking about each partition then stays linear.
ManagedSet without_partitions(Look look) {
  const bool zoned = key_type_of(look.parent.key_type, look.config.epoch) == core::KeyType::Timestamptz;
  if (!look.config.time_zone && zoned) return with_partitions(std::move(look));
  return put_together(std::move(look), {});
}

// --- bounds as people see them --------------------------------------------------------------------------------------

// Contract 8.5: truncated by the size of the interval alone, so it can differ from the suffix in the name.
std::optional<std::string> suffix_of(const ManagedSet& set, const core::Bound& lower,
                                     const std::optional<std::string>& interval) {
  if (!set.is_time() || !lower.finite()) return std::nullopt;
  core::IntervalParts parts = set.interval;
  if (interval) {
    const pg::IntervalValue given =
        with_hint("Use an interval such as '1 day'.", [&] { return pg::parse_interval(*interval); });
    parts = {.months = given.months, .days = given.days, .micros = given.micros};
  }
  const auto start = set.calendar().truncate(lower.tick, core::trunc_field_for(parts));
  if (!start) return std::nullopt;
  return value_or_raise(core::format_local(set.calendar().to_local(*start), set.policy.name_format()));
}

// --- the partition of a value ---------------------------------------------------------------------------------------

[[noreturn]] void refuse_value(const ManagedSet& set, const std::string& value) {
  const core::Code code = set.is_time() ? core::Code::DatetimeOverflow : core::Code::NumericOverflow;
  refuse(code, "no partition of \"" + set.config.parent_table + "\" can be named for the value \"" + value + "\"",
         "Give a finite value within the range of the partition key.");
}

// A key without time zone means the wall clock. Read once more without zone: where that names the same instant, the
// text had no offset, and a time that the zone skips in spring stays as written.
core::Tick wall_clock_tick(const ManagedSet& set, const std::string& value, std::int64_t utc) {
  static constexpr const char* kNoZone = "UTC";
  const std::int64_t written = pg::Zone(kNoZone).parse(value);
  const std::int64_t local = set.zone->to_utc(written) == utc ? written : set.zone->to_local(utc);
  return set.calendar().at_or_before(local);
}

core::Tick time_tick(const ManagedSet& set, const std::string& value) {
  const std::int64_t utc = with_hint("Give a date or timestamp; without an offset it is read in the set's time zone.",
                                     [&] { return set.zone->server().parse(value); });
  if (TIMESTAMP_NOT_FINITE(utc)) refuse_value(set, value);
  return set.policy.key == core::KeyType::Timestamptz ? utc : wall_clock_tick(set, value, utc);
}

core::Tick tick_of_text(const ManagedSet& set, const std::string& value) {
  if (set.is_time()) return time_tick(set, value);
  return with_hint("Give a whole number.", [&] { return pg::parse_bigint(value); });
}

// Id sets count from zero until they have a partition to continue.
core::Grid grid_of_set(const ManagedSet& set, std::span<const core::Range> existing) {
  auto grid = core::grid_of(set.calendar(), set.policy.step, existing);
  if (grid) return *grid;
  if (!set.is_time()) return core::Grid{set.calendar(), set.policy.step, 0};
  refuse(core::Code::NotInPrerequisiteState,
         "partition set \"" + set.config.parent_table + "\" has no partition to count from",
         "Create one with create_partition_time().");
}

bool is_table(Oid schema, const std::string& name) {
  const pg::Rows rows = pg::query(
      "SELECT FROM pg_catalog.pg_class WHERE relnamespace = $1 AND relname = $2::name AND relkind IN ('r', 'p')",
      pg::Params().oid(schema).text(name));
  return !rows.empty();
}

// A name that is not to be had, even as fallback, is still the one the partition should bear: the caller learns that a
// table of this name exists.
NamedPartition name_missing(const ManagedSet& set, const core::Range& range) {
  const core::Action action = value_or_raise(core::create_action(set.policy, set.calendar(), range, {}, name_rules()));
  const core::Result<std::string> chosen =
      core::choose_name(action.names, taken_names(set, std::span(&action.names, 1)));
  return {.schema = set.parent.schema,
          .name = chosen ? *chosen : action.names.contract,
          .lower_time = time_of(set, range.lower),
          .lower_id = id_of(set, range.lower),
          .exists = !chosen && is_table(set.parent.schema_oid, action.names.contract)};
}

// --- one partition --------------------------------------------------------------------------------------------------

struct FoundChild {
  Oid parent = InvalidOid;  // invalid when it is no partition
  std::string parent_name;
  pg::RawBound bound;
};

constexpr const char* kFindChild = R"sql(
SELECT p.oid, pn.nspname, p.relname, c.relpartbound::text
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
LEFT JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
WHERE n.nspname = pg_catalog.split_part($1, '.', 1)::name AND c.relname = pg_catalog.split_part($1, '.', 2)::name)sql";

FoundChild find_child(const InfoRequest& request) {
  const pg::Rows rows = pg::query(kFindChild, pg::Params().text(request.child));
  if (rows.empty())
    refuse(core::Code::UndefinedTable,
           "table \"" + request.child + "\" does not exist" +
               (request.parent ? " (partition set \"" + *request.parent + "\")" : ""),
           "Names are written schema.table, without quotes.");
  if (rows.null(0, 0)) return {};
  return {.parent = rows.oid(0, 0),
          .parent_name = rows.text(0, 1) + "." + rows.text(0, 2),
          .bound = pg::read_bound(rows.text(0, 3))};
}

[[noreturn]] void refuse_stranger(const InfoRequest& request) {
  refuse(core::Code::WrongObjectType,
         "\"" + request.child + "\" is not a partition" + (request.parent ? " of \"" + *request.parent + "\"" : ""),
         "show_partitions() lists the partitions of a set.");
}

// --- a name alone ---------------------------------------------------------------------------------------------------

[[noreturn]] void refuse_name(const ManagedSet& set, const std::string& name) {
  refuse(core::Code::InvalidParameterValue,
         "\"" + name + "\" is not the name of a partition of \"" + set.config.parent_table + "\"",
         "The part after the last \"_p\" must be a lower bound as this set writes it.");
}

// Local time as the server's to_timestamp reads it; it is lenient, so what was read must give the same text again.
core::Bound time_in_name(const ManagedSet& set, const std::string& name, const std::string& suffix) {
  std::int64_t local = 0;
  {
    const pg::SettingsScope settings;
    pg::set_local("timezone", "UTC");
    const pg::Rows rows = with_hint("The part after the last \"_p\" must be a lower bound as this set writes it.", [&] {
      return pg::query("SELECT pg_catalog.to_timestamp($1, $2)",
                       pg::Params().text(suffix).text(set.policy.datetime_string));
    });
    local = rows.int8(0, 0);
  }
  const auto tick = set.calendar().from_local(local);
  if (!tick || value_or_raise(core::format_local(local, set.policy.datetime_string)) != suffix) refuse_name(set, name);
  return core::Bound::at(*tick);
}

// The pattern's own ending, which begins at the last "_" but one or two, whatever the table is called.
core::Bound pattern_in_name(const ManagedSet& set, const std::string& name) {
  const std::size_t fields = std::ranges::count(set.policy.name_format(), '_') + std::size_t{1};
  std::size_t at = std::string::npos;
  for (std::size_t n = 0; n < fields && at != 0; ++n) at = name.rfind('_', at - 1);
  const auto local = at < name.size() ? core::read_ending(set.policy.pattern, name.substr(at + 1)) : std::nullopt;
  const auto tick = local ? set.calendar().from_local(*local) : std::nullopt;
  if (!tick)
    refuse(core::Code::InvalidParameterValue,
           "\"" + name + "\" is not the name of a partition of \"" + set.config.parent_table + "\"",
           "It must end as part_policy.name_pattern says, in " + *set.config.name_pattern + ".");
  return core::Bound::at(*tick);
}

core::Bound lower_in_name(const ManagedSet& set, const std::string& name) {
  if (set.policy.pattern != core::NamePattern::Contract) return pattern_in_name(set, name);
  const auto at = name.rfind("_p");
  if (at == std::string::npos) refuse_name(set, name);
  const std::string suffix = name.substr(at + 2);
  if (set.is_time()) return time_in_name(set, name, suffix);
  return core::Bound::at(with_hint("The part after the last \"_p\" must be a lower bound as this set writes it.",
                                   [&] { return pg::parse_bigint(suffix); }));
}

}  // namespace

std::vector<ListedPartition> list_partitions(const Extension& extension, const std::string& parent, Direction direction,
                                             DefaultPartition wanted) {
  const ManagedSet set = with_partitions(look_at(extension, parent));
  std::vector<ListedPartition> list;
  list.reserve(set.inventory.children.size() + 1);
  for (const core::Child& child : set.inventory.children) list.push_back({.schema = child.schema, .name = child.name});
  if (direction == Direction::Descending) std::ranges::reverse(list);
  const std::optional<core::Child>& rest = set.inventory.default_partition;
  if (wanted == DefaultPartition::Included && rest)
    list.insert(list.begin(), {.schema = rest->schema, .name = rest->name});
  return list;
}

NamedPartition name_partition(const Extension& extension, const std::string& parent, const std::string& value) {
  const ManagedSet set = with_partitions(look_at(extension, parent));
  const core::Tick tick = tick_of_text(set, value);
  for (const core::Child& child : set.inventory.children) {
    if (!child.range.contains(tick)) continue;
    return {.schema = child.schema,
            .name = child.name,
            .lower_time = time_of(set, child.range.lower),
            .lower_id = id_of(set, child.range.lower),
            .exists = true};
  }
  const std::vector<core::Range> existing = set.ranges();
  const auto range = core::range_for(grid_of_set(set, existing), existing, tick);
  if (!range) refuse_value(set, value);
  return name_missing(set, *range);
}

PartitionInfo describe_partition(const Extension& extension, const InfoRequest& request) {
  const FoundChild child = find_child(request);
  if (!OidIsValid(child.parent) && !request.parent) refuse_stranger(request);
  Look look =
      request.parent ? look_at(extension, *request.parent) : look_at(extension, child.parent_name, child.parent);
  if (child.parent != look.parent.oid) refuse_stranger(request);
  const ManagedSet set = without_partitions(std::move(look));
  if (child.bound.is_default) return {};
  if (!child.bound.readable)
    refuse(core::Code::FeatureNotSupported,
           "the bounds of partition \"" + request.child + "\" are of a kind not supported");
  const core::Range range = range_of(set, child.bound);
  return {.start_time = time_of(set, range.lower),
          .end_time = time_of(set, range.upper),
          .start_id = id_of(set, range.lower),
          .end_id = set.is_list() ? std::nullopt : id_of(set, range.upper),
          .suffix = suffix_of(set, range.lower, request.interval)};
}

PartitionInfo describe_name(const Extension& extension, const InfoRequest& request) {
  const ManagedSet set = without_partitions(look_at(extension, request.parent.value()));
  const core::Bound lower = lower_in_name(set, request.child);
  return {.start_time = time_of(set, lower),
          .end_time = std::nullopt,
          .start_id = id_of(set, lower),
          .end_id = std::nullopt,
          .suffix = suffix_of(set, lower, request.interval)};
}

}  // namespace strata::ops
