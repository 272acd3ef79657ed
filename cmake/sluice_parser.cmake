# sluice_parser(<variable> GRAMMAR x/grammar.yy LEXER x/lexer.re): generates a parser with Bison and a
# lexer with re2c below <build>/generated, under the same folders, and puts the sources into
# <variable>. They are compiled without our warnings: nobody wrote them.
find_package(BISON 3.8 REQUIRED)
find_program(SLUICE_RE2C re2c REQUIRED)
mark_as_advanced(SLUICE_RE2C)

function(sluice_parser variable)
  cmake_parse_arguments(arg "" "GRAMMAR;LEXER" "" ${ARGN})
  set(sources "")
  foreach(source IN ITEMS ${arg_GRAMMAR} ${arg_LEXER})
    cmake_path(GET source PARENT_PATH folder)
    file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/generated/${folder})
    cmake_path(REPLACE_EXTENSION source LAST_ONLY .cpp OUTPUT_VARIABLE generated)
    list(APPEND sources ${PROJECT_BINARY_DIR}/generated/${generated})
  endforeach()
  list(GET sources 0 grammar)
  list(GET sources 1 lexer)
  cmake_path(REPLACE_EXTENSION grammar LAST_ONLY .hpp OUTPUT_VARIABLE header)

  # Relative names in #line: what is generated does not depend on where the tree is.
  add_custom_command(OUTPUT ${grammar} ${header}
    COMMAND ${BISON_EXECUTABLE} --output=${grammar} --header=${header} ${arg_GRAMMAR}
    DEPENDS ${arg_GRAMMAR}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    COMMENT "Generating the parser of ${arg_GRAMMAR}"
    VERBATIM)
  add_custom_command(OUTPUT ${lexer}
    COMMAND ${SLUICE_RE2C} --no-generation-date -W --output ${lexer} ${arg_LEXER}
    DEPENDS ${arg_LEXER}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    COMMENT "Generating the lexer of ${arg_LEXER}"
    VERBATIM)
  set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS -w)
  set(${variable} ${sources} ${header} PARENT_SCOPE)
endfunction()
