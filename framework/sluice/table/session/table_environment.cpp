#include "sluice/table/session/table_environment.hpp"

#include "sluice/plan/executor.hpp"
#include "sluice/table/connect/builtin_connectors.hpp"
#include "sluice/table/expr/cast.hpp"
#include "sluice/table/plan/properties.hpp"
#include "sluice/table/rules/optimizer.hpp"
#include "sluice/table/session/job_builder.hpp"
#include "sluice/table/session/statements.hpp"
#include "sluice/table/sql/parser.hpp"
#include "sluice/table/types/type_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table {

namespace {

bool reads_unbounded(const relation& r) {
  if (const auto* n = r.as<scan_node>()) return n->source->bounded() == boundedness::unbounded;
  if (r.as<stream_scan_node>() != nullptr) return true;
  return std::any_of(r.inputs.begin(), r.inputs.end(),
                     [](const relation_ptr& in) { return reads_unbounded(*in); });
}

/// How many rows come out of a plan at most, if that is known before it runs and none is taken
/// back.
std::optional<std::uint64_t> most_rows(const relation& plan, execution_mode mode) {
  const auto* r = &plan;
  while (r->as<project_node>() != nullptr) r = &r->input();
  const auto* sort = r->as<sort_node>();
  if (sort == nullptr || !sort->keys.empty() || !sort->limit || *sort->limit == 0)
    return std::nullopt;
  if (!plan_properties(mode).changes(plan).insert_only()) return std::nullopt;
  return sort->limit;
}

/// Whether a stream that takes these changes can be made of the rows of a plan.
void check_changes(const relation& plan, execution_mode mode, const changelog_mode& accepted) {
  plan_properties properties(mode);
  const auto given = properties.changes(plan);
  if (accepted.insert_only() && !given.insert_only())
    throw plan_error(fmt::format("to_data_stream takes tables that only grow, and the rows of this "
                                 "one change ({}): use to_changelog_stream",
                                 given.to_string()));
  if (!accepted.update_before && given.update_before && properties.unique_keys(plan).empty())
    throw plan_error("to_changelog_stream: without UPDATE_BEFORE nobody can tell which row an "
                     "update is about, as the table has no key");
}

} // namespace

table_environment::session::session(stream_environment env) : streams(std::move(env)) {
  add_builtin_connectors(connectors);
  const auto mode = streams.program()->graph.config.mode;
  if (mode != execution_mode::streaming)
    config.set("execution.runtime-mode", mode == execution_mode::batch ? "batch" : "automatic");
}

execution_mode table_environment::session::mode_of(const relation_ptr& plan) const {
  auto mode = config.mode();
  if (mode != execution_mode::automatic) return mode;
  return reads_unbounded(*plan) ? execution_mode::streaming : execution_mode::batch;
}

bind_context table_environment::session::context(execution_mode mode) const {
  return {catalogs, functions, connectors, {mode, config.zone()}, &views};
}

table_result table_environment::session::run_query(const relation_ptr& plan) {
  auto mode = mode_of(plan);
  job_builder job(*this, mode, present());
  auto queue = std::make_shared<result_queue>();
  const auto better = job.optimized(plan);
  job.lowering().add_result(better, make_result_sink(queue), true);
  auto graph = job.graph("collect");
  graph.config.caller_waits = true; // whoever reads the results
  job_handle handle(default_executor().submit(std::move(graph)));
  return table_result::of_query(plan->columns, mode == execution_mode::streaming, handle,
                                std::move(queue), config.max_column_width(), config.zone(),
                                most_rows(*better, mode));
}

table_result table_environment::session::run_inserts(const std::vector<relation_ptr>& plans,
                                                     const std::string& name) {
  auto graph = insert_job(*this, plans, name, present());
  auto result = table_result::of_job(job_handle(default_executor().submit(std::move(graph))));
  if (config.dml_sync()) result.wait();
  return result;
}

std::string
table_environment::session::explain(const std::vector<relation_ptr>& plans,
                                    const std::vector<sql::explain_detail>& details) const {
  auto wants = [&](sql::explain_detail d) {
    return std::find(details.begin(), details.end(), d) != details.end();
  };
  if (wants(sql::explain_detail::estimated_cost) || wants(sql::explain_detail::plan_advice))
    throw plan_error("not supported: EXPLAIN ESTIMATED_COST and PLAN_ADVICE; there are "
                     "CHANGELOG_MODE and JSON_EXECUTION_PLAN");
  if (plans.empty()) throw plan_error("there is nothing to explain");
  auto mode = mode_of(plans[0]);
  job_builder job(*this, mode, present());
  std::string bound;
  std::string optimized;
  for (const auto& p : plans) {
    bound += to_string(*p);
    auto better = job.optimized(p);
    optimized += wants(sql::explain_detail::changelog_mode) ? to_string_with_changes(better, mode)
                                                            : to_string(*better);
    if (better->as<sink_node>() != nullptr)
      job.lowering().add_sink(better);
    else
      job.lowering().add_result(better, make_result_sink(std::make_shared<result_queue>()), true);
  }
  auto graph = job.graph("explain");
  auto text = fmt::format("== Abstract Syntax Tree ==\n{}\n== Optimized Plan ==\n{}\n== Job Graph "
                          "==\n{}",
                          bound, optimized, sluice::explain(graph));
  if (wants(sql::explain_detail::json_execution_plan))
    text += fmt::format("\n== JSON Execution Plan ==\n{}",
                        sluice::explain(graph, explain_format::json));
  return text;
}

