/// `sluice-bench nexmark`: single queries, at any size and into any sink.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace bench::nexmark {

/// Adds the command. Parsing it puts what there is to do into `chosen`, which throws when it fails.
void add_command(CLI::App& app, std::function<void()>& chosen);

} // namespace bench::nexmark
