# Flags that change every target: sanitizers, debug information, the CPU to optimise for.
if(SLUICE_SANITIZE)
  add_compile_options(-fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -O1 -g1)
  add_link_options(-fsanitize=${SLUICE_SANITIZE})
  if(SLUICE_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-Wno-tsan) # a fence is not modelled; GCC says so for every std::atomic
  endif()
endif()
if(SLUICE_DEBUG_INFO)
  add_compile_options(-g)
endif()
if(SLUICE_NATIVE)
  add_compile_options(-march=native)
endif()
