// Whose rights and which settings a piece of work runs with.
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

// Lends a role USAGE on a schema while it lives, where the role lacks it and the caller may grant it. ALTER TABLE ...
// OWNER TO by a superuser leaves owners who cannot name their own table. Never committed between the two: other
// sessions do not see it, and an error takes it back. Open it as the caller. Waits for other changes of the schema's
// grants no longer than lock_timeout, which it sets to a second.
class SchemaLoan {
 public:
  SchemaLoan(Oid schema, Oid role);
  SchemaLoan(const SchemaLoan&) = delete;
  SchemaLoan& operator=(const SchemaLoan&) = delete;
  ~SchemaLoan() noexcept(false);

 private:
  std::string revoke_;  // empty when nothing was lent
  int exceptions_;
};

// Works as `owner` in a security-restricted context, with the settings on which our statements and readings depend:
// search_path = pg_catalog, pg_temp; ISO dates; row_security off (an error instead of silently missing rows).
//
// Why: reading or loading a table runs its owner's code (CHECKs, key expressions, policies), which must never see more
// rights than its owner has (truths 24). Lives strictly inside one transaction: the user switch survives SPI_commit,
// settings do not (truths 27). On an error the (sub)transaction's abort puts back the settings.
class OwnerScope {
 public:
  // With `schema`, that of the tables worked on, its USAGE is lent as above.
  explicit OwnerScope(Oid owner, Oid schema = InvalidOid);
  OwnerScope(const OwnerScope&) = delete;
  OwnerScope& operator=(const OwnerScope&) = delete;
  ~OwnerScope();

 private:
  SchemaLoan loan_;  // begins before the user changes, ends when he is back
  int nest_level_;
  int exceptions_;
  Oid user_ = InvalidOid;
  int security_ = 0;
};

// The same settings as the caller himself, except that row-level security stays as it is: what the policies of an
// administrator hide of the configuration must stay hidden.
class SettingsScope {
 public:
  SettingsScope();
  SettingsScope(const SettingsScope&) = delete;
  SettingsScope& operator=(const SettingsScope&) = delete;
  ~SettingsScope();

 private:
  int nest_level_;
  int exceptions_;
};

// Whether names in a statement mean what pg_catalog means by them: one of the two scopes is open.
[[nodiscard]] bool names_are_safe() noexcept;

// Sets a setting until the enclosing scope ends.
void set_local(const char* name, const std::string& value);

// Milliseconds left for all lock waits of one action (truths 15). Statements that run under it see what is left.
class LockDeadline {
 public:
  explicit LockDeadline(int budget_ms)
      : end_(std::chrono::steady_clock::now() + std::chrono::milliseconds(budget_ms)) {}
  // Sets lock_timeout to the rest; at least 1 ms, as 0 would mean for ever.
  void arm() const;
  // Milliseconds; 0 when it has passed.
  [[nodiscard]] std::int64_t left() const noexcept;
  // The same deadline, later by as long as this work took: it waits for no lock and holds none that clients wait for.
  template <class F>
  [[nodiscard]] LockDeadline after(F&& work) const {
    const auto start = std::chrono::steady_clock::now();
    work();
    LockDeadline later = *this;
    later.end_ += std::chrono::steady_clock::now() - start;
    return later;
  }

 private:
  std::chrono::steady_clock::time_point end_;
};

// Waits for a lock no longer than the deadline allows; 55P03 when it passes. False when the relation is gone.
[[nodiscard]] bool lock_relation(Oid relation, LOCKMODE mode, const LockDeadline& deadline);

// How long lock_relation has waited in this session since this was made.
class LockWait {
 public:
  LockWait() noexcept;
  [[nodiscard]] std::chrono::milliseconds so_far() const noexcept;

 private:
  std::chrono::steady_clock::duration before_;
};

// How long writers or readers have been kept out by locks that lock_relation has asked for since the last
// forget_kept_out: from the first request, behind which they queue, to now. 0 when there was none.
void forget_kept_out() noexcept;
[[nodiscard]] std::chrono::milliseconds kept_out_for() noexcept;

[[nodiscard]] Oid current_user();
[[nodiscard]] bool is_superuser();
// Membership with inherited rights: what ALTER TABLE asks for.
[[nodiscard]] bool has_rights_of(Oid role);
[[nodiscard]] bool may_create_in(Oid schema, Oid role);
[[nodiscard]] bool may_select(Oid relation);
// Whether row-level security applies to the current user on this table.
[[nodiscard]] bool hides_rows(Oid relation);
[[nodiscard]] std::string role_name(Oid role);

}  // namespace strata::pg
