#include "ops/registry.hpp"

#include "ops/child.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return pg_tolower(c); });
  return text;
}

struct Existing {
  Oid oid = InvalidOid;
  Oid owner = InvalidOid;
};

std::optional<Existing> find_relation(const std::string& schema, const std::string& name) {
  const pg::Rows rows = pg::query(
      "SELECT c.oid, c.relowner FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "WHERE n.nspname = $1 AND c.relname = $2",
      pg::Params().text(schema).text(name));
  if (rows.empty()) return std::nullopt;
  return Existing{.oid = rows.oid(0, 0), .owner = rows.oid(0, 1)};
}

bool named_by_a_set(const Extension& extension, const std::string& raw_name) {
  return !pg::query("SELECT 1 FROM " + extension.object("part_config") + " WHERE template_table = $1",
                    pg::Params().text(raw_name))
              .empty();
}

enum class Fit : std::uint8_t { Free, Reusable, Foreign };

Fit fit_of(const Extension& extension, const Parent& parent, const std::string& name) {
  const std::optional<Existing> existing = find_relation(extension.schema(), name);
  if (!existing) return Fit::Free;
  const bool ours = existing->owner == parent.owner && !named_by_a_set(extension, extension.schema() + "." + name);
  return ours ? Fit::Reusable : Fit::Foreign;
}

// A bare copy of the columns: it is where people put unique indexes and storage options for the children.
void make_template(const Extension& extension, const Parent& parent, const std::string& name) {
  const std::string target = pg::qualified(extension.schema(), name);
  with_hint(("Grant CREATE on schema " + extension.schema() +
             " to the caller, or pass p_template_table := 'false' to do without a template.")
                .c_str(),
            [&] {
              if (pg::is_superuser()) hold_schema_name(extension.schema());
              pg::execute("CREATE TABLE " + target + " (LIKE " + parent.quoted() + ")");
              if (parent.owner != pg::current_user())
                pg::execute("ALTER TABLE " + target + " OWNER TO " + pg::quote_ident(pg::role_name(parent.owner)));
            });
}

}  // namespace

void register_set(const Extension& extension, const CreateRequest& request, const Parent& parent,
                  const Registration& registration) {
  const pg::SettingsScope settings;
  const bool time = core::is_time(*key_type_of(parent.key_type, request.epoch));
  pg::Params params;
  params.text(request.parent).text(request.control).text(registration.interval).text(request.type);
  params.int4(request.premake).text(request.automatic).text_or_null(registration.template_table);
  params.boolean(request.jobmon == CreateRequest::Jobmon::On).text_or_null(request.date_trunc_interval);
  if (time)
    params.text(core::datetime_string_for(registration.parts));
  else
    params.null(TEXTOID);
  params.text(request.epoch).text_or_null(request.encoder).text_or_null(request.decoder);
  if (request.constraint_cols)
    params.texts(*request.constraint_cols);
  else
    params.null(TEXTARRAYOID);
  try {
    pg::execute(
        "INSERT INTO " + extension.object("part_config") +
            " (parent_table, control, partition_interval, partition_type, premake, automatic_maintenance, "
            "template_table, jobmon, date_trunc_interval, datetime_string, epoch, time_encoder, "
            "time_decoder, constraint_cols) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        params);
  } catch (const pg::PgError& error) {
    if (error.sqlstate() != ERRCODE_UNIQUE_VIOLATION) throw;
    throw pg::Raise{.sqlstate = ERRCODE_UNIQUE_VIOLATION,
                    .message = "table \"" + request.parent + "\" is already managed",
                    .detail = error.detail(),
                    .hint = "Change its settings with UPDATE on part_config."};
  }
}

std::optional<std::string> provide_template(const Extension& extension, const Parent& parent,
                                            const std::optional<std::string>& requested) {
  const pg::SettingsScope settings;
  if (requested) {
    const std::string word = lowered(*requested);
    if (word == "false" || word == "f") return std::nullopt;
    const auto at = requested->find('.');
    if (at == std::string::npos || !find_relation(requested->substr(0, at), requested->substr(at + 1)))
      refuse(core::Code::UndefinedTable,
             "template table \"" + *requested + "\" for \"" + parent.raw_name() + "\" does not exist",
             "Create it, name it as schema.table without quotes, or pass 'false' for none.");
    return requested;
  }
  const core::NameChoice choice = core::template_name(parent.schema, parent.table, name_rules());
  for (const std::string& name : {choice.contract, choice.fallback}) {
    const Fit fit = fit_of(extension, parent, name);
    if (fit == Fit::Foreign) continue;
    if (fit == Fit::Free) make_template(extension, parent, name);
    return extension.schema() + "." + name;
  }
  refuse(core::Code::DuplicateTable, "template table \"" + extension.schema() + "." + choice.fallback + "\" is in use",
         "Name another with p_template_table, or pass 'false' for none.");
}

}  // namespace strata::ops
