#include "ops/move_note.hpp"

#include "ops/keeper.hpp"
#include "ops/settings.hpp"
#include "pg/xact.hpp"

namespace strata::ops {

namespace {

constexpr const char* kNote = R"sql(
INSERT INTO %move_history% AS h (id, parent_table, operation, from_table, to_table, role, pid, started_at, finished_at,
                                 batches, rows_left, rows_arrived, checksum)
VALUES ($1::uuid, $2, $3, $4, $5, $6, pg_catalog.pg_backend_pid(), $7, pg_catalog.clock_timestamp(), 1, $8, $8, $9::numeric)
ON CONFLICT (id) DO UPDATE SET finished_at = excluded.finished_at, batches = h.batches + 1,
    rows_left = h.rows_left + excluded.rows_left, rows_arrived = h.rows_arrived + excluded.rows_arrived,
    checksum = h.checksum + excluded.checksum
RETURNING h.batches = 1 AND $10 > 0)sql";

// Some at a time, and none that another session is about to delete.
constexpr const char* kPurge = R"sql(
DELETE FROM %move_history% WHERE id IN (
    SELECT o.id FROM %move_history% o
    WHERE o.finished_at < pg_catalog.clock_timestamp() - pg_catalog.make_interval(days => $1)
    ORDER BY o.finished_at LIMIT 1000 FOR UPDATE SKIP LOCKED))sql";

}  // namespace

void MovedRows::add(const MovedRows& other) {
  rows += other.rows;
  if (checksum && other.checksum)
    *checksum += *other.checksum;
  else
    checksum = std::nullopt;
}

MoveNote::MoveNote(const Extension& extension, Call call)
    : extension_(extension),
      call_(std::move(call)),
      role_(pg::role_name(pg::current_user())),
      id_(pg::query("SELECT pg_catalog.gen_random_uuid()::text").text(0, 0)),
      started_at_(pg::wall_clock()) {}

void MoveNote::add(const MovedRows& moved) const {
  if (moved.rows == 0) return;
  const std::int32_t days = history_retention_days();
  const Keeper keeper(extension_);
  pg::Params params;
  params.text(id_)
      .text(call_.parent_table)
      .text(call_.operation)
      .text(call_.from_table)
      .text(call_.to_table)
      .text(role_)
      .datum(TIMESTAMPTZOID, TimestampTzGetDatum(started_at_))
      .int8(static_cast<std::int64_t>(moved.rows));
  std::optional<std::string> checksum;
  if (moved.checksum) checksum = std::to_string(*moved.checksum);
  const pg::Rows rows = pg::query(extension_.with_tables(kNote), params.text_or_null(checksum).int4(days));
  if (rows.boolean(0, 0)) pg::execute(extension_.with_tables(kPurge), pg::Params().int4(days));
}

}  // namespace strata::ops
