#pragma once

/// @file
/// Everything an application needs.

#include <weir/awaitable.hpp>
#include <weir/backend.hpp>
#include <weir/config.hpp>
#include <weir/copy.hpp>
#include <weir/database.hpp>
#include <weir/error.hpp>
#include <weir/options.hpp>
#include <weir/pool_stats.hpp>
#include <weir/query.hpp>
#include <weir/record.hpp>
#include <weir/record_stream.hpp>
#include <weir/results.hpp>
#include <weir/transaction.hpp>
#include <weir/version.hpp>
