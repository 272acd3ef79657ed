/// Where checkpoints, and what else must outlive a process, are kept.
///
/// One interface for all of it. There is one implementation, for directories, which in a cluster
/// all processes must see; an object store would be another: it has whole objects, no renames and
/// no partial updates, so nothing here asks for more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::runtime {

/// A file that is being written. It is not there for readers before `finish`, or only in part.
/// Errors: `io_error` with the file's path and the reason.
class storage_output {
public:
  /// What buffers must be aligned to, and sizes a multiple of, to be written `large`.
  static constexpr std::size_t large_alignment = 4096;

  virtual ~storage_output() = default;
  virtual void write(std::string_view data) = 0;

  /// Whether much follows, so that it is better not to go through caches. REQUIRES while on: what
  /// is written is aligned, and so is all before it.
  virtual void set_large(bool on) noexcept = 0;

  /// Makes what was written durable. REQUIRES: nothing is written any more.
  virtual void finish() = 0;
};

/// Held for as long as it lives, by one holder at a time on all machines that see the storage, and
/// given up when its process dies.
class storage_lease {
public:
  virtual ~storage_lease() = default;
};

/// Thread safety: all methods from any thread. They block. Errors: `io_error` with the path and the
/// reason.
class checkpoint_storage {
public:
  virtual ~checkpoint_storage() = default;

  /// Starts a file, in place of one that may be there.
  virtual std::unique_ptr<storage_output> create(const std::string& file) = 0;

  /// Makes the file consist of `parts`, durably: readers see all of them or what was there before.
  virtual void replace(const std::string& file, std::initializer_list<std::string_view> parts) = 0;

  virtual std::string read(const std::string& file) = 0;

  /// Nothing: there is no such file.
  virtual std::optional<std::uint64_t> size(const std::string& file) = 0;

  virtual void make_folder(const std::string& folder) = 0;

  /// Makes durable that the files in the folder, which are finished, are there.
  virtual void sync_folder(const std::string& folder) = 0;

  /// Names of files and folders; none if there is no such folder.
  virtual std::vector<std::string> list(const std::string& folder) = 0;

  /// Takes the lease that is kept in `file`, for `holder`. Null if somebody else has it: then
  /// `holder` is who.
  virtual std::unique_ptr<storage_lease> lease(const std::string& file, std::string& holder) = 0;

  /// Removes a file, or a folder with all that is in it, as far as possible.
  virtual void remove(const std::string& path) noexcept = 0;
};

/// The storage that `path` is in. Errors: `plan_error` if its scheme is not supported.
checkpoint_storage& storage_of(std::string_view path);

/// Makes `directory` and takes it for this process, a `user` of it in what others are told. Errors:
/// `io_error`; `state_error` if somebody else has it.
std::unique_ptr<storage_lease> own_directory(const std::string& directory, const std::string& user);

/// How this process is called by those that meet its leases.
std::string process_and_host();

/// `folder` and `name`, joined.
std::string path_in(std::string_view folder, std::string_view name);

} // namespace sluice::runtime
