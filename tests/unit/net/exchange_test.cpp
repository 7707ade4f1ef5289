// The rules of one exchange: by table, and by a script that goes wrong at each of its steps.
#include "net/exchange.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::http {
namespace {

RequestFacts get() {
  RequestFacts facts;
  facts.safe = facts.idempotent = true;
  return facts;
}
RequestFacts post() { return {}; }
RequestFacts put() {
  RequestFacts facts;
  facts.idempotent = true;
  return facts;
}
RequestFacts expecting(RequestFacts facts) {
  facts.expects = true;
  return facts;
}
HeadFacts answer(int status, bool keep_alive = true) {
  HeadFacts head;
  head.status = status;
  head.keep_alive = keep_alive;
  return head;
}

TEST(Exchange, AWholeAnswerLeavesTheConnectionReusable) {
  Exchange exchange(get(), false, false);
  exchange.wrote(100);
  exchange.request_sent();
  EXPECT_EQ(exchange.head(answer(200)), Next::read_body);
  EXPECT_FALSE(exchange.reusable());
  EXPECT_EQ(exchange.body_ended(false), Next::finished);
  EXPECT_TRUE(exchange.reusable());
}

TEST(Exchange, WhatMakesAConnectionUnusable) {
  struct Case {
    const char* name;
    bool sent, keep_alive, rest;
  };
  for (const auto& c :
       {Case{"the request was not sent whole", false, true, false}, Case{"the server closes", true, false, false},
        Case{"bytes follow the answer", true, true, true}}) {
    Exchange exchange(post(), false, false);
    exchange.wrote(10);
    if (c.sent) exchange.request_sent();
    EXPECT_EQ(exchange.head(answer(200, c.keep_alive)), Next::read_body);
    EXPECT_EQ(exchange.body_ended(c.rest), Next::finished);
    EXPECT_FALSE(exchange.reusable()) << c.name;
  }
}

TEST(Exchange, AnEarlyErrorStopsTheBodyAndAnEarlySuccessDoesNot) {
  Exchange refused(post(), false, false);
  refused.wrote(10);
  EXPECT_EQ(refused.head(answer(413)), Next::read_body);
  EXPECT_TRUE(refused.stop_sending());
  refused.body_ended(false);
  EXPECT_FALSE(refused.reusable());

  Exchange accepted(post(), false, false);
  accepted.wrote(10);
  EXPECT_EQ(accepted.head(answer(200)), Next::read_body);
  EXPECT_FALSE(accepted.stop_sending());
  accepted.wrote(10);
  accepted.request_sent();
  accepted.body_ended(false);
  EXPECT_TRUE(accepted.reusable());
}

TEST(Exchange, InterimAnswersArePassedOverUpToALimit) {
  Exchange exchange(get(), false, false);
  exchange.wrote(1);
  exchange.request_sent();
  for (int i = 0; i < 32; ++i) EXPECT_EQ(exchange.head(answer(i % 2 == 0 ? 100 : 103)), Next::read_head);
  EXPECT_EQ(exchange.head(answer(102)), Next::failed);
  EXPECT_EQ(exchange.failure().code, errc::protocol_error);
}

TEST(Exchange, SwitchingProtocolsIsAnError) {
  Exchange exchange(get(), true, false);
  exchange.wrote(1);
  exchange.request_sent();
  EXPECT_EQ(exchange.head(answer(101)), Next::failed);
  EXPECT_EQ(exchange.failure().code, errc::protocol_error);
  EXPECT_FALSE(exchange.failure().send_again);
}

TEST(Exchange, TheBodyWaitsForContinue) {
  Exchange exchange(expecting(post()), false, false);
  exchange.wrote(100);
  EXPECT_TRUE(exchange.waiting_for_continue());
  EXPECT_FALSE(exchange.maybe_applied());  // the server has the head only
  EXPECT_EQ(exchange.head(answer(100)), Next::send_body);
  exchange.wrote(1000);
  exchange.request_sent();
  EXPECT_EQ(exchange.head(answer(201)), Next::read_body);
  exchange.body_ended(false);
  EXPECT_TRUE(exchange.reusable());
}

TEST(Exchange, TheBodyGoesAfterAWhileAnyway) {
  Exchange exchange(expecting(post()), false, false);
  exchange.wrote(100);
  EXPECT_EQ(exchange.waited_for_continue(), Next::send_body);
  EXPECT_EQ(exchange.head(answer(100)), Next::read_head);  // late
  EXPECT_TRUE(exchange.maybe_applied());
}

TEST(Exchange, AFinalAnswerInsteadOfContinueKeepsTheBodyBack) {
  Exchange exchange(expecting(put()), false, false);
  exchange.wrote(100);
  EXPECT_EQ(exchange.head(answer(200)), Next::read_body);
  EXPECT_TRUE(exchange.stop_sending());
  exchange.body_ended(false);
  EXPECT_FALSE(exchange.reusable());
}

TEST(Exchange, ARefusedExpectationIsSentAgainWithoutIt) {
  Exchange exchange(expecting(post()), false, false);
  exchange.wrote(100);
  EXPECT_EQ(exchange.head(answer(417)), Next::failed);
  EXPECT_TRUE(exchange.failure().send_again);
  EXPECT_TRUE(exchange.failure().without_expect);

  Exchange second(post(), false, true);
  second.wrote(100);
  second.request_sent();
  EXPECT_EQ(second.head(answer(417)), Next::read_body);  // now it is the answer

  Exchange after_the_body(expecting(post()), false, false);
  after_the_body.wrote(100);
  after_the_body.waited_for_continue();
  after_the_body.wrote(100);
  EXPECT_EQ(after_the_body.head(answer(417)), Next::read_body);
}

TEST(Exchange, WhoIsSentAgainWhenTheConnectionEnds) {
  struct Case {
    const char* name;
    RequestFacts facts;
    bool reused, repeated;
    std::size_t written;
    bool began;
    bool again, maybe_applied;
  };
  auto once = put();
  once.replayable = false;
  for (const auto& c :
       {Case{"idle GET", get(), true, false, 50, false, true, false},
        Case{"idle PUT", put(), true, false, 50, false, true, true},
        Case{"idle POST, sent", post(), true, false, 50, false, false, true},
        Case{"idle POST, nothing sent", post(), true, false, 0, false, true, false},
        Case{"fresh GET", get(), false, false, 50, false, false, false},
        Case{"fresh POST, nothing sent", post(), false, false, 0, false, true, false},
        Case{"idle GET, answer begun", get(), true, false, 50, true, false, false},
        Case{"idle GET, second time", get(), true, true, 50, false, false, false},
        Case{"idle PUT of a stream", once, true, false, 50, false, false, true},
        Case{"idle POST that waits for 100", expecting(post()), true, false, 50, false, true, false},
        Case{"fresh POST that waits for 100", expecting(post()), false, false, 50, false, false, false}}) {
    Exchange exchange(c.facts, c.reused, c.repeated);
    exchange.wrote(c.written);
    if (c.began) exchange.answer_began();
    EXPECT_EQ(exchange.connection_ended("closed by the server"), Next::failed) << c.name;
    EXPECT_EQ(exchange.failure().code, errc::connection_lost) << c.name;
    EXPECT_EQ(exchange.failure().send_again, c.again) << c.name;
    EXPECT_EQ(exchange.failure().maybe_applied, c.maybe_applied) << c.name;
    EXPECT_FALSE(exchange.reusable()) << c.name;
  }
}

TEST(Exchange, AfterAWriteErrorTheAnswerIsStillReadAndTheReasonKept) {
  Exchange answered(post(), false, false);
  answered.wrote(10);
  EXPECT_EQ(answered.write_failed("Broken pipe"), Next::read_head);
  EXPECT_EQ(answered.head(answer(413)), Next::read_body);
  answered.body_ended(false);
  EXPECT_FALSE(answered.reusable());

  Exchange silent(post(), false, false);
  silent.wrote(10);
  silent.write_failed("Broken pipe");
  EXPECT_EQ(silent.connection_ended("closed by the server"), Next::failed);
  EXPECT_NE(silent.failure().text.find("Broken pipe"), std::string::npos);
  EXPECT_TRUE(silent.failure().maybe_applied);
}

TEST(Exchange, StoppingNamesThePhaseAndIsNeverRepeated) {
  Exchange writing(put(), true, false);
  writing.wrote(1);
  EXPECT_EQ(writing.stopped(errc::timeout, "the time was over"), Next::failed);
  EXPECT_NE(writing.failure().text.find("writing the request"), std::string::npos);
  EXPECT_FALSE(writing.failure().send_again);

  Exchange waiting(put(), true, false);
  waiting.wrote(1);
  waiting.request_sent();
  waiting.stopped(errc::timeout, "the time was over");
  EXPECT_NE(waiting.failure().text.find("first byte"), std::string::npos);

  Exchange reading(put(), true, false);
  reading.wrote(1);
  reading.request_sent();
  reading.head(answer(200));
  reading.stopped(errc::timeout, "the time was over");
  EXPECT_NE(reading.failure().text.find("body of the answer"), std::string::npos);
}

// One side of the wire as a model: a server that does a request when it has all of it. The script of one request is cut
// at every step, with every kind of request on fresh and idle connections, and the rules are followed to the end.
struct Server {
  int applied = 0;
};

enum class Trouble { none, eof, write_error, timeout, garbage };

struct Outcome {
  bool answered = false;
  bool failed = false;
  bool maybe_applied = false;
  int sendings = 0;
};

// Sends until the rules say that it is over. Step numbers: 0 write the head, 1 write the body, 2 the head of the
// answer, 3 its body. On the second sending everything goes well.
Outcome run(RequestFacts facts, bool reused, int fault_at, Trouble fault, Server& server) {
  Outcome outcome;
  for (bool repeated = false;; repeated = true) {
    ++outcome.sendings;
    Exchange exchange(facts, reused && !repeated, repeated);
    const auto broken = [&](int step) { return !repeated && fault_at == step && fault != Trouble::none; };
    auto next = Next::read_head;
    const auto go_wrong = [&] {
      switch (fault) {
        case Trouble::none: return next;
        case Trouble::eof: return exchange.connection_ended("closed by the server");
        case Trouble::write_error:
          if (exchange.write_failed("Broken pipe") == Next::failed) return Next::failed;
          return exchange.connection_ended("reset by peer");
        case Trouble::timeout: return exchange.stopped(errc::timeout, "the time was over");
        case Trouble::garbage: return exchange.bad_answer(errc::protocol_error, "not HTTP");
      }
      return next;
    };
    if (broken(0)) {
      next = go_wrong();
    } else {
      exchange.wrote(100);
      if (facts.expects) next = exchange.head(answer(100));
      if (broken(1)) {
        next = go_wrong();
      } else {
        exchange.wrote(1000);
        exchange.request_sent();
        ++server.applied;
        if (broken(2)) {
          next = go_wrong();
        } else {
          next = exchange.head(answer(200));
          if (broken(3)) {
            next = go_wrong();
          } else {
            next = exchange.body_ended(false);
            EXPECT_TRUE(exchange.reusable());
          }
        }
      }
    }
    if (next == Next::finished) {
      outcome.answered = true;
      return outcome;
    }
    EXPECT_EQ(next, Next::failed);
    EXPECT_FALSE(exchange.reusable());
    if (!exchange.failure().send_again) {
      outcome.failed = true;
      outcome.maybe_applied = exchange.failure().maybe_applied;
      return outcome;
    }
    if (exchange.failure().without_expect) facts.expects = false;
  }
}

TEST(Exchange, GoesWrongAtEveryStepAndNothingIsAppliedTwice) {
  for (const auto& facts : {get(), put(), post(), expecting(put()), expecting(post())})
    for (const bool reused : {false, true})
      for (int step = 0; step < 4; ++step)
        for (const auto fault :
             {Trouble::none, Trouble::eof, Trouble::write_error, Trouble::timeout, Trouble::garbage}) {
          SCOPED_TRACE(std::string(facts.safe         ? "GET"
                                   : facts.idempotent ? "PUT"
                                                      : "POST") +
                       (facts.expects ? " expecting" : "") + (reused ? " reused" : " fresh") + " step " +
                       std::to_string(step) + " fault " + std::to_string(static_cast<int>(fault)));
          Server server;
          const auto outcome = run(facts, reused, step, fault, server);
          EXPECT_NE(outcome.answered, outcome.failed);
          EXPECT_LE(outcome.sendings, 2);
          EXPECT_LE(server.applied, facts.idempotent ? 2 : 1);
          // An error that says "not applied" tells the truth.
          if (outcome.failed && !facts.safe && !outcome.maybe_applied) {
            EXPECT_EQ(server.applied, 0);
          }
          if (fault == Trouble::none) {
            EXPECT_TRUE(outcome.answered);
            EXPECT_EQ(outcome.sendings, 1);
          }
        }
}

}  // namespace
}  // namespace weir::http
