// Findings about the configuration of a set and the state of its maintenance.
#include "ops/check.hpp"
#include "ops/ledger.hpp"
#include "pg/kept_query.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

std::string policy_update(const Extension& extension, const std::string& parent, const std::string& set) {
  return "UPDATE " + extension.object("part_policy") + " SET " + set +
         " WHERE parent_table = " + pg::quote_literal(parent);
}

std::string run_of(const Extension& extension, const std::string& parent) {
  return call_of(extension, "run_maintenance", std::array<std::string, 1>{parent});
}

std::string cleanup_of(const Extension& extension, const std::string& parent) {
  return call_of(extension, "config_cleanup", std::array<std::string, 1>{parent});
}

std::string sentence(const std::string& message) {
  std::string text = message + ".";
  if (!message.empty() && message[0] >= 'a' && message[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string explained(const core::Refusal& refusal) {
  std::string text = sentence(refusal.message);
  if (!refusal.detail.empty()) text += " " + refusal.detail;
  if (!refusal.hint.empty()) text += " " + refusal.hint;
  return text;
}

Finding error_of(std::string code, const core::Refusal& refusal, std::string fix) {
  return {.severity = Severity::Error,
          .code = std::move(code),
          .partition = std::nullopt,
          .detail = explained(refusal),
          .fix = std::move(fix)};
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// A table made anew with another type of key: the interval is then of the wrong kind.
bool key_changed_kind(const LoadedSet& loaded) {
  const std::optional<core::KeyType> key = key_type_of(loaded.parent->key_type, loaded.config.epoch);
  return !key || core::is_time(*key) == is_number(loaded.config.partition_interval);
}

std::string control_fix(const Extension& extension, const LoadedSet& loaded) {
  if (loaded.parent->key_columns != 1 || loaded.parent->key_column.empty())
    return cleanup_of(extension, loaded.config.parent_table);
  return config_update(extension, loaded.config.parent_table,
                       "control = " + pg::quote_literal(loaded.parent->key_column));
}

// The functions of the extension fit uuid keys; for others somebody must write some.
std::string encoder_fix(const Extension& extension, const LoadedSet& loaded) {
  if (loaded.parent->key_type != UUIDOID) return {};
  return config_update(extension, loaded.config.parent_table,
                       "time_encoder = " + pg::quote_literal(extension.schema() + ".uuid7_time_encoder") +
                           ", time_decoder = " + pg::quote_literal(extension.schema() + ".uuid7_time_decoder"));
}

}  // namespace

std::string call_of(const Extension& extension, const std::string& function, std::span<const std::string> arguments) {
  std::string list;
  for (const std::string& argument : arguments) list += (list.empty() ? "" : ", ") + pg::quote_literal(argument);
  return "SELECT " + extension.object(function) + "(" + list + ")";
}

std::string config_update(const Extension& extension, const std::string& parent, const std::string& set) {
  return "UPDATE " + extension.object("part_config") + " SET " + set +
         " WHERE parent_table = " + pg::quote_literal(parent);
}

Finding refused(const Extension& extension, const LoadedSet& loaded) {
  const core::Refusal& why = *loaded.refusal;
  const std::string& name = loaded.config.parent_table;
  if (!loaded.parent) return error_of("parent_missing", why, cleanup_of(extension, name));
  if (loaded.parent->strategy == '\0' ||
      loaded.parent->strategy != (loaded.config.partition_type == "list" ? 'l' : 'r'))
    return error_of("not_partitioned", why, cleanup_of(extension, name));
  if (loaded.parent->key_columns != 1 || loaded.parent->key_column != loaded.config.control)
    return error_of("control_changed", why, control_fix(extension, loaded));
  if (loaded.config.key_refusal) return error_of("unsafe_encoder", why, encoder_fix(extension, loaded));
  if (key_changed_kind(loaded)) return error_of("key_type_changed", why, cleanup_of(extension, name));
  if (loaded.config.time_zone && !pg::zone_exists(*loaded.config.time_zone))
    return error_of("time_zone_unknown", why,
                    policy_update(extension, name, "time_zone = " + pg::quote_literal(pg::session_zone())));
  return error_of("configuration_invalid", why, {});
}

// --- facts -----------------------------------------------------------------------------------------------------------

namespace {

constexpr const char* kFacts = R"sql(
SELECT c.parent_table, c.automatic_maintenance = 'on', c.maintenance_last_run, c.maintenance_role,
       c.maintenance_role IS NULL OR EXISTS (SELECT 1 FROM pg_catalog.pg_roles r WHERE r.rolname = c.maintenance_role::name),
       c.retention_schema IS NULL
         OR EXISTS (SELECT 1 FROM pg_catalog.pg_namespace n WHERE n.nspname = c.retention_schema::name),
       c.template_table IS NULL OR EXISTS (
         SELECT 1 FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
         WHERE n.nspname = split_part(c.template_table, '.', 1)::name
           AND t.relname = split_part(c.template_table, '.', 2)::name AND t.relkind = 'r'),
       (SELECT array_agg(w.name)::text FROM pg_catalog.unnest(c.constraint_cols) AS w(name)
        WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class k ON k.oid = a.attrelid
          JOIN pg_catalog.pg_namespace n ON n.oid = k.relnamespace
          WHERE n.nspname = split_part(c.parent_table, '.', 1)::name
            AND k.relname = split_part(c.parent_table, '.', 2)::name
            AND a.attname = w.name::name AND a.attnum > 0 AND NOT a.attisdropped)),
       (SELECT (1000 * extract(epoch FROM current_setting('deadlock_timeout')::interval))::int4)
FROM %config% c)sql";

CheckFacts read_facts(const pg::Rows& rows, std::size_t row) {
  CheckFacts facts;
  facts.automatic = rows.boolean(row, 1);
  if (!rows.null(row, 2)) facts.last_run = rows.int8(row, 2);
  facts.maintenance_role = rows.optional_text(row, 3);
  facts.role_exists = rows.boolean(row, 4);
  facts.retention_schema_exists = rows.boolean(row, 5);
  facts.template_exists = rows.boolean(row, 6);
  facts.missing_columns = rows.text(row, 7);
  facts.deadlock_ms = rows.int4(row, 8);
  return facts;
}

}  // namespace

std::map<std::string, CheckFacts> read_check_facts(const Extension& extension) {
  const pg::Rows rows = pg::query_kept(extension.with_tables(kFacts));
  const std::map<std::string, PolicyState> states = policy_states(extension);
  std::map<std::string, CheckFacts> all;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    CheckFacts& facts = all[rows.text(row, 0)] = read_facts(rows, row);
    const auto state = states.find(rows.text(row, 0));
    if (state == states.end()) continue;
    facts.registered_at = state->second.registered_at;
    facts.deferred_reason = state->second.deferred_reason;
    facts.is_moving = state->second.is_moving;
    facts.last_error = state->second.last_error;
  }
  return all;
}

