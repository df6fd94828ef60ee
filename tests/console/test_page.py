"""The page in a real browser, against canned answers over real HTTP."""

import asyncio
import base64
import json
import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.console.answers import a_delivery
from tests.console.backend import SECRET, TOKEN, Backend
from tests.console.conftest import Tabs

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def _fill_form(page: Page, name: str = "Our site", platform: str = "site") -> None:
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_role("combobox", name="Platform").fill(platform)
    await page.get_by_label("Account id on the platform").fill("example.com")


async def test_the_token_leaves_the_address_at_once_and_stays_in_the_tab(
    tabs: Tabs, busy: Backend
) -> None:
    page = await (await tabs.open(busy)).visit()

    await expect(page.locator("[data-tile=activities] .number")).to_have_text("18,432")
    assert page.url == f"{busy.address}/"
    await expect(page.locator("#workspace")).to_have_text("acme")
    assert await page.evaluate("Object.values(localStorage).join()") == ""
    await page.reload()
    await expect(page.locator("[data-tile=activities] .number")).to_have_text("18,432")
    assert TOKEN not in await page.content()


async def test_without_a_token_the_page_says_which_command_makes_a_link(
    tabs: Tabs, busy: Backend
) -> None:
    page = await (await tabs.open(busy)).visit("")

    await expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    await expect(page.locator("#signed-out")).to_contain_text("mediaops link")
    await expect(page.locator("#dashboard")).to_be_hidden()
    await expect(page.locator(".pill.ready")).to_have_count(4)


async def test_a_token_that_no_longer_holds_leads_back_to_the_door(
    tabs: Tabs, busy: Backend
) -> None:
    page = await (await tabs.open(busy)).visit("#token=forged")

    await expect(page.locator("#door-reason")).to_contain_text("it has expired, was revoked")
    assert await page.evaluate("sessionStorage.getItem('mediaops.token')") is None
    await page.goto(f"{busy.address}/#token={TOKEN}")
    await expect(page.locator("[data-tile=views] .number")).to_have_text("1.2M")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.locator("#door-reason")).to_have_text("You signed out of this tab.")
    assert await page.evaluate("JSON.stringify(sessionStorage)") == "{}"
    await page.goto(f"{busy.address}/#token=")
    await expect(page.locator("#door-reason")).to_contain_text("That link is not whole")
    assert page.url == f"{busy.address}/"


@pytest.mark.parametrize(
    ("workspace", "line"),
    [("demo", "./run link --workspace demo"), ("default", "./run link"), ("';ls", "./run link")],
)
async def test_the_door_names_the_command_for_the_workspace_that_was_left(
    tabs: Tabs, busy: Backend, workspace: str, line: str
) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"workspace": workspace}).encode()).decode()
    page = await (await tabs.open(busy)).visit(f"#token=e30.{claims.rstrip('=')}.x")
    await expect(page.locator("#door-command code")).to_have_text(line)


async def test_numbers_stand_against_yesterday_and_say_their_grade(
    tabs: Tabs, busy: Backend
) -> None:
    page = await (await tabs.open(busy)).visit()

    activities = page.locator("[data-tile=activities]")
    await expect(activities).to_contain_text("Yesterday 29,491")
    await expect(activities).to_contain_text("by this time 16,028")
    await expect(activities).to_contain_text("+15% against the same time yesterday")
    await expect(page.locator("[data-tile=followers_net] .number")).to_have_text("+214")
    await expect(page.locator("[data-tile=people] .number")).to_have_text("5,925")
    await expect(page.locator("[data-tile=stickiness] .number")).to_have_text("27.7%")
    await expect(page.locator("[data-tile=people]")).to_contain_text("154% of yesterday")
    await expect(page.locator("#today-grade")).to_have_text("provisional")
    await expect(page.locator("#today-day")).to_contain_text("Asia/Shanghai")
    await expect(page.locator("#quality")).to_contain_text("residual 0")
    await expect(page.locator("#quality")).to_contain_text("61 duplicates")
    await expect(page.locator("#attention")).to_contain_text("15 items of today failed")
    await expect(page.locator("#attention")).to_contain_text("城市生活周刊")
    busy.problems["/insights/v1/overview"] = (500, {"title": "Internal error"})
    await expect(activities).to_contain_text("63% of yesterday")
    await expect(page.locator("#attention")).to_be_hidden()
    busy.quality[0]["residual"] = -2
    await expect(page.locator("#quality")).to_contain_text("Residual 2")


