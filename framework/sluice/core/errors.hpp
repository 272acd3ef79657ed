/// The exceptions of Sluice: who is to blame decides the type.
#pragma once

#include "sluice/core/time.hpp"

#include <optional>
#include <stdexcept>
#include <string>

namespace sluice {

/// Base of everything Sluice throws on purpose.
class error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// The program is wrong: thrown by `execute()` or `explain()` before anything runs.
class plan_error : public error {
public:
  using error::error;
};

/// A snapshot cannot be written, read or applied to this program.
class state_error : public error {
public:
  using error::error;
};

/// Input does not have the form its format demands. The text names the place.
class format_error : public error {
public:
  using error::error;
};

/// A file, socket or other outside thing refused. The text names it.
class io_error : public error {
public:
  using error::error;
};

/// A function of the user threw while it handled a record.
class user_function_error : public error {
public:
  user_function_error(const std::string& what, std::optional<timestamp> record_time)
    : error(what), record_time_(record_time) {}

  /// Event time of the record at hand, if its stream has timestamps.
  std::optional<timestamp> record_time() const noexcept { return record_time_; }

private:
  std::optional<timestamp> record_time_;
};

/// A job ended by a failure. `what()` tells the whole story on one line.
class job_error : public error {
public:
  struct place {
    std::string job;
    std::string operator_name;
    int subtask = 0;
    std::optional<timestamp> record_time;
  };

  job_error(const std::string& what, place where) : error(what), where_(std::move(where)) {}

  const place& where() const noexcept { return where_; }

private:
  place where_;
};

/// A job ended because somebody called `cancel()`.
class job_cancelled : public error {
public:
  using error::error;
};

} // namespace sluice
