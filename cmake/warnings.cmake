# `sluice_warnings`: the warning flags of our own code, linked PRIVATE by every target of ours.
add_library(sluice_warnings INTERFACE)
target_compile_options(sluice_warnings INTERFACE
  -Wall -Wextra -Wpedantic
  -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi
  -Wcast-qual -Wundef -Wimplicit-fallthrough -Wunused
  # GCC 12 finds overlapping std::string copies where there are none (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wduplicated-cond -Wlogical-op>)

if(SLUICE_WERROR)
  # The flow-based warnings of GCC depend on inlining and are often wrong: shown, not fatal.
  target_compile_options(sluice_warnings INTERFACE
    -Werror
    $<$<CXX_COMPILER_ID:GNU>:-Wno-error=maybe-uninitialized -Wno-error=array-bounds
      -Wno-error=stringop-overflow -Wno-error=stringop-overread -Wno-error=free-nonheap-object>)
endif()
