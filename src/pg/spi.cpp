#include "pg/spi.hpp"

#include "pg/scope.hpp"

extern "C" {
#include "utils/plancache.h"
}

namespace strata::pg {

SpiConnection::SpiConnection(Atomicity atomicity) : exceptions_(std::uncaught_exceptions()) {
  guarded([=] {
    const int result = SPI_connect_ext(atomicity == Atomicity::MayCommit ? SPI_OPT_NONATOMIC : 0);
    if (result != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed: %s", SPI_result_code_string(result));
  });
}

SpiConnection::~SpiConnection() {
  if (std::uncaught_exceptions() > exceptions_) return;
  (void)SPI_finish();
}

Params& Params::add(Oid type, Datum value, bool is_null) {
  types_.push_back(type);
  values_.push_back(value);
  nulls_.push_back(is_null ? 'n' : ' ');
  return *this;
}

Params& Params::text(std::string_view value) {
  const Datum datum = guarded(
      [value] { return PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size()))); });
  return add(TEXTOID, datum, false);
}

Params& Params::text_or_null(const std::optional<std::string>& value) {
  return value ? text(*value) : null(TEXTOID);
}
Params& Params::oid(Oid value) {
  return add(OIDOID, ObjectIdGetDatum(value), false);
}
Params& Params::int4(std::int32_t value) {
  return add(INT4OID, Int32GetDatum(value), false);
}
Params& Params::int8(std::int64_t value) {
  return add(INT8OID, Int64GetDatum(value), false);
}
Params& Params::boolean(bool value) {
  return add(BOOLOID, BoolGetDatum(value), false);
}
Params& Params::datum(Oid type, Datum value) {
  return add(type, value, false);
}
Params& Params::null(Oid type) {
  return add(type, Datum{0}, true);
}

namespace {

// construct_array copies the elements, so their vector may go.
Datum make_array(std::vector<Datum>& items, Oid type, int length, bool by_value, char align) {
  return guarded([&] {
    return PointerGetDatum(
        construct_array(items.data(), static_cast<int>(items.size()), type, length, by_value, align));
  });
}

}  // namespace

Params& Params::oids(std::span<const Oid> values) {
  std::vector<Datum> items;
  items.reserve(values.size());
  for (const Oid value : values) items.push_back(ObjectIdGetDatum(value));
  return add(OIDARRAYOID, make_array(items, OIDOID, sizeof(Oid), true, TYPALIGN_INT), false);
}

Params& Params::int8s(std::span<const std::int64_t> values) {
  std::vector<Datum> items;
  items.reserve(values.size());
  for (const std::int64_t value : values) items.push_back(Int64GetDatum(value));
  return add(INT8ARRAYOID, make_array(items, INT8OID, sizeof(std::int64_t), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE), false);
}

Params& Params::texts(std::span<const std::string> values) {
  std::vector<Datum> items;
  items.reserve(values.size());
  for (const std::string& value : values) {
    items.push_back(guarded(
        [&value] { return PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size()))); }));
  }
  return add(TEXTARRAYOID, make_array(items, TEXTOID, -1, false, TYPALIGN_INT), false);
}

Rows::~Rows() {
  // While an error unwinds, the abort that follows frees the table.
  if (table_ != nullptr && std::uncaught_exceptions() == 0) SPI_freetuptable(table_);
}

bool Rows::null(std::size_t row, int column) const {
  bool is_null = true;
  (void)heap_getattr(table_->vals[row], column + 1, table_->tupdesc, &is_null);
  return is_null;
}

Datum Rows::datum(std::size_t row, int column) const {
  bool is_null = true;
  const Datum value = heap_getattr(table_->vals[row], column + 1, table_->tupdesc, &is_null);
  return is_null ? Datum{0} : value;
}

namespace {

// A value stored out of line needs a snapshot, and after a commit inside a procedure there is none between statements.
char* detoasted(Datum value) {
  const bool push = VARATT_IS_EXTERNAL(DatumGetPointer(value)) && !ActiveSnapshotSet();
  if (push) PushActiveSnapshot(GetTransactionSnapshot());
  char* const copy = TextDatumGetCString(value);
  if (push) PopActiveSnapshot();
  return copy;
}

std::string string_of(Datum value) {
  char* const copy = guarded([value] { return detoasted(value); });
  std::string result(copy);
  pfree(copy);
  return result;
}

}  // namespace