// --- configuration ---------------------------------------------------------------------------------------------------

namespace {

// Everything one set is asked, so that each question below is one line of the list.
class Look {
 public:
  Look(const Extension& extension, const ManagedSet& set, const CheckFacts& facts, std::vector<Finding>& found) noexcept
      : extension_(extension), set_(set), name_(set.config.parent_table), facts_(facts), found_(found) {}

  void references() {
    if (!facts_.template_exists)
      add(Severity::Error, "template_missing", "Template " + *set_.config.template_table + " does not exist.",
          config_update(extension_, name_, "template_table = NULL"));
    if (!facts_.retention_schema_exists)
      add(Severity::Error, "retention_schema_missing",
          "Schema " + *set_.config.retention_schema + ", where retired partitions go, does not exist.",
          "CREATE SCHEMA " + pg::quote_ident(*set_.config.retention_schema) + " AUTHORIZATION " + owner());
    if (!facts_.role_exists)
      add(Severity::Warning, "maintenance_role_missing",
          "Role " + *facts_.maintenance_role + ", to which row-level security shows this row, does not exist.",
          config_update(extension_, name_,
                        "maintenance_role = " + pg::quote_literal(pg::role_name(set_.parent.owner))));
    if (!facts_.missing_columns.empty())
      add(Severity::Error, "constraint_column_missing",
          "Columns " + facts_.missing_columns + " of constraint_cols do not exist.",
          config_update(extension_, name_,
                        "constraint_cols = (SELECT array_agg(c) FROM unnest(constraint_cols) AS c WHERE c <> ALL (" +
                            pg::quote_literal(facts_.missing_columns) + "::text[]))"));
  }

