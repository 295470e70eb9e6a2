// The drift check: where sets differ from what their configuration, the plan and their parent say.
//
// A finding has a stable code, and where one is known the SQL that clears it. Everything is read from catalogs and file
// sizes, in a fixed number of queries for all sets; user tables are only opened, as their owner, to see whether a
// default holds a row, and where a plan must (see observe.hpp). No lock is waited for longer than the set's budget.
//
// What is due only since the last run is no finding while runs come often enough: the plan is taken as of that run.
#pragma once

#include "core/drift.hpp"
#include "ops/set.hpp"

namespace strata::ops {

enum class Severity : std::uint8_t { Info, Warning, Error };
[[nodiscard]] const char* severity_name(Severity severity) noexcept;
// Refuses (22023) what is none.
[[nodiscard]] Severity parse_severity(const std::string& name);

struct Finding {
  Severity severity = Severity::Warning;
  std::string code;
  std::optional<std::string> partition;  // raw schema.table
  std::string detail;                    // sentences
  std::string fix;                       // SQL; empty where somebody must decide first
};

struct CheckLine {
  std::string parent_table;
  Finding finding;
};

// Of one set or of all, sets with undo_in_progress and without automatic maintenance included; by set, the worst first.
// Sets the caller may not look at are left out (rulings 21), or refused (42501) when named.
[[nodiscard]] std::vector<CheckLine> check_sets(const Extension& extension, const std::optional<std::string>& parent);

// Raises 55000 with the worst findings as its detail when there are any of this severity or a worse one.
void assert_sets(const Extension& extension, const std::optional<std::string>& parent, Severity at_least);

// --- the parts
// ---------------------------------------------------------------------------------------------------------

// Statements as fixes show them. Arguments are literals.
[[nodiscard]] std::string call_of(const Extension& extension, const std::string& function,
                                  std::span<const std::string> arguments);
[[nodiscard]] std::string config_update(const Extension& extension, const std::string& parent, const std::string& set);

// What the rows of part_config hold besides Config, whether what they name exists, and what only checks ask of the
// books. Times are microseconds UTC.
struct CheckFacts {
  bool automatic = true;
  std::optional<std::int64_t> last_run;  // empty: never, or the last one failed
  std::optional<std::int64_t> registered_at;
  std::optional<std::string> last_error;  // of the last run, when it failed
  std::string deferred_reason;
  std::optional<std::string> maintenance_role;
  std::string missing_columns;  // of constraint_cols, as text[]; empty: none
  bool role_exists = true;
  bool retention_schema_exists = true;
  bool template_exists = true;
  bool is_moving = false;
  int deadlock_ms = 1000;
};
[[nodiscard]] std::map<std::string, CheckFacts> read_check_facts(const Extension& extension);

// A set that could not be loaded: why.
[[nodiscard]] Finding refused(const Extension& extension, const LoadedSet& loaded);
// Configuration and state of its maintenance.
void check_configuration(const Extension& extension, const ManagedSet& set, const CheckFacts& facts,
                         std::int64_t now_utc, std::vector<Finding>& found);
// The last run tells what is overdue while it is not older than this, in microseconds.
[[nodiscard]] std::int64_t tolerated_age(const ManagedSet& set);

// Bounds, names and plan.
void check_partitions_of(const Extension& extension, const ManagedSet& set, const CheckFacts& facts,
                         std::int64_t now_utc, std::vector<Finding>& found);

// Indexes, constraints, triggers, owners, grants, storage: catalogs only, all parents at once.
struct PropertyFinding {
  Oid parent = InvalidOid;
  Finding finding;
};
[[nodiscard]] std::vector<PropertyFinding> check_properties(const Extension& extension,
                                                            std::span<const LoadedSet> sets);

}  // namespace strata::ops
