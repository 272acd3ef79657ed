#include "sluice/table/session/statements.hpp"

#include "sluice/table/function/documentation.hpp"
#include "sluice/table/function/like.hpp"
#include "sluice/table/sql/parser.hpp"
#include "sluice/table/sql/unparse.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table {

namespace {

using rows = std::vector<std::vector<std::optional<std::string>>>;

source_position position_of(const sql::place& where) {
  return {static_cast<int>(where.begin.line), static_cast<int>(where.begin.column)};
}

std::map<std::string, std::string> options_of(const std::vector<sql::table_option>& options) {
  std::map<std::string, std::string> result;
  for (const auto& o : options)
    if (!result.emplace(o.key.text, o.value.text).second)
      throw binding_error(position_of(o.where),
                          fmt::format("option '{}' is given twice", o.key.text));
  return result;
}

class runner {
public:
  runner(table_environment::session& s, const insert_runner& run_inserts)
    : session_(s), run_inserts_(run_inserts) {}

  table_result operator()(const sql::query& q) {
    return session_.run_query(
      session_.bound([&](const bind_context& context) { return bind_query(q, context); }));
  }

  table_result operator()(const sql::insert& i) { return insert({i}); }
  table_result operator()(const sql::statement_set& set) { return insert(set.inserts); }

  table_result operator()(const sql::create_table& s) {
    auto table = define_table(s, context());
    auto created = session_.catalogs.create(s.name, std::move(table), s.temporary, s.if_not_exists);
    if (!s.as || !created) return {};
    sql::insert i;
    i.where = s.name.where;
    i.target = s.name;
    i.source = *s.as;
    try {
      return insert({i});
    } catch (...) {
      session_.catalogs.drop(s.name, sql::object_kind::table, s.temporary, true);
      throw;
    }
  }

  table_result operator()(const sql::alter_table& s) {
    auto path = session_.catalogs.resolve(s.name);
    const auto* object = session_.catalogs.find(path);
    if (object == nullptr && s.if_exists) return {};
    object = &session_.catalogs.get(s.name);
    if (const auto* r = std::get_if<sql::rename_table>(&s.action)) {
      auto to = session_.catalogs.resolve(r->to);
      if (r->to.parts.size() > 1 && (to.catalog != path.catalog || to.database != path.database))
        throw binding_error(position_of(r->to.where),
                            "not supported: renaming a table into another database");
      session_.catalogs.rename(path, r->to.parts.back().text);
      return {};
    }
    const auto* table = std::get_if<catalog_table>(object);
    if (table == nullptr)
      throw binding_error(position_of(s.name.where), path.to_string() + " is a view, not a table");
    session_.catalogs.replace(path, altered_table(*table, s, context()));
    return {};
  }

  table_result operator()(const sql::create_view& s) {
    session_.catalogs.create(s.name, define_view(s, context()), s.temporary, s.if_not_exists);
    return {};
  }
  table_result operator()(const sql::create_database& s) {
    session_.catalogs.create_database(s.name, options_of(s.options),
                                      s.comment ? s.comment->text : "", s.if_not_exists);
    return {};
  }
  table_result operator()(const sql::create_catalog& s) {
    auto options = options_of(s.options);
    auto type = options.find("type");
    if (type == options.end() || type->second != "generic_in_memory")
      throw binding_error(position_of(s.name.where),
                          type == options.end()
                            ? std::string("CREATE CATALOG needs 'type'; there is generic_in_memory")
                            : fmt::format("not supported: a catalog of type '{}'; there is "
                                          "generic_in_memory",
                                          type->second));
    session_.catalogs.create_catalog(s.name.text, std::move(options), s.if_not_exists);
    return {};
  }

  table_result operator()(const sql::drop_object& s) {
    switch (s.kind) {
    case sql::object_kind::table:
    case sql::object_kind::view:
      session_.catalogs.drop(s.name, s.kind, s.temporary, s.if_exists);
      break;
    case sql::object_kind::database:
      session_.catalogs.drop_database(s.name, s.if_exists, s.cascade);
      break;
    case sql::object_kind::catalog:
      session_.catalogs.drop_catalog(s.name.parts.back().text, s.if_exists);
      break;
    }
    return {};
  }

  table_result operator()(const sql::use_catalog& s) {
    session_.catalogs.use_catalog(s.name.text);
    return {};
  }
  table_result operator()(const sql::use_database& s) {
    session_.catalogs.use_database(s.name);
    return {};
  }

  table_result operator()(const sql::show& s) {
    const auto& catalogs = session_.catalogs;
    switch (s.kind) {
    case sql::show_kind::tables: {
      auto [catalog, database] = database_of(s);
      return names("table name", catalogs.tables(catalog, database), s);
    }
    case sql::show_kind::views: {
      auto [catalog, database] = database_of(s);
      return names("view name", catalogs.views(catalog, database), s);
    }
    case sql::show_kind::databases: {
      auto catalog = s.from ? s.from->parts.back().text : catalogs.current_catalog();
      return names("database name", catalogs.databases(catalog), s);
    }
    case sql::show_kind::catalogs:
      return names("catalog name", catalogs.catalogs(), s);
    case sql::show_kind::functions:
      return names("function name", functions(false), s);
    case sql::show_kind::user_functions:
      return names("function name", functions(true), s);
    case sql::show_kind::columns:
      return columns(*s.from, &s);
    case sql::show_kind::create_table:
    case sql::show_kind::create_view:
      return create_text(s);
    case sql::show_kind::create_catalog:
      throw plan_error("not supported: SHOW CREATE CATALOG");
    case sql::show_kind::current_catalog:
      return table_result::of_rows({"current catalog name"}, {{catalogs.current_catalog()}});
    case sql::show_kind::current_database:
      return table_result::of_rows({"current database name"}, {{catalogs.current_database()}});
    }
    return {};
  }

