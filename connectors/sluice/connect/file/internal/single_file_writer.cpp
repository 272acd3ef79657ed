#include "sluice/connect/file/internal/block_writer.hpp"
#include "sluice/connect/file/internal/file_writer.hpp"
#include "sluice/connect/file/internal/part_files.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <unistd.h>

namespace sluice::internal {

namespace {

constexpr std::uint64_t format_version = 1;

/// What a checkpoint knows of a file that is not complete.
struct single_file_state {
  std::string pending;
  std::uint64_t size = 0;
  bool complete = false;

  std::string encode() const {
    byte_writer out;
    out.varint(format_version);
    out.text(pending);
    out.varint(size);
    out.raw<std::uint8_t>(complete ? 1 : 0);
    return out.take();
  }

  static single_file_state decode(std::string_view data) {
    byte_reader in(data);
    if (in.varint() != format_version) throw state_error("unknown version of a file sink's state");
    single_file_state state;
    state.pending = in.text();
    state.size = in.varint();
    state.complete = in.raw<std::uint8_t>() != 0;
    return state;
  }
};

/// Where the file is to appear: what a link leads to, and not the link itself, is replaced. Errors:
/// something else than a file is there, a device for one.
std::string place_of(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code code;
  auto status = fs::status(path, code);
  if (!fs::exists(status)) return fs::absolute(path).string();
  if (!fs::is_regular_file(status))
    throw io_error(fmt::format("cannot write '{}': it is {}, and this sink puts a new file in the "
                               "place of the old one",
                               path, fs::is_directory(status) ? "a directory" : "not a file"));
  return fs::canonical(path).string();
}

/// The one file on disk. Used on the blocking strand only.
class single_file {
public:
  explicit single_file(std::string path) : path_(std::move(path)) {}

  ~single_file() {
    if (file_.is_open() && !in_a_checkpoint_) ::unlink(file_.path().c_str());
  }

  void create() {
    auto directory = parent_directory(path_);
    auto name = std::filesystem::path(path_).filename().string();
    file_ = posix_file::create(
      (std::filesystem::path(directory) / fmt::format(".{}.inprogress.{}", name, random_uuid()))
        .string());
  }

  void go_on(const single_file_state& state) {
    file_ = posix_file::open_to_continue(state.pending, state.size);
    size_ = state.size;
    in_a_checkpoint_ = true;
  }

  void write(std::string_view bytes) {
    file_.write(bytes);
    size_ += bytes.size();
  }

  writer_snapshot snapshot(bool complete) {
    writer_snapshot result;
    file_.sync();
    sync_directory(parent_directory(path_));
    in_a_checkpoint_ = true;
    result.state = single_file_state{file_.path(), size_, complete}.encode();
    if (complete) {
      result.committables.push_back(pending_file{file_.path(), path_}.encode());
      file_.close();
    }
    return result;
  }

private:
  std::string path_;
  posix_file file_;
  std::uint64_t size_ = 0;
  bool in_a_checkpoint_ = false;
};

class single_file_writer final : public sink_writer {
public:
  explicit single_file_writer(std::shared_ptr<const file_sink_spec> spec)
    : spec_(std::move(spec)) {}

  void open(io_context& context, const std::vector<std::string>& states) override {
    blocks_.emplace(context, std::make_unique<single_file>(place_of(spec_->path)),
                    spec_->options.max_waiting_blocks);
    if (!states.empty()) {
      auto state = single_file_state::decode(states.front());
      complete_ = state.complete;
      if (!complete_) blocks_->post([state](single_file& file) { file.go_on(state); });
    } else {
      blocks_->post([](single_file& file) { file.create(); });
      spec_->encoder->header(buffer_);
    }
  }

  void write(batch& records) override {
    if (complete_ && !records.empty())
      throw state_error(fmt::format("the file '{}' was complete when the checkpoint was taken: no "
                                    "more records can be added",
                                    spec_->path));
    spec_->encoder->encode(records, 0, records.size(), buffer_);
    if (buffer_.size() >= spec_->options.block_bytes) blocks_->post_block(buffer_);
  }

  bool ready() const override { return blocks_->ready(); }

  std::function<writer_snapshot()> prepare_commit(std::uint64_t, bool end_of_input) override {
    if (complete_) return nullptr;
    if (!buffer_.empty()) blocks_->post_block(buffer_);
    complete_ = end_of_input;
    return blocks_->on_strand(
      [end_of_input](single_file& file) { return file.snapshot(end_of_input); });
  }

  void commit(const std::vector<std::string>& committables) override { commit_files(committables); }

private:
  std::shared_ptr<const file_sink_spec> spec_;
  std::optional<block_writer<single_file>> blocks_;
  std::string buffer_;
  bool complete_ = false;
};

} // namespace

std::unique_ptr<sink_writer> make_single_file_writer(std::shared_ptr<const file_sink_spec> spec) {
  return std::make_unique<single_file_writer>(std::move(spec));
}

} // namespace sluice::internal
