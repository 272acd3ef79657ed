#include "sluice/table/session/streams.hpp"

#include "sluice/table/bind/binder.hpp"
#include "sluice/table/connect/options.hpp"
#include "sluice/table/expr/similar_names.hpp"
#include "sluice/table/sql/parser.hpp"
#include "sluice/table/types/type_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace sluice::table::detail {

namespace {

std::vector<std::string> names_of(const std::vector<relation_column>& columns) {
  std::vector<std::string> names;
  for (const auto& c : columns) names.push_back(c.name);
  return names;
}

std::size_t number_of(const std::vector<relation_column>& columns, const std::string& name,
                      const std::string& what) {
  auto names = names_of(columns);
  auto it = std::find(names.begin(), names.end(), name);
  if (it == names.end())
    throw plan_error(
      fmt::format("{}: there is no column '{}'{}", what, name, did_you_mean(name, names)));
  return static_cast<std::size_t>(it - names.begin());
}

bool is_source_watermark(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text == "SOURCE_WATERMARK()";
}

/// Makes a table of a stream, a step after the other.
class stream_table {
public:
  stream_table(const std::shared_ptr<table_environment::session>& session,
               const stream_input& stream, const stream_schema& schema)
    : session_(session), stream_(stream), schema_(schema) {}

  table make() {
    find_columns();
    scan();
    cast();
    compute();
    tell_time();
    return {session_, plan_};
  }

private:
  static constexpr auto what = "from_data_stream";

  /// The columns of the rows that the records become.
  void find_columns() {
    stored_ = stream_.fields;
    if (stream_.generic) {
      if (schema_.columns().empty())
        throw plan_error("from_data_stream: generic rows do not know their columns: declare them "
                         "with stream_schema().column(name, type)");
      for (const auto& c : schema_.columns())
        stored_.push_back({c.name, record_mapping<row>::cell_type(data_type::parse(c.text))});
    }
    if (!schema_.timestamps()) return;
    const auto& [name, precision] = *schema_.timestamps();
    if (precision != 0 && precision != 3 && precision != 6)
      throw plan_error(fmt::format("from_data_stream: the timestamps of records have 0, 3 or 6 "
                                   "digits of seconds, not {}",
                                   precision));
    stored_.push_back({name, data_type::timestamp_ltz(precision)});
  }

  void scan() {
    std::vector<data_type> types;
    for (const auto& c : stored_) types.push_back(c.type);
    std::optional<int> precision;
    if (schema_.timestamps()) precision = schema_.timestamps()->precision;
    const auto origin = stream_.add(std::move(types), precision);
    stream_scan_node node;
    node.node = origin.from;
    node.port = origin.port;
    node.changes = stream_.changes;
    for (const auto& name : schema_.primary_key())
      node.primary_key.push_back(number_of(stored_, name, "primary_key"));
    if (const auto& w = schema_.watermark(); w && is_source_watermark(w->text)) {
      auto& c = stored_[number_of(stored_, w->name, "SOURCE_WATERMARK()")];
      if (!c.type.is(type_root::timestamp) && !c.type.is(type_root::timestamp_ltz))
        throw plan_error(fmt::format("SOURCE_WATERMARK(): '{}' is {}, and no timestamp", c.name,
                                     c.type.to_string()));
      c.time = time_attribute::event_time;
    }
    plan_ = relation::stream_scan(std::move(node), stored_);
  }

  /// Takes the declared columns as the declared types.
  void cast() {
    if (schema_.columns().empty()) return;
    std::vector<expression_ptr> values;
    std::vector<std::string> names;
    for (const auto& c : schema_.columns()) {
      const auto i = number_of(plan_->columns, c.name, what);
      const auto type = data_type::parse(c.text);
      const auto& from = plan_->columns[i].type;
      auto value = column_of(*plan_, i);
      if (!from.same_as(type)) {
        if (!can_cast_explicitly(from, type))
          throw plan_error(fmt::format("from_data_stream: column '{}' is {}, which cannot be {}",
                                       c.name, from.to_string(), type.to_string()));
        value = expression::cast(value, type, {});
      }
      values.push_back(std::move(value));
      names.push_back(c.name);
    }
    if (schema_.timestamps()) {
      values.push_back(column_of(*plan_, plan_->columns.size() - 1));
      names.push_back(schema_.timestamps()->name);
    }
    plan_ = relation::project(plan_, std::move(values), std::move(names));
  }

  expression_ptr bound(const std::string& text) const {
    const auto parsed = sql::parse_expression(text);
    const auto mode = session_->config.mode() == execution_mode::batch ? execution_mode::batch
                                                                       : execution_mode::streaming;
    return bind_expression(parsed, *plan_, session_->context(mode));
  }

