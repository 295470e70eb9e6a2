#include "ops/ledger.hpp"

#include "ops/keeper.hpp"
#include "ops/settings.hpp"
#include "pg/kept_query.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

Oid owner_of_books(const Extension& extension) {
  const Oid owner = pg::owner_of(extension.schema(), "part_policy");
  if (!OidIsValid(owner))
    refuse(core::Code::UndefinedTable, "table \"" + extension.schema() + ".part_policy\" does not exist",
           "It belongs to the extension: create the extension anew.");
  return owner;
}

namespace {

constexpr const char* kReadStates = R"sql(
SELECT w.ord, p.parent_table IS NOT NULL, p.time_zone, p.lock_timeout_ms, p.lock_tries, p.deferred_runs,
       CASE WHEN p.system_identifier = $2 AND p.database_oid = $3 THEN p.parent_oid END,
       EXISTS (SELECT 1 FROM %pending_drop% d WHERE d.parent_table = w.name),
       EXISTS (SELECT 1 FROM %move% m WHERE m.parent_table = w.name), p.move_rate_mb, p.move_max_lag_mb,
       p.move_min_free_mb, p.name_pattern, p.heal_max_rows, p.retention_max_drop, nullif(p.retention_grace, '0')::text,
       p.detach_concurrently, p.outlier_horizon, CASE WHEN p.system_identifier = $2 AND p.database_oid = $3 THEN p.detaching_oid END,
       p.duty_cycle, p.deferred_limit, (1000000 * extract(epoch FROM p.window_start))::int8,
       (1000000 * extract(epoch FROM p.window_end))::int8, p.window_lock_budget, p.heal_max_time
FROM ROWS FROM (pg_catalog.unnest($1)) WITH ORDINALITY AS w(name, ord)
LEFT JOIN %policy% p ON p.parent_table = w.name)sql";

std::optional<int> optional_int4(const pg::Rows& rows, std::size_t row, int column) {
  return rows.null(row, column) ? std::nullopt : std::optional<int>(rows.int4(row, column));
}

// What part_policy leaves open the settings say.
void read_state(const pg::Rows& rows, std::size_t row, Config& config) {
  config.has_policy = rows.boolean(row, 1);
  config.has_pending_drops = rows.boolean(row, 7);
  config.has_move = rows.boolean(row, 8);
  const LockSettings settings = lock_settings();
  config.lock_timeout_ms = optional_int4(rows, row, 3).value_or(settings.timeout_ms);
  config.lock_tries = optional_int4(rows, row, 4).value_or(settings.tries);
  config.duty_cycle = optional_int4(rows, row, 19).value_or(settings.duty_cycle);
  config.deferred_limit = optional_int4(rows, row, 20).value_or(settings.deferred_limit);
  if (!config.has_policy) return;
  config.time_zone = rows.optional_text(row, 2);
  config.deferred_runs = rows.int4(row, 5);
  if (!rows.null(row, 9)) config.move_rate_mb = rows.int4(row, 9);
  if (!rows.null(row, 10)) config.move_max_lag_mb = rows.int4(row, 10);
  config.move_min_free_mb = rows.int4(row, 11);
  config.known_parent = rows.oid(row, 6);
  config.name_pattern = rows.optional_text(row, 12);
  config.heal_max_rows = rows.int4(row, 13);
  if (!rows.null(row, 14)) config.max_drop = rows.int4(row, 14);
  config.grace = rows.optional_text(row, 15);
  config.detach_concurrently = rows.boolean(row, 16);
  config.outlier_horizon = optional_int4(rows, row, 17);
  config.detaching = rows.oid(row, 18);
  if (!rows.null(row, 21)) config.window = {.begin = rows.int8(row, 21), .end = rows.int8(row, 22)};
  config.window_lock_budget = optional_int4(rows, row, 23);
  config.heal_max_time = optional_int4(rows, row, 24);
}

// A set's row, made by creation or the first run, and repaired by maintenance.
constexpr const char* kRecordPolicy =
    "INSERT INTO %policy% AS p (parent_table, time_zone, parent_oid, database_oid, system_identifier) "
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (parent_table) DO UPDATE SET "
    "time_zone = coalesce(p.time_zone, excluded.time_zone), parent_oid = excluded.parent_oid, "
    "database_oid = excluded.database_oid, system_identifier = excluded.system_identifier";

