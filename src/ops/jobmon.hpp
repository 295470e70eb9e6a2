// Jobs and steps for pg_jobmon, where that is installed (contract 11). Where it is not, a job costs one catalog
// look-up.
//
// pg_jobmon is called by its schema, as the caller and in a subtransaction: its objects shadow nothing, it gets no more
// rights than the caller has, and an error of its own ends the logging of that job, not the work. It logs through a
// connection of its own, so what it was told survives our rollback.
#pragma once

#include "ops/apply.hpp"

namespace strata::ops {

class Job {
 public:
  enum class Wanted : std::uint8_t { Yes, No };
  // Nothing is logged unless wanted.
  Job(std::string name, Wanted wanted);
  // Wanted as part_config.jobmon of this set says; yes where it is not configured.
  Job(std::string name, const Extension& extension, const std::string& parent);

  // Goes on with a job that the caller began, and leaves its end to him.
  Job& continuing(std::optional<std::int64_t> job) noexcept;
  [[nodiscard]] bool silent() const noexcept { return schema_.empty(); }

  void step(const std::string& what);
  // How the running step ends: OK unless told otherwise.
  void notice(const std::string& text);
  void close();
  void fail(const std::string& message);

 private:
  std::optional<std::int64_t> call(const std::string& function, const pg::Params& params);
  void end_step(const char* status, const std::string& text);

  std::string name_;
  std::string schema_;  // of pg_jobmon; empty: silent
  std::optional<std::int64_t> job_;
  std::optional<std::int64_t> step_;
  std::string notice_;
  bool continued_ = false;
};

// Runs f(job) as the first step of a job. What f raises makes the step CRITICAL, fails the job and passes on. Only
// logged work pays for the subtransaction that leaves the transaction usable then; where f commits it has its own.
template <class F>
std::invoke_result_t<F&, Job&> logged(Job job, const std::string& what, Mode mode, F&& f) {
  using R = std::invoke_result_t<F&, Job&>;
  if (job.silent()) return f(job);
  job.step(what);
  std::conditional_t<std::is_void_v<R>, bool, std::optional<R>> result{};
  const auto work = [&] {
    if constexpr (std::is_void_v<R>)
      f(job);
    else
      result = f(job);
  };
  try {
    if (mode == Mode::Committing)
      work();
    else
      pg::in_subtransaction(work);
  } catch (const pg::PgError& error) {
    if (!error.is_interrupt()) job.fail(error.message());
    throw;
  } catch (const pg::Raise& raise) {
    job.fail(raise.message);
    throw;
  }
  job.close();
  if constexpr (!std::is_void_v<R>) return std::move(*result);
}

}  // namespace strata::ops
