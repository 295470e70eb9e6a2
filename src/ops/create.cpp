#include "ops/create.hpp"

#include "ops/constraints.hpp"
#include "ops/fail.hpp"
#include "ops/grow.hpp"
#include "ops/jobmon.hpp"
#include "ops/ledger.hpp"
#include "ops/observe.hpp"
#include "ops/registry.hpp"
#include "ops/rivals.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

// --- arguments (contract 3.4.1, in its order) ------------------------------------------------------------------------

// Interval words of pg_partman 4 and what they are called now.
std::optional<std::string> modern_interval(const std::string& word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> words{{{"yearly", "1 year"},
                                                                                       {"quarterly", "3 months"},
                                                                                       {"monthly", "1 month"},
                                                                                       {"weekly", "1 week"},
                                                                                       {"daily", "1 day"},
                                                                                       {"hourly", "1 hour"},
                                                                                       {"half-hour", "30 minutes"},
                                                                                       {"quarter-hour", "15 minutes"}}};
  for (const auto& [old_word, modern] : words)
    if (word == old_word) return std::string(modern);
  return std::nullopt;
}

void check_name(const CreateRequest& request) {
  const auto periods = std::count(request.parent.begin(), request.parent.end(), '.');
  if (periods == 0)
    refuse(core::Code::InvalidName, "parent table " + in_quotes(request.parent) + " is not schema-qualified",
           "Write it as schema.table, without quotes.");
  if (periods > 1)
    refuse(core::Code::InvalidName, "table name " + in_quotes(request.parent) + " contains more than one period",
           "Names that contain a period are not supported; write schema.table, without quotes.");
}

void check_words(const CreateRequest& request) {
  if (const auto modern = modern_interval(request.interval))
    refuse(core::Code::InvalidParameterValue,
           "interval word " + in_quotes(request.interval) + " is no longer supported",
           "Use interval '" + *modern + "'.");
  if (request.type != "range" && request.type != "list")
    refuse(core::Code::InvalidParameterValue, in_quotes(request.type) + " is not a valid partitioning type",
           "The third argument is the interval, the fourth the type, 'range' or 'list'; before pg_partman 5 it was the "
           "other way round, and the types 'native' and 'partman' are gone.");
  constexpr std::array<std::string_view, 5> epochs{"none", "seconds", "milliseconds", "microseconds", "nanoseconds"};
  if (std::find(epochs.begin(), epochs.end(), request.epoch) == epochs.end())
    refuse(core::Code::InvalidParameterValue, in_quotes(request.epoch) + " is not a valid epoch",
           "Use none, seconds, milliseconds, microseconds or nanoseconds.");
  if (request.automatic != "on" && request.automatic != "off")
    refuse(core::Code::InvalidParameterValue,
           "p_automatic_maintenance must be \"on\" or \"off\", not " + in_quotes(request.automatic),
           "Use 'on' or 'off'.");
  if (request.premake < 1)
    refuse(core::Code::InvalidParameterValue, "premake must be at least 1, not " + std::to_string(request.premake),
           "It counts the partitions to be kept ahead of the current one.");
}

void check_column(const CreateRequest& request, const Parent& parent) {
  const std::optional<TableColumn> column = find_column(parent.oid, request.control);
  if (!column)
    refuse(
        core::Code::UndefinedColumn,
        "control column " + in_quotes(request.control) + " of table " + in_quotes(request.parent) + " does not exist",
        "Name the column by which the table is partitioned.");
  if (!column->not_null && request.control_not_null == CreateRequest::NotNull::Required)
    refuse(
        core::Code::InvalidObjectDefinition,
        "control column " + in_quotes(request.control) + " of table " + in_quotes(request.parent) + " must be NOT NULL",
        "Run ALTER TABLE ... ALTER COLUMN ... SET NOT NULL, or pass p_control_not_null := false.");
  if (!key_type_of(column->type))
    refuse(core::Code::DatatypeMismatch,
           "control column " + in_quotes(request.control) + " of table " + in_quotes(request.parent) + " is of type " +
               pg::type_name(column->type),
           "Supported are timestamptz, timestamp, date, smallint, integer, bigint, numeric, and uuid, text or varchar "
           "with a time encoder.");
}

// Later every run would trip over them.
void check_constraint_columns(const CreateRequest& request, const Parent& parent) {
  if (!request.constraint_cols) return;
  for (const std::string& name : *request.constraint_cols)
    if (!find_column(parent.oid, name))
      refuse(core::Code::UndefinedColumn,
             "constraint column " + in_quotes(name) + " of table " + in_quotes(request.parent) + " does not exist",
             "Name columns of the table in p_constraint_cols.");
}

