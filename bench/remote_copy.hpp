/// Ways to bring the same bytes from one process to another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

/// What travels: an event with its key and time.
struct remote_record {
  std::int64_t key;
  std::int64_t value;
  std::int64_t time;
};

/// Records of a full batch of about 64 KiB.
inline constexpr std::size_t remote_batch_records = 64 * 1024 / sizeof(remote_record);
inline constexpr std::size_t remote_batch_bytes = remote_batch_records * sizeof(remote_record);

struct copy_run {
  double seconds = 0;     ///< until the receiver has said that it has all
  double cpu_seconds = 0; ///< of both processes
};

/// Each sends so many times `remote_batch_bytes`. The child of `internal-remote KIND` receives.
copy_run copy_by_tcp(std::uint64_t batches);
copy_run copy_by_data_plane(std::uint64_t batches, const std::string& kind);
copy_run copy_by_basp(std::uint64_t batches);

void receive_by_tcp();
void receive_by_data_plane(const std::string& kind);
void receive_by_basp();

} // namespace bench
