#pragma once

#include <optional>
#include <string>
#include <string_view>

// Which engine answers. Pure.
namespace weir::elasticsearch {

/// How pages of one snapshot are read.
enum class CursorKind {
  pit,             ///< Elasticsearch from 7.12 on, which can sort by _shard_doc
  opensearch_pit,  ///< OpenSearch from 2.4 on
  scroll           ///< everything older
};

struct Product {
  bool opensearch = false;
  bool known = false;   ///< the server said it; otherwise it is guessed from what is there
  std::string name;     ///< "elasticsearch", "opensearch"
  std::string version;  ///< "8.19.4"; empty when it was not said
  CursorKind cursor = CursorKind::pit;
  bool sorts_by_id = true;  ///< documents can be sorted by `_id`
};

/// From the answer to `GET /`. Nobody is locked out: who may not ask this, or asks something that stands before the
/// servers, gets the engine that is most likely. Throws only where no other request would fare better: 401, and 5xx.
///
/// @param header X-Elastic-Product, which Elasticsearch sends with every answer since 7.14 and OpenSearch never
Product read_product(int status, std::optional<std::string_view> header, std::string_view body);

}  // namespace weir::elasticsearch