constexpr const char* kRememberDrop =
    "INSERT INTO %pending_drop% (child_oid, child_schema, child_table, parent_table, lower_bound, upper_bound, "
    "database_oid, system_identifier, retention) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
    "ON CONFLICT (database_oid, child_oid) DO NOTHING";

constexpr const char* kForgetStale = R"sql(
DELETE FROM %pending_drop% d
WHERE d.parent_table = $1 AND d.database_oid = $2 AND d.system_identifier = $3 AND d.child_oid <> $7
  AND ($4 OR d.retention IS DISTINCT FROM $5 OR NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = d.child_oid AND c.relname = d.child_table AND n.nspname = d.child_schema
          AND NOT c.relispartition AND c.relowner = $6))
RETURNING d.child_schema || '.' || d.child_table)sql";

// Believed only while OID and name still agree.
constexpr const char* kPendingDrops = R"sql(
SELECT d.child_oid, d.child_schema, d.child_table, d.lower_bound, d.upper_bound, c.reltuples, c.reltablespace,
       c.relfilenode, d.detached_at
FROM %pending_drop% d
JOIN pg_catalog.pg_class c ON c.oid = d.child_oid AND c.relname = d.child_table AND NOT c.relispartition
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = d.child_schema
WHERE d.parent_table = $1 AND d.database_oid = $2 AND d.system_identifier = $3 AND c.relowner = $4
  AND d.retention IS NOT DISTINCT FROM $5
ORDER BY d.detached_at, d.child_schema, d.child_table)sql";

constexpr const char* kRecordMove =
    "INSERT INTO %move% (parent_table, operation, phase, pid, started_at, phase_since, source_table, source_oid, "
    "rows_total, bytes_total, working_schema, database_oid, system_identifier) VALUES ($1, $2, 'capturing', "
    "pg_catalog.pg_backend_pid(), pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp(), $3, $4, $5, $6, $7, $8, "
    "$9)";

constexpr const char* kReadMove = R"sql(
SELECT m.source_oid, m.pid, a.pid IS NOT NULL, n.nspname, c.relname
FROM %move% m
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = m.pid AND (a.backend_start <= m.started_at) IS NOT FALSE
LEFT JOIN (ROWS FROM (pg_catalog.unnest(m.working_oids), pg_catalog.unnest(m.working_tables)) AS w(oid, name)
     JOIN pg_catalog.pg_class c ON c.oid = w.oid AND c.relname = w.name AND NOT c.relispartition AND c.relowner = $4
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace) ON m.database_oid = $2 AND m.system_identifier = $3 AND
     n.nspname = m.working_schema
WHERE m.parent_table = $1)sql";

std::int64_t system_of(const pg::DatabaseIdentity& here) noexcept {
  return static_cast<std::int64_t>(here.system);
}

}  // namespace

void add_ledger(const Extension& extension, std::span<Config> configs) {
  if (configs.empty()) return;
  std::vector<std::string> names;
  names.reserve(configs.size());
  for (const Config& config : configs) names.push_back(config.parent_table);
  const pg::DatabaseIdentity here = pg::database_identity();
  const Keeper keeper(extension);
  const pg::Rows rows =
      pg::query(extension.with_tables(kReadStates), pg::Params().texts(names).int8(system_of(here)).oid(here.database));
  for (std::size_t row = 0; row < rows.size(); ++row)
    read_state(rows, row, configs[static_cast<std::size_t>(rows.int8(row, 0)) - 1]);
}

std::optional<std::string> configured_name_of(const Extension& extension, Oid parent) {
  const pg::DatabaseIdentity here = pg::database_identity();
  const Keeper keeper(extension);
  const pg::Rows rows =
      pg::query(extension.with_tables("SELECT parent_table FROM %policy% WHERE parent_oid = $1 AND "
                                      "system_identifier = $2 AND database_oid = $3 ORDER BY 1 LIMIT 1"),
                pg::Params().oid(parent).int8(system_of(here)).oid(here.database));
  if (rows.empty()) return std::nullopt;
  return rows.text(0, 0);
}

