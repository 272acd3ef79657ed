#include "sluice/table/session/session_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::table {

namespace {

const std::vector<option_definition>& all_definitions() {
  using enum option_type;
  static const std::vector<option_definition> definitions = {
    {"execution.runtime-mode",
     text,
     false,
     "streaming",
     {"streaming", "batch", "automatic"},
     "Results as input comes, or once at the end of bounded input."},
    {"parallelism.default", integer, false, {}, {}, "Subtasks per operator."},
    {"table.exec.resource.default-parallelism",
     integer,
     false,
     {},
     {},
     "The same, for tables only."},
    {"pipeline.name", text, false, {}, {}, "Name of the jobs."},
    {"pipeline.max-parallelism",
     integer,
     false,
     {},
     {},
     "Key groups: the most subtasks that state can be spread over."},
    {"pipeline.operator-chaining.enabled",
     boolean,
     false,
     "true",
     {},
     "Whether operators in a row share an actor."},
    {"execution.buffer-timeout.interval",
     duration,
     false,
     {},
     {},
     "How long rows may wait for their batch to fill."},
    {"io.tmp.dirs", text, false, {}, {}, "Where rows go that memory does not hold."},
    {"taskmanager.memory.managed.size",
     memory_size,
     false,
     "256 mb",
     {},
     "What an operator of a batch job holds in memory before it uses the disk."},
    {"table.local-time-zone",
     text,
     false,
     "default",
     {},
     "Zone of TIMESTAMP_LTZ as text; default is the system's."},
    {"table.dml-sync", boolean, false, "false", {}, "Whether INSERT waits for the end of its job."},
    {"table.display.max-column-width",
     integer,
     false,
     "30",
     {},
     "Width from which texts are cut in results that come row by row."},
    {"table.exec.mini-batch.enabled",
     boolean,
     false,
     "false",
     {},
     "Collapse the changes of a key that come close together."},
    {"table.exec.mini-batch.allow-latency",
     duration,
     false,
     "0 ms",
     {},
     "How long changes may wait for that."},
    {"table.exec.mini-batch.size", integer, false, "-1", {}, "How many rows may wait for that."},
    {"table.exec.state.ttl",
     duration,
     false,
     "0 ms",
     {},
     "How long state that is not touched is kept; 0: for ever."},
    {"table.exec.source.idle-timeout",
     duration,
     false,
     "0 ms",
     {},
     "After this silence a split does not hold back event time; 0: it always does."},
    {"table.exec.sink.not-null-enforcer",
     text,
     false,
     "ERROR",
     {"ERROR", "DROP"},
     "What happens to NULL for a NOT NULL column of a sink."},
    {"table.exec.sink.type-length-enforcer",
     text,
     false,
     "IGNORE",
     {"IGNORE", "TRIM_PAD", "ERROR"},
     "What happens to texts and bytes that do not have the length of a sink's column."},
    {"table.exec.sink.upsert-materialize",
     text,
     false,
     "AUTO",
     {"NONE", "AUTO", "FORCE"},
     "Whether changes are put in order by the sink's primary key."},
    {"table.optimizer.agg-phase-strategy",
     text,
     false,
     "AUTO",
     {"AUTO", "ONE_PHASE", "TWO_PHASE"},
     "Whether aggregates are computed before rows are sent to the subtask of their key."},
    {"sql-client.execution.result-mode",
     text,
     false,
     "TABLEAU",
     {"TABLEAU", "TABLE", "CHANGELOG"},
     "How the client shows results."},
    {"execution.checkpointing.interval", duration, false, {}, {}, "Time between checkpoints."},
    {"execution.checkpointing.dir", text, false, {}, {}, "Where checkpoints go."},
    {"state.checkpoints.dir", text, false, {}, {}, "The same, by its former name."},
    {"execution.checkpointing.mode",
     text,
     false,
     "EXACTLY_ONCE",
     {"EXACTLY_ONCE", "AT_LEAST_ONCE"},
     "Whether barriers are aligned."},
    {"execution.checkpointing.timeout",
     duration,
     false,
     {},
     {},
     "A checkpoint that takes longer is given up."},
    {"execution.checkpointing.min-pause",
     duration,
     false,
     {},
     {},
     "Least time between two checkpoints."},
    {"execution.checkpointing.num-retained", integer, false, {}, {}, "Checkpoints that are kept."},
    {"execution.checkpointing.tolerable-failed-checkpoints",
     integer,
     false,
     {},
     {},
     "Checkpoints in a row that may fail."},
    {"execution.checkpointing.unaligned.enabled",
     boolean,
     false,
     "false",
     {},
     "Barriers overtake the rows in their way."},
    {"execution.checkpointing.aligned-checkpoint-timeout",
     duration,
     false,
     {},
     {},
     "After which time they do."},
    {"execution.checkpointing.externalized-checkpoint-retention",
     text,
     false,
     "NO_EXTERNALIZED_CHECKPOINTS",
     {"NO_EXTERNALIZED_CHECKPOINTS", "RETAIN_ON_CANCELLATION", "DELETE_ON_CANCELLATION"},
     "Whether checkpoints are kept when a job ends."},
    {"execution.state-recovery.path",
     text,
     false,
     {},
     {},
     "Checkpoint or savepoint to start from; `latest`: the newest in the checkpoint directory."},
    {"execution.savepoint.path", text, false, {}, {}, "The same, by its former name."},
    {"execution.state-recovery.ignore-unclaimed-state",
     boolean,
     false,
     "false",
     {},
     "Drop state that the job has no operator for."},
    {"restart-strategy.type",
     text,
     false,
     {},
     {"none", "off", "disable", "fixed-delay", "exponential-delay", "failure-rate"},
     "What happens after a failure."},
    {"restart-strategy.fixed-delay.attempts", integer, false, "1", {}, "Restarts."},
    {"restart-strategy.fixed-delay.delay", duration, false, "1 s", {}, "Time before a restart."},
    {"restart-strategy.exponential-delay.initial-backoff",
     duration,
     false,
     "1 s",
     {},
     "Time before the first restart."},
    {"restart-strategy.exponential-delay.max-backoff",
     duration,
     false,
     "1 min",
     {},
     "Most time before a restart."},
    {"restart-strategy.exponential-delay.backoff-multiplier",
     number,
     false,
     "1.5",
     {},
     "Growth of that time."},
    {"restart-strategy.exponential-delay.reset-backoff-threshold",
     duration,
     false,
     "1 h",
     {},
     "Running so long without a failure starts anew."},
    {"restart-strategy.failure-rate.max-failures-per-interval",
     integer,
     false,
     "1",
     {},
     "Failures that are tolerated in an interval."},
    {"restart-strategy.failure-rate.failure-rate-interval",
     duration,
     false,
     "1 min",
     {},
     "That interval."},
    {"restart-strategy.failure-rate.delay", duration, false, "1 s", {}, "Time before a restart."},
  };
  return definitions;
}

/// Keys that scripts set to make Flink quicker, and that change no result.
constexpr std::array hints = {
  std::string_view("pipeline.object-reuse"),
  std::string_view("table.optimizer.distinct-agg.split.enabled"),
  std::string_view("table.optimizer.join-reorder-enabled"),
  std::string_view("table.optimizer.reuse-source-enabled"),
  std::string_view("table.optimizer.reuse-sub-plan-enabled"),
  std::string_view("table.exec.operator-fusion-codegen.enabled"),
  std::string_view("execution.batch-shuffle-mode"),
  std::string_view("sql-client.verbose"),
};

bool is_hint(std::string_view key) {
  return std::find(hints.begin(), hints.end(), key) != hints.end();
}

template <class T>
void take_time(const table_options& o, std::string_view key, T& to) {
  if (o.has(key)) to = o.time(key);
}

template <class T>
void take_count(const table_options& o, const std::string& key, T& to, std::int64_t least = 1) {
  if (!o.has(key)) return;
  auto value = o.integer(key);
  if (value < least || value > std::int64_t{1} << 30)
    throw plan_error(fmt::format("'{}' must be at least {}, not {}", key, least, value));
  to = static_cast<std::uint32_t>(value);
}

std::optional<restart_strategy> restart_of(const table_options& o) {
  if (!o.has("restart-strategy.type")) return std::nullopt;
  const auto& type = o.text("restart-strategy.type");
  auto count = [&](const std::string& key) {
    std::uint32_t n = 0;
    take_count(o, key, n, 0);
    return n;
  };
  if (type == "fixed-delay")
    return fixed_delay_restart{count("restart-strategy.fixed-delay.attempts"),
                               o.time("restart-strategy.fixed-delay.delay")};
  if (type == "exponential-delay")
    return exponential_delay_restart{
      o.time("restart-strategy.exponential-delay.initial-backoff"),
      o.time("restart-strategy.exponential-delay.max-backoff"),
      o.number("restart-strategy.exponential-delay.backoff-multiplier"),
      o.time("restart-strategy.exponential-delay.reset-backoff-threshold")};
  if (type == "failure-rate")
    return failure_rate_restart{count("restart-strategy.failure-rate.max-failures-per-interval"),
                                o.time("restart-strategy.failure-rate.failure-rate-interval"),
                                o.time("restart-strategy.failure-rate.delay")};
  return no_restart{};
}

std::size_t memory_limit(const table_options& o) {
  const auto* key = "taskmanager.memory.managed.size";
  auto bytes = o.bytes(key);
  if (bytes == 0) throw plan_error(fmt::format("'{}' must be positive", key));
  return bytes;
}

void take_checkpoints(const table_options& o, checkpoint_config& c) {
  take_time(o, "execution.checkpointing.interval", c.interval);
  for (const auto* key : {"state.checkpoints.dir", "execution.checkpointing.dir"})
    if (o.has(key)) c.directory = o.text(key);
  if (o.text("execution.checkpointing.mode") == "AT_LEAST_ONCE")
    c.mode = checkpointing_mode::at_least_once;
  take_time(o, "execution.checkpointing.timeout", c.timeout);
  take_time(o, "execution.checkpointing.min-pause", c.min_pause);
  take_count(o, "execution.checkpointing.num-retained", c.num_retained);
  take_count(o, "execution.checkpointing.tolerable-failed-checkpoints", c.tolerable_failures, 0);
  if (o.boolean("execution.checkpointing.unaligned.enabled")) {
    c.unaligned = true;
    take_time(o, "execution.checkpointing.aligned-checkpoint-timeout",
              c.aligned_checkpoint_timeout);
  }
  if (o.text("execution.checkpointing.externalized-checkpoint-retention")
      == "RETAIN_ON_CANCELLATION")
    c.externalized = true;
}

} // namespace

