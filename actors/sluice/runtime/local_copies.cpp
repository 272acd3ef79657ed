#include "sluice/runtime/local_copies.hpp"

#include "sluice/runtime/log.hpp"
#include "sluice/runtime/state_file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>

namespace sluice::runtime {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "chk-";

} // namespace

std::string local_copies::folder_of(checkpoint_id id) const {
  return (fs::path(directory_) / fmt::format("{}{}", prefix, id)).string();
}

void local_copies::keep(checkpoint_id id, const std::string& path, const std::string& file) const {
  auto folder = folder_of(id);
  try {
    fs::create_directories(folder);
    auto target = fs::path(folder) / file;
    auto temporary = target.string() + ".inprogress";
    fs::copy_file(fs::path(path) / file, temporary, fs::copy_options::overwrite_existing);
    fs::rename(temporary, target);
    for (auto& entry : fs::directory_iterator(directory_)) {
      auto name = entry.path().filename().string();
      std::uint64_t other = 0;
      auto digits = std::string_view(name).substr(std::min(prefix.size(), name.size()));
      auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), other);
      // The one before is kept: this one may never be complete.
      if (ec == std::errc{} && other + 1 < id) fs::remove_all(entry.path());
    }
  } catch (const std::exception& e) {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    log().warn("no local copy of checkpoint {}: {}", id, e.what());
  }
}

std::unique_ptr<state_file_reader> local_copies::find(checkpoint_id id,
                                                      const manifest::task& t) const {
  auto file = fs::path(folder_of(id)) / t.file;
  std::error_code ec;
  if (!fs::exists(file, ec)) return nullptr;
  try {
    return std::make_unique<state_file_reader>(file.string(), t.bytes, t.checksum);
  } catch (const state_error& e) {
    log().warn("the local copy is not used: {}", e.what());
    return nullptr;
  }
}

void local_copies::remove() const {
  std::error_code ec;
  fs::remove_all(directory_, ec);
}

} // namespace sluice::runtime
