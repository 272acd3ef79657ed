#include "sql_runner.hpp"

#include "error_text.hpp"
#include "interrupt.hpp"
#include "live_view.hpp"
#include "progress.hpp"
#include "tell.hpp"

#include "sluice/table/sql/parser.hpp"
#include "sluice/table/sql/script_splitter.hpp"

#include <fmt/format.h>

#include <chrono>
#include <iostream>

namespace sluice::cli {

namespace {

using namespace std::chrono_literals;

/// The statement with blanks in front, so that its places are those of the whole script.
std::string at_its_place(const sql::script_splitter::piece& p) {
  return std::string(p.begin.line - 1, '\n') + std::string(p.begin.column - 1, ' ') + p.text;
}

} // namespace

sql_runner::sql_runner(bool interactive) : interactive_(interactive) {
  // What ends a job is told by `run_statement`, and need not be in the log as well.
  tables_.streams().config().caller_waits = true;
}

run_outcome sql_runner::run_script(const std::string& text, std::string_view file) {
  sql::script_splitter splitter;
  splitter.append(text);
  for (;;) {
    auto piece = splitter.next();
    if (!piece) piece = splitter.finish();
    if (!piece) return run_outcome::succeeded;
    auto outcome = run_statement(at_its_place(*piece), file, text);
    if (outcome != run_outcome::succeeded) return outcome;
  }
}

run_outcome sql_runner::run_statement(const std::string& statement, std::string_view file,
                                      std::string_view script) {
  try {
    auto parsed = sql::parse_statement(statement);
    if (cluster_ && cluster_session::takes(parsed)) return run_on_cluster(parsed, statement);
    auto outcome = show(tables_.execute(parsed), parsed);
    if (cluster_) cluster_->remember(parsed, statement);
    return outcome;
  } catch (const coordinator_unreachable& e) {
    if (!interactive_) throw;
    tell("{}\n", e.what());
    return run_outcome::failed;
  } catch (const std::exception& e) {
    std::cout.flush();
    tell("{}\n", error_text(e, file, script));
    return run_outcome::failed;
  }
}

run_outcome sql_runner::run_on_cluster(const sql::statement& parsed, const std::string& text) {
  switch (cluster_->run(parsed, text)) {
  case remote_end::failed:
    return run_outcome::failed;
  case remote_end::interrupted:
    tell("cancelled\n");
    return run_outcome::interrupted;
  case remote_end::finished:
  case remote_end::left_alone:
    break;
  }
  say_ok();
  return run_outcome::succeeded;
}

run_outcome sql_runner::show(table::table_result result, const sql::statement& of) {
  if (const auto* s = of.as<sql::set_statement>(); s != nullptr && s->option)
    if (auto note = table::session_config::note_on(s->option->key.text)) tell("note: {}\n", *note);
  if (result.has_rows()) return show_rows(result);
  if (!result.job()) {
    say_ok();
    return run_outcome::succeeded;
  }
  return wait_for(result, of.as<sql::statement_set>() != nullptr ? "statement set" : "insert");
}

run_outcome sql_runner::show_rows(table::table_result& result) {
  if (!result.job()) {
    result.print(std::cout);
    return run_outcome::succeeded;
  }
  interrupt_guard interrupt;
  if (result.is_changelog() && tables_.config().results() == table::result_mode::table) {
    show_live(result, std::cout, [&] { return interrupt.interrupted(); });
  } else {
    progress_line progress("select");
    result.print(std::cout, [&] {
      // Rows that come are progress enough.
      if (!result.is_changelog()) progress.update(*result.job());
      return interrupt.interrupted();
    });
  }
  if (!interrupt.interrupted()) return run_outcome::succeeded;
  tell("cancelled\n");
  return run_outcome::interrupted;
}

run_outcome sql_runner::wait_for(table::table_result& result, const std::string& label) {
  auto job = *result.job();
  interrupt_guard interrupt;
  progress_line progress(label);
  while (!job.wait_for(20ms)) {
    progress.update(job);
    if (!interrupt.interrupted()) continue;
    cancel_and_wait(job);
    progress.clear();
    tell("cancelled\n");
    return run_outcome::interrupted;
  }
  progress.clear();
  say_ok();
  return run_outcome::succeeded;
}

void sql_runner::say_ok() {
  if (interactive_) fmt::print("OK\n");
}

} // namespace sluice::cli