void check_partitioning(const CreateRequest& request, const Parent& parent) {
  const std::string name = in_quotes(request.parent);
  if (parent.strategy == '\0')
    refuse(core::Code::WrongObjectType, name + " is not a partitioned table",
           "Declare it with PARTITION BY RANGE (" + pg::quote_ident(request.control) + ").");
  const bool list = request.type == "list";
  if (parent.strategy != (list ? 'l' : 'r'))
    refuse(core::Code::WrongObjectType, name + " is not partitioned by " + (list ? "LIST" : "RANGE"),
           "p_type must say how the table was declared, 'range' or 'list'.");
  if (parent.key_columns != 1)
    refuse(core::Code::InvalidObjectDefinition,
           name + " has a partition key of " + std::to_string(parent.key_columns) + " columns",
           "The partition key must be a single column.");
  if (parent.key_column != request.control)
    refuse(core::Code::InvalidObjectDefinition,
           "control column " + in_quotes(request.control) + " is not the partition key of " + name,
           parent.key_column.empty() ? "The partition key is an expression; it must be a plain column."
                                     : "The partition key is " + in_quotes(parent.key_column) + ".");
}

// Epoch, encoder and decoder against the type of the key (contract 3.4.1, 8, 14, 15), and that the functions exist.
void check_codec(const Extension& extension, const CreateRequest& request, const Parent& parent) {
  std::array<Config, 1> config;
  config[0].time_encoder = request.encoder;
  config[0].time_decoder = request.decoder;
  find_key_functions(extension, config);
  KeyFacts facts{.set = request.parent,
                 .column = request.control,
                 .type = parent.key_type,
                 .owner = parent.owner,
                 .epoch = request.epoch,
                 .time_zone = std::nullopt,
                 .lock_timeout_ms = config[0].lock_timeout_ms,
                 .encoder = config[0].encoder,
                 .decoder = config[0].decoder};
  if (!needs_encoder(parent.key_type) && (request.encoder || request.decoder)) facts.encoder = KeyFunction{};
  const bool both = request.encoder && request.decoder;
  if (needs_encoder(parent.key_type) && both && config[0].key_refusal) throw to_raise(*config[0].key_refusal);
  (void)value_or_raise(KeyCodec::choose(std::move(facts)));
  if (request.type == "list" && core::is_time(*key_type_of(parent.key_type, request.epoch)))
    refuse(core::Code::InvalidParameterValue, "LIST sets need an integer or numeric key without epoch",
           "Declare the table PARTITION BY RANGE.");
}

Parent checked_parent(const Extension& extension, const CreateRequest& request) {
  check_name(request);
  check_words(request);
  const std::optional<Parent> parent = find_parent(request.parent);
  if (!parent)
    refuse(core::Code::UndefinedTable, "table " + in_quotes(request.parent) + " does not exist",
           "Create the partitioned table first; the name is case-sensitive and written without quotes.");
  require_owner_rights(*parent);
  if (parent->kind == RELKIND_RELATION || parent->kind == RELKIND_PARTITIONED_TABLE) check_column(request, *parent);
  check_partitioning(request, *parent);
  check_constraint_columns(request, *parent);
  check_codec(extension, request, *parent);
  return *parent;
}

// --- interval and start ----------------------------------------------------------------------------------------------

}  // namespace

Interval checked_interval(const CreateRequest& request, const Parent& parent) {
  const core::KeyType key = *key_type_of(parent.key_type, request.epoch);
  if (!core::is_time(key)) {
    const std::int64_t step = with_hint("An id set needs a whole number as interval, for example '10000'.",
                                        [&] { return pg::parse_bigint(request.interval); });
    (void)value_or_raise(core::id_step(step, key, request.type == "list" ? core::Cut::List : core::Cut::Range));
    return {.text = std::to_string(step), .parts = {}};
  }
  if (request.interval.find_first_not_of("0123456789+- ") == std::string::npos)
    refuse(core::Code::InvalidParameterValue,
           "partition interval \"" + request.interval + "\" of a time set has no unit",
           "Write an interval with a unit, for example '1 day'.");
  const pg::IntervalValue value = with_hint("Write an interval with a unit, for example '1 day'.",
                                            [&] { return pg::parse_interval(request.interval); });
  const core::IntervalParts parts{.months = value.months, .days = value.days, .micros = value.micros};
  (void)value_or_raise(core::time_step(parts, key));
  return {.text = pg::print_interval(value), .parts = parts};
}

