#pragma once

#include <weir/error.hpp>
#include <weir/record.hpp>

#include <string>

// What the server's errors are called here. Pure.
namespace weir::elasticsearch {

/// "error" of an answer, or of an item of one.
struct ServerError {
  std::string type;
  std::string reason;  ///< can hold pieces of a document: for no error text
};

/// From {"error": {"type": …, "reason": …, "root_cause": […]}}, {"error": "text"} or anything else.
ServerError read_error(const Json& answer);

/// From a status that is not in the 200s and what came with it.
Error error_of(int status, const ServerError& error);

}  // namespace weir::elasticsearch
