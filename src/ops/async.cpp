// The range of one partition at a time: its rows go from the default to the working table, the partition is created
// where they no longer stand in the way, they go from the working table into it. Each batch commits together with what
// part_config.async_partitioning_in_progress then has to say, and the working table is dropped in the transaction that
// clears it: a crash leaves no third state. What comes next is read from the tables themselves.
//
// Locks: ROW EXCLUSIVE and the locks of the moved rows; ACCESS EXCLUSIVE on the default while the partition is
// attached.
#include "ops/async.hpp"

#include "ops/default_rows.hpp"
#include "ops/key_step.hpp"
#include "ops/observe.hpp"
#include "ops/online_drain.hpp"
#include "ops/source.hpp"
#include "pg/xact.hpp"
#include "pg/zone.hpp"

namespace strata::ops {

namespace {

constexpr int kReplans = 10;

// --- the working table -----------------------------------------------------------------------------------------------

struct WorkingTable {
  ChildName name;
  Oid oid = InvalidOid;  // invalid while there is none
  bool strange = false;  // belongs to another role than the parent
  [[nodiscard]] bool exists() const noexcept { return OidIsValid(oid); }
};

// Only its name says that it is the working table, so nothing may come with it that would then run with the rights of
// the set's owner: it is what create_working_table makes, without an expression of its own.
bool may_hand_over(const ManagedSet& set, const Table& table) {
  const pg::Rows rows = pg::query(
      "SELECT 1 FROM pg_catalog.pg_class c WHERE c.oid = $1 AND NOT c.relrowsecurity AND c.relchecks = 0 "
      "AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid) "
      "AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid) "
      "AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid) "
      "AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND (i.indexprs IS NOT NULL OR "
      "i.indpred IS NOT NULL)) "
      "AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT "
      "a.attisdropped AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute p WHERE p.attrelid = $2 AND p.attname = "
      "a.attname AND p.atttypid = a.atttypid))",
      pg::Params().oid(table.oid).oid(set.parent.oid));
  return !rows.empty() && pg::has_rights_of(table.owner);
}

WorkingTable find_working_table(const ManagedSet& set) {
  const std::string whole = "partman_tmp_storage_" + set.parent.table;
  const core::NameRules rules = name_rules();
  WorkingTable table{
      .name = {.schema = set.parent.schema, .name = whole.substr(0, rules.clip(whole, rules.max_bytes))}};
  const std::optional<Table> found = find_table(table.name.schema, table.name.name);
  if (!found) return table;
  // Left by a former owner of the set: whoever has the rights of both hands it over.
  table.strange = found->owner != set.parent.owner;
  if ((table.strange && !may_hand_over(set, *found)) || found->kind != RELKIND_RELATION)
    refuse(core::Code::DuplicateTable,
           "\"" + found->raw_name() + "\", the name of the working table, is no table of the owner of \"" +
               set.parent.raw_name() + "\"",
           "Rename it; a working table that a former owner of the set has left, ALTER TABLE ... OWNER TO the owner.");
  table.oid = found->oid;
  return table;
}

// The default partition belongs to the owner of the set from now on, and so does the working table.
Attempt make_ours(const ManagedSet& set, const WorkingTable& table, const LockBudget& budget) {
  const Attempt ours = take_over(set, set.parent.default_oid, budget, Mode::Committing);
  if (ours.outcome != Outcome::Done || !table.strange) return ours;
  const std::array<Oid, 1> tables{table.oid};
  return try_action(budget, Mode::Committing, tables, [&](const pg::LockDeadline& deadline) {
    if (!pg::lock_relation(table.oid, AccessExclusiveLock, deadline)) return false;
    const WorkingTable now = find_working_table(set);
    if (now.oid != table.oid) return false;
    if (!now.strange) return true;
    deadline.arm();
    pg::execute("ALTER TABLE " + now.name.quoted() + " OWNER TO " + pg::quote_ident(pg::role_name(set.parent.owner)));
    return true;
  });
}

// Keys are enforced while rows are there, except where a superuser creates the table for its owner, as in the drain.
void create_working_table(const ManagedSet& set, const WorkingTable& table, Oid creator) {
  const std::string create = "CREATE TABLE " + table.name.quoted() + " (LIKE " + set.parent.quoted() +
                             (creator == set.parent.owner ? " INCLUDING INDEXES)" : ")");
  build_child({.build = {create}, .by_creator = 1, .attach = {}, .finish = {}}, set.parent, table.name, creator);
}

// --- what is checked first -------------------------------------------------------------------------------------------

KeyStep checked_step(const ManagedSet& set, const std::string& interval) {
  const KeyStep step = parse_step(set, interval);
  if (is_smaller(set, step)) return step;
  refuse(core::Code::InvalidParameterValue,
         "p_interval must be smaller than the partition interval, " + set.config.partition_interval,
         "Whole partitions are moved by partition_data_proc, which hides no row meanwhile.");
}

struct Work {
  ManagedSet set;
  KeyStep step;
  WorkingTable working;
};

Work prepare(const Extension& extension, const AsyncRequest& request) {
  Work work{.set = load_set(extension, request.parent), .step = {}, .working = {}};
  const ManagedSet& set = work.set;
  require_owner_rights(set.parent);
  if (!set.is_time())
    refuse(core::Code::DatatypeMismatch, "partition_data_async is for time sets only",
           "Use partition_data_proc for \"" + set.parent.raw_name() + "\".");
  if (request.order != "ASC")
    refuse(core::Code::InvalidParameterValue,
           "p_order of partition_data_async must be ASC, not \"" + request.order + "\"", "Leave it out.");
  if (set.config.undo_in_progress) require_idle(set);
  require_no_move(extension, set, Mode::Caller);
  if (!OidIsValid(set.parent.default_oid))
    refuse(core::Code::NotInPrerequisiteState,
           "partition set \"" + set.parent.raw_name() + "\" has no default partition",
           "Rows are moved from the default partition.");
  work.step = checked_step(set, request.interval);
  work.working = find_working_table(set);
  if (work.working.exists() && !set.config.async_in_progress)
    refuse(core::Code::NotInPrerequisiteState,
           "working table \"" + work.working.name.schema + "." + work.working.name.name +
               "\" exists although no asynchronous move of \"" + set.parent.raw_name() + "\" is in progress",
           "Look at its rows; move them where they belong, and drop it.");
  const std::array<Oid, 2> tables{set.parent.oid, set.parent.default_oid};
  require_no_delete_action(tables);
  return work;
}

// --- where the rows are ----------------------------------------------------------------------------------------------

std::optional<core::Tick> lowest_in(const ManagedSet& set, const std::string& from, const core::Range& within = {}) {
  return extreme_key(
      set, End::Lowest, from,
      set.codec.finite_condition(pg::quote_ident(set.parent.key_column)) + " AND " + key_condition(set, within));
}

std::string working_sql(const Work& work) {
  return "ONLY " + work.working.name.quoted();
}

// The range that the smallest row belongs to, those in the working table first.
std::optional<core::Range> next_range(const Work& work) {
  std::optional<core::Tick> key;
  if (work.working.exists()) key = lowest_in(work.set, working_sql(work));
  if (!key) key = lowest_in(work.set, default_source(work.set));
  if (!key) return std::nullopt;
  return range_of_key(work.set, *key);
}

// The next step of keys from the lowest one within the range; empty when none is left.
std::optional<core::Range> next_batch(const Work& work, const std::string& from, const core::Range& range) {
  const std::optional<core::Tick> key = lowest_in(work.set, from, range);
  if (!key) return std::nullopt;
  const core::Bound end = std::max(core::Bound::at(*key + 1), moved_by(work.set, *key, work.step, 1));
  return core::Range{.lower = range.lower, .upper = std::min(range.upper, end)};
}

// As the caller, whose table this is to write. NULL: no move is in progress.
void record_progress(const Extension& extension, const ManagedSet& set, const std::optional<core::Range>& range) {
  std::optional<std::string> text;
  if (range)
    text = set.codec.native() ? set.text(range->lower) : pg::timestamptz_text(range->lower.tick, set.zone->server());
  pg::execute("UPDATE " + extension.object("part_config") +
                  " SET async_partitioning_in_progress = $2 WHERE parent_table = $1 AND "
                  "async_partitioning_in_progress IS DISTINCT FROM $2",
              pg::Params().text(set.config.parent_table).text_or_null(text));
}

// --- the steps -------------------------------------------------------------------------------------------------------

struct Step {
  Attempt attempt;
  std::uint64_t rows = 0;
};

// Default to working table. No rows when the default holds none of the range.
Step take_out(const Extension& extension, Work& work, const core::Range& range, const LockBudget& budget) {
  Step step;
  const Oid creator = creator_for(work.set.parent);
  const std::array<Oid, 2> tables{work.set.parent.oid, work.set.parent.default_oid};
  step.attempt = try_action(budget, Mode::Committing, tables, [&](const pg::LockDeadline& deadline) {
    step.rows = 0;
    deadline.arm();
    record_progress(extension, work.set, range);
    const pg::OwnerScope as_owner(work.set.parent.owner, work.set.parent.schema_oid);
    deadline.arm();
    const std::optional<core::Range> batch = next_batch(work, default_source(work.set), range);
    if (!batch) return true;
    if (!work.working.exists()) create_working_table(work.set, work.working, creator);
    const std::optional<Table> working = find_table(work.working.name.schema, work.working.name.name);
    if (!working || !pg::lock_relation(work.set.parent.default_oid, RowExclusiveLock, deadline) ||
        !pg::lock_relation(working->oid, RowExclusiveLock, deadline))
      return false;
    deadline.arm();
    step.rows = transfer_rows({.from = work.set.parent.default_oid,
                               .from_sql = default_source(work.set),
                               .to = working->oid,
                               .to_sql = working->quoted(),
                               .columns = moved_columns(work.set.parent.oid, working->oid, {}),
                               .condition = key_condition(work.set, *batch)})
                    .rows;
    pg::wait_point("async_taken");
    return true;
  });
  return step;
}

// After the last row of the working table has left it: the next range, or the end. `last` batch: the end in any case.
void advance(const Extension& extension, const Work& work, bool last) {
  std::optional<core::Range> next;
  {
    const pg::OwnerScope as_owner(work.set.parent.owner, work.set.parent.schema_oid);
    if (!pg::query("SELECT 1 FROM " + working_sql(work) + " LIMIT 1").empty()) return;
    const std::optional<core::Tick> key = last ? std::nullopt : lowest_in(work.set, default_source(work.set));
    if (key) next = range_of_key(work.set, *key);
    if (!next) pg::execute("DROP TABLE " + work.working.name.quoted());
  }
  record_progress(extension, work.set, next);
}

// Working table to partition.
Step put_in(const Extension& extension, const AsyncRequest& request, const Work& work, const core::Range& range,
            bool last, const LockBudget& budget) {
  Step step;
  const core::Child* const child = partition_for(work.set, range);
  if (child == nullptr) return {.attempt = {.outcome = Outcome::Changed, .blocked_by = {}}};
  const std::array<Oid, 2> tables{child->oid, work.working.oid};
  step.attempt = try_action(budget, Mode::Committing, tables, [&](const pg::LockDeadline& deadline) {
    MovedRows moved;
    {
      const pg::OwnerScope as_owner(work.set.parent.owner, work.set.parent.schema_oid);
      if (!pg::lock_relation(child->oid, RowExclusiveLock, deadline) ||
          !is_still_called(child->oid, child->schema, child->name) ||
          !pg::lock_relation(work.working.oid, RowExclusiveLock, deadline))
        return false;
      deadline.arm();
      const std::optional<core::Range> batch = next_batch(work, working_sql(work), range);
      if (!batch) return false;
      moved = transfer_rows({.from = work.working.oid,
                             .from_sql = working_sql(work),
                             .to = child->oid,
                             .to_sql = pg::qualified(child->schema, child->name),
                             .columns = moved_columns(work.working.oid, work.set.parent.oid, request.ignored_columns),
                             .all_columns = request.ignored_columns.empty(),
                             .condition = key_condition(work.set, *batch),
                             .identity = Identity::OverrideSystemValue});
    }
    step.rows = moved.rows;
    request.note->add(moved);
    deadline.arm();
    advance(extension, work, last);
    pg::wait_point("async_put");
    return true;
  });
  return step;
}

// What comes next.
struct Next {
  std::optional<core::Range> range;
  bool in_default = false;  // some of its rows are there still
};

Attempt find_next(const Work& work, const LockBudget& budget, Next& next) {
  std::vector<Oid> tables{work.set.parent.default_oid};
  if (work.working.exists()) tables.push_back(work.working.oid);
  return try_action(budget, Mode::Committing, tables, [&](const pg::LockDeadline& deadline) {
    const pg::OwnerScope as_owner(work.set.parent.owner, work.set.parent.schema_oid);
    deadline.arm();
    next.range = next_range(work);
    next.in_default = next.range && lowest_in(work.set, default_source(work.set), *next.range);
    return true;
  });
}

// The partition of the range, which is free of rows of the default; the set as it is then. Changed: look again.
Attempt provide(const Extension& extension, const AsyncRequest& request, Work& work, const core::Range& range,
                const LockBudget& budget) {
  const ProvidedPartition provided = provide_partition(extension, work.set, range, budget, Mode::Committing);
  if (provided.attempt.outcome == Outcome::Done && provided.existence == Existence::Created)
    work = prepare(extension, request);
  return provided.attempt;
}

// It may have been there before the set changed hands.
Attempt take_over_partition(const Work& work, const core::Range& range, const LockBudget& budget) {
  const core::Child* const child = partition_for(work.set, range);
  return child == nullptr ? Attempt{.outcome = Outcome::Changed, .blocked_by = {}}
                          : take_over(work.set, child->oid, budget, Mode::Committing);
}

// One committed batch. No rows and Done: nothing is left.
Step next_step(const Extension& extension, const AsyncRequest& request, bool last, const LockBudget& budget) {
  for (int replan = 0; replan < kReplans; ++replan) {
    Work work = prepare(extension, request);
    Step step{.attempt = make_ours(work.set, work.working, budget)};
    if (step.attempt.outcome == Outcome::Deferred) return step;
    if (step.attempt.outcome == Outcome::Changed) continue;
    Next next;
    step.attempt = find_next(work, budget, next);
    if (step.attempt.outcome != Outcome::Done || !next.range) return step;
    const core::Range& range = *next.range;
    if (next.in_default) {
      step = take_out(extension, work, range, budget);
    } else {
      step.attempt = provide(extension, request, work, range, budget);
      if (step.attempt.outcome == Outcome::Done) step.attempt = take_over_partition(work, range, budget);
      if (step.attempt.outcome == Outcome::Done) step = put_in(extension, request, work, range, last, budget);
    }
    if (step.attempt.outcome == Outcome::Deferred || step.rows > 0) return step;
  }
  refuse(core::Code::NotInPrerequisiteState,
         "the partitions of \"" + request.parent + "\" change faster than rows can be moved",
         "Try again when other sessions have stopped changing them.");
}

// Left over where a call ended between two partitions, or somebody emptied the working table.
void finish(const Extension& extension, const AsyncRequest& request) {
  const Work work = prepare(extension, request);
  if (!work.working.exists()) {
    const pg::SettingsScope settings;
    record_progress(extension, work.set, std::nullopt);
    return;
  }
  const std::array<Oid, 1> tables{work.working.oid};
  const Attempt done =
      try_action(budget_of(work.set.config), Mode::Committing, tables, [&](const pg::LockDeadline& deadline) {
        deadline.arm();
        advance(extension, work, true);
        return true;
      });
  if (done.outcome == Outcome::Deferred) raise_not_locked(request.parent, done);
}

}  // namespace

void move_async(const Extension& extension, const AsyncRequest& asked) {
  const Work work = prepare(extension, asked);
  const pg::AdvisoryLock lock("pg_partman partition_data_async", asked.parent);
  if (!lock.held()) {
    notice("partition_data_async is already running for \"" + asked.parent + "\"");
    return;
  }
  const MoveNote note(extension, {.operation = "partition_data_async",
                                  .parent_table = work.set.config.parent_table,
                                  .from_table = raw_name_of(work.set.parent.default_oid),
                                  .to_table = work.set.parent.raw_name()});
  AsyncRequest request = asked;
  request.note = &note;
  const LockBudget budget = budget_of(work.set.config);
  const int limit = request.batches.value_or(0);
  std::uint64_t rows = 0;
  int batches = 0;
  for (bool more = true; more && (limit <= 0 || batches < limit);) {
    const Step step = try_for(request.lock_wait_seconds, budget, [&](const LockBudget& each) {
      return next_step(extension, request, batches + 1 == limit, each);
    });
    if (step.attempt.outcome == Outcome::Deferred) raise_not_locked(request.parent, step.attempt);
    more = step.rows > 0;
    if (!more) break;
    rows += step.rows;
    ++batches;
  }
  const bool all = limit <= 0 || batches < limit;
  if (all) finish(extension, request);
  notice(batches == 0 ? "the default partition of \"" + request.parent + "\" holds no rows to move"
                      : std::to_string(batches) + " batches committed, " + std::to_string(rows) + " rows moved");
  if (batches > 0) notice("run VACUUM ANALYZE on \"" + request.parent + "\" and its default partition to finish");
}

}  // namespace strata::ops
