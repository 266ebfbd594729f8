"""A curator's whole path, in a real browser with a real worker: a document, its mistake mended, its repetition merged,
its points approved, the grader tried, the question published, and found by meaning.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live import Live, program

pytestmark = [pytest.mark.browser, pytest.mark.broker]

PREPARE = """
from django.contrib.auth.models import Group
from interviewer import access
access.ensure_roles()
build.user("curator", is_staff=True).groups.add(Group.objects.get(name="curators"))
build.question(
    title="连续批处理", prompt="推理服务里的连续批处理为什么能提高吞吐？",
    points=["新请求不必等整批做完，随到随进", "短请求先做完先离开，显卡不空转"])
build.question(title="市场规模", prompt="市场规模用什么方法估算？", points=["自上而下和自下而上互相核对"])
"""
# The first one is in the bank already, in nearly the same words; the difficulty of the second one is none.
DOCUMENT = """# 推理服务

### 1. 批处理与吞吐

**题目：** 推理服务里，连续批处理为什么能提高吞吐？

**答案：**

1. 新请求不必等整批做完，随到随进。
2. 短请求先做完先离开，显卡不空转。

### 2. 把权重变小

**题目：** 怎样在不重新训练的前提下，让模型的权重占用更少显存？

**难度：** 9

**题目状态：** 草稿

**答案：** 用八位整数代替浮点数存放权重。校准数据要像真实流量，否则离群值会毁掉精度。
"""
SLOW = 180_000  # ms: the worker loads its model


@pytest.fixture
def live(migrated: Live) -> Iterator[Live]:
    with program(migrated) as live:
        live.python(PREPARE)
        live.broker()
        live.start("manage.py", "sweep")
        live.worker()
        live.web()
        yield live


def signed_in(live: Live, chromium: Browser) -> Page:
    page = chromium.new_context(locale="en", viewport={"width": 1280, "height": 900}).new_page()
    page.goto(live.url + "/login/?next=/questions/import/")
    page.fill("[name=username]", "curator")
    page.fill("[name=password]", "a good password")
    page.click("main .button")
    return page


def upload(page: Page, text: str) -> None:
    page.get_by_role("link", name="Import", exact=True).click()
    file = {"name": "serving-notes.zh.md", "mimeType": "text/markdown", "buffer": text.encode()}
    page.get_by_label("Question documents").set_input_files([file])
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_role("button", name="Import what is ticked")).to_be_visible(timeout=SLOW)


def test_from_a_document_with_a_mistake_to_a_question_found_by_meaning(live: Live, chromium: Browser) -> None:
    page = signed_in(live, chromium)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)

    # A document with a mistake, told by its line; the mended one has none, and one of its questions is known already.
    upload(page, DOCUMENT)
    line = 1 + DOCUMENT.splitlines().index("**难度：** 9")
    expect(page.get_by_text(f"line {line}", exact=False).first).to_be_visible()
    upload(page, DOCUMENT.replace("**难度：** 9", "**难度：** 3"))
    expect(page.get_by_text(f"Line {line}", exact=False)).to_have_count(0)
    expect(page.get_by_text("The bank may have this question already:")).to_have_count(1)
    page.get_by_role("button", name="Import what is ticked").click()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Created: 2. Changed: 0.")).to_be_visible()

    # The repetition is found and merged.
    page.get_by_role("link", name="Near-duplicates").first.click()
    page.get_by_role("button", name="Look for near-duplicates").click()
    page.get_by_role("link", name="Compare").first.click(timeout=SLOW)
    expect(page.get_by_role("heading", name="Two questions side by side")).to_be_visible()
    first = page.locator(".sides.heads a").first.inner_text()
    page.get_by_role("button", name="Keep the first" if first == "连续批处理" else "Keep the second").click()
    expect(page.locator("li.success")).to_contain_text("is merged into “连续批处理”")

    # The draft's points, taken from its answer, get a name and are approved; an answer is tried on them.
    page.goto(live.url + "/admin/questions/question/?status__exact=draft")
    page.get_by_role("link", name="把权重变小").click()
    page.get_by_role("link", name="Propose points").click()
    page.get_by_label("Short name").first.fill("八位整数")
    page.get_by_role("button", name="Approve the ticked points").click()
    expect(page.get_by_text("The points are approved")).to_be_visible()
    page.locator(".approve").get_by_role("link", name="Try an answer").click()
    page.get_by_label("An answer to try").fill("用八位整数代替浮点数存放权重。")
    page.get_by_role("button", name="Grade this answer").click()
    expect(page.locator(".result mark").first).to_contain_text("用八位整数代替浮点数存放权重", timeout=SLOW)

    # It is published, and found by what it means: the query shares no word with it.
    question = page.url.split("/questions/")[1].split("/")[0]
    page.goto(f"{live.url}/admin/questions/question/{question}/change/")
    page.get_by_label("Status").select_option("published")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    page.goto(live.url + "/questions/search/")
    page.get_by_label("Looking for").fill("store the weights as small integers to save memory")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("by meaning", timeout=SLOW)
    expect(page.locator("main li h2 a, main li h3 a").first).to_have_text("把权重变小")
    assert problems == []

    # Who did all that is in the audit log, which is whole.
    assert '"whole": true' in live.manage("verify_audit", "--json")