namespace {

std::optional<core::TruncField> checked_trunc(const CreateRequest& request) {
  if (!request.date_trunc_interval) return std::nullopt;
  return value_or_raise(core::parse_trunc_field(*request.date_trunc_interval));
}

std::optional<std::int64_t> checked_start(const CreateRequest& request, const ManagedSet& set) {
  if (!request.start) return std::nullopt;
  if (!set.is_time())
    return with_hint("p_start_partition of an id set is a whole number.",
                     [&] { return pg::parse_bigint(*request.start); });
  const std::int64_t start = with_hint("p_start_partition of a time set is a timestamp, for example '2026-01-01'.",
                                       [&] { return set.zone->server().parse(*request.start); });
  if (TIMESTAMP_NOT_FINITE(start))
    refuse(core::Code::DatetimeOverflow, "p_start_partition must be finite", "Give the first day you need.");
  return start;
}

// --- creation --------------------------------------------------------------------------------------------------------

// The topmost set that holds this one and is cut by ids, level by level; `upper` is that of a table which is not
// attached yet.
struct Topmost {
  core::Child table;
  Oid owner = InvalidOid;
  Oid schema = InvalidOid;
};

Topmost topmost_by_id(const Extension& extension, const Parent& from) {
  const pg::SettingsScope settings;
  const pg::Rows rows = pg::query(
      "WITH RECURSIVE held (oid, level) AS (SELECT $1, 0 UNION ALL SELECT c.oid, held.level + 1 FROM held CROSS JOIN "
      "LATERAL (SELECT inhparent FROM pg_catalog.pg_inherits WHERE inhrelid = held.oid UNION SELECT $2 WHERE held.oid "
      "= $1) AS i JOIN pg_catalog.pg_class c ON c.oid = i.inhparent JOIN pg_catalog.pg_namespace n ON n.oid = "
      "c.relnamespace JOIN " +
          extension.object("part_config") +
          " AS p ON p.parent_table = n.nspname || '.' || c.relname AND p.epoch = 'none' JOIN pg_catalog.pg_attribute "
          "AS a ON a.attrelid = c.oid AND a.attname = p.control AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, "
          "'int8'::regtype, 'numeric'::regtype)) SELECT c.oid, n.nspname, c.relname, c.relowner, n.oid FROM held "
          "JOIN "
          "pg_catalog.pg_class c ON c.oid = held.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER "
          "BY held.level DESC LIMIT 1",
      pg::Params().oid(from.oid).oid(from.upper));
  return {.table = {.oid = rows.oid(0, 0), .schema = rows.text(0, 1), .name = rows.text(0, 2), .range = {}},
          .owner = rows.oid(0, 3),
          .schema = rows.oid(0, 4)};
}

std::optional<core::Tick> largest_id_in(const ManagedSet& set, const Topmost& where) {
  const pg::OwnerScope as_owner(where.owner, where.schema);
  pg::LockDeadline(set.config.lock_timeout_ms).arm();
  return largest_key(set, where.table);
}

// Largest id in the whole tree the set belongs to, defaults included (contract 3.4.6), and among the rows it will get.
core::Tick largest_id(const Extension& extension, const ManagedSet& set, const Place* place) {
  const bool within_ids = place != nullptr && !place->upper.is_time();
  std::optional<core::Tick> largest =
      largest_id_in(set, topmost_by_id(extension, within_ids ? place->upper.parent : set.parent));
  if (place != nullptr && place->replaced)
    largest = std::max(
        largest,
        largest_id_in(set, {.table = *place->replaced, .owner = set.parent.owner, .schema = set.parent.schema_oid}));
  return largest.value_or(0);
}

core::InitialRequest initial_request(const Extension& extension, const CreateRequest& request, const ManagedSet& set,
                                     const Place* place) {
  core::InitialRequest initial{.start = checked_start(request, set),
                               .now_utc = pg::transaction_start(),
                               .max_id = 0,
                               .offset_id = request.offset_id,
                               .interval = set.interval,
                               .trunc = checked_trunc(request)};
  if (!set.is_time() && !initial.start) initial.max_id = largest_id(extension, set, place);
  return initial;
}

// Ranges whose rows sit in an adopted default are left to partition_data_*: said, and not an error, because the set
// must be configured before anything can move them.
void drop_blocked(const Extension& extension, PlannedSet& planned) {
  const std::size_t before = planned.actions.size();
  std::erase_if(planned.actions, [](const PlannedAction& a) { return a.action.kind == core::ActionKind::Blocked; });
  if (planned.actions.size() == before) return;
  pg::report(
      {.level = WARNING,
       .message = "rows in the default partition of " + in_quotes(planned.set.parent.raw_name()) +
                  " belong to partitions that were not created: " + std::to_string(before - planned.actions.size()),
       .hint = "Move them with " + cure_for_default(extension, planned.set) + "."});
}

void require_done(const PlannedSet& planned, const Attempt& attempt) {
  const std::string name = planned.set.parent.raw_name();
  if (attempt.outcome == Outcome::Deferred) raise_not_locked(name, attempt);
  if (attempt.outcome == Outcome::Changed)
    refuse(core::Code::NotInPrerequisiteState,
           "table " + in_quotes(name) + " was changed while partitions were created", "Call again.");
}

bool has_default(const ManagedSet& set) noexcept {
  return OidIsValid(set.parent.default_oid);
}

}  // namespace

