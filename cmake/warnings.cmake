# `sluice_warnings`: the warning flags of our own code, linked PRIVATE by every target of ours.
add_library(sluice_warnings INTERFACE)
target_compile_options(sluice_warnings INTERFACE
  -Wall -Wextra -Wpedantic
  -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi
  -Wcast-qual -Wundef -Wimplicit-fallthrough -Wunused
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op>)

# GCC 12 sees overlapping and endless copies of std::string (bug 105651) and writes behind the end of
# vectors that grow (bug 107852) where there are none; GCC 13 does not.
set(gcc_12 $<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>)
target_compile_options(sluice_warnings INTERFACE
  $<${gcc_12}:-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds>)

if(SLUICE_WERROR)
  # The flow-based warnings of GCC depend on inlining and are often wrong: shown, not fatal.
  target_compile_options(sluice_warnings INTERFACE
    -Werror
    $<$<CXX_COMPILER_ID:GNU>:-Wno-error=maybe-uninitialized -Wno-error=array-bounds
      -Wno-error=stringop-overflow -Wno-error=stringop-overread -Wno-error=free-nonheap-object>)
endif()
