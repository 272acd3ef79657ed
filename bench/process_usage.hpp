/// What this process uses, as the kernel counts it.
#pragma once

#include <cstdint>

namespace bench {

/// Seconds of CPU, of all threads, user and system.
double cpu_seconds();

/// Bytes of memory now.
std::uint64_t resident_bytes();

/// The most memory so far, in kB. Unlike `ru_maxrss`, without that of the process that started it.
std::uint64_t peak_resident_kb();

} // namespace bench