namespace {

// What a sub-set takes over from the set it belongs to, before its own partitions are planned.
void inherit_settings(const Extension& extension, const Parent& parent, const Place* place) {
  const Oid upper = place != nullptr ? place->upper.parent.oid : parent.upper;
  if (place != nullptr) copy_sub_settings(extension, place->upper.config.parent_table, parent.raw_name());
  if (OidIsValid(upper)) copy_sibling_sub_config(extension, upper, parent.raw_name());
}

}  // namespace

namespace {

bool build_set(const Extension& extension, const CreateRequest& request, const Place* place) {
  const Parent parent = checked_parent(extension, request);
  if (place == nullptr) warn_of_rivals(extension, request.parent);
  const Interval interval = checked_interval(request, parent);
  (void)checked_trunc(request);
  (void)creator_for(parent);
  const std::optional<std::string> template_table = provide_template(extension, parent, request.template_table);
  register_set(extension, request, parent,
               {.interval = interval.text, .parts = interval.parts, .template_table = template_table});
  inherit_settings(extension, parent, place);
  ManagedSet set = load_set(extension, request.parent);
  if (place != nullptr) {
    set.policy.limits = limits_of(*place, set);
    set.parent.upper = place->upper.parent.oid;
  }
  record_policy(extension, set);
  std::vector<core::Action> actions = value_or_raise(core::plan_initial(
      set.policy, set.calendar(), set.inventory, initial_request(extension, request, set, place), name_rules()));
  const bool anything = !actions.empty() || !set.inventory.children.empty();
  const bool nowhere_to_go = place != nullptr && request.default_table == CreateRequest::Default::Create;
  if (!anything && !nowhere_to_go) {
    pg::report({.level = WARNING,
                .message = "no partitions of " + in_quotes(request.parent) + " were created",
                .detail = "Its configuration was stored nevertheless."});
    return false;
  }
  PlannedSet planned = plan_creations(extension, std::move(set), std::move(actions));
  drop_blocked(extension, planned);
  if (!planned.actions.empty()) require_done(planned, create_partitions(extension, planned));
  if (request.default_table == CreateRequest::Default::Create && !has_default(planned.set)) {
    planned.recipe = read_recipe(planned.set.parent, template_table, Privileges::Own);
    require_done(planned, create_default(planned));
  }
  constrain_after_creation(extension, request.parent, Mode::Caller);
  return true;
}

}  // namespace

bool create_set(const Extension& extension, const CreateRequest& request, const Place* place) {
  const Job::Wanted wanted = request.jobmon == CreateRequest::Jobmon::On ? Job::Wanted::Yes : Job::Wanted::No;
  return logged(Job("PARTMAN SETUP PARENT: " + request.parent, wanted), "Creating the first partitions", Mode::Caller,
                [&](Job& job) {
                  const bool created = build_set(extension, request, place);
                  if (!created) job.notice("No partitions were created");
                  return created;
                });
}

