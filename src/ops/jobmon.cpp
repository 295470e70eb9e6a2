#include "ops/jobmon.hpp"

#include "pg/relation.hpp"

namespace strata::ops {

namespace {

constexpr const char* kExtension = "pg_jobmon";

// Empty where it is not installed.
std::string schema_of_jobmon() {
  if (!pg::extension_installed(kExtension)) return {};
  const pg::SettingsScope settings;
  const pg::Rows rows = pg::query(
      "SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace "
      "WHERE e.extname = $1",
      pg::Params().text(kExtension));
  return rows.empty() ? std::string() : rows.text(0, 0);
}

bool set_wants_jobs(const Extension& extension, const std::string& parent) {
  const pg::SettingsScope settings;
  const pg::Rows rows = pg::query("SELECT jobmon FROM " + extension.object("part_config") + " WHERE parent_table = $1",
                                  pg::Params().text(parent));
  return rows.empty() || rows.boolean(0, 0);
}

void warn_not_logged(const std::string& job, const pg::PgError& error) {
  pg::report({.level = WARNING,
              .sqlstate = error.sqlstate(),
              .message = "pg_jobmon does not log job \"" + job + "\": " + error.message(),
              .detail = error.detail(),
              .hint = "The work itself goes on. Repair pg_jobmon, or turn jobmon off for this set."});
}

}  // namespace

Job::Job(std::string name, Wanted wanted)
    : name_(std::move(name)), schema_(wanted == Wanted::Yes ? schema_of_jobmon() : std::string()) {}

Job::Job(std::string name, const Extension& extension, const std::string& parent)
    : name_(std::move(name)), schema_(schema_of_jobmon()) {
  if (!schema_.empty() && !set_wants_jobs(extension, parent)) schema_.clear();
}

Job& Job::continuing(std::optional<std::int64_t> job) noexcept {
  job_ = job;
  continued_ = job.has_value();
  return *this;
}

void Job::step(const std::string& what) {
  end_step("OK", "Done");
  if (!job_ && !silent()) job_ = call("add_job($1)::pg_catalog.int8", pg::Params().text(name_));
  if (!silent()) step_ = call("add_step($1, $2)::pg_catalog.int8", pg::Params().int8(job_.value_or(0)).text(what));
}

void Job::notice(const std::string& text) {
  notice_ = text;
}

void Job::close() {
  end_step("OK", "Done");
  if (!silent() && job_ && !continued_) call("close_job($1)", pg::Params().int8(*job_));
}

void Job::fail(const std::string& message) {
  notice_.clear();
  end_step("CRITICAL", "ERROR: " + message);
  if (!silent() && job_) call("fail_job($1)", pg::Params().int8(*job_));
}

void Job::end_step(const char* status, const std::string& text) {
  const std::string notice = std::exchange(notice_, {});
  const std::optional<std::int64_t> step = std::exchange(step_, std::nullopt);
  if (silent() || !step) return;
  pg::Params params;
  params.int8(*step).text(notice.empty() ? status : "NOTICE").text(notice.empty() ? text : notice);
  call("update_step($1, $2, $3)", params);
}

// The text of a call is ours; what users wrote travels as parameters. Only those that add something give an id.
std::optional<std::int64_t> Job::call(const std::string& function, const pg::Params& params) {
  std::optional<std::int64_t> id;
  try {
    pg::in_subtransaction([&] {
      const pg::SettingsScope settings;
      const pg::Rows rows = pg::query("SELECT " + pg::quote_ident(schema_) + "." + function, params);
      if (!rows.empty() && !rows.null(0, 0)) id = rows.int8(0, 0);
    });
  } catch (const pg::PgError& error) {
    if (error.is_interrupt()) throw;
    schema_.clear();
    warn_not_logged(name_, error);
  }
  return id;
}

}  // namespace strata::ops
