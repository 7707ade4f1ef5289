#pragma once

namespace weir::cli {

/// What the program ends with; part of its interface, docs/tool.md.
enum class ExitCode {
  done = 0,
  incomplete = 1,  ///< some records failed or were not found, a bad input, an output that could not be written
  usage = 2,       ///< the command line, the configuration or the query makes no sense, an input file that is not there
  store = 3,       ///< the store could not be reached, or refused
  interrupted = 130
};

}  // namespace weir::cli
