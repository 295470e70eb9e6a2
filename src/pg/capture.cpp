#include "pg/capture.hpp"

extern "C" {
#include "commands/trigger.h"
#include "utils/datum.h"
}

namespace strata::pg {

namespace {

constexpr int kLogArguments = 2;

KeyColumns columns_of(const Trigger* trigger) {
  KeyColumns key;
  for (int n = kLogArguments; n < trigger->tgnargs && key.count < INDEX_MAX_KEYS; ++n)
    key.columns.at(static_cast<std::size_t>(key.count++)) = static_cast<AttrNumber>(atoi(trigger->tgargs[n]));
  return key;
}

// Whoever writes to the table needs no rights on the log. Same owner, or anybody could have rows put into tables of
// others by a trigger of his own.
bool is_log_of(Relation log, Relation table, const KeyColumns& key) {
  if (log->rd_rel->relkind != RELKIND_RELATION || log->rd_rel->relam != HEAP_TABLE_AM_OID || log->rd_rel->relhasindex ||
      log->rd_rel->relowner != table->rd_rel->relowner || RelationGetNumberOfAttributes(log) != key.count)
    return false;
  for (int n = 0; n < key.count; ++n) {
    const AttrNumber column = key.columns.at(static_cast<std::size_t>(n));
    if (column < 1 || column > RelationGetNumberOfAttributes(table) ||
        TupleDescAttr(RelationGetDescr(log), n)->atttypid !=
            TupleDescAttr(RelationGetDescr(table), column - 1)->atttypid)
      return false;
  }
  return true;
}

Relation open_log(const Trigger* trigger, Relation table, const KeyColumns& key) {
  if (trigger->tgnargs <= kLogArguments) return nullptr;
  const Oid schema = get_namespace_oid(trigger->tgargs[0], true);
  const Oid oid = OidIsValid(schema) ? get_relname_relid(trigger->tgargs[1], schema) : InvalidOid;
  const Relation log = OidIsValid(oid) ? try_relation_open(oid, RowExclusiveLock) : nullptr;
  if (log == nullptr || is_log_of(log, table, key)) return log;
  relation_close(log, RowExclusiveLock);
  return nullptr;
}

bool same_key(Relation table, TupleTableSlot* left, TupleTableSlot* right, const KeyColumns& key) {
  for (int n = 0; n < key.count; ++n) {
    const AttrNumber column = key.columns.at(static_cast<std::size_t>(n));
    bool left_null = true;
    bool right_null = true;
    const Datum left_value = slot_getattr(left, column, &left_null);
    const Datum right_value = slot_getattr(right, column, &right_null);
    const FormData_pg_attribute* const attribute = TupleDescAttr(RelationGetDescr(table), column - 1);
    if (left_null || right_null || !datum_image_eq(left_value, right_value, attribute->attbyval, attribute->attlen))
      return false;
  }
  return true;
}

void append(Relation log, Datum* values, bool* nulls) {
  const HeapTuple tuple = heap_form_tuple(RelationGetDescr(log), values, nulls);
  simple_heap_insert(log, tuple);
  heap_freetuple(tuple);
}

void log_truncation(Relation log) {
  std::array<Datum, INDEX_MAX_KEYS> values{};
  std::array<bool, INDEX_MAX_KEYS> nulls{};
  nulls.fill(true);
  append(log, values.data(), nulls.data());
}

}  // namespace

void log_key(Relation log, TupleTableSlot* row, const KeyColumns& key) {
  std::array<Datum, INDEX_MAX_KEYS> values{};
  std::array<bool, INDEX_MAX_KEYS> nulls{};
  for (int n = 0; n < key.count; ++n) {
    const auto at = static_cast<std::size_t>(n);
    values.at(at) = slot_getattr(row, key.columns.at(at), &nulls.at(at));
  }
  append(log, values.data(), nulls.data());
}

Datum capture_change(FunctionCallInfo info) {
  if (!CALLED_AS_TRIGGER(info))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("function \"capture_changes\" was not called by the trigger manager")));
  const auto* const data = reinterpret_cast<TriggerData*>(info->context);
  const TriggerEvent event = data->tg_event;
  if (!TRIGGER_FIRED_AFTER(event))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("function \"capture_changes\" must be fired AFTER the change")));
  const KeyColumns key = columns_of(data->tg_trigger);
  const Relation log = open_log(data->tg_trigger, data->tg_relation, key);
  if (log == nullptr) return PointerGetDatum(nullptr);
  if (TRIGGER_FIRED_FOR_STATEMENT(event)) {
    log_truncation(log);
  } else {
    log_key(log, data->tg_trigslot, key);
    if (TRIGGER_FIRED_BY_UPDATE(event) && !same_key(data->tg_relation, data->tg_trigslot, data->tg_newslot, key))
      log_key(log, data->tg_newslot, key);
  }
  relation_close(log, NoLock);  // its lock stays to the end of the transaction
  return PointerGetDatum(nullptr);
}

}  // namespace strata::pg
