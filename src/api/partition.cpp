#include <weir/error.hpp>
#include <weir/options.hpp>

namespace weir {

Partition::Partition(std::size_t index, std::size_t count) : index_(index), count_(count) {
  if (index >= count)
    throw Error(errc::invalid_argument,
                "partition " + std::to_string(index) + " of " + std::to_string(count) + ": the index counts from 0");
}

}  // namespace weir
