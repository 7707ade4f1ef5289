// Links one backend and installs it by hand.
#include "program.hpp"

#include <weir/sqlite.hpp>

int main() {
  weir::sqlite::install();
  return run(round_trip("sqlite::memory:"));
}
