/// The file of options that all processes of a machine may share.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace CLI {
class App;
class Config;
} // namespace CLI

namespace sluice::cluster {

/// Reads a file for `app`, which must own the reader: what `app` has an option for, and nothing for
/// names of which `is_of_others` is true, so that processes of other roles can have theirs in the
/// same file. Any other name, and every section, is a `CLI::ConfigError` with file, line and name.
std::shared_ptr<CLI::Config>
make_config_reader(const CLI::App& app, std::function<bool(const std::string& name)> is_of_others);

} // namespace sluice::cluster
