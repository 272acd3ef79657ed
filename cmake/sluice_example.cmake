# sluice_example(<name> [TWICE] [ARGS <argument>...]): builds <name>.cpp of this folder into bin/<name> and
# registers the test example.<name> if the output it must print is in <name>.expected.
# A file <name>.sorted beside it means: the lines may come in any order. TWICE: it leaves files behind,
# and must print the same when it is run again in their folder.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(sluice_example name)
  cmake_parse_arguments(arg "TWICE" "" "ARGS" ${ARGN})
  sluice_executable(${name} SOURCES ${name}.cpp)

  set(expected ${CMAKE_CURRENT_SOURCE_DIR}/${name}.expected)
  if(NOT SLUICE_TESTS OR NOT EXISTS ${expected})
    return()
  endif()
  set(options "")
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${name}.sorted)
    list(APPEND options --sorted)
  endif()
  if(arg_TWICE)
    list(APPEND options --twice)
  endif()
  add_test(NAME example.${name}
    COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tools/compare_output.py ${options}
      ${expected} -- $<TARGET_FILE:${name}> ${arg_ARGS})
  set_tests_properties(example.${name} PROPERTIES LABELS example TIMEOUT 60)
endfunction()