session_config::session_config() { check(); }

void session_config::check() { checked_ = table_options("the session", given_, all_definitions()); }

void session_config::set(const std::string& key, const std::string& value) {
  if (is_hint(key)) return;
  auto before = given_;
  given_[key] = value;
  try {
    check();
    zone();
  } catch (...) {
    given_ = std::move(before);
    check();
    throw;
  }
}

void session_config::reset(const std::string& key) {
  given_.erase(key);
  check();
}

void session_config::reset_all() {
  given_.clear();
  check();
}

std::optional<std::string> session_config::note_on(std::string_view key) {
  if (!is_hint(key)) return std::nullopt;
  return fmt::format("'{}' tunes Flink and has no effect here", key);
}

std::span<const option_definition> session_config::definitions() { return all_definitions(); }

execution_mode session_config::mode() const {
  const auto& text = options().text("execution.runtime-mode");
  return text == "batch"       ? execution_mode::batch
         : text == "automatic" ? execution_mode::automatic
                               : execution_mode::streaming;
}

time_zone session_config::zone() const {
  const auto& name = options().text("table.local-time-zone");
  if (name == "default") return time_zone::local();
  auto found = time_zone::find(name);
  if (!found)
    throw plan_error(
      fmt::format("'table.local-time-zone': there is no time zone '{}'; names are as "
                  "'Europe/Berlin' or 'GMT+08:00'",
                  name));
  return *found;
}