std::string Rows::text(std::size_t row, int column) const {
  if (null(row, column)) return {};
  const Datum value = datum(row, column);
  if (TupleDescAttr(table_->tupdesc, column)->atttypid == NAMEOID) return NameStr(*DatumGetName(value));
  return string_of(value);
}

std::string_view Rows::text_view(std::size_t row, int column, std::string& copy) const {
  if (null(row, column)) return {};
  const Datum value = datum(row, column);
  const auto* const stored = static_cast<const char*>(DatumGetPointer(value));
  if (TupleDescAttr(table_->tupdesc, column)->atttypid != NAMEOID && !VARATT_IS_EXTENDED(stored))
    return {VARDATA(stored), VARSIZE(stored) - VARHDRSZ};
  if (TupleDescAttr(table_->tupdesc, column)->atttypid != NAMEOID && VARATT_IS_SHORT(stored))
    return {VARDATA_SHORT(stored), VARSIZE_SHORT(stored) - VARHDRSZ_SHORT};
  copy = text(row, column);
  return copy;
}

std::optional<std::string> Rows::optional_text(std::size_t row, int column) const {
  if (null(row, column)) return std::nullopt;
  return text(row, column);
}

namespace {

// An operator or function of the caller's search_path must never stand in for pg_catalog's, scope or no scope.
class SafeNames {
 public:
  SafeNames() {
    if (!names_are_safe()) settings_.emplace();
  }

 private:
  std::optional<SettingsScope> settings_;
};

}  // namespace

Cursor::Cursor(const std::string& sql, const Params& params) {
  const SafeNames safe;
  const char* const text = sql.c_str();
  portal_ = guarded([&] {
    return SPI_cursor_open_with_args(nullptr, text, params.count(), params.types(), params.values(), params.nulls(),
                                     false, 0);
  });
}

// While an error unwinds, the abort that follows closes the portal.
Cursor::~Cursor() {
  if (std::uncaught_exceptions() == 0) SPI_cursor_close(portal_);
}

Rows Cursor::next(long count) {
  guarded([&] { SPI_cursor_fetch(portal_, true, count); });
  return Rows(SPI_tuptable, SPI_processed);
}

