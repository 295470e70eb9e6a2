// Catch2 of either generation: v3 on newer systems, v2 on Debian 12.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;  // NOLINT(misc-unused-using-decls)
#else
#include <catch2/catch.hpp>
#endif
