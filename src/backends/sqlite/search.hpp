#pragma once

// A search on a connection: by which of the statements that give the same records, and for how long each is tried.

#include "backends/sqlite/compiler.hpp"
#include "backends/sqlite/connection.hpp"
#include "core/project.hpp"

#include <weir/record.hpp>

#include <vector>

namespace weir::sqlite {

// Whether a search whose filter and order ask for different indexes may be begun in more than one way.
enum class Attempts { one, several };

// In a transaction of its own where none is open.
std::vector<Record> search_all(Connection& connection, const Search& search, const core::Projection* projection,
                               Attempts attempts = Attempts::several);

// The statement that is tried first, and SQLite's plan for it.
Json explain_search(Connection& connection, const Search& search);

}  // namespace weir::sqlite