namespace {

bool owns(Oid relation, Oid role) {
#if PG_VERSION_NUM >= 160000
  return object_ownercheck(RelationRelationId, relation, role);
#else
  return pg_class_ownercheck(relation, role);
#endif
}

// Whether the current user owns the partitioned table, or one above it, that this is a partition of.
bool is_part_of_own_table(Oid relation) {
  if (!get_rel_relispartition(relation)) return false;
  ListCell* cell = nullptr;
  foreach (cell, get_partition_ancestors(relation))
    if (owns(lfirst_oid(cell), GetUserId())) return true;
  return false;
}

Oid owner_of(Oid relation) {
  const HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
  if (!HeapTupleIsValid(tuple)) return InvalidOid;
  const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
  ReleaseSysCache(tuple);
  return owner;
}

// Whose rights on a table count. Inside an OwnerScope, on partitions, their owner's: the owner of a partitioned table
// reads and writes the rows of its partitions through it, whoever owns them, so naming one gives him nothing new. After
// ALTER TABLE ... OWNER TO the partitions are still the former owner's.
Oid checked_role(Oid relation, const CheckAs& check) {
  if (relation == check.relation) return check.role;
  const bool foreign = is_owner_scope() && !owns(relation, GetUserId()) && is_part_of_own_table(relation);
  return foreign ? owner_of(relation) : InvalidOid;
}

void mark(Query* query, const CheckAs& check) {
  ListCell* cell = nullptr;
#if PG_VERSION_NUM >= 160000
  foreach (cell, query->rteperminfos) {
    auto* const entry = lfirst_node(RTEPermissionInfo, cell);
    const Oid role = checked_role(entry->relid, check);
    if (OidIsValid(role)) entry->checkAsUser = role;
  }
#else
  foreach (cell, query->rtable) {
    auto* const entry = lfirst_node(RangeTblEntry, cell);
    const Oid role = entry->rtekind == RTE_RELATION ? checked_role(entry->relid, check) : InvalidOid;
    if (OidIsValid(role)) entry->checkAsUser = role;
  }
#endif
}

// In FROM and WITH, where our statements have their tables.
void mark_all(Query* query, const CheckAs& check) {
  mark(query, check);
  ListCell* cell = nullptr;
  foreach (cell, query->rtable) {
    const auto* const entry = lfirst_node(RangeTblEntry, cell);
    if (entry->rtekind == RTE_SUBQUERY) mark_all(entry->subquery, check);
  }
  foreach (cell, query->cteList) mark_all(castNode(Query, lfirst_node(CommonTableExpr, cell)->ctequery), check);
}

// An invalidation before the execution would have the statement analyzed anew, without the mark: it then fails.
SPIPlanPtr prepare_checked_as(const char* text, const Params& params, const CheckAs& check) {
  const SPIPlanPtr plan = SPI_prepare(text, params.count(), params.types());
  if (plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
  ListCell* cell = nullptr;
  foreach (cell, SPI_plan_get_plan_sources(plan)) {
    ListCell* query = nullptr;
    foreach (query, static_cast<const CachedPlanSource*>(lfirst(cell))->query_list)
      mark_all(lfirst_node(Query, query), check);
  }
  return plan;
}

Rows run_checked_as(const std::string& sql, const Params& params, Access access, const CheckAs& check) {
  const SafeNames safe;
  const char* const text = sql.c_str();
  guarded([&] {
    const SPIPlanPtr plan = prepare_checked_as(text, params, check);
    const int result = SPI_execute_plan(plan, params.values(), params.nulls(), access == Access::ReadOnly, 0);
    if (result < 0) elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
    SPI_freeplan(plan);
  });
  return Rows(SPI_tuptable, SPI_processed);
}

// No tables of users' in other statements.
bool touches_rows(const std::string& sql) {
  return sql.starts_with("SELECT ") || sql.starts_with("INSERT ") || sql.starts_with("WITH ");
}

Rows run(const std::string& sql, const Params& params, Access access) {
  if (is_owner_scope() && touches_rows(sql)) return run_checked_as(sql, params, access, {});
  const SafeNames safe;
  const char* const text = sql.c_str();
  guarded([&] {
    const int result = SPI_execute_with_args(text, params.count(), params.types(), params.values(), params.nulls(),
                                             access == Access::ReadOnly, 0);
    if (result < 0) elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(result));
  });
  return Rows(SPI_tuptable, SPI_processed);
}

}  // namespace

Rows query(const std::string& sql, const Params& params, Access access) {
  return run(sql, params, access);
}

Rows query_checked_as(const std::string& sql, const CheckAs& check) {
  return OidIsValid(check.relation) ? run_checked_as(sql, {}, Access::ReadWrite, check) : query(sql);
}

Portal open_row_cursor(const std::string& sql) {
  const char* const text = sql.c_str();
  return guarded([text] {
    const SPIPlanPtr plan = prepare_checked_as(text, {}, {});
    const Portal cursor = SPI_cursor_open(nullptr, plan, nullptr, nullptr, false);
    if (cursor == nullptr) elog(ERROR, "could not open cursor: %s", SPI_result_code_string(SPI_result));
    SPI_freeplan(plan);
    return cursor;
  });
}

std::uint64_t execute(const std::string& sql, const Params& params) {
  return run(sql, params, Access::ReadWrite).processed();
}

std::string quote_ident(std::string_view name) {
  const std::string copy(name);
  const char* const quoted = guarded([&copy] { return quote_identifier(copy.c_str()); });
  return quoted;
}

std::string quote_literal(std::string_view text) {
  const std::string copy(text);
  const char* const quoted = guarded([&copy] { return static_cast<const char*>(quote_literal_cstr(copy.c_str())); });
  return quoted;
}

std::string qualified(std::string_view schema, std::string_view name) {
  return quote_ident(schema) + "." + quote_ident(name);
}

void report(const Message& message) {
  guarded([&] {
    ereport(message.level,
            (message.sqlstate != 0 ? errcode(message.sqlstate) : 0, errmsg_internal("%s", message.message.c_str()),
             message.detail.empty() ? 0 : errdetail_internal("%s", message.detail.c_str()),
             message.hint.empty() ? 0 : errhint("%s", message.hint.c_str())));
  });
}

}  // namespace strata::pg
