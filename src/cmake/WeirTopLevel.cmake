# What applies to the whole tree when weir itself is being built, and must not touch a project that includes it.

get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT multi_config AND NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(WEIR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(WEIR_CCACHE_PROGRAM ccache)
  mark_as_advanced(WEIR_CCACHE_PROGRAM)
  if(WEIR_CCACHE_PROGRAM)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${WEIR_CCACHE_PROGRAM})
  endif()
endif()

if(WEIR_SANITIZE)
  add_compile_options(-fsanitize=${WEIR_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${WEIR_SANITIZE})
  if(WEIR_SANITIZE MATCHES thread)
    # Asio counts references with std::atomic_thread_fence, which ThreadSanitizer does not understand; without std::atomic it takes
    # Boost's counter, which says the same by the memory order of its operations.
    add_compile_definitions(BOOST_ASIO_DISABLE_STD_ATOMIC)
  endif()
endif()

if(WEIR_BUILD_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "WEIR_BUILD_FUZZ needs clang (-DCMAKE_CXX_COMPILER=clang++-19)")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(WEIR_CLANG_TIDY)
  find_program(WEIR_CLANG_TIDY_PROGRAM NAMES clang-tidy-19 clang-tidy REQUIRED)
  set(CMAKE_CXX_CLANG_TIDY ${WEIR_CLANG_TIDY_PROGRAM} --quiet)
endif()
