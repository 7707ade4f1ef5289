#include "cli/tool.hpp"

#include <csignal>

// An import that was interrupted, or killed, goes on from its checkpoint and ends with exactly the whole.

namespace weir::cli::test {
namespace {

using testing::HasSubstr;

class Resume : public ToolTest {
 protected:
  void expect_whole(std::size_t count) {
    const auto result = weir({"search", database(), "--flat", "--order-by", "n"});
    ASSERT_EQ(result.code, 0) << result.err;
    const auto records = lines(result.out);
    ASSERT_EQ(records.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(records[i]["n"], i);
      ASSERT_EQ(records[i]["name"], "number " + std::to_string(i));
    }
  }
  std::uint64_t checkpointed() {
    const auto text = content("state");
    return text.empty() ? 0 : Json::parse(text)["written"].get<std::uint64_t>();
  }
  // Lets the command come further than the run before it, and kills it. Whether it was faster, and is done.
  bool kill_further_on(const std::vector<std::string>& words) {
    const auto last = checkpointed();
    Process run(weir_command(words));
    while (!run.ended() && checkpointed() <= last) {
    }
    if (!run.ended()) run.signal(SIGKILL);
    const auto result = run.wait();
    if (result.signal == SIGKILL) return false;
    EXPECT_EQ(result.code, 0) << result.err;
    return true;
  }
};

TEST_F(Resume, CtrlCCountsWhatWasWrittenAndTheSameCommandGoesOn) {
  const std::vector<std::string> words{"import",       database(),    "-",       "--flat",
                                       "--checkpoint", path("state"), "--chunk", "100"};
  const std::string all = numbered(0, 2000, false);
  const auto half = all.find("\"n\":1050,");
  Process first(weir_command(words));
  first.write(all.substr(0, half));
  // 1,050 records and a piece: ten chunks can be written, and it waits for more.
  first.read_until(
      [this, &first](const ProcessResult&) { return weir({"count", database()}).out == "1000\n" || first.ended(); });
  first.signal(SIGINT);
  const auto interrupted = first.wait();
  EXPECT_EQ(interrupted.code, 130) << interrupted.err;
  EXPECT_THAT(interrupted.err, HasSubstr("interrupted: 1,000 records written"));
  EXPECT_THAT(interrupted.err, HasSubstr("the same command goes on from there"));
  ASSERT_TRUE(exists("state"));
  EXPECT_EQ(checkpointed(), 1000U);

  const auto other = weir(words, numbered(5, 3000, false));
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("belongs to another file"));

  const auto second = weir(words, all);
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.err, HasSubstr("going on at line 1001"));
  EXPECT_THAT(second.err, HasSubstr("2,000 records written (1,000 in this run)"));
  EXPECT_FALSE(exists("state"));
  expect_whole(2000);
}

// Ctrl-C reaches a whole pipeline: the writer ends too, in the middle of a line, and the end of the input may be seen
// before the signal is.
TEST_F(Resume, AnInputThatEndsByTheSameCtrlCIsNotTakenForWhole) {
  const std::vector<std::string> words{"import",       database(),    "-",       "--flat",
                                       "--checkpoint", path("state"), "--chunk", "100"};
  const std::string all = numbered(0, 300, false);
  const auto cut = all.find("\"n\":250,");
  for (int round = 0; round < 20; ++round) {
    for (const char* each : {"data.db", "data.db-wal", "data.db-shm", "state"}) std::filesystem::remove(path(each));
    Process run(weir_command(words));
    run.write(all.substr(0, cut));
    run.read_until(
        [this, &run](const ProcessResult&) { return weir({"count", database()}).out == "200\n" || run.ended(); });
    run.signal(SIGSTOP);  // so that signal and end are both there when it looks
    run.signal(SIGINT);
    run.close_input();
    run.signal(SIGCONT);
    const auto result = run.wait();
    ASSERT_EQ(result.code, 130) << "round " << round << ": " << result.err;
    ASSERT_THAT(result.err, HasSubstr("interrupted: 200 records written"));
    ASSERT_EQ(checkpointed(), 200U);
  }
  const auto second = weir(words, all);
  EXPECT_EQ(second.code, 0) << second.err;
  expect_whole(300);
}

