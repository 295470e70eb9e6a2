// A managed set as one value: its configuration, what the catalogs say of it, and the clock it lives by.
//
// Loading reads catalogs and configuration only. It opens no user table, so it runs no user code and takes no lock that
// could wait (truths 24, 28); all sets together cost four queries.
#pragma once

#include "core/duty.hpp"
#include "core/plan.hpp"
#include "ops/fail.hpp"
#include "ops/key_codec.hpp"
#include "pg/scope.hpp"
#include "pg/spi.hpp"
#include "pg/zone.hpp"

namespace strata::ops {

// The extension as installed: its schema is the user's choice and nothing may assume it.
class Extension {
 public:
  // From the function that was called.
  explicit Extension(Oid function);
  // Without a call, in a worker.
  [[nodiscard]] static Extension in_schema(std::string schema) { return Extension(std::move(schema)); }
  [[nodiscard]] const std::string& schema() const noexcept { return schema_; }
  // Quoted schema.name of one of our own objects.
  [[nodiscard]] std::string object(std::string_view name) const { return pg::qualified(schema_, name); }
  // The text with every %name% replaced by our table part_name, or that of a history under its own name. In one pass:
  // the schema's name may hold anything.
  [[nodiscard]] std::string with_tables(std::string_view sql) const;

 private:
  explicit Extension(std::string schema) noexcept : schema_(std::move(schema)) {}
  std::string schema_;
};

// One row of part_config, with what part_policy, part_pending_drop and part_move hold of the set.
struct Config {
  std::string parent_table;
  std::string control;
  std::string partition_interval;
  std::string partition_type;
  std::string epoch;
  std::optional<std::string> time_encoder;
  std::optional<std::string> time_decoder;
  std::optional<KeyFunction> encoder;  // as found in the catalogs
  std::optional<KeyFunction> decoder;
  std::optional<core::Refusal> key_refusal;  // why they were not
  int premake = 4;
  std::optional<std::string> template_table;
  std::optional<std::string> retention;
  std::optional<std::string> retention_schema;
  bool keep_index = true;
  bool keep_table = true;
  bool keep_publication = false;
  bool infinite = false;
  std::optional<std::string> datetime_string;
  bool undo_in_progress = false;
  bool inherit_privileges = false;
  bool ignore_default_data = true;
  std::optional<std::string> date_trunc_interval;
  bool detach_before_drop = false;
  std::optional<std::string> async_in_progress;
  bool has_sub_config = false;
  bool has_constraint_cols = false;
  bool set_full = false;
  // part_pending_drop and part_policy
  bool has_pending_drops = false;
  bool has_move = false;  // in part_move: it runs, or has left working tables behind
  bool has_policy = false;
  std::optional<std::string> time_zone;
  int lock_timeout_ms = 300;
  int lock_tries = 5;
  int duty_cycle = core::kDutyPercent;  // percent
  int deferred_limit = 3;               // runs in a row; from then on a deferral is a failure
  std::optional<core::DailyWindow> window;
  std::optional<int> window_lock_budget;  // milliseconds, in the window; once the set is put together: now
  Oid parent = InvalidOid;                // once the set is put together
  std::optional<int> move_rate_mb;
  std::optional<int> move_max_lag_mb;
  int move_min_free_mb = 512;
  int heal_max_rows = 10'000;
  std::optional<int> heal_max_time;  // milliseconds
  std::optional<int> outlier_horizon = core::kOutlierHorizon;
  std::optional<std::string> name_pattern;
  std::optional<int> max_drop;
  std::optional<std::string> grace;  // nothing for none
  bool detach_concurrently = true;
  Oid detaching = InvalidOid;  // the partition that a worker is to detach, or was; believed as known_parent
  int deferred_runs = 0;
  Oid known_parent = InvalidOid;  // believed only if system and database match
  // A retention schema wins over dropping (contract 5.5).
  [[nodiscard]] bool keeps_table() const noexcept { return keep_table || retention_schema; }
};

// The set's zone for core.
class SetZone final : public core::ZoneRules {
 public:
  explicit SetZone(const std::string& name) : zone_(name) {}
  [[nodiscard]] std::int64_t to_local(std::int64_t utc) const noexcept override { return zone_.to_local(utc); }
  [[nodiscard]] std::int64_t to_utc(std::int64_t local) const noexcept override { return zone_.to_utc(local); }
  [[nodiscard]] const pg::Zone& server() const noexcept { return zone_; }