void record_policy(const Extension& extension, const ManagedSet& set) {
  const pg::DatabaseIdentity here = pg::database_identity();
  const Keeper keeper(extension);
  pg::execute(extension.with_tables(kRecordPolicy), pg::Params()
                                                        .text(set.config.parent_table)
                                                        .text(set.zone->server().name())
                                                        .oid(set.parent.oid)
                                                        .oid(here.database)
                                                        .int8(system_of(here)));
}

void clear_deferred(const Extension& extension, std::span<const std::string> parents) {
  const Keeper keeper(extension);
  pg::execute(extension.with_tables("UPDATE %policy% SET deferred_runs = 0, deferred_reason = NULL "
                                    "WHERE parent_table = ANY ($1) AND deferred_runs > 0"),
              pg::Params().texts(parents));
}

void count_deferred(const Extension& extension, const std::string& parent, const std::string& blocked_by) {
  const Keeper keeper(extension);
  pg::execute(extension.with_tables("UPDATE %policy% SET deferred_runs = deferred_runs + 1, deferred_reason = $2 "
                                    "WHERE parent_table = $1"),
              pg::Params().text(parent).text("locks held by " + blocked_by));
}

std::map<std::string, PolicyState> policy_states(const Extension& extension) {
  const Keeper keeper(extension);
  const pg::Rows rows = pg::query_kept(extension.with_tables(
      "SELECT p.parent_table, p.registered_at, coalesce(p.deferred_reason, ''), EXISTS (SELECT 1 FROM %move% m "
      "JOIN pg_catalog.pg_stat_activity a ON a.pid = m.pid AND (a.backend_start <= m.started_at) IS NOT FALSE "
      "WHERE m.parent_table = p.parent_table), CASE WHEN c.maintenance_last_run IS NULL THEN (SELECT a.message FROM " +
      extension.object("maintenance_action") +
      " a WHERE a.parent_table = p.parent_table AND a.outcome = 'failed' AND a.started_at >= p.registered_at ORDER BY "
      "a.started_at DESC LIMIT 1) END "
      "FROM %policy% p JOIN %config% c ON c.parent_table = p.parent_table"));
  std::map<std::string, PolicyState> states;
  for (std::size_t row = 0; row < rows.size(); ++row)
    states[rows.text(row, 0)] = {.registered_at = rows.int8(row, 1),
                                 .deferred_reason = rows.text(row, 2),
                                 .is_moving = rows.boolean(row, 3),
                                 .last_error = rows.optional_text(row, 4)};
  return states;
}

std::optional<core::MoveRate> move_rate(const Extension& extension, const std::string& parent) {
  const Keeper keeper(extension);
  const pg::Rows rows = pg::query(
      extension.with_tables("SELECT sum(m.estimated_rows)::int8, sum(m.duration_ms)::int8 FROM (SELECT estimated_rows, "
                            "duration_ms FROM %maintenance_action% WHERE parent_table = $1 AND action = 'move' AND "
                            "outcome = 'done' AND estimated_rows >= 1000 ORDER BY started_at DESC LIMIT 5) AS m"),
      pg::Params().text(parent));
  if (rows.null(0, 0)) return std::nullopt;
  return core::MoveRate{.rows = rows.int8(0, 0), .milliseconds = rows.int8(0, 1)};
}

void keep_last_success(const Extension& extension, const std::string& parent) {
  const Keeper keeper(extension);
  pg::execute(extension.with_tables("UPDATE %policy% p SET last_success = c.maintenance_last_run FROM %config% c WHERE "
                                    "p.parent_table IN (SELECT l.parent_table FROM %policy% l WHERE l.parent_table = "
                                    "$1 FOR NO KEY UPDATE SKIP LOCKED) AND c.parent_table = p.parent_table AND "
                                    "c.maintenance_last_run IS NOT NULL"),
              pg::Params().text(parent));
}

void remember_drop(const Extension& extension, const ManagedSet& set, const core::Action& action) {
  const pg::DatabaseIdentity here = pg::database_identity();
  const std::string lower = set.text(action.range.lower);
  const std::string upper = set.text(action.range.upper);
  const Keeper keeper(extension);
  pg::execute(extension.with_tables(kRememberDrop), pg::Params()
                                                        .oid(action.oid)
                                                        .text(action.schema)
                                                        .text(action.name)
                                                        .text(set.config.parent_table)
                                                        .text(lower)
                                                        .text(upper)
                                                        .oid(here.database)
                                                        .int8(system_of(here))
                                                        .text_or_null(set.config.retention));
}