  table_result operator()(const sql::describe& s) {
    if (s.kind != sql::object_kind::table)
      throw binding_error(position_of(s.name.where),
                          "not supported: DESCRIBE of a database or a catalog");
    return columns(s.name, nullptr);
  }

  table_result operator()(const sql::set_statement& s) {
    if (s.option) {
      session_.config.set(s.option->key.text, s.option->value.text);
      return {};
    }
    rows all;
    for (const auto& [key, value] : session_.config.values()) all.push_back({key, value});
    return table_result::of_rows({"key", "value"}, std::move(all));
  }
  table_result operator()(const sql::reset_statement& s) {
    if (s.key)
      session_.config.reset(s.key->text);
    else
      session_.config.reset_all();
    return {};
  }

  table_result operator()(const sql::explain& s) {
    auto text = session_.explain(plans_of(*s.subject), s.details);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return table_result::of_rows({"result"}, {{text}}, true);
  }

private:
  bind_context context() const {
    auto mode = session_.config.mode();
    return session_.context(mode == execution_mode::automatic ? execution_mode::streaming : mode);
  }

  relation_ptr plan_of(const sql::insert& i) {
    return session_.bound([&](const bind_context& c) { return bind_insert(i, c); });
  }

  std::vector<relation_ptr> plans_of(const sql::statement& s) {
    if (const auto* q = s.as<sql::query>())
      return {session_.bound([&](const bind_context& c) { return bind_query(*q, c); })};
    if (const auto* i = s.as<sql::insert>()) return {plan_of(*i)};
    std::vector<relation_ptr> plans;
    if (const auto* set = s.as<sql::statement_set>())
      for (const auto& i : set->inserts) plans.push_back(plan_of(i));
    return plans;
  }

  table_result insert(const std::vector<sql::insert>& inserts) {
    std::vector<relation_ptr> plans;
    std::string name = "insert-into";
    for (const auto& i : inserts) {
      plans.push_back(plan_of(i));
      name += (plans.size() == 1 ? "_" : ",") + plans.back()->as<sink_node>()->table;
    }
    return run_inserts_(plans, name);
  }

  std::pair<std::string, std::string> database_of(const sql::show& s) const {
    std::pair<std::string, std::string> result{session_.catalogs.current_catalog(),
                                               session_.catalogs.current_database()};
    if (!s.from) return result;
    result.second = s.from->parts.back().text;
    if (s.from->parts.size() > 1) result.first = s.from->parts.front().text;
    return result;
  }

  static bool passes(const sql::show& s, std::string name) {
    if (!s.filter) return true;
    auto pattern = s.filter->pattern.text;
    if (s.filter->ignore_case)
      for (auto* text : {&name, &pattern})
        std::transform(text->begin(), text->end(), text->begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return like_pattern::compile(pattern, "").matches(name) != s.filter->negated;
  }

  static table_result names(const std::string& title, const std::vector<std::string>& all,
                            const sql::show& s) {
    rows result;
    for (const auto& name : all)
      if (passes(s, name)) result.push_back({name});
    return table_result::of_rows({title}, std::move(result));
  }

  std::vector<std::string> functions(bool users_only) const {
    std::vector<std::string> all;
    const auto& built_in = function_registry::built_in();
    for (const auto* f : session_.functions.scalar_functions())
      if (!users_only || built_in.find_scalar(f->name) == nullptr) all.push_back(f->name);
    for (const auto* f : session_.functions.aggregate_functions())
      if (!users_only || built_in.find_aggregate(f->name) == nullptr) all.push_back(f->name);
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }

  table_result columns(const sql::object_name& name, const sql::show* filter) {
    rows result;
    for (auto& c : describe(session_.catalogs.get(name), context())) {
      if (filter != nullptr && !passes(*filter, c.name)) continue;
      auto shown = [](std::string text) {
        return text.empty() ? std::optional<std::string>() : std::optional(std::move(text));
      };
      result.push_back({c.name, c.type, c.nullable ? "TRUE" : "FALSE", shown(c.key),
                        shown(c.extras), shown(c.watermark)});
    }
    return table_result::of_rows({"name", "type", "null", "key", "extras", "watermark"},
                                 std::move(result));
  }

  table_result create_text(const sql::show& s) {
    const auto& object = session_.catalogs.get(*s.from);
    auto is_view = std::holds_alternative<catalog_view>(object);
    if (is_view != (s.kind == sql::show_kind::create_view))
      throw binding_error(position_of(s.from->where),
                          is_view ? "it is a view: SHOW CREATE VIEW shows it"
                                  : "it is a table: SHOW CREATE TABLE shows it");
    return table_result::of_rows(
      {"result"}, {{create_statement(session_.catalogs.resolve(*s.from), object)}}, true);
  }

  table_environment::session& session_;
  const insert_runner& run_inserts_;
};

} // namespace

table_result run_statement(table_environment::session& session, const sql::statement& statement,
                           const insert_runner& run_inserts) {
  return std::visit(runner(session, run_inserts), statement.node);
}

table_result run_statement(table_environment::session& session, const sql::statement& statement) {
  return run_statement(session, statement,
                       [&](auto& plans, auto& name) { return session.run_inserts(plans, name); });
}

sql::object_name parse_name(std::string_view text) {
  auto e = sql::parse_expression(text);
  if (auto* c = e.as<sql::column_ref>()) return c->name;
  throw plan_error(fmt::format("'{}' is no name of a table", text));
}

} // namespace sluice::table