async def test_the_page_speaks_the_browsers_language_and_remembers_another(
    tabs: Tabs, busy: Backend
) -> None:
    page = await (await tabs.open(busy, language="zh-CN")).visit()

    await expect(page.get_by_role("heading", name="今日")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "zh-CN"
    await expect(page.locator("#deliveries")).to_contain_text("重复 1")
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", name="Today")).to_be_visible()
    await expect(page.locator("#deliveries")).to_contain_text("1 duplicate")
    await page.reload()
    await expect(page.get_by_role("heading", name="Today")).to_be_visible()


async def test_the_chart_follows_the_stream_and_resumes_after_the_last_event(
    tabs: Tabs, busy: Backend
) -> None:
    page = await (await tabs.open(busy)).visit()
    await expect(page.locator("#live-state")).to_have_text("live")
    await expect(page.locator("#chart rect")).to_have_count(60)
    chart = page.get_by_role("img", name="Activities:")
    assert await busy.resumed_from.get() is None

    busy.tell_minute(41, 1_000_000, pieces=5)
    await expect(chart).to_have_accessible_name(re.compile(r"1,00\d,\d{3} in the last 60"))
    busy.tell(None)
    assert await asyncio.wait_for(busy.resumed_from.get(), 15) == "41"
    await expect(page.locator("#live-state")).to_have_text("live")
    busy.told.clear()
    busy.tell_minute(42, 5_000_000)
    await expect(chart).to_have_accessible_name(re.compile(r"5,00\d,\d{3} in the last 60"))


async def test_the_stream_is_newer_than_what_was_asked_before_it_spoke(
    tabs: Tabs, busy: Backend
) -> None:
    busy.may_answer.clear()
    page = await (await tabs.open(busy)).visit()
    await expect(page.locator("#live-state")).to_have_text("live")
    chart = page.get_by_role("img", name="Activities:")
    busy.tell_minute(41, 1_000_000)
    await expect(chart).to_have_accessible_name(re.compile(r"1,000,000 in the last 60"))
    busy.may_answer.set()
    await expect(chart).to_have_accessible_name(re.compile(r"1,00[1-9],\d{3} in the last 60"))


async def test_the_chart_can_be_read_by_keyboard(tabs: Tabs, busy: Backend) -> None:
    page = await (await tabs.open(busy)).visit()
    await expect(page.locator("#chart rect")).to_have_count(60)
    await page.locator("#chart").focus()
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator("#chart-at")).to_contain_text("Activities")
    await page.get_by_role("button", name="Views").click()
    await expect(page.get_by_role("img", name="Views:")).to_be_visible()
    await page.keyboard.press("Escape")


async def test_deliveries_show_where_they_came_in_and_what_became_of_them(
    tabs: Tabs, busy: Backend
) -> None:
    page = await (await tabs.open(busy)).visit()

    rows = page.locator("#deliveries tbody tr")
    await expect(rows).to_have_count(8)
    await expect(rows.nth(3)).to_contain_text("failed")
    await expect(rows.nth(3)).to_contain_text("actor: external_id is missing")
    await expect(rows.nth(1)).to_contain_text("小城日记官方号")
    busy.deliveries.insert(0, a_delivery("source-2", "conflict", conflicts=1))
    busy.tell('data: {"kind": "anything"}\n\n')
    await expect(rows.nth(0)).to_contain_text("conflict")


