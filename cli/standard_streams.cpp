#include "standard_streams.hpp"

#include "sluice/core/errors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace sluice::cli {

void occupy_standard_streams() noexcept {
  for (auto stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0)
      ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void check_standard_output() {
  std::cout.flush();
  // Of a flush that failed before, only the flag of the stream is left.
  if (!std::cout || std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw io_error("cannot write to standard output");
}

} // namespace sluice::cli