 private:
  pg::Zone zone_;
};

// What the catalogs say of a partitioned table, configured or not.
struct Parent {
  Oid oid = InvalidOid;
  Oid schema_oid = InvalidOid;
  std::string schema;
  std::string table;
  Oid owner = InvalidOid;
  char kind = 0;
  char strategy = 0;  // 0: not partitioned
  int key_columns = 0;
  std::string key_column;  // empty for an expression
  Oid key_type = InvalidOid;
  bool key_not_null = false;
  Oid default_oid = InvalidOid;
  Oid tablespace = InvalidOid;
  Oid upper = InvalidOid;    // the table it is a partition of
  std::string stored_bound;  // as that partition
  char replica_identity = 'd';
  bool row_security = false;
  [[nodiscard]] std::string raw_name() const { return schema + "." + table; }
  [[nodiscard]] std::string quoted() const { return pg::qualified(schema, table); }
};

// Facts of a partition that only this layer needs; same order as Inventory::children.
struct ChildFacts {
  Oid oid = InvalidOid;
  char kind = 'r';
  Oid tablespace = InvalidOid;
  Oid filenode = InvalidOid;
  Oid access_method = InvalidOid;
  char persistence = 'p';
  Oid owner = InvalidOid;
  char replica_identity = 'd';
  bool row_security = false;
  bool sets_autovacuum = false;
  bool half_detached = false;
  // Where the stored bound is not yet the range: texts, lists. Elsewhere, where there are thousands, nothing.
  std::shared_ptr<const pg::RawBound> bound = {};
};

struct ManagedSet {
  Config config;
  Parent parent;
  core::Policy policy;
  KeyCodec codec;
  core::IntervalParts interval;  // time sets
  core::Inventory inventory;
  std::vector<ChildFacts> facts;
  ChildFacts default_facts;
  std::shared_ptr<SetZone> zone;
  std::optional<core::Child> half_detached;  // by a run of ours; not in the inventory
  bool renamed = false;                      // found by OID, its configured name is stale
  // Another table stands in for the default partition (ops/stand_in.hpp): `inventory` and `default_facts` tell of that,
  // `parent.default_oid` of the default itself.
  bool stands_in = false;

  [[nodiscard]] core::Calendar calendar() const noexcept { return {policy.key, zone.get()}; }
  [[nodiscard]] bool is_time() const noexcept { return core::is_time(policy.key); }
  [[nodiscard]] bool is_list() const noexcept { return parent.strategy == 'l'; }
  // The table whose rows move into new partitions.
  [[nodiscard]] Oid drained() const noexcept {
    return inventory.default_partition ? inventory.default_partition->oid : InvalidOid;
  }
  [[nodiscard]] std::vector<core::Range> ranges() const { return inventory.ranges(); }
  // Literal of a bound as SQL writes it: MINVALUE, MAXVALUE or a quoted constant that reads the same everywhere.
  [[nodiscard]] std::string literal(const core::Bound& bound) const;
  // The same without quotes, for people.
  [[nodiscard]] std::string text(const core::Bound& bound) const;
  [[nodiscard]] std::string key_type_name() const;
};

// A set, or why it cannot be worked on. Never both.
struct LoadedSet {
  Config config;
  std::optional<Parent> parent;  // when its table exists
  std::optional<ManagedSet> set;
  std::optional<core::Refusal> refusal;
};

enum class Selection : std::uint8_t { All, Automatic, Named };

// Configured sets in maintenance order. Automatic: those that a run over all sets maintains. Named: exactly that one;
// empty when it is not configured.
[[nodiscard]] std::vector<LoadedSet> load_sets(const Extension& extension, Selection selection,
                                               const std::string& name = {});
// The one set of this name; raises when it is not configured or cannot be worked on.
[[nodiscard]] ManagedSet load_set(const Extension& extension, const std::string& name);

// A table by its raw schema.table name; empty when there is none.
[[nodiscard]] std::optional<Parent> find_parent(const std::string& raw_name);
struct TableColumn {
  Oid type = InvalidOid;
  bool not_null = false;
};
[[nodiscard]] std::optional<TableColumn> find_column(Oid table, const std::string& name);

// Finds the functions that encoders and decoders name, for all these sets in one query; free when none has one.
void find_key_functions(const Extension& extension, std::span<Config> configs);

// Puts together what a set needs from its configuration and its parent; children are read here as well. `session_zone`
// is tried first when the configuration holds no zone.
[[nodiscard]] core::Result<ManagedSet> assemble(Config config, Parent parent, std::vector<core::Child> children,
                                                std::vector<ChildFacts> facts);

// Fills inventory and facts of one parent (used where the set is not configured yet).
struct ReadChildren {
  std::vector<core::Child> children;
  std::vector<ChildFacts> facts;
  std::optional<core::Refusal> refusal;  // a bound we cannot read, or a half-finished DETACH CONCURRENTLY
  Oid half_detached = InvalidOid;        // the partition, when nothing else is refused
};
[[nodiscard]] std::map<Oid, ReadChildren> read_children(std::span<const Oid> parents);
// From stored bounds to ranges: what read_children gives knows no codec yet. May run the functions of others.
void decode_children(const KeyCodec& codec, const core::Calendar& calendar, const core::Step& step, Oid default_oid,
                     std::vector<core::Child>& children, std::vector<ChildFacts>& facts);
// Sorts them by bound and takes the default out.
void take_children(ManagedSet& set, std::vector<core::Child> children, std::vector<ChildFacts> facts);
// The range of one stored bound of this set.
[[nodiscard]] core::Range range_of(const ManagedSet& set, const pg::RawBound& bound);

[[nodiscard]] core::NameRules name_rules() noexcept;

// Acting on a set needs what ALTER TABLE needs (rulings 21).
void require_owner_rights(const Parent& parent);
// Looking needs ownership or SELECT.
[[nodiscard]] bool may_look(const Parent& parent);
// Sets one may not see are left out where all are asked for, as the catalogs of a stranger would be. What is told of a
// set comes from its rows, too (whether the default blocks, where the highest id is), so row-level security hides it as
// a whole.
[[nodiscard]] bool is_hidden(const LoadedSet& loaded);

}  // namespace strata::ops
