#include "sluice/table/function/documentation.hpp"

namespace sluice::table {

namespace {

constexpr grammar_form forms[] = {
  {"EXISTS sub-query", "Whether the sub-query has a row.",
   "SELECT x FROM (VALUES (1), (2)) AS t (x) "
   "WHERE EXISTS (SELECT 1 FROM (VALUES (2), (3)) AS u (y) WHERE y = x)",
   "+I[2]"},
  {"IN sub-query", "Whether it equals a row of the sub-query.",
   "SELECT x FROM (VALUES (1), (2)) AS t (x) WHERE x IN (SELECT y FROM (VALUES (2)) AS u (y))",
   "+I[2]"},
  {"NOT IN sub-query", "Whether it equals no row of the sub-query.",
   "SELECT x FROM (VALUES (1), (2)) AS t (x) WHERE x NOT IN (SELECT y FROM (VALUES (2)) AS u (y))",
   "+I[1]"},
  {"DATE literal", "The date.", "SELECT DATE '2024-02-29'", "+I[2024-02-29]"},
  {"TIME literal", "The time of day.", "SELECT TIME '12:30:05'", "+I[12:30:05]"},
  {"TIMESTAMP literal", "The local time.", "SELECT TIMESTAMP '2024-02-29 12:30:05'",
   "+I[2024-02-29T12:30:05]"},
  {"INTERVAL literal", "So much time.", "SELECT DATE '2024-01-31' + INTERVAL '1' MONTH",
   "+I[2024-02-29]"},
  {"DOT STAR", "The fields of a row as columns.",
   "SELECT t.r.* FROM (SELECT CAST(ROW(1, 'a') AS ROW<x INT, y STRING>) AS r) AS t", "+I[1, a]"},
  {"GROUP_ID", "Which of equal grouping sets the row is of, from 0.",
   "SELECT x, GROUP_ID() FROM (VALUES (1)) AS t (x) GROUP BY GROUPING SETS ((x), (x))",
   "+I[1, 0]\n+I[1, 1]"},
  {"ROW_NUMBER",
   "The number of the row in its partition; in streaming mode filtered by it (Top-N).",
   "SELECT x FROM (SELECT x, ROW_NUMBER() OVER (ORDER BY x) AS n FROM (VALUES (3), (5)) AS t (x)) "
   "WHERE n = 1",
   "+I[3]"},
  {"RANK", "The number of rows before, plus one, rows that tie being alike; in batch mode.",
   "SELECT x, RANK() OVER (ORDER BY x) FROM (VALUES (3), (3), (5)) AS t (x)",
   "+I[3, 1]\n+I[3, 1]\n+I[5, 3]"},
  {"DENSE_RANK", "RANK without gaps; in batch mode.",
   "SELECT x, DENSE_RANK() OVER (ORDER BY x) FROM (VALUES (3), (3), (5)) AS t (x)",
   "+I[3, 1]\n+I[3, 1]\n+I[5, 2]"},
  {"CURRENT_DATABASE", "The database that names without one are looked up in.",
   "SELECT CURRENT_DATABASE()", "+I[default_database]"},
};

} // namespace

std::span<const grammar_form> grammar_forms() { return forms; }

} // namespace sluice::table
