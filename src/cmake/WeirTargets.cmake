# Helpers that every target of the project goes through, so that warnings, the language level and installation are said
# once.

# What all our own code is compiled with (never exported to users).
function(weir_compile_settings target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden
                                             VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                                           $<$<BOOL:${WEIR_WARNINGS_AS_ERRORS}>:-Werror>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # A false alarm on "literal" + std::string: https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105651
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Several files in one make headers of what was a file of its own: its unnamed namespace is not in one, whatever g++ says.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage ${weir_false_alarms})
  endif()
endfunction()

# weir_no_false_alarms(file...): files in which g++ 12 warns of what is not there, at some length of a coroutine: that a frame is freed
# by another function than Asio's (https://gcc.gnu.org/bugzilla/show_bug.cgi?id=109224), or that a list of strings is copied past its end
# (https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105329). AddressSanitizer runs over the same code.
set(weir_false_alarms "")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  set(weir_false_alarms -Wno-mismatched-new-delete -Wno-array-bounds -Wno-stringop-overread -Wno-stringop-overflow)
endif()
function(weir_no_false_alarms)
  if(weir_false_alarms AND NOT CMAKE_UNITY_BUILD) # a file with options of its own is joined with no other
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "${weir_false_alarms}")
  endif()
endfunction()

# The same for all files of a target.
function(weir_no_false_alarms_in target)
  if(weir_false_alarms)
    target_compile_options(${target} PRIVATE -Wno-mismatched-new-delete)
  endif()
endfunction()

# weir_precompile(target library|tool|program): with WEIR_PRECOMPILED_HEADER, most of what a file includes is parsed once per kind
# of target instead of once per file, which takes a third to a half of the time. The build without it (preset clang) is the one
# that notices a forgotten include. None of our own headers is in it: a change of one must not compile everything, and a
# compiler cache must know what it does not concern. What a test program does itself nobody waits for, so it is not optimised: that halves its compilation.
function(weir_precompile target kind)
  if(NOT WEIR_PRECOMPILED_HEADER)
    return()
  endif()
  set(owner weir_precompiled_${kind})
  if(NOT TARGET ${owner})
    file(WRITE ${PROJECT_BINARY_DIR}/precompiled.cpp "")
    add_library(${owner} OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
    weir_compile_settings(${owner})
    target_compile_options(${owner} PRIVATE -pthread)
        target_link_libraries(${owner} PRIVATE Boost::headers nlohmann_json::nlohmann_json Threads::Threads)
    target_precompile_headers(
      ${owner}
      PRIVATE <boost/asio/any_io_executor.hpp> <boost/asio/as_tuple.hpp> <boost/asio/awaitable.hpp>
              <boost/asio/cancellation_signal.hpp> <boost/asio/co_spawn.hpp> <boost/asio/execution_context.hpp>
              <boost/asio/io_context.hpp> <boost/asio/post.hpp> <boost/asio/redirect_error.hpp> <boost/asio/steady_timer.hpp>
              <boost/asio/strand.hpp> <boost/asio/this_coro.hpp> <boost/asio/use_awaitable.hpp> <nlohmann/json.hpp>
              <algorithm> <atomic> <charconv> <chrono> <cmath> <cstring> <deque> <functional> <map> <memory> <mutex>
              <optional> <random> <set> <span> <string> <thread> <unordered_map> <variant> <vector>)
    if(kind STREQUAL "library")
      set_target_properties(${owner} PROPERTIES POSITION_INDEPENDENT_CODE ON)
      target_compile_definitions(${owner} PRIVATE WEIR_BUILDING)
    elseif(kind STREQUAL "program")
      target_compile_options(${owner} PRIVATE $<$<CONFIG:Release>:-O0>)
      target_link_libraries(${owner} PRIVATE GTest::gmock)
      target_precompile_headers(${owner} PRIVATE <gtest/gtest.h>)
    endif()
  endif()
  target_compile_options(${target} PRIVATE -pthread) # some libraries ask for it; a header is good for one set of macros only
  if(kind STREQUAL "program")
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O0>)
  endif()
  target_precompile_headers(${target} REUSE_FROM ${owner})
endfunction()

