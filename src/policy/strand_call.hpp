#pragma once

#include "net/strand_call.hpp"

namespace weir::policy {

using net::call_on_strand;

}  // namespace weir::policy