TEST_F(Resume, KilledAtAnyMomentItGoesOnWithoutGapsOrDuplicates) {
  constexpr std::size_t count = 30'000;
  const struct {
    std::string name;
    std::vector<std::string> options;
  } ways[] = {
      {"in.jsonl", {"--flat"}},
      {"in.csv", {}},
      {"in.json", {"--at", "/rows", "--flat"}},
      {"in.jsonl", {"--flat", "--partitions", "4"}},
  };
  for (const auto& way : ways) {
    std::string text;
    if (way.name == "in.csv") text = "n,name\n";
    if (way.name == "in.json") text = "{\"rows\":[";
    for (std::size_t i = 0; i < count; ++i) {
      const auto n = std::to_string(i);
      if (way.name == "in.csv")
        text += n + ",number " + n + "\n";
      else
        text += (way.name == "in.json" && i > 0 ? ",{\"n\":" : "{\"n\":") + n + ",\"name\":\"number " + n + "\"}\n";
    }
    if (way.name == "in.json") text += "]}";
    std::vector<std::string> words{"import",  database(), file(way.name, text), "--checkpoint", path("state"),
                                   "--chunk", "50"};
    words.insert(words.end(), way.options.begin(), way.options.end());
    // A run that was done before it could be killed shows nothing: it is begun again.
    bool whole = false;
    for (int killed = 0; killed == 0 && !HasFailure();) {
      for (const char* each : {"data.db", "data.db-wal", "data.db-shm"}) std::filesystem::remove(path(each));
      for (whole = false; !whole && killed < 6;) {
        const bool done = kill_further_on(words);
        if (HasFailure()) return;
        // Without its checkpoint it is complete, also when it was killed before it could say so with its exit code: the
        // same command would begin from the beginning.
        whole = done || !exists("state");
        if (!whole) ++killed;
      }
    }
    if (!whole) {
      const auto rest = weir(words);  // enough: to the end
      ASSERT_EQ(rest.code, 0) << rest.err;
    }
    expect_whole(count);
    EXPECT_FALSE(exists("state"));
    if (HasFatalFailure()) return;
  }
}

TEST_F(Resume, AfterABadLineWasMended) {
  const auto input = file("in.jsonl", numbered(0, 250) + "bad\n" + numbered(250, 300));
  const std::vector<std::string> words{"import",       database(),    input,     "--flat",
                                       "--checkpoint", path("state"), "--chunk", "100"};
  const auto stopped = weir(words);
  EXPECT_EQ(stopped.code, 1);
  EXPECT_THAT(stopped.err, HasSubstr(input + ":251:"));
  EXPECT_THAT(stopped.err, HasSubstr("250 records written"));
  file("in.jsonl", numbered(0, 300));
  const auto mended = weir(words);
  EXPECT_EQ(mended.code, 0) << mended.err;
  expect_whole(300);
}

TEST_F(Resume, ACheckpointOfSomethingElseIsRefused) {
  const auto input = file("in.jsonl", numbered(0, 10) + "bad\n");
  const std::vector<std::string> rest{input, "--flat", "--checkpoint", path("state"), "--chunk", "2"};
  const auto run = [&](const std::string& db, std::vector<std::string> more) {
    std::vector<std::string> words{"import", db};
    words.insert(words.end(), rest.begin(), rest.end());
    words.insert(words.end(), more.begin(), more.end());
    return weir(words);
  };
  ASSERT_EQ(run(database(), {}).code, 1);
  const auto other_target = run(database("other.db"), {});
  EXPECT_EQ(other_target.code, 2);
  EXPECT_THAT(other_target.err, HasSubstr("belongs to an import into"));
  const auto other_way = run(database(), {"--id-field", "key"});
  EXPECT_EQ(other_way.code, 2);
  EXPECT_THAT(other_way.err, HasSubstr("another way"));
  file("in.jsonl", numbered(0, 2));
  EXPECT_THAT(run(database(), {}).err, HasSubstr("belongs to a longer file"));
  file("state", "{}");
  EXPECT_THAT(run(database(), {}).err, HasSubstr("is no checkpoint of an import"));
  file("state", "nonsense");
  EXPECT_EQ(run(database(), {}).code, 2);
}

TEST_F(Resume, ASecondCtrlCEndsItAtOnce) {
  Process run(weir_command({"import", database(), "-", "--flat"}));
  run.write(numbered(0, 10));
  // Its handlers are there once it listens to nothing but them: the process group's signal mask tells.
  run.read_until([&run](const ProcessResult&) { return run.ended() || true; });
  run.signal(SIGINT);
  run.signal(SIGINT);
  const auto result = run.wait();
  EXPECT_TRUE(result.code == 130 || result.signal == SIGINT) << result.err;
}

}  // namespace
}  // namespace weir::cli::test
