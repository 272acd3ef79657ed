# Compile through ccache when it is installed; a clean checkout then rebuilds in seconds.
# The sloppiness settings are what ccache asks for when precompiled headers are used; paths are taken
# relative to the tree, so that one clone finds what another compiled.
find_program(SLUICE_CCACHE_PROGRAM ccache)
if(SLUICE_CCACHE AND SLUICE_CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${SLUICE_CCACHE_PROGRAM})
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()