async def test_a_newcomer_is_led_from_the_first_channel_to_the_first_webhook(
    tabs: Tabs, fresh: Backend
) -> None:
    page = await (await tabs.open(fresh)).visit()

    await expect(page.locator("#next-title")).to_have_text("Connect your first account")
    await page.locator("#next-do").click()
    await expect(page.get_by_label("Which channel")).to_be_focused()
    await _fill_form(page)
    await page.get_by_role("button", name="Make it").click()

    made = page.locator("#connect-result")
    await expect(made).to_contain_text("This is shown once")
    await expect(made).to_contain_text(f"{fresh.address}/ingest/hooks/")
    await expect(made).to_contain_text(SECRET)
    assert [path for path, _, _ in fresh.posts] == ["/ingest/v1/channels", "/ingest/v1/sources"]
    assert fresh.posts[0][1] == {
        "platform": "site",
        "external_id": "example.com",
        "name": "Our site",
        "owner_kind": "organisation",
    }
    assert fresh.posts[1][1] == {"channel_id": "id-1", "adapter": "standard-webhooks"}
    assert all(key for _, _, key in fresh.posts)
    await expect(page.get_by_label("Adapter")).to_have_value("standard-webhooks")
    await expect(page.locator("#next-title")).to_have_text("Send the first webhook")
    await made.get_by_role("button", name="Send a test webhook").click()
    await expect(made).to_contain_text("Answered 204")
    await expect(page.locator("#next")).to_be_hidden()
    await expect(page.locator("#deliveries tbody tr")).to_have_count(1)
    await page.reload()
    await expect(page.locator("#connections-list")).to_contain_text("Our site")
    assert SECRET not in await page.content()


