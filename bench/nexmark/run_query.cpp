#include "run_query.hpp"

#include "../stopwatch.hpp"

#include "sluice/table/session/table_environment.hpp"
#include "sluice/table/sql/script_splitter.hpp"

#include <algorithm>
#include <optional>

namespace bench::nexmark {

namespace {

/// How often the text has the letter: what q14 asks a function of the user for.
std::int64_t count_char(std::string_view text, std::string_view letter) {
  return letter.empty() ? 0 : std::ranges::count(text, letter.front());
}

void run_statements(sluice::table::table_environment& tables, std::string_view sql,
                    run_times& times) {
  sluice::sql::script_splitter statements;
  statements.append(sql);
  for (;;) {
    auto piece = statements.next();
    if (!piece) piece = statements.finish();
    if (!piece) return;
    stopwatch time;
    auto result = tables.execute_sql(piece->text);
    if (!result.job()) continue;
    result.wait();
    times.seconds += time.seconds();
    times.cpu_seconds += time.cpu_seconds();
  }
}

} // namespace

std::string blackhole() { return "'connector' = 'blackhole'"; }

run_times run_script(std::string_view sql, const run_settings& settings) {
  sluice::table::table_environment tables;
  tables.functions().add_function("COUNT_CHAR", count_char);
  auto& config = tables.config();
  config.set("execution.runtime-mode", settings.batch ? "batch" : "streaming");
  config.set("parallelism.default", std::to_string(settings.parallelism));
  run_times times;
  run_statements(tables, filled_in(nexmark::tables(), settings.fill), times);
  run_statements(tables, filled_in(sql, settings.fill), times);
  return times;
}

} // namespace bench::nexmark
