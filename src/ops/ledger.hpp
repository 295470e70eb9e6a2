// The books that pg_strata keeps for itself: part_policy (zone, identity, lock budget of a set), part_pending_drop and
// part_move.
//
// They are read and written as their owner, by the statements of ledger.cpp and no others, so that whoever may maintain
// a set needs rights on part_config and part_config_sub only, as with pg_partman. What keeps that narrow: values come
// from catalogs and from the set at hand, never from the caller's text; no code of others can run (no trigger, no
// policy, built-in operators); and the set named is always one that the caller has read in part_config, where an
// administrator's policies hold. What writes is called after require_owner_rights.
#pragma once

#include "core/heal.hpp"
#include "ops/set.hpp"

namespace strata::ops {

// Fills what the books know of these sets.
void add_ledger(const Extension& extension, std::span<Config> configs);

// Under which name the set of this parent is configured; empty when it is not known here.
[[nodiscard]] std::optional<std::string> configured_name_of(const Extension& extension, Oid parent);

// Zone and identity of a set, stored once (rulings 12, truths 33).
void record_policy(const Extension& extension, const ManagedSet& set);

// Consecutive runs that could not get their locks (rulings 4).
void clear_deferred(const Extension& extension, std::span<const std::string> parents);
void count_deferred(const Extension& extension, const std::string& parent, const std::string& blocked_by);

// What only checks ask of the books.
struct PolicyState {
  std::int64_t registered_at = 0;              // microseconds UTC
  std::string deferred_reason;                 // what put the last run off
  bool is_moving = false;                      // the process that part_move names is there
  std::optional<std::string> last_error = {};  // where the last run failed
};
[[nodiscard]] std::map<std::string, PolicyState> policy_states(const Extension& extension);

// How fast rows of this set have moved with due partitions, by the last moves large enough to tell.
[[nodiscard]] std::optional<core::MoveRate> move_rate(const Extension& extension, const std::string& parent);

// Called before a failed run takes maintenance_last_run away.
void keep_last_success(const Extension& extension, const std::string& parent);

// Promises to drop what retention has detached. Remembering commits with the detach: the table is then no orphan,
// whatever happens next.
void remember_drop(const Extension& extension, const ManagedSet& set, const core::Action& action);
// Takes the promise back. True when there was one, made under the retention that still holds: nothing else may be
// dropped, least of all a table that somebody detached by hand to keep it.
[[nodiscard]] bool redeem_promise(const Extension& extension, const Config& config, Oid child);
// Before a detach that did not come about.
void forget_promise(const Extension& extension, Oid child);
// Which partition a worker is to detach; none to forget it.
void record_detach(const Extension& extension, const ManagedSet& set, Oid partition);
// A promise ends when its table is attached again, renamed, given away or gone, and when the retention it was made
// under no longer holds: the table then stays. Gives the names of those tables.
[[nodiscard]] std::vector<std::string> forget_stale_promises(const Extension& extension, const ManagedSet& set);
void rename_promises(const Extension& extension, const std::string& from, const std::string& to);
// What earlier runs detached and did not drop, as far as it is due: the oldest, no more than one run may take.
[[nodiscard]] std::vector<core::Action> pending_drops(const Extension& extension, const ManagedSet& set,
                                                      std::int64_t now_utc);
// Whether the time between detach and drop is still what it was when the set was loaded.
[[nodiscard]] bool grace_is_unchanged(const Extension& extension, const Config& config);

// A move in many transactions, as others see it in move_progress and as a later call finds what it left. Each is
// committed with the step it tells of.
struct MoveRecord {
  std::string operation;
  std::string source_table;
  Oid source = InvalidOid;
  std::int64_t rows = 0;  // estimated
  std::int64_t bytes = 0;
};
void record_move(const Extension& extension, const ManagedSet& set, const MoveRecord& move);
void record_phase(const Extension& extension, const ManagedSet& set, const std::string& phase);
void record_progress(const Extension& extension, const ManagedSet& set, std::int64_t rows, std::int64_t bytes);
// Tables of the set's schema that exist for this move only.
void record_working_tables(const Extension& extension, const ManagedSet& set, std::span<const std::string> names);
void forget_move(const Extension& extension, const ManagedSet& set);

// Bytes of write-ahead log by which the slowest standby or replication slot is behind. Here because only a superuser
// sees the standbys.
[[nodiscard]] std::int64_t replication_lag(const Extension& extension);

// Ends autovacuum's work on these tables, but not against wraparound, as a session does that waits for its lock longer
// than deadlock_timeout, which a move must not. Here because it takes the right to signal it.
void cancel_autovacuum(const Extension& extension, std::span<const Oid> tables);

// What a move has left. A working table is believed to be one while OID, name and owner agree and it is no partition.
struct LeftMove {
  Oid source = InvalidOid;
  std::int32_t pid = 0;
  bool running = false;             // this process is there
  std::vector<std::string> tables;  // quoted
  std::vector<std::string> names;   // the same without schema, as they are
};
[[nodiscard]] std::optional<LeftMove> read_move(const Extension& extension, const ManagedSet& set);

}  // namespace strata::ops
