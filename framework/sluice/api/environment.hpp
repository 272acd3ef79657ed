/// Where programs start: settings, sources, execution.
#pragma once

#include "sluice/api/connected_streams.hpp"
#include "sluice/io/builtin_connectors.hpp"
#include "sluice/io/collection_source.hpp"
#include "sluice/io/generator_source.hpp"

#include <initializer_list>
#include <string>
#include <vector>

namespace sluice {

/// The context of a program. Lazy: nothing runs, opens or connects before `execute()`.
///
/// Not thread-safe: a program is written by one thread. Copies mean the same program.
class stream_environment {
public:
  stream_environment() : program_(std::make_shared<detail::program>()) {}

  // -- settings
  // ------------------------------------------------------------------------------------

  /// Subtasks per operator, unless it says otherwise. Default 1.
  stream_environment& set_parallelism(std::uint32_t value);
  /// Key groups: the most subtasks that keyed state can ever be spread over. Default 128.
  stream_environment& set_max_parallelism(std::uint32_t value);
  /// How long output may wait for a batch to fill; 0: every record at once. Default 5 ms.
  stream_environment& set_buffer_timeout(duration value);
  /// Keeps what is under way to a task worth about this time of its work, so that barriers and
  /// watermarks pass a slow one soon; 0: always as much as a fast one gets. Default 1 s.
  stream_environment& set_buffer_debloat_target(duration value);
  stream_environment& disable_operator_chaining();
  /// Streaming (default), batch (final results only; bounded input), or automatic.
  stream_environment& set_execution_mode(execution_mode mode);

  /// Where data goes that exceeds the memory limits below: a directory that exists. Default: the
  /// system's directory for temporary files.
  stream_environment& set_temp_directory(std::string directory);
  /// Bytes of records that wait in memory at the head of a feedback loop, per subtask; more go to
  /// the temporary directory. Default 32 MiB.
  stream_environment& set_feedback_memory_limit(std::size_t bytes);
  /// Batch mode: bytes of keyed state that a subtask of an operator keeps in memory; more go to the
  /// temporary directory. Default 256 MiB; not together with checkpointing.
  stream_environment& set_batch_memory_limit(std::size_t bytes);

  /// Takes a checkpoint every `interval` into `directory`.
  stream_environment& enable_checkpointing(duration interval, std::string directory);
  /// Lets barriers overtake the records in their way once a checkpoint has taken `after` (0: at
  /// once), so that checkpoints are quick even when a sink is slow; what they overtake becomes part
  /// of the checkpoint.
  stream_environment& enable_unaligned_checkpoints(duration after = duration(0));
  /// All settings of checkpointing.
  checkpoint_config& checkpoint_settings() noexcept { return config().checkpoints; }
  stream_environment& set_restart_strategy(restart_strategy strategy);

  /// Starts from a checkpoint or savepoint: its folder, or "latest" for the newest in the
  /// checkpoint directory (a fresh start if there is none).
  stream_environment& restore_from(std::string path, bool allow_leftover_state = false);

  const job_config& config() const noexcept { return program_->graph.config; }
  job_config& config() noexcept { return program_->graph.config; }

  // -- sources
  // -------------------------------------------------------------------------------------

  template <class T>
  data_stream<T> from_collection(std::vector<T> elements) const {
    return from_source<T>(std::make_shared<collection_source<T>>(std::move(elements)));
  }
  template <class T>
  data_stream<T> from_collection(std::initializer_list<T> elements) const {
    return from_collection(std::vector<T>(elements));
  }
  /// String literals make a stream of strings.
  data_stream<std::string> from_collection(std::initializer_list<const char*> elements) const {
    return from_collection(std::vector<std::string>(elements.begin(), elements.end()));
  }
  template <class T, class... Ts>
  auto from_elements(T first, Ts... rest) const {
    return from_collection({first, static_cast<T>(rest)...});
  }

  /// The numbers from `first` to `last`, both included.
  data_stream<std::int64_t> from_sequence(std::int64_t first, std::int64_t last) const;

  /// `f(n)` or `f(n, record)` for n = 0, 1, ...; see `generator_source`.
  template <class T = void, class F>
  auto from_generator(F f, generator_options options = {}) const {
    if constexpr (!generator_function<F, T>) {
      static_assert(generator_function<F, T>,
                    "from_generator(f): f must be copyable, take a record's number (uint64_t) and "
                    "return the record; or, as from_generator<T>(f), take it and a T& to fill in");
      return detail::refused_stream{};
    } else if constexpr (std::is_void_v<T>) {
      using record = std::remove_cvref_t<std::invoke_result_t<F&, std::uint64_t>>;
      return from_source<record>(
        std::make_shared<generator_source<record, F>>(std::move(f), options, "generator"));
    } else {
      return from_source<T>(
        std::make_shared<generator_source<T, F>>(std::move(f), options, "generator"));
    }
  }

  /// Lines of a text file, or of all files in a directory.
  data_stream<std::string> read_text_file(std::string path) const;

  /// Lines that a TCP server sends.
  data_stream<std::string> socket_text_stream(std::string host, std::uint16_t port,
                                              char delimiter = '\n') const;

  /// Any source, with event time told per split.
  template <class T>
  data_stream<T> from_source(source_ptr<T> from,
                             const watermark_strategy<T>& strategy
                             = watermark_strategy<T>::no_watermarks(),
                             std::string name = {}) const {
    if (!from) throw plan_error("from_source: there is no source");
    stream_node n;
    n.kind = node_kind::source;
    n.name = name.empty() ? from->name() : std::move(name);
    n.output = &element_type_of<T>();
    n.source = from;
    n.watermarks = strategy.settings();
    return data_stream<T>(program_, {{program_->add(std::move(n), {})}});
  }
  template <class S>
    requires std::derived_from<S, source<typename S::value_type>>
  data_stream<typename S::value_type>
  from_source(std::shared_ptr<S> from,
              const watermark_strategy<typename S::value_type>& strategy
              = watermark_strategy<typename S::value_type>::no_watermarks(),
              std::string name = {}) const {
    return from_source<typename S::value_type>(source_ptr<typename S::value_type>(std::move(from)),
                                               strategy, std::move(name));
  }

  // -- running
  // -------------------------------------------------------------------------------------

  /// Runs the program to its end. Errors: `plan_error` before anything runs, `job_error` after a
  /// failure, `job_cancelled`.
  job_result execute(std::string job_name = {}) {
    return start(default_executor(), std::move(job_name), true).wait();
  }

  /// Starts the program. A failure is logged as an error, and thrown where the handle is waited
  /// for. Errors: `plan_error`.
  job_handle execute_async(std::string job_name = {}) {
    return execute_on(default_executor(), std::move(job_name));
  }

  /// Starts the program on an executor of your own, as `execute_async` does.
  job_handle execute_on(executor& on, std::string job_name = {}) {
    return start(on, std::move(job_name), false);
  }

  /// The program as it stands: the logical graph and what would run. Errors: `plan_error`.
  std::string explain(explain_format format = explain_format::text) const;

  const std::shared_ptr<detail::program>& program() const noexcept { return program_; }

private:
  job_handle start(executor& on, std::string job_name, bool caller_waits);

  std::shared_ptr<detail::program> program_;
};

} // namespace sluice
