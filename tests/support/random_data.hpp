#pragma once

// Random records and queries that go to the corners of the data and query rules.

#include "support/random.hpp"

#include <weir/query.hpp>
#include <weir/record.hpp>

#include <string>
#include <vector>

namespace weir::test {

/// Which JSON types one path may hold.
enum class Mixing {
  mixed,        ///< any, also different ones for one path
  one_per_path  ///< one per path, as stores with a mapping want it
};

/// `count` records with ids that are all different; the paths used are a small set, so that queries find something.
std::vector<Record> random_records(Random& random, std::size_t count, Mixing mixing = Mixing::mixed);

/// A query over such records: nested filter of all operators but `match`, order, page and selection, each sometimes.
Query random_query(Random& random, Mixing mixing = Mixing::mixed);

/// One comparison, as in the JSON form.
Json random_comparison(Random& random, Mixing mixing = Mixing::mixed);

/// Text with what is special somewhere: `%`, `_`, `\`, `*`, quotes, newlines, emoji, the empty text.
std::string random_text(Random& random);

}  // namespace weir::test
