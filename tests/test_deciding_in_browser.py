"""A manager's whole path, in a real browser with a real worker: a position, two candidates, a blind review, what the
machine said, an override, the comparison, a decision, and a packet that can be verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.live import Live, program
from tests.stub_openai import StubOpenAI

pytestmark = [pytest.mark.browser, pytest.mark.broker]

PREPARE = """
from interviewer import access
access.ensure_roles()
build.question(prompt="推理服务为什么要做连续批处理？", points=["新请求随到随进，显卡不空转"])
build.question(prompt="分布式训练为什么需要梯度累积？", points=["显存放不下大批量，就分几步算完再更新"])
build.question(prompt="怎样发现检索结果里的幻觉？", points=["逐句核对原文，没有出处的句子标出来"])
build.manager("manager", build.home())
"""
KNOWN = "print(Answer.objects.get(interview={interview!r}, position={position}).asked.points[0].text)"
MODEL = {"OPENAI_API_KEY": "key", "GRADING_MOST_DISTANCE": "1"}  # no second opinion, for which a worker loads weights
SLOW = 120_000  # ms: a worker starts, grades and draws a PDF


@pytest.fixture
def live(migrated: Live) -> Iterator[Live]:
    """Web, worker and broker, with a model that is always there and takes each point that was made."""
    with StubOpenAI() as stub, program(migrated, OPENAI_BASE_URL=stub.url, **MODEL) as live:
        live.python(PREPARE)
        live.broker()
        live.start("manage.py", "sweep")
        live.worker()
        live.web()
        yield live


def open_position(page: Page) -> None:
    """With three questions of any topic, so that the result has a band."""
    page.get_by_role("link", name="开设职位").click()
    page.get_by_label("名称").fill("推理工程师")
    page.get_by_role("group", name="第 1 行").get_by_label("题目").fill("3")
    page.get_by_role("button", name="开设职位").click()
    expect(page.get_by_role("heading", name="推理工程师")).to_be_visible()


def invite(page: Page, name: str) -> str:
    """The link for a candidate of this name."""
    page.get_by_role("link", name="邀请候选人").click()
    page.get_by_label("姓名").fill(name)
    page.get_by_role("button", name="生成链接").click()
    return page.locator(".new-links input").input_value()


def sit(live: Live, chromium: Browser, link: str, *, knows: bool) -> str:
    """Sit the interview behind the link, knowing the points or not; its key."""
    guest = chromium.new_context(locale="zh-CN").new_page()
    guest.goto(link)
    guest.get_by_role("checkbox").check()
    guest.get_by_role("button", name="开始计时").click()
    interview = re.search(r"/interviews/([0-9a-f-]{36})/", guest.url)[1]
    for position in (1, 2, 3):
        point = live.python(KNOWN.format(interview=interview, position=position))
        guest.get_by_label("你的回答").fill(f"我会先说清楚{point}。" if knows else "我会先问同事，再查一查文档。")
        if position < 3:
            guest.get_by_role("button", name="下一题").click()
            expect(guest).to_have_url(re.compile(rf"/questions/{position + 1}/$"))
    guest.get_by_role("button", name="检查并交卷").click()
    guest.get_by_role("button", name="交卷", exact=True).click()
    expect(guest.get_by_text("批改完成")).to_be_visible(timeout=SLOW)
    guest.context.close()
    return interview


def judge_blind(page: Page) -> None:
    """The first answer: every point is missing, says the reviewer, who cannot know what the machine says."""
    answer = page.locator("#question-1")
    expect(page.locator(".points li, .scores")).to_have_count(0)
    for missing in answer.get_by_role("radio", name="未提到").all():
        missing.check()
    answer.get_by_role("button", name="保存").click()
    scores = answer.locator(".scores tr")
    expect(scores).to_have_count(2)
    expect(scores.first).to_contain_text(re.compile(r"机器\s*100 分.*生效", re.DOTALL))
    expect(scores.last).to_contain_text(re.compile(r"manager.*\b0 分", re.DOTALL))
    expect(page.locator("#question-2 .scores")).to_have_count(0)  # still blind there


def let_mine_count(page: Page) -> None:
    """Not without a reason; then the reviewer's score is the one in force."""
    answer = page.locator("#question-1")
    answer.get_by_text("以我的评分为准").click()
    answer.get_by_role("button", name="以我的为准").click()
    expect(answer.get_by_label("原因", exact=True)).to_be_focused()  # it is required
    answer.get_by_label("原因", exact=True).fill("只复述了术语，没有说明怎么做")
    answer.get_by_role("button", name="以我的为准").click()
    expect(answer.locator("tr.in-force")).to_contain_text("manager")


def decide(page: Page) -> None:
    page.get_by_role("radio", name="进入下一轮").check()
    page.get_by_label("原因").fill("三道题都抓住了要点")
    page.get_by_role("button", name="保存决定").click()
    expect(page.locator(".decided")).to_contain_text("三道题都抓住了要点")


def downloaded(page: Page, kind: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name=kind, exact=True).click()
    path = folder / f"packet.{kind.lower()}"
    download.value.save_as(path)
    return path


def signed_in(live: Live, chromium: Browser) -> BrowserContext:
    context = chromium.new_context(locale="zh-CN")
    context.add_cookies([live.session("manager")])
    return context


def test_from_a_position_to_a_packet_that_is_verified(live: Live, chromium: Browser, tmp_path: Path) -> None:
    page = signed_in(live, chromium).new_page()
    problems: list[str] = []
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.goto(live.url + "/positions/")
    open_position(page)
    position = page.url
    link = invite(page, "王芳")
    page.goto(position)
    other_link = invite(page, "李雷")
    interview = sit(live, chromium, link, knows=True)
    other = sit(live, chromium, other_link, knows=False)

    # Reviews one, without a name and without the machine's verdicts.
    page.goto(f"{live.url}/review/{interview}/")
    assert "王芳" not in page.content()
    judge_blind(page)
    let_mine_count(page)
    page.get_by_role("button", name=re.compile("全部")).click()
    expect(page.locator(".scores")).to_have_count(3)

    # Compares the two: codes and bands, side by side.
    page.goto(position)
    page.get_by_role("link", name="比较候选人").click()
    expect(page.locator(".comparison tbody tr:not(.group)")).to_have_count(2)
    page.get_by_role("button", name="直接显示全部结果").click()
    for tick in page.locator(".comparison [type=checkbox]").all():
        tick.check()
    page.get_by_role("button", name="并排").click()
    expect(page.locator(".side-by-side table.heat").last).to_contain_text("0")
    assert not re.search("王芳|李雷", page.content())

    # Decides about one, and hands on a packet that nobody can change unnoticed.
    page.goto(f"{position}candidates/{interview}/")
    decide(page)
    page.get_by_role("button", name="生成材料").click()
    expect(page.get_by_role("link", name="PDF", exact=True)).to_be_visible(timeout=SLOW)
    for kind in ("JSON", "PDF"):
        path = downloaded(page, kind, tmp_path)
        assert "未被改动" in live.manage("verify_packet", str(path))
        raw = bytearray(path.read_bytes())
        assert "王芳" not in raw.decode(errors="ignore")
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)
        with pytest.raises(AssertionError, match=r"改动|不是"):
            live.manage("verify_packet", str(path))
    decided = live.python(f"print(Interview.objects.get(pk={other!r}).decisions.count())")
    assert decided == "0", "about the other one nobody decided, and the program does not either"
    assert problems == []