  void identity() {
    if (set_.renamed)
      add(Severity::Warning, "parent_renamed", "The table is called " + set_.parent.raw_name() + " now.",
          run_of(extension_, name_));
    else if (OidIsValid(set_.config.known_parent) && set_.config.known_parent != set_.parent.oid)
      add(Severity::Warning, "parent_replaced", "Another table has had this name when the set was last maintained.",
          run_of(extension_, name_));
  }

  void unfinished() {
    if (set_.config.undo_in_progress)
      add(Severity::Warning, "undo_unfinished", "undo_in_progress is set: the set is not maintained.",
          config_update(extension_, name_, "undo_in_progress = false"));
    if (set_.config.async_in_progress)
      add(Severity::Warning, "async_unfinished",
          "Rows are in " + *set_.config.async_in_progress + ", and the set is not maintained until they are moved.",
          "CALL " + extension_.object("partition_data_async") + "(" + pg::quote_literal(name_) + ")");
    if (set_.config.has_move && !facts_.is_moving)
      add(Severity::Warning, "move_interrupted", "A move of rows was interrupted and has left working tables.",
          run_of(extension_, name_));
  }

  void locks() {
    if (set_.config.deferred_runs > 0 && set_.config.deferred_runs >= set_.config.deferred_limit)
      add(Severity::Error, "maintenance_deferred",
          "The last " + std::to_string(set_.config.deferred_runs) +
              " runs could not get their locks: " + facts_.deferred_reason + ".",
          run_of(extension_, name_));
    if (set_.config.lock_timeout_ms >= facts_.deadlock_ms)
      add(Severity::Warning, "lock_budget_too_long",
          "lock_timeout_ms is not below deadlock_timeout (" + std::to_string(facts_.deadlock_ms) +
              " ms): waiting for a lock can end in the deadlock of a client.",
          policy_update(extension_, name_,
                        "lock_timeout_ms = " + std::to_string(std::max(1, std::min(300, facts_.deadlock_ms / 2)))));
  }

  void runs(std::int64_t now_utc) {
    if (!facts_.automatic || set_.config.undo_in_progress || set_.config.deferred_runs >= set_.config.deferred_limit)
      return;
    if (!facts_.last_run && facts_.last_error)
      return add(Severity::Error, "maintenance_failing", "The last run failed: " + *facts_.last_error,
                 run_of(extension_, name_));
    const std::optional<std::int64_t> since = facts_.last_run ? facts_.last_run : facts_.registered_at;
    if (!since || now_utc - *since <= tolerated_age(set_)) return;
    add(Severity::Warning, facts_.last_run ? "maintenance_stale" : "never_maintained",
        facts_.last_run ? "The last run was longer ago than two intervals, or a day or two."
                        : "No run has maintained it.",
        run_of(extension_, name_));
  }

 private:
  [[nodiscard]] std::string owner() const { return pg::quote_ident(pg::role_name(set_.parent.owner)); }
  void add(Severity severity, const char* code, std::string detail, std::string fix) {
    found_.push_back({.severity = severity,
                      .code = code,
                      .partition = std::nullopt,
                      .detail = std::move(detail),
                      .fix = std::move(fix)});
  }

  const Extension& extension_;
  const ManagedSet& set_;
  const std::string& name_;
  const CheckFacts& facts_;
  std::vector<Finding>& found_;
};

}  // namespace

std::int64_t tolerated_age(const ManagedSet& set) {
  const std::int64_t day = core::kMicrosPerDay;
  const core::Wide step = set.is_time() ? core::interval_span(set.interval) : core::Wide{day};
  return 2 * static_cast<std::int64_t>(std::clamp<core::Wide>(step, core::kMicrosPerHour, 7 * day));
}

void check_configuration(const Extension& extension, const ManagedSet& set, const CheckFacts& facts,
                         std::int64_t now_utc, std::vector<Finding>& found) {
  Look look(extension, set, facts, found);
  look.references();
  look.identity();
  look.unfinished();
  look.locks();
  look.runs(now_utc);
}

}  // namespace strata::ops
