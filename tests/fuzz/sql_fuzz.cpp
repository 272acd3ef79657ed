/// SQL under random input: never a crash, an error always has a place in the text, what is accepted
/// reads the same after it was written out, and a script has the same statements in pieces.
#include "sluice/table/sql/parser.hpp"
#include "sluice/table/sql/script_splitter.hpp"
#include "sluice/table/sql/unparse.hpp"

#include "fuzz/fuzz_driver.hpp"

namespace {

using namespace sluice::sql;
using namespace sluice::testing;

void expect(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

void check_error(const sql_error& error, const std::string& input) {
  expect(error.range().begin.offset <= input.size(), "an error is behind the text");
  expect(error.range().begin <= error.range().end, "an error ends before it begins");
  expect(!error.message().empty(), "an error says nothing");
  auto shown = format_error(error, input);
  expect(shown.find('^') != std::string::npos, "an error shows no place");
}

std::size_t count_pieces(const std::string& input, std::mt19937_64& random) {
  script_splitter splitter;
  std::size_t pieces = 0;
  for (std::size_t begin = 0; begin < input.size();) {
    auto size = std::min<std::size_t>(1 + random() % 40, input.size() - begin);
    splitter.append(std::string_view(input).substr(begin, size));
    begin += size;
    while (splitter.next()) ++pieces;
  }
  while (splitter.next()) ++pieces;
  return pieces + (splitter.finish() ? 1 : 0);
}

void check(const std::string& input, std::mt19937_64& random) {
  std::vector<statement> script;
  try {
    script = parse_script(input);
  } catch (const sql_error& error) {
    check_error(error, input);
    count_pieces(input, random);
    return;
  }
  for (const auto& node : script) {
    auto text = to_sql(node);
    auto again = parse_statement(text);
    expect(again == node, "what is written reads as something else");
    expect(to_sql(again) == text, "what is written is not normal");
  }
  expect(count_pieces(input, random) == script.size(), "pieces change the statements");
}

} // namespace

int main(int argc, char** argv) {
  std::vector<std::string> good{
    "SELECT a.b, COUNT(DISTINCT c) FILTER (WHERE d > 1.5) AS n FROM t AS x WHERE a IN (1, 2) AND b "
    "BETWEEN 'x' AND 'it''s' OR NOT c IS NULL GROUP BY ROLLUP (a, (b, c)) HAVING n > 1 ORDER BY a "
    "DESC NULLS LAST LIMIT 5 OFFSET 2",
    "CREATE TABLE IF NOT EXISTS `t` (a INT NOT NULL, b AS a + 1, c TIMESTAMP(3) METADATA FROM 'x' "
    "VIRTUAL, d ROW<x ARRAY<INT>, y MAP<STRING, BYTES>>, WATERMARK FOR c AS c - INTERVAL '5' "
    "SECOND, "
    "PRIMARY KEY (a) NOT ENFORCED) COMMENT 'c' PARTITIONED BY (a) WITH ('k' = 'v', 'l' = 'w');",
    "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT CASE x WHEN 1 THEN 2 ELSE 3 END FROM t; "
    "INSERT "
    "INTO b VALUES (1, ROW(2)), (ARRAY[3], MAP['a', 1]); END; SHOW TABLES FROM c.d LIKE 'x%';",
    "WITH q AS (SELECT 1) SELECT * FROM q LEFT JOIN LATERAL TABLE(f(x, y => 2)) AS g (h) ON TRUE "
    "UNION ALL (SELECT TRIM(BOTH 'a' FROM b) || SUBSTRING(c FROM 1 FOR 2) FROM u EXCEPT SELECT 1)",
    "SELECT window_start, RANK() OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND "
    "CURRENT "
    "ROW) FROM TABLE(HOP(DATA => TABLE t, TIMECOL => DESCRIPTOR(ts), SLIDE => INTERVAL '1' MINUTE, "
    "SIZE => INTERVAL -'1 2' DAY TO HOUR)) /* x */ -- y\n",
    "SELECT /*+ OPTIONS('a'='b'), X(t) */ CAST(x AS DECIMAL(10, 2)), -(-1), U&'\\00e4', X'0aff', "
    "JSON_VALUE(a, '$.b' RETURNING INT DEFAULT 1 ON EMPTY NULL ON ERROR), EXTRACT(DAY FROM d), "
    "EXISTS (SELECT 1), a = ANY (SELECT 2), (a, b) FROM `이름`",
    "EXPLAIN CHANGELOG_MODE SELECT 1; ALTER TABLE t ADD (a INT FIRST); SET 'a' = 'b'; USE c.d;",
  };
  return run_fuzzer(argc, argv, good, "()[],.;'`\"*/+- \n=<>|:?AaSs0", check);
}
