/// Standard input, output and error.
#pragma once

namespace sluice::cli {

/// Streams that the caller has closed become streams that fail, before a file or socket gets their
/// number and what was meant for a terminal goes there. To be called before anything is opened.
void occupy_standard_streams() noexcept;

/// What was printed has arrived. Errors: `io_error`.
void check_standard_output();

} // namespace sluice::cli