bool redeem_promise(const Extension& extension, const Config& config, Oid child) {
  const Keeper keeper(extension);
  const pg::Rows rows =
      pg::query(extension.with_tables("DELETE FROM %pending_drop% WHERE child_oid = $1 AND database_oid = $2 "
                                      "RETURNING retention IS NOT DISTINCT FROM $3"),
                pg::Params().oid(child).oid(pg::database_identity().database).text_or_null(config.retention));
  return !rows.empty() && rows.boolean(0, 0);
}

void forget_promise(const Extension& extension, Oid child) {
  const Keeper keeper(extension);
  pg::execute(extension.with_tables("DELETE FROM %pending_drop% WHERE child_oid = $1 AND database_oid = $2"),
              pg::Params().oid(child).oid(pg::database_identity().database));
}

void record_detach(const Extension& extension, const ManagedSet& set, Oid partition) {
  const Keeper keeper(extension);
  pg::execute(extension.with_tables("UPDATE %policy% SET detaching_oid = nullif($2, 0) WHERE parent_table = $1"),
              pg::Params().text(set.config.parent_table).oid(partition));
}

std::vector<std::string> forget_stale_promises(const Extension& extension, const ManagedSet& set) {
  const pg::DatabaseIdentity here = pg::database_identity();
  const Keeper keeper(extension);
  const pg::Rows rows = pg::query(extension.with_tables(kForgetStale), pg::Params()
                                                                           .text(set.config.parent_table)
                                                                           .oid(here.database)
                                                                           .int8(system_of(here))
                                                                           .boolean(set.config.keeps_table())
                                                                           .text_or_null(set.config.retention)
                                                                           .oid(set.parent.owner)
                                                                           .oid(set.config.detaching));
  std::vector<std::string> tables;
  for (std::size_t row = 0; row < rows.size(); ++row) tables.push_back(rows.text(row, 0));
  return tables;
}

void rename_promises(const Extension& extension, const std::string& from, const std::string& to) {
  const Keeper keeper(extension);
  pg::execute(extension.with_tables("UPDATE %pending_drop% SET parent_table = $2 WHERE parent_table = $1"),
              pg::Params().text(from).text(to));
}

bool grace_is_unchanged(const Extension& extension, const Config& config) {
  const Keeper keeper(extension);
  return pg::query(extension.with_tables("SELECT 1 FROM %policy% WHERE parent_table = $1 AND "
                                         "nullif(retention_grace, '0')::text IS DISTINCT FROM $2"),
                   pg::Params().text(config.parent_table).text_or_null(config.grace))
      .empty();
}

std::vector<core::Action> pending_drops(const Extension& extension, const ManagedSet& set, std::int64_t now_utc) {
  if (!set.config.has_pending_drops || set.config.keeps_table()) return {};
  const pg::DatabaseIdentity here = pg::database_identity();
  const Keeper keeper(extension);
  const pg::Rows rows = pg::query(extension.with_tables(kPendingDrops), pg::Params()
                                                                            .text(set.config.parent_table)
                                                                            .oid(here.database)
                                                                            .int8(system_of(here))
                                                                            .oid(set.parent.owner)
                                                                            .text_or_null(set.config.retention));
  std::vector<core::Action> actions;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (!core::grace_is_over(set.policy, set.zone.get(), rows.int8(row, 8), now_utc)) continue;
    if (set.config.max_drop && std::cmp_greater_equal(actions.size(), *set.config.max_drop)) break;
    core::Action action;
    action.kind = core::ActionKind::Drop;
    action.oid = rows.oid(row, 0);
    action.schema = rows.text(row, 1);
    action.name = rows.text(row, 2);
    action.estimated_rows = rows.real(row, 5);
    action.bytes = pg::file_bytes(rows.oid(row, 6), rows.oid(row, 7));
    action.reason = "detached by an earlier run, still to be dropped";
    actions.push_back(std::move(action));
  }
  return actions;
}