namespace {

core::Range range_at(const ManagedSet& set, std::int64_t lower) {
  const core::Tick tick = set.codec.snap(set.is_time() ? set.calendar().from_utc(lower) : lower);
  // A boundary of the grid ends at the next one; a step from it would not where its midnight does not exist.
  const std::vector<core::Range> existing = set.ranges();
  if (const auto grid = core::grid_of(set.calendar(), set.policy.step, existing)) {
    const std::optional<core::Range> cell = grid->cell(grid->cell_of(tick));
    if (cell && cell->lower == core::Bound::at(tick)) return *cell;
  }
  const std::optional<core::Tick> upper = set.calendar().advance(tick, set.policy.step, 1);
  if (!upper) return {};
  return {.lower = core::Bound::at(tick), .upper = core::Bound::at(*upper)};
}

// New, or already there; anything in between is an overlap and refused before anything is created.
bool is_missing(const ManagedSet& set, const core::Range& range) {
  for (const core::Child& child : set.inventory.children) {
    if (set.is_list() ? child.range.lower != range.lower : !child.range.overlaps(range)) continue;
    if (set.is_list()) return false;
    if (child.range.lower <= range.lower && range.upper <= child.range.upper) return false;
    refuse(core::Code::InvalidObjectDefinition,
           "partition from " + set.text(range.lower) + " to " + set.text(range.upper) + " would overlap partition " +
               in_quotes(child.schema + "." + child.name),
           "show_partitions and show_partition_info list what exists.");
  }
  return true;
}

bool is_asked_twice(const ManagedSet& set, const std::vector<core::Action>& wanted, const core::Range& range) {
  for (const core::Action& action : wanted) {
    if (action.range == range) return true;
    if (set.is_list() || !action.range.overlaps(range)) continue;
    refuse(core::Code::InvalidObjectDefinition,
           "partitions from " + set.text(action.range.lower) + " and from " + set.text(range.lower) +
               " were asked for and would overlap",
           "Give lower bounds that are at least one partition interval apart.");
  }
  return false;
}

std::vector<core::Action> wanted_at(const ManagedSet& set, std::span<const std::int64_t> lower_bounds) {
  std::vector<core::Action> actions;
  for (const std::int64_t lower : lower_bounds) {
    const core::Range range = range_at(set, lower);
    if (!range.lower.finite()) {
      pg::report({.level = WARNING,
                  .message = "a partition bound of " + in_quotes(set.parent.raw_name()) + " is out of range, skipped"});
      continue;
    }
    // No row of a sub-set gets past the bounds of its table (contract 3.5).
    if (!set.policy.within_limits(range.lower)) continue;
    if (is_missing(set, range) && !is_asked_twice(set, actions, range))
      actions.push_back(
          value_or_raise(core::create_action(set.policy, set.calendar(), range, "asked for", name_rules())));
  }
  return actions;
}

}  // namespace

void create_or_refuse(const Extension& extension, ManagedSet set, std::vector<core::Action> actions) {
  const PlannedSet planned = plan_creations(extension, std::move(set), std::move(actions));
  const std::string parent = planned.set.parent.raw_name();
  for (const PlannedAction& action : planned.actions)
    if (action.action.kind == core::ActionKind::Blocked)
      refuse(core::Code::CheckViolation,
             "rows in the default partition of " + in_quotes(parent) + " belong to a partition that was asked for",
             "Move them with " + cure_for_default(extension, planned.set) + ".");
  require_done(planned, create_partitions(extension, planned));
  constrain_after_creation(extension, planned.set.config.parent_table, Mode::Caller);
}

namespace {

bool create_asked_for(const Extension& extension, const std::string& parent, KeyKind kind,
                      std::span<const std::int64_t> lower_bounds) {
  ManagedSet set = load_set(extension, parent);
  require_owner_rights(set.parent);
  if (set.is_time() != (kind == KeyKind::Time))
    refuse(core::Code::DatatypeMismatch, in_quotes(parent) + (set.is_time() ? " is a time set" : " is an id set"),
           set.is_time() ? "Use create_partition_time." : "Use create_partition_id.");
  std::vector<core::Action> actions = wanted_at(set, lower_bounds);
  if (actions.empty()) return false;
  create_or_refuse(extension, std::move(set), std::move(actions));
  return true;
}

}  // namespace

bool create_at(const Extension& extension, const std::string& parent, KeyKind kind,
               std::span<const std::int64_t> lower_bounds) {
  return logged(Job("PARTMAN CREATE TABLE: " + parent, extension, parent), "Creating partitions asked for",
                Mode::Caller, [&](Job& job) {
                  const bool created = create_asked_for(extension, parent, kind, lower_bounds);
                  if (!created) job.notice("All of them exist");
                  return created;
                });
}

}  // namespace strata::ops
