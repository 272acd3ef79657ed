/// Prints comparisons, as a table for people or as JSON for programs.
#pragma once

#include "measure.hpp"

namespace bench {

void print_header();
void print_row(const comparison& c);

/// One object on one line, as `compare.py` reads it.
void print_json(const comparison& c);

} // namespace bench
