// The rules, held by every file of the repository.
#include "lint/coroutine_rules.hpp"
#include "lint/layer_rules.hpp"
#include "lint/source_text.hpp"
#include "lint/text_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <vector>

namespace weir::lint {
namespace {

const std::vector<SourceFile>& tree() {
  static const auto files = load_tree(WEIR_SOURCE_DIR);
  return files;
}

void expect_none(const std::vector<Finding>& findings) { EXPECT_TRUE(findings.empty()) << describe(findings); }

TEST(Tree, IsThere) {
  EXPECT_GT(tree().size(), 20U);
  EXPECT_TRUE(
      std::ranges::any_of(tree(), [](const SourceFile& file) { return file.path == "include/weir/error.hpp"; }));
  EXPECT_TRUE(std::ranges::any_of(tree(), is_pure));
}

TEST(Tree, NothingThatGcc12DestroysTwice) {
  const auto aggregates = find_aggregates(tree());
  std::vector<Finding> findings;
  for (const auto& file : tree()) {
    // The samples there are meant to be wrong.
    if (!file.is_cpp() || file.is_under("tests/lint") || file.path == "tests/api/compiler_faults.cpp") continue;
    for (auto& finding : check_coroutine_rules(file, aggregates)) findings.push_back(std::move(finding));
  }
  expect_none(findings);
}

TEST(Tree, PureFilesDoNoInputOrOutput) { expect_none(check_pure_files(tree())); }
TEST(Tree, ArrowsPointDown) { expect_none(check_layers(tree())); }
TEST(Tree, BeastStaysInNet) { expect_none(check_beast_stays_in_net(tree())); }
TEST(Tree, NothingIsUnfinished) { expect_none(check_words(tree())); }
TEST(Tree, NothingSleeps) { expect_none(check_sleeping(tree())); }
TEST(Tree, NoErrorIsSwallowed) { expect_none(check_swallowed_errors(tree())); }

TEST(Tree, FilesHaveOneReasonToChange) {
  std::cout << "over 400 lines, to be split when next touched:\n" << describe(check_file_sizes(tree(), 400));
  expect_none(check_file_sizes(tree(), 700));
}

}  // namespace
}  // namespace weir::lint