void record_move(const Extension& extension, const ManagedSet& set, const MoveRecord& move) {
  const pg::DatabaseIdentity here = pg::database_identity();
  const Keeper keeper(extension);
  pg::execute(extension.with_tables(kRecordMove), pg::Params()
                                                      .text(set.config.parent_table)
                                                      .text(move.operation)
                                                      .text(move.source_table)
                                                      .oid(move.source)
                                                      .int8(move.rows)
                                                      .int8(move.bytes)
                                                      .text(set.parent.schema)
                                                      .oid(here.database)
                                                      .int8(system_of(here)));
}

void record_phase(const Extension& extension, const ManagedSet& set, const std::string& phase) {
  const Keeper keeper(extension);
  pg::execute(extension.with_tables("UPDATE %move% SET phase = $2, phase_since = pg_catalog.clock_timestamp() WHERE "
                                    "parent_table = $1 AND phase <> $2"),
              pg::Params().text(set.config.parent_table).text(phase));
}

void record_progress(const Extension& extension, const ManagedSet& set, std::int64_t rows, std::int64_t bytes) {
  const Keeper keeper(extension);
  pg::execute(extension.with_tables("UPDATE %move% SET rows_done = $2, bytes_done = $3 WHERE parent_table = $1"),
              pg::Params().text(set.config.parent_table).int8(rows).int8(bytes));
}

void record_working_tables(const Extension& extension, const ManagedSet& set, std::span<const std::string> names) {
  const Keeper keeper(extension);
  pg::execute(
      extension.with_tables("UPDATE %move% m SET working_oids = m.working_oids || t.oids, working_tables = "
                            "m.working_tables || t.names FROM (SELECT pg_catalog.array_agg(c.oid ORDER BY c.oid) AS "
                            "oids, pg_catalog.array_agg(c.relname::text ORDER BY c.oid) AS names FROM "
                            "pg_catalog.pg_class c WHERE c.relnamespace = $2 AND c.relname = ANY "
                            "($3::text[]::name[])) t WHERE m.parent_table = $1 AND t.oids IS NOT NULL"),
      pg::Params().text(set.config.parent_table).oid(set.parent.schema_oid).texts(names));
}

void forget_move(const Extension& extension, const ManagedSet& set) {
  const Keeper keeper(extension);
  pg::execute(extension.with_tables("DELETE FROM %move% WHERE parent_table = $1"),
              pg::Params().text(set.config.parent_table));
}

std::optional<LeftMove> read_move(const Extension& extension, const ManagedSet& set) {
  const pg::DatabaseIdentity here = pg::database_identity();
  const Keeper keeper(extension);
  const pg::Rows rows = pg::query(
      extension.with_tables(kReadMove),
      pg::Params().text(set.config.parent_table).oid(here.database).int8(system_of(here)).oid(set.parent.owner));
  if (rows.empty()) return std::nullopt;
  LeftMove left{
      .source = rows.oid(0, 0), .pid = rows.int4(0, 1), .running = rows.boolean(0, 2), .tables = {}, .names = {}};
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows.null(row, 4)) continue;
    left.tables.push_back(pg::qualified(rows.text(row, 3), rows.text(row, 4)));
    left.names.push_back(rows.text(row, 4));
  }
  return left;
}

std::int64_t replication_lag(const Extension& extension) {
  const Keeper keeper(extension);
  return pg::query(
             "SELECT coalesce(pg_catalog.max(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), l.lsn)), "
             "0)::int8 FROM (SELECT replay_lsn FROM pg_catalog.pg_stat_replication UNION ALL SELECT restart_lsn FROM "
             "pg_catalog.pg_replication_slots WHERE wal_status <> 'lost') AS l(lsn)")
      .int8(0, 0);
}

void cancel_autovacuum(const Extension& extension, std::span<const Oid> tables) {
  const Keeper keeper(extension);
  (void)pg::query(
      "SELECT pg_catalog.pg_cancel_backend(a.pid) FROM pg_catalog.pg_stat_activity a WHERE a.backend_type = "
      "'autovacuum worker' AND a.query NOT LIKE '%(to prevent wraparound)' AND EXISTS (SELECT 1 FROM "
      "pg_catalog.pg_locks l WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.granted AND l.relation = ANY ($1) "
      "AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))",
      pg::Params().oids(tables));
}

}  // namespace strata::ops
