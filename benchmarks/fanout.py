"""How much of the ideal 64 threads reach when a model takes one second; results are in fanout.md.

    python benchmarks/fanout.py [--answers N] [--deepeval PYTHON]

The model is tests/stub_openai.py in a process of its own. PYTHON is an interpreter that can import deepeval; without
one that comparison is skipped, with the reason.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interviewer.settings")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402

from interviewer.grading import grade  # noqa: E402
from questions.frozen import FrozenPoint, FrozenQuestion  # noqa: E402

THREADS = 64
LATENCY = 1.0
SLOW = 8.0  # seconds a real model takes
POINTS = [
    ("缓存", "命中前缀缓存可以省去重复的计算"),
    ("批处理", "连续批处理把新的请求随时并入，提高吞吐"),
    ("量化", "把权重量化成低位数，减少显存与带宽"),
    ("投机解码", "用小模型先猜几个词，大模型一次验证"),
    ("并行", "张量并行把一层分到几张卡上"),
]
QUESTION = FrozenQuestion(
    slug="serving",
    title="推理加速",
    language="zh",
    kind="open",
    prompt="如何提高大模型推理服务的速度？请说明做法和代价。",
    reference="。".join(text for _name, text in POINTS),
    points=tuple(FrozenPoint(f"p{n}", name, text) for n, (name, text) in enumerate(POINTS)),
)
ANSWER = (
    "第一，{}。第二，{}，不过要小心延迟。第三，我会先测量，再决定先改哪里，因为瓶颈往往不在想象的地方。这是第 {} 份。"
)


@dataclass(frozen=True)
class Run:
    """`walls` are the seconds of each answer; `total` and `cpu` those of the whole run."""

    walls: list[float]
    total: float
    cpu: float

    def line(self, name: str, latency: float = LATENCY, threads: int = THREADS) -> str:
        ideal = len(self.walls) / threads * latency
        spare = sorted((wall - latency) * 1000 for wall in self.walls)
        p50, p95 = spare[len(spare) // 2], spare[int(len(spare) * 0.95)]
        share = f"{ideal / self.total:.2f} of ideal | {self.cpu / self.total:.2f} core"
        return f"{name:38} {len(self.walls):4} answers | {share} | beside the model: p50 {p50:.0f} ms, p95 {p95:.0f} ms"


@contextmanager
def stub(latency: float) -> Iterator[str]:
    """The address of a model server that takes `latency` seconds, in a process of its own."""
    command = [sys.executable, str(ROOT / "tests" / "stub_openai.py"), "0", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def measure(work: Callable[[int], object], count: int, threads: int = THREADS, staggered: bool = False) -> Run:
    """Do `work` `count` times on `threads` threads; `staggered`: they start one after another within `LATENCY`."""

    def timed(number: int) -> float:
        if staggered and number < threads:
            time.sleep(number / threads * LATENCY)
        started = time.perf_counter()
        work(number)
        return time.perf_counter() - started

    with ThreadPoolExecutor(threads) as pool:
        started, cpu = time.perf_counter(), time.process_time()
        walls = list(pool.map(timed, range(count)))
        return Run(walls, time.perf_counter() - started, time.process_time() - cpu)


def graded(number: int) -> None:
    first, second = POINTS[number % 5][1], POINTS[(number + 1) % 5][1]
    verdict = grade(QUESTION, ANSWER.format(first, second, number), "llm")
    assert verdict.grader == "llm" and verdict.score > 0, verdict


DEEPEVAL = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from deepeval.metrics import GEval
from deepeval.models import OpenAIModel
from deepeval.test_case import LLMTestCase, SingleTurnParams as Params

url, count, threads, latency = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
shared = OpenAIModel(model="gpt-4o-mini", api_key="none", base_url=url)

def one(number):
    metric = GEval(
        name="correctness",
        evaluation_steps=["Does the actual output state every point of the expected output?"],
        evaluation_params=[Params.INPUT, Params.ACTUAL_OUTPUT, Params.EXPECTED_OUTPUT],
        model=shared,
        async_mode=False,
    )
    case = LLMTestCase(input="question", actual_output=f"answer {number}", expected_output="reference")
    metric.measure(case, _show_indicator=False)

one(-1)
with ThreadPoolExecutor(threads) as pool:
    started, cpu = time.perf_counter(), time.process_time()
    list(pool.map(one, range(count)))
    total, cpu = time.perf_counter() - started, time.process_time() - cpu
share = f"{count / threads * latency / total:.2f} of ideal | {cpu / total:.2f} core"
print(f"{'DeepEval GEval, the same stub':38} {count:4} answers | {share}")
"""


def deepeval(python: str, url: str, count: int) -> str:
    """The same by DeepEval's GEval with its steps given, one call per answer; or why not."""
    tried = subprocess.run([python, "-c", "import deepeval"], capture_output=True, check=False)
    if tried.returncode:
        return f"DeepEval: skipped, {python} cannot import deepeval (see fanout.md)"
    quiet = {
        **os.environ,
        "DEEPEVAL_TELEMETRY_OPT_OUT": "YES",
        "OPENAI_API_KEY": "none",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    arguments = [url, str(count), str(THREADS), str(LATENCY)]
    done = subprocess.run(
        [python, "-c", DEEPEVAL, *arguments], capture_output=True, text=True, env=quiet, timeout=300, check=False
    )
    return done.stdout.strip() or f"DeepEval: failed, {done.stderr.strip().splitlines()[-1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", type=int, default=384, help="a multiple of 64")
    parser.add_argument("--deepeval", default=sys.executable, metavar="PYTHON")
    options = parser.parse_args()
    settings.OPENAI_API_KEY = "none"
    with stub(LATENCY) as settings.OPENAI_BASE_URL:
        default = settings.GRADING_MOST_DISTANCE
        for name, distance in (("as configured", default), ("every answer checked", 0.0)):
            settings.GRADING_MOST_DISTANCE = distance
            graded(-1)  # imports, models and connections are not what is measured
            print(measure(graded, 10, threads=1).line(f"one thread, {name}", threads=1), flush=True)
            print(measure(graded, options.answers).line(f"64 threads, {name}"), flush=True)
            spread_out = measure(graded, options.answers, staggered=True)
            print(spread_out.line(f"64 threads, staggered, {name}"), flush=True)
        print(deepeval(options.deepeval, settings.OPENAI_BASE_URL, min(options.answers, 192)), flush=True)
    with stub(SLOW) as settings.OPENAI_BASE_URL:
        print(measure(graded, 128).line(f"64 threads, every answer checked, {SLOW:g} s", SLOW))


if __name__ == "__main__":
    main()