result_mode session_config::results() const {
  const auto& text = options().text("sql-client.execution.result-mode");
  return text == "TABLE"       ? result_mode::table
         : text == "CHANGELOG" ? result_mode::changelog
                               : result_mode::tableau;
}

bool session_config::dml_sync() const { return options().boolean("table.dml-sync"); }

std::size_t session_config::max_column_width() const {
  std::uint32_t width = 0;
  take_count(options(), "table.display.max-column-width", width);
  return width;
}

job_config session_config::job(job_config base) const {
  const auto& o = options();
  if (o.has("pipeline.name")) base.name = o.text("pipeline.name");
  take_count(o, "parallelism.default", base.parallelism);
  take_count(o, "table.exec.resource.default-parallelism", base.parallelism);
  take_count(o, "pipeline.max-parallelism", base.max_parallelism);
  if (!o.boolean("pipeline.operator-chaining.enabled")) base.chaining = false;
  take_time(o, "execution.buffer-timeout.interval", base.buffer_timeout);
  base.mode = mode();
  if (o.has("io.tmp.dirs")) base.temp_directory = o.text("io.tmp.dirs");
  take_checkpoints(o, base.checkpoints);
  if (!base.checkpoints.interval) base.batch_memory_limit = memory_limit(o);
  if (auto restart = restart_of(o)) base.restart = restart;
  for (const auto* key : {"execution.savepoint.path", "execution.state-recovery.path"})
    if (o.has(key)) base.restore_from = o.text(key);
  if (o.boolean("execution.state-recovery.ignore-unclaimed-state"))
    base.allow_leftover_state = true;
  return base;
}