lowered table_environment::session::add_to_streams(const std::vector<relation_ptr>& plans,
                                                   const changelog_mode& accepted) {
  auto& program = *streams.program();
  const auto mode = program.graph.config.mode;
  if (mode == execution_mode::automatic)
    throw plan_error("not supported: tables as streams in execution mode automatic; choose "
                     "streaming or batch with set_execution_mode()");
  if (config.mode() != mode)
    throw plan_error(fmt::format("the program of the streams runs in {} mode, and "
                                 "'execution.runtime-mode' is {}: set both alike",
                                 mode == execution_mode::batch ? "batch" : "streaming",
                                 config.values().at("execution.runtime-mode")));
  const auto start = present();
  auto settings = config.lowering(mode, program.graph.config.parallelism, start);
  const optimizer_context rules{mode, {settings.operators.zone, start, min_timestamp}};
  lowering into(program, functions, std::move(settings));
  lowered last;
  for (const auto& p : plans) {
    auto plan = optimize(p, rules);
    if (plan->as<sink_node>() != nullptr) {
      into.add_sink(plan);
    } else {
      check_changes(*plan, mode, accepted);
      last = into.add(plan, accepted.update_before);
    }
  }
  return last;
}

table_environment::table_environment(stream_environment streams)
  : session_(std::make_shared<session>(std::move(streams))) {}

session_config& table_environment::config() noexcept { return session_->config; }
catalog_manager& table_environment::catalogs() noexcept { return session_->catalogs; }
function_registry& table_environment::functions() noexcept { return session_->functions; }
connector_registry& table_environment::connectors() noexcept { return session_->connectors; }
stream_environment& table_environment::streams() noexcept { return session_->streams; }

table_result table_environment::execute_sql(std::string_view sql) {
  return execute(sql::parse_statement(sql));
}

table_result table_environment::execute(const sql::statement& statement) {
  return run_statement(*session_, statement);
}

table table_environment::sql_query(std::string_view sql) {
  auto parsed = sql::parse_query(sql);
  return {session_, session_->bound(
                      [&](const bind_context& context) { return bind_query(parsed, context); })};
}

table table_environment::from(std::string_view path) {
  auto name = parse_name(path);
  return {session_,
          session_->bound([&](const bind_context& context) { return bind_table(name, context); })};
}

table table_environment::from_values(std::vector<std::vector<scalar>> rows,
                                     std::vector<std::string> names) {
  if (rows.empty()) throw plan_error("from_values: there are no rows to tell the types by");
  std::vector<relation_column> columns;
  for (std::size_t c = 0; c < rows[0].size(); ++c) {
    std::vector<data_type> types;
    for (const auto& row : rows) {
      if (row.size() != rows[0].size())
        throw plan_error("from_values: the rows are not equally long");
      types.push_back(row[c].is_null() ? row[c].type().as_nullable() : row[c].type().not_null());
    }
    auto type = common_type(types);
    if (!type)
      throw plan_error(fmt::format("from_values: the values of column {} have no common type", c));
    columns.push_back({c < names.size() ? names[c] : fmt::format("f{}", c), *type});
    expression_context context;
    for (auto& row : rows) row[c] = cast_scalar(row[c], *type, context);
  }
  return {session_, relation::values({std::move(rows)}, std::move(columns))};
}

void table_environment::create_temporary_view(const std::string& name, const table& t) {
  session_->views[name] = t.plan();
}

statement_set table_environment::create_statement_set() { return statement_set(session_); }

std::string table_environment::explain_sql(std::string_view sql,
                                           std::vector<sql::explain_detail> details) {
  sql::explain e;
  e.details = std::move(details);
  e.subject = sql::box<sql::statement>(sql::parse_statement(sql));
  auto result = run_statement(*session_, {{}, std::move(e)});
  return std::string(result.next()->at(0).text(0)) + "\n";
}

statement_set& statement_set::add_insert_sql(std::string_view sql) {
  auto parsed = sql::parse_statement(sql);
  const auto* i = parsed.as<sql::insert>();
  if (i == nullptr) throw plan_error("add_insert_sql takes an INSERT statement");
  plans_.push_back(
    session_->bound([&](const bind_context& context) { return bind_insert(*i, context); }));
  return *this;
}

statement_set& statement_set::add_insert(const std::string& target, const table& t) {
  auto name = parse_name(target);
  plans_.push_back(session_->bound(
    [&](const bind_context& context) { return bind_sink(t.plan(), name, context); }));
  return *this;
}

table_result statement_set::execute() {
  if (plans_.empty()) throw plan_error("the statement set is empty");
  std::string name = "insert-into";
  for (std::size_t i = 0; i < plans_.size(); ++i)
    name += (i == 0 ? "_" : ",") + plans_[i]->as<sink_node>()->table;
  auto plans = std::exchange(plans_, {});
  return session_->run_inserts(plans, name);
}

void statement_set::attach_as_data_stream() {
  if (plans_.empty()) throw plan_error("the statement set is empty");
  session_->add_to_streams(std::exchange(plans_, {}), changelog_mode::all());
}

std::string statement_set::explain(const std::vector<sql::explain_detail>& details) const {
  return session_->explain(plans_, details);
}

} // namespace sluice::table
