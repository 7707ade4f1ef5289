#include "backends/s3/archive_manifest.hpp"
#include "backends/s3/packing.hpp"
#include "support/outcome.hpp"
#include "support/random.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace weir::s3 {
namespace {

std::string unpacked(Packing packing, std::string_view bytes, std::size_t in_step, std::size_t out_step) {
  Unpacker unpacker(packing);
  std::string out;
  std::string room(out_step, '\0');
  std::size_t at = 0;
  for (;;) {
    const auto some = bytes.substr(at, in_step);
    const auto step = unpacker.run({some.data(), some.size()}, {room.data(), room.size()});
    at += step.consumed;
    out.append(room, 0, step.produced);
    if (step.produced == 0 && at == bytes.size()) break;
  }
  EXPECT_TRUE(unpacker.at_end());
  return out;
}

std::string packed(Packing packing, std::string_view text, std::size_t step) {
  Packer packer(packing);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += step) {
    const auto before = out.size();
    const auto some = text.substr(at, step);
    const auto bound = packer.pending(some.size());
    packer.add(some, out);
    EXPECT_LE(out.size() - before, bound + 64);
  }
  packer.finish(out);
  return out;
}

/// Lines like records, or noise, which cannot be compressed.
std::string sample(test::Random& random, std::size_t size, bool noise) {
  std::string out;
  while (out.size() < size) {
    if (noise)
      out += static_cast<char>(random.below(256));
    else
      out += "{\"id\":\"" + std::to_string(random.below(1'000'000)) + "\",\"fields\":{\"n\":1}}\n";
  }
  return out;
}

TEST(Packing, ThereAndBack) {
  test::Random random(test::seed());
  for (const auto packing : {Packing::none, Packing::gzip, Packing::zstd})
    for (const bool noise : {false, true})
      for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{300'000}}) {
        const auto text = sample(random, size, noise);
        const auto bytes = packed(packing, text, 1 + random.below(70'000));
        EXPECT_TRUE(unpacked(packing, bytes, 1 + random.below(5000), 1 + random.below(5000)) == text);
        EXPECT_EQ(bytes, packed(packing, text, 1 + random.below(70'000))) << "the same text makes the same bytes";
      }
}

TEST(Packing, TheSizeOfTheEndIsKnownBefore) {
  test::Random random(test::seed());
  for (const auto packing : {Packing::none, Packing::gzip, Packing::zstd})
    for (const bool noise : {false, true})
      for (int round = 0; round < 20; ++round) {
        Packer packer(packing);
        std::string out;
        const auto text = sample(random, random.below(600'000), noise);
        const auto cut = random.below(text.size() + 1);
        for (std::size_t at = 0; at < cut; at += 1000)
          packer.add(std::string_view(text).substr(at, std::min<std::size_t>(1000, cut - at)), out);
        const auto bound = out.size() + packer.pending(text.size() - cut);
        packer.add(std::string_view(text).substr(cut), out);
        packer.finish(out);
        EXPECT_LE(out.size(), bound) << to_string(packing);
      }
}

TEST(Packing, WhatIsBrokenIsNoText) {
  const auto good = packed(Packing::zstd, "some text", 9);
  for (const auto packing : {Packing::gzip, Packing::zstd}) {
    Unpacker unpacker(packing);
    std::array<char, 100> room{};
    const std::string noise = "no such format at all";
    EXPECT_THROW(unpacker.run({noise.data(), noise.size()}, {room.data(), room.size()}), Error);
  }
  Unpacker half(Packing::zstd);
  std::array<char, 100> room{};
  half.run({good.data(), good.size() / 2}, {room.data(), room.size()});
  EXPECT_FALSE(half.at_end());
}

TEST(Packing, OtherToolsReadIt) {
  const auto folder = std::filesystem::temp_directory_path();
  for (const auto& [packing, tool] :
       {std::pair{Packing::gzip, std::string("zcat")}, std::pair{Packing::zstd, std::string("zstdcat")}}) {
    if (std::system(("command -v " + tool + " >/dev/null 2>&1").c_str()) != 0) continue;  // NOLINT
    std::string text;
    for (int i = 0; i < 10'000; ++i) text += "{\"id\":\"" + std::to_string(i) + "\"}\n";
    const auto name = (folder / ("weir-packing-" + std::to_string(::getpid()))).string();
    std::ofstream(name, std::ios::binary) << packed(packing, text, 4096);
    std::string read;
    std::FILE* const pipe = popen((tool + " < " + name).c_str(), "r");  // NOLINT
    ASSERT_NE(pipe, nullptr);
    std::array<char, 4096> buffer{};
    while (const auto size = std::fread(buffer.data(), 1, buffer.size(), pipe)) read.append(buffer.data(), size);
    EXPECT_EQ(pclose(pipe), 0);
    std::filesystem::remove(name);
    EXPECT_TRUE(read == text) << tool;
  }
}

ArchiveManifest some_manifest() {
  ArchiveManifest manifest;
  manifest.packing = Packing::gzip;
  manifest.source = "sqlite:people.db";
  manifest.query = Json::parse(R"({"where":{"path":"a","op":"eq","value":1}})");
  for (int i = 0; i < 2; ++i) {
    ArchivePart part;
    part.name = part_name(static_cast<std::size_t>(i), manifest.packing);
    part.records = 3;
    part.bytes = 100;
    part.text_bytes = 1000;
    part.sha256 = "00ff";
    part.first_id = "a\"";
    part.last_id = "é";
    manifest.parts.push_back(part);
  }
  return manifest;
}

TEST(ArchiveManifest, ThereAndBack) {
  const auto manifest = some_manifest();
  const auto text = manifest_text(manifest);
  const auto again = parse_manifest(text);
  EXPECT_EQ(manifest_text(again), text);
  EXPECT_EQ(again.records(), 6u);
  EXPECT_EQ(again.parts[1].name, "part-000002.ndjson.gz");
  EXPECT_EQ(again.parts[1].last_id, "é");
  EXPECT_EQ(again.query, manifest.query);
}

TEST(ArchiveManifest, WhatIsNone) {
  const auto good = Json::parse(manifest_text(some_manifest()));
  const auto fails = [](const Json& json, errc code) {
    return test::fails_with(test::outcome_now([&] { parse_manifest(json.dump()); }), code);
  };
  for (const auto& [name, value] : good.items()) {
    auto without = good;
    without.erase(name);
    EXPECT_TRUE(fails(without, errc::corrupt_data)) << name;
    if (name == "query") continue;
    auto other = good;
    other[name] = Json::object();
    EXPECT_TRUE(fails(other, errc::corrupt_data)) << name;
  }
  for (const auto& [name, value] : good["parts"][0].items()) {
    auto other = good;
    other["parts"][0][name] = Json::array();
    EXPECT_TRUE(fails(other, errc::corrupt_data)) << name;
  }
  auto later = good;
  later["version"] = 2;
  EXPECT_TRUE(fails(later, errc::unsupported));
  auto elsewhere = good;
  elsewhere["parts"][0]["name"] = "part-1/../../secret";
  EXPECT_TRUE(fails(elsewhere, errc::corrupt_data));
  auto miscounted = good;
  miscounted["records"] = 7;
  EXPECT_TRUE(fails(miscounted, errc::corrupt_data));
  EXPECT_TRUE(test::fails_with(test::outcome_now([] { parse_manifest("nothing"); }), errc::corrupt_data));
}

}  // namespace
}  // namespace weir::s3
