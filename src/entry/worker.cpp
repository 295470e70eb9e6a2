// Where the server starts our background workers.
#include "ops/detach_concurrently.hpp"
#include "ops/helper.hpp"
#include "ops/worker.hpp"
#include "pg/guard.hpp"

extern "C" {

PGDLLEXPORT void strata_worker_main(Datum argument);
PGDLLEXPORT void strata_worker_database(Datum argument);
PGDLLEXPORT void strata_worker_detach(Datum argument);
PGDLLEXPORT void strata_worker_helper(Datum argument);

void strata_worker_main(Datum /*argument*/) {
  (void)strata::pg::boundary([]() -> Datum {
    strata::ops::run_worker_rounds();
    return Datum{0};
  });
}

void strata_worker_database(Datum /*argument*/) {
  (void)strata::pg::boundary([]() -> Datum {
    strata::ops::run_worker_database();
    return Datum{0};
  });
}

void strata_worker_detach(Datum /*argument*/) {
  (void)strata::pg::boundary([]() -> Datum {
    strata::ops::run_worker_detach();
    return Datum{0};
  });
}

void strata_worker_helper(Datum /*argument*/) {
  (void)strata::pg::boundary([]() -> Datum {
    strata::ops::run_worker_helper();
    return Datum{0};
  });
}

}  // extern "C"
