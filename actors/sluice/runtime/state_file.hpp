/// The file with the state of one task in a checkpoint.
#pragma once

#include "sluice/state/snapshot.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::runtime {

/// A state file being written. What is large goes past the page cache, where the file system can:
/// it is read only after a failure, and copying it into the cache costs more CPU than all the rest
/// of a checkpoint. Errors: `io_error` naming the file and the system's reason.
class state_file_writer final : public snapshot_writer {
public:
  explicit state_file_writer(const std::string& path);
  ~state_file_writer() override;

  void begin_state(std::string_view operator_uid, std::string_view name, state_kind kind,
                   std::string_view schema) override;
  void begin_group(std::uint32_t group_or_item) override;
  void append(std::string_view bytes) override;
  char* room(std::size_t size) override;
  void filled(std::size_t size) override;

  struct result {
    std::uint64_t bytes = 0;
    std::uint64_t checksum = 0;
  };

  /// Writes the index and makes the file durable.
  result finish();

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// A part of a checkpoint is not what was written, so another checkpoint may do.
class corrupt_snapshot : public state_error {
public:
  using state_error::state_error;
};

/// A state file read back. Errors: `corrupt_snapshot` when it is not what was written.
class state_file_reader {
public:
  state_file_reader(const std::string& path, std::uint64_t bytes, std::uint64_t checksum);

  struct group {
    std::uint32_t number;
    std::string_view bytes;
  };
  struct state {
    std::string uid;
    std::string name;
    state_kind kind;
    std::string schema;
    std::vector<group> groups;
  };
  const std::vector<state>& states() const noexcept { return states_; }
  std::shared_ptr<const std::string> content() const noexcept { return content_; }

private:
  std::shared_ptr<const std::string> content_;
  std::vector<state> states_;
};

} // namespace sluice::runtime
