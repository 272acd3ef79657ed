#include "sluice/cluster/config_file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <iterator>
#include <sstream>
#include <utility>
#include <vector>

namespace sluice::cluster {

namespace {

/// What stands before the `=` of a line.
std::string key_of(const std::string& line) {
  auto key = CLI::detail::trim_copy(line.substr(0, line.find_first_of("=#")));
  return CLI::detail::remove_quotes(key);
}

/// But for `[default]`, which is where a file begins.
bool is_section(const std::string& line) {
  return line.size() > 2 && line.front() == '[' && line.back() == ']'
         && CLI::detail::to_lower(line) != "[default]";
}

class config_reader final : public CLI::ConfigBase {
public:
  config_reader(const CLI::App& app, std::function<bool(const std::string&)> is_of_others)
    : app_(app), is_of_others_(std::move(is_of_others)) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::string text(std::istreambuf_iterator<char>(input), {});
    refuse_sections(text);
    std::istringstream again(text);
    auto all = CLI::ConfigBase::from_config(again);
    std::erase_if(all, [&](auto& item) { return !is_for_app(item, text); });
    return all;
  }

private:
  bool is_for_app(const CLI::ConfigItem& item, const std::string& text) const {
    auto name = item.fullname();
    if (item.parents.empty()) {
      if (app_.get_option_no_throw("--" + name) || app_.get_option_no_throw(name)) return true;
      if (is_of_others_(name)) return false;
    }
    throw CLI::ConfigError(fmt::format("{}:{}: there is no option \"{}\" for a process of a "
                                       "cluster, nor for this command",
                                       file(), line_of(name, text), name));
  }

  void refuse_sections(const std::string& text) const {
    std::istringstream lines(text);
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
      CLI::detail::trim(line);
      if (is_section(line))
        throw CLI::ConfigError(
          fmt::format("{}:{}: {}: options of a cluster have no sections", file(), number, line));
    }
  }

  static int line_of(const std::string& name, const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number)
      if (key_of(line) == name) return number;
    return 1;
  }

  std::string file() const {
    auto* option = app_.get_config_ptr();
    return option ? option->as<std::string>() : std::string();
  }

  const CLI::App& app_;
  std::function<bool(const std::string&)> is_of_others_;
};

} // namespace

std::shared_ptr<CLI::Config>
make_config_reader(const CLI::App& app, std::function<bool(const std::string&)> is_of_others) {
  return std::make_shared<config_reader>(app, std::move(is_of_others));
}

} // namespace sluice::cluster