lowering_settings session_config::lowering(execution_mode mode, std::uint32_t parallelism,
                                           std::int64_t query_start) const {
  const auto& o = options();
  lowering_settings s;
  s.mode = mode;
  s.parallelism = parallelism;
  s.operators.zone = zone();
  s.operators.query_start = query_start;
  s.operators.state_ttl = o.time("table.exec.state.ttl");
  s.operators.memory_limit = memory_limit(o);
  if (o.has("io.tmp.dirs")) s.operators.temp_directory = o.text("io.tmp.dirs");
  const auto& phases = o.text("table.optimizer.agg-phase-strategy");
  s.agg_phases = phases == "ONE_PHASE"   ? agg_phase_strategy::one_phase
                 : phases == "TWO_PHASE" ? agg_phase_strategy::two_phase
                                         : agg_phase_strategy::automatic;
  if (o.boolean("table.exec.mini-batch.enabled")) {
    auto rows = o.integer("table.exec.mini-batch.size");
    s.batching.latency = o.time("table.exec.mini-batch.allow-latency");
    if (rows <= 0 || s.batching.latency.count() <= 0)
      throw plan_error("'table.exec.mini-batch.enabled' needs 'table.exec.mini-batch.size' and "
                       "'table.exec.mini-batch.allow-latency' to be positive");
    s.batching.rows = static_cast<std::size_t>(rows);
  }
  const auto& materialize = o.text("table.exec.sink.upsert-materialize");
  s.materialize = materialize == "NONE"    ? upsert_materialize::none
                  : materialize == "FORCE" ? upsert_materialize::force
                                           : upsert_materialize::automatic;
  const auto& lengths = o.text("table.exec.sink.type-length-enforcer");
  s.lengths = lengths == "TRIM_PAD" ? type_length_enforcer::trim_pad
              : lengths == "ERROR"  ? type_length_enforcer::error
                                    : type_length_enforcer::ignore;
  s.drop_nulls = o.text("table.exec.sink.not-null-enforcer") == "DROP";
  if (auto idle = o.time("table.exec.source.idle-timeout"); idle.count() > 0)
    s.source_idle_timeout = idle;
  return s;
}

} // namespace sluice::table