  void compute() {
    for (const auto& c : schema_.computed()) {
      std::vector<expression_ptr> values;
      for (std::size_t i = 0; i < plan_->columns.size(); ++i)
        values.push_back(column_of(*plan_, i));
      values.push_back(bound(c.text));
      auto names = names_of(plan_->columns);
      names.push_back(c.name);
      plan_ = relation::project(plan_, std::move(values), std::move(names));
    }
  }

  void tell_time() {
    const auto& w = schema_.watermark();
    if (!w || is_source_watermark(w->text)) return;
    watermark_node node;
    node.column = number_of(plan_->columns, w->name, "watermark");
    node.value = bound(w->text);
    for (const auto& t : {plan_->columns[node.column].type, node.value->type()})
      if (!t.is(type_root::timestamp) && !t.is(type_root::timestamp_ltz))
        throw plan_error(fmt::format("watermark: '{}' for '{}' must be timestamps, not {}", w->text,
                                     w->name, t.to_string()));
    plan_ = relation::watermark(plan_, std::move(node));
  }

  const std::shared_ptr<table_environment::session>& session_;
  const stream_input& stream_;
  const stream_schema& schema_;
  std::vector<relation_column> stored_;
  relation_ptr plan_;
};

std::string schema_text(const std::vector<relation_column>& columns) {
  std::string text;
  for (const auto& c : columns)
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", c.name, c.type.to_string());
  return "[" + text + "]";
}

[[noreturn]] void throw_misfit(const std::string& cause, const relation& plan,
                               const std::vector<relation_column>& fields) {
  throw plan_error(fmt::format("the table does not fit the records of the stream: {}\n\n"
                               "Table:   {}\nRecords: {}",
                               cause, schema_text(plan.columns), schema_text(fields)));
}

/// Columns of `plan`, in the order of the fields.
std::vector<std::size_t> columns_for(const relation& plan, const wanted_records& records) {
  std::vector<std::size_t> result;
  if (records.fields.size() != plan.columns.size() && !records.by_name)
    throw_misfit("there are not as many columns as values", plan, records.fields);
  const auto names = names_of(plan.columns);
  for (std::size_t i = 0; i < records.fields.size(); ++i) {
    if (!records.by_name) {
      result.push_back(i);
      continue;
    }
    const auto& name = records.fields[i].name;
    const auto it = std::find(names.begin(), names.end(), name);
    if (it == names.end())
      throw_misfit(
        fmt::format("there is no column for field '{}'{}", name, did_you_mean(name, names)), plan,
        records.fields);
    result.push_back(static_cast<std::size_t>(it - names.begin()));
  }
  for (std::size_t c = 0; c < names.size(); ++c)
    if (std::find(result.begin(), result.end(), c) == result.end())
      throw_misfit(fmt::format("there is no field for column '{}'", names[c]), plan,
                   records.fields);
  return result;
}

/// The plan with the columns and types that the records take.
relation_ptr fitted(const relation_ptr& plan, const wanted_records& records) {
  std::vector<std::size_t> columns;
  if (records.generic)
    for (std::size_t i = 0; i < plan->columns.size(); ++i) columns.push_back(i);
  else
    columns = columns_for(*plan, records);
  std::vector<expression_ptr> values;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    auto value = column_of(*plan, columns[i]);
    const auto from = value->type();
    // A NULL that a field does not take is found when it comes.
    const auto type
      = (records.generic ? record_mapping<row>::cell_type(from) : records.fields[i].type)
          .with_nullable(from.nullable());
    if (!from.same_as(type)) {
      if (!records.generic && !can_cast_implicitly(from, type))
        throw_misfit(fmt::format("column '{}' is {}, and its field {}: CAST it, or change the "
                                 "field",
                                 plan->columns[columns[i]].name, from.to_string(),
                                 records.fields[i].type.to_string()),
                     *plan, records.fields);
      value = expression::cast(value, type, {});
    }
    values.push_back(std::move(value));
    names.push_back(plan->columns[columns[i]].name);
  }
  return relation::project(plan, std::move(values), std::move(names));
}

std::optional<std::size_t> time_column(const relation& plan) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < plan.columns.size(); ++i) {
    if (plan.columns[i].time != time_attribute::event_time) continue;
    if (found)
      throw plan_error(
        fmt::format("columns '{}' and '{}' both are event times, and records have one "
                    "timestamp: CAST one of them to TIMESTAMP",
                    plan.columns[*found].name, plan.columns[i].name));
    found = i;
  }
  return found;
}

} // namespace

table make_table(std::shared_ptr<table_environment::session> session, const stream_input& stream,
                 const stream_schema& schema) {
  return stream_table(session, stream, schema).make();
}

stream_output add_table(table_environment::session& session, const relation_ptr& plan,
                        const wanted_records& records, const changelog_mode& accepted) {
  const auto rows = fitted(plan, records);
  auto out = session.add_to_streams({rows}, accepted);
  return {std::move(out.origins), out.pinned, time_column(*rows)};
}

} // namespace sluice::table::detail