# weir_add_component(NAME [INSTALL function] [NEEDS component...] [FIND "package [version]"...] [PKG_CONFIG module...]
#                    [LIBS_PRIVATE flag...])
#
# Declares the library weir_NAME with the alias weir::NAME, its export set, and what a consumer of it has to find. Every
# component but core is a backend: it links weir::core, and INSTALL names the function that registers it, from which
# weir::weir is put together. Sources and libraries are then said with target_sources and target_link_libraries:
#
#     find_package(SQLite3 3.38 REQUIRED)
#     weir_add_component(sqlite INSTALL weir::sqlite::install FIND "SQLite3 3.38" PKG_CONFIG sqlite3)
#     target_sources(weir_sqlite PRIVATE backend.cpp ...)
#     target_link_libraries(weir_sqlite PRIVATE SQLite::SQLite3)
#
# NEEDS       other components that it links
# FIND        what the package configuration must find again when the libraries are static
# PKG_CONFIG  the same as modules of pkg-config; LIBS_PRIVATE are flags for what has no module
function(weir_add_component name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "INSTALL" "NEEDS;FIND;PKG_CONFIG;LIBS_PRIVATE")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "weir_add_component(${name}): unknown ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  set(target weir_${name})
  add_library(${target})
  add_library(weir::${name} ALIAS ${target})
  weir_library_settings(${target} ${name})
  if(NOT name STREQUAL core)
    target_link_libraries(${target} PUBLIC weir::core)
    foreach(other IN LISTS ARG_NEEDS)
      target_link_libraries(${target} PUBLIC weir::${other})
    endforeach()
    if(ARG_INSTALL)
      set_property(GLOBAL APPEND PROPERTY WEIR_BACKENDS ${name})
      set_property(GLOBAL PROPERTY WEIR_INSTALL_FUNCTION_${name} ${ARG_INSTALL})
    endif()
  endif()
  set_property(GLOBAL APPEND PROPERTY WEIR_COMPONENTS ${name})
  set_property(GLOBAL PROPERTY WEIR_NEEDS_${name} "${ARG_NEEDS}")
  set_property(GLOBAL PROPERTY WEIR_FIND_${name} "${ARG_FIND}")
  set_property(GLOBAL PROPERTY WEIR_PKG_CONFIG_${name} "${ARG_PKG_CONFIG}")
  set_property(GLOBAL PROPERTY WEIR_LIBS_PRIVATE_${name} "${ARG_LIBS_PRIVATE}")
endfunction()

function(weir_library_settings target export_name)
  weir_compile_settings(${target})
  set_target_properties(
    ${target}
    PROPERTIES EXPORT_NAME ${export_name}
               POSITION_INDEPENDENT_CODE ON
               DEFINE_SYMBOL "" # the same objects make a static and a shared library, so a compiler cache serves both
               VERSION ${PROJECT_VERSION}
               SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_include_directories(
    ${target}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${target} PRIVATE WEIR_BUILDING)
  weir_precompile(${target} library)
endfunction()

# weir::weir: core and every backend that was built, in one library whose single source, generated, calls their install
# functions. Users are made to keep it although they refer to nothing in it: a static library by an undefined symbol, a
# shared one by naming it outside --as-needed.
function(weir_add_everything)
  get_property(backends GLOBAL PROPERTY WEIR_BACKENDS)
  set(WEIR_BACKEND_DECLARATIONS "")
  set(WEIR_BACKEND_CALLS "")
  add_library(weir_weir)
  add_library(weir::weir ALIAS weir_weir)
  weir_library_settings(weir_weir weir)
  set_target_properties(weir_weir PROPERTIES OUTPUT_NAME weir)
  target_link_libraries(weir_weir PUBLIC weir::core)
  foreach(name IN LISTS backends)
    get_property(install_function GLOBAL PROPERTY WEIR_INSTALL_FUNCTION_${name})
    string(REGEX MATCH "^(.*)::([^:]+)$" matched ${install_function})
    string(APPEND WEIR_BACKEND_DECLARATIONS
           "namespace ${CMAKE_MATCH_1} {\nWEIR_API void ${CMAKE_MATCH_2}();\n}\n")
    string(APPEND WEIR_BACKEND_CALLS "  ${install_function}();\n")
    target_link_libraries(weir_weir PUBLIC weir::${name})
  endforeach()
  set(generated ${PROJECT_BINARY_DIR}/src/linked_backends_list.cpp)
  configure_file(${PROJECT_SOURCE_DIR}/src/cmake/linked_backends.cpp.in ${generated} @ONLY)
  target_sources(weir_weir PRIVATE ${generated})
  get_target_property(type weir_weir TYPE)
  if(type STREQUAL "SHARED_LIBRARY")
    target_link_options(weir_weir INTERFACE
                        "LINKER:--push-state,--no-as-needed,$<TARGET_LINKER_FILE:weir::weir>,--pop-state")
  else()
    target_link_options(weir_weir INTERFACE "LINKER:-u,weir_install_linked_backends")
  endif()
endfunction()

# A test program of one folder: weir_add_test(name SOURCES a.cpp b.cpp LIBRARIES weir::weir LABELS unit)
# FIXTURES are those of CTest that have to be set up before.
# The target tests_LABEL builds those of one label. The label threads is for those in which several threads meet, for ThreadSanitizer.
function(weir_add_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;FIXTURES" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  weir_compile_settings(${name})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} GTest::gmock GTest::gtest_main)
  weir_precompile(${name} program)
  if("unit" IN_LIST ARG_LABELS)
    set_target_properties(${name} PROPERTIES UNITY_BUILD OFF) # small files whose helpers have the same names
  endif()
  foreach(label IN LISTS ARG_LABELS)
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} ${name})
  endforeach()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set(fixtures "")
  if(ARG_FIXTURES)
    set(fixtures FIXTURES_REQUIRED ${ARG_FIXTURES})
  endif()
  if(WEIR_TEST_PER_PROGRAM)
    # Under a sanitizer, starting a program takes longer than most tests.
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 3")
    add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} ${fixtures})
    return()
  endif()
  list(REMOVE_ITEM ARG_LABELS threads) # gtest_discover_tests takes one label, not a list
  gtest_discover_tests(
    ${name}
    DISCOVERY_MODE PRE_TEST
    TEST_PREFIX "${name}."
    PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} ${fixtures})
endfunction()
