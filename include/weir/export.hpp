#pragma once

/// @file
/// Symbol visibility. The library is built with hidden visibility; what users may name is marked WEIR_API.

#if defined(_WIN32)
#if defined(WEIR_BUILDING)
#define WEIR_API __declspec(dllexport)
#else
#define WEIR_API __declspec(dllimport)
#endif
#else
#define WEIR_API __attribute__((visibility("default")))
#endif