async def test_hook_url_and_secrets_can_be_copied(tabs: Tabs, fresh: Backend) -> None:
    permissions = ["clipboard-read", "clipboard-write"]
    page = await (await tabs.open(fresh, permissions=permissions)).visit()
    await _fill_form(page)
    await page.get_by_role("button", name="Make it").click()
    await page.get_by_role("button", name="Copy Secret: secret").click()
    await expect(page.locator("#announce")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == SECRET


async def test_a_refused_form_names_the_field_and_makes_no_second_channel(
    tabs: Tabs, fresh: Backend
) -> None:
    page = await (await tabs.open(fresh)).visit()
    await page.get_by_role("button", name="Make it").click()
    await expect(page.locator("#connect-problem")).to_contain_text("Name is needed")
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    assert fresh.posts == []

    await _fill_form(page, platform="douyin")
    await page.get_by_label("Adapter").select_option("douyin-open")
    await page.get_by_label("client_secret").fill("x")
    body = {
        "title": "The request has invalid fields",
        "detail": "secrets.client_secret: is too short",
        "errors": [{"field": "secrets.client_secret", "detail": "is too short"}],
    }
    fresh.problems["/ingest/v1/sources"] = (422, body)
    await page.get_by_role("button", name="Make it").click()
    await expect(page.locator("#connect-problem")).to_contain_text("is too short")
    await expect(page.get_by_label("client_secret")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("client_secret")).to_be_focused()

    fresh.problems.clear()
    await page.get_by_label("client_secret").fill("long enough")
    await page.get_by_role("button", name="Make it").click()
    await expect(page.locator("#connect-result")).to_contain_text("This is shown once")
    assert [path for path, _, _ in fresh.posts].count("/ingest/v1/channels") == 1
    assert fresh.posts[-1][1]["secrets"] == {"client_secret": "long enough"}


async def test_every_adapter_asks_for_its_own_keys(tabs: Tabs, fresh: Backend) -> None:
    page = await (await tabs.open(fresh)).visit()
    adapter = page.get_by_label("Adapter")
    await adapter.select_option("cloudevents")
    await expect(page.locator("#secret-fields")).to_contain_text("needs no secret")
    await adapter.select_option("wechat-oa")
    await expect(page.get_by_role("combobox", name="Platform")).to_have_value("wechat-oa")
    await page.get_by_text("Other proofs").click()
    await page.get_by_label("mode").select_option("encrypted")
    await _fill_form(page, platform="wechat-oa")
    await page.get_by_role("button", name="Make it").click()
    await expect(page.locator("#connect-result")).to_contain_text("This is shown once")
    assert fresh.posts[-1][1]["secrets"] == {"mode": "encrypted"}


async def test_a_problem_shows_its_title_and_detail_and_stays_in_its_place(
    tabs: Tabs, busy: Backend
) -> None:
    body = {"title": "The role of this token does not allow this", "detail": "ingest:read"}
    busy.problems["/ingest/v1/deliveries"] = (403, body)
    busy.problems["/insights/v1/metrics/query"] = (503, {"title": "Busy", "detail": "later"})
    page = await (await tabs.open(busy)).visit()

    await expect(page.locator("#deliveries-problem")).to_contain_text("does not allow this")
    await expect(page.locator("#deliveries-problem")).to_contain_text("ingest:read")
    await expect(page.locator("#today-problem")).to_contain_text("Busy")
    await expect(page.locator("[data-tile=people] .number")).to_have_text("5,925")
    busy.problems.clear()
    await expect(page.locator("#deliveries-problem")).to_be_empty()
    await expect(page.locator("#today-problem")).to_be_empty()


async def test_when_no_service_answers_the_page_says_so_and_recovers(
    tabs: Tabs, busy: Backend
) -> None:
    busy.is_silent = True
    page = await (await tabs.open(busy)).visit()

    await expect(page.get_by_text("No service answers.")).to_be_visible()
    await expect(page.locator(".pill.silent")).to_have_count(4)
    busy.is_silent = False
    busy.troubled.add("crm")
    await expect(page.get_by_text("No service answers.")).to_be_hidden()
    await expect(page.locator(".pill.troubled")).to_contain_text("crm: not ready")
    await expect(page.locator(".pill.troubled")).to_contain_text("lane stalled")
    await expect(page.locator("[data-tile=activities] .number")).to_have_text("18,432")


HOSTILE = "<img src=x onerror=\"document.title='broken'\"><script>1</script>'\"&amp;"


async def test_text_from_the_server_is_never_markup(tabs: Tabs, busy: Backend) -> None:
    for channel in busy.channels:
        channel["name"] = HOSTILE
    for item in busy.attention:
        item["kind"] = item["detail"] = HOSTILE
    for delivery in busy.deliveries:
        delivery["reason"] = HOSTILE
        delivery["counts"] = {HOSTILE: 3}
        delivery["status"] = HOSTILE
    busy.problems["/ingest/v1/quality"] = (422, {"title": HOSTILE, "detail": HOSTILE})
    page = await (await tabs.open(busy)).visit()

    await expect(page.locator("#deliveries tbody tr")).to_have_count(8)
    await expect(page.locator("#quality-problem")).to_contain_text(HOSTILE)
    await expect(page.locator("#connections-list")).to_contain_text(HOSTILE)
    assert await page.locator("img[src=x]").count() == 0
    assert await page.title() == "mediaops"


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_fits_a_narrow_phone(
    tabs: Tabs, busy: Backend, language: str, scheme: Any
) -> None:
    opened = await tabs.open(
        busy, language=language, color_scheme=scheme, viewport={"width": 360, "height": 740}
    )
    page = await opened.visit()
    await expect(page.locator("#deliveries tbody tr")).to_have_count(8)
    await expect(page.locator("#chart rect")).to_have_count(60)
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360
    clipped = await page.evaluate(
        """() => [...document.querySelectorAll(".number, h1, h2, h3, button, td")]
            .filter((element) => element.offsetParent)
            .filter((element) => element.scrollWidth > element.clientWidth + 1)
            .map((element) => element.textContent)"""
    )
    assert clipped == []


async def test_every_control_has_a_name_and_text_has_contrast(tabs: Tabs, busy: Backend) -> None:
    for scheme in ("light", "dark"):
        page = await (await tabs.open(busy, color_scheme=scheme)).visit()
        await expect(page.locator("#deliveries tbody tr")).to_have_count(8)
        nameless = await page.evaluate(NAMELESS)
        assert nameless == []
        pale = await page.evaluate(PALE)
        assert pale == []


NAMELESS = """() => [...document.querySelectorAll("button, input, select, textarea, [role=img]")]
    .filter((element) => element.offsetParent)
    .filter((element) => !element.getAttribute("aria-label") && !element.labels?.length)
    .filter((element) => element.tagName !== "BUTTON" || !element.textContent.trim())
    .map((element) => element.outerHTML)"""

# WCAG 2: 4.5 for text, 3 for large text, against the nearest background that is painted.
PALE = """() => {
    const parts = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = (rgb) => rgb.slice(0, 3)
        .map((part) => part / 255)
        .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = parts(getComputedStyle(at).backgroundColor);
            if (colour.length < 4 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    return [...document.querySelectorAll("body *")]
        .filter((element) => element.offsetParent && !element.closest("svg, .hidden-text, .skip"))
        .filter((element) => [...element.childNodes].some((node) => node.data?.trim()))
        .map((element) => {
            const style = getComputedStyle(element);
            const [one, other] = [light(parts(style.color)), light(behind(element))];
            const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
            const enough = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
            return { text: element.textContent.trim().slice(0, 40), contrast, enough };
        })
        .filter((found) => found.contrast < found.enough);
}"""
