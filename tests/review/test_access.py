"""Every staff route demands a login, a role, and a token with every form: the router itself is walked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.app import make_app
from bot.review.access import HOME, Access, safe_next
from bot.review.app import ROUTES
from bot.services import Services
from bot.staff.roles import Role
from bot.staff.sessions import new_token
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import write
from tests.review.conftest import COOKIE, LogIn, NewBrowser

OPEN = {
    "/staff",
    "/staff/",
    "/staff/login",
    "/staff/setup/{token}",
    "/staff/setup/{token}/code.svg",
}
"""What may be asked for without a login; everything else may not."""


def staff_routes(app: web.Application) -> Iterator[tuple[str, str]]:
    for resource in app.router.resources():
        for route in resource:
            path = route.resource.canonical if route.resource is not None else ""
            if path.startswith("/staff"):
                yield route.method, path


def address(path: str) -> str:
    rows = {name: uuid4() for name in ("case", "conversation", "view", "turn", "opinion")}
    return path.format(**rows, login="ada", token="x", chart="days")


@pytest.fixture
def routes(server: TestServer) -> list[tuple[str, str]]:
    return list(staff_routes(server.app))


async def test_the_router_holds_the_table_of_routes_and_nothing_else(routes: list[tuple[str, str]]) -> None:
    listed = {(route.method, f"/staff{route.path}") for route in ROUTES}
    assert {route for route in routes if route[0] != "HEAD"} == listed


async def test_every_route_demands_a_login(routes: list[tuple[str, str]], browser: NewBrowser) -> None:
    stranger = await browser()
    await stranger.get("/staff/login")
    for method, path in routes:
        if path in OPEN:
            continue
        answer = await stranger.client.request(
            method,
            address(path),
            data={"csrf": stranger.csrf} if method == "POST" else None,
            allow_redirects=False,
        )
        assert answer.status in (204, 303), f"{method} {path}: {answer.status}"
        assert await answer.read() == b""
        if answer.status == 303:
            assert answer.headers["Location"].startswith("/staff/login"), path


async def test_every_route_demands_its_role(log_in: LogIn) -> None:
    for role in Role:
        one = await log_in(f"a-{role.value}", role)
        for route in ROUTES:
            if route.access in (Access.ANYBODY, Access.ALARMS) or role.may(route.access.value):
                continue
            path = address(f"/staff{route.path}")
            answer = await (one.get(path) if route.method == "GET" else one.post(path))
            assert answer.status == 403, f"{role} {route}"
            assert "Your role does not include this" in await answer.text()


async def test_every_form_demands_a_token(routes: list[tuple[str, str]], log_in: LogIn) -> None:
    admin, other = await log_in("ada", Role.ADMIN), await log_in("ben", Role.ADMIN)
    mutating = [path for method, path in routes if method not in ("GET", "HEAD")]
    assert len(mutating) > 10
    for path in mutating:
        for token in ("", "x" * 64, other.csrf):
            answer = await admin.client.post(address(path), data={"csrf": token}, allow_redirects=False)
            assert answer.status == 403, f"{path} with {token[:5]!r}"
    assert (await admin.get("/staff/queue")).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
    ],
)
async def test_a_form_of_another_page_is_refused(log_in: LogIn, headers: dict[str, str], status: int) -> None:
    one = await log_in()
    body = f"csrf={one.csrf}"
    form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    answer = await one.client.post("/staff/next", data=body, headers=form, allow_redirects=False)
    assert answer.status == status


async def test_our_own_origin_is_accepted(log_in: LogIn) -> None:
    one = await log_in()
    origin = f"http://{one.client.host}:{one.client.port}"
    form = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
    answer = await one.client.post(
        "/staff/next", data={"csrf": one.csrf}, headers=form, allow_redirects=False
    )
    assert answer.status == 303


async def test_a_body_that_is_too_long_is_not_read(log_in: LogIn) -> None:
    one = await log_in()
    assert (await one.post("/staff/next", x="y" * 70_000)).status == 413


async def test_a_token_that_was_planted_is_worth_nothing(browser: NewBrowser, log_in: LogIn) -> None:
    """Fixation: whatever cookie a browser brings to the login, it leaves with another."""
    planted = new_token()
    victim = await log_in(planted=planted)
    assert victim.cookie not in ("", planted)
    attacker = await browser()
    attacker.client.session.cookie_jar.update_cookies({COOKIE: planted})
    assert (await attacker.get("/staff/queue")).status == 303


async def test_logging_out_ends_the_session_and_changes_the_cookie(
    log_in: LogIn, browser: NewBrowser
) -> None:
    one = await log_in()
    before = one.cookie
    assert (await one.post("/staff/logout")).status == 303
    assert one.cookie != before
    thief = await browser()
    thief.client.session.cookie_jar.update_cookies({COOKIE: before})
    assert (await thief.get("/staff/queue")).status == 303


async def test_logging_out_everywhere(log_in: LogIn) -> None:
    here, there = await log_in(), await log_in()
    await here.post("/staff/logout", everywhere="yes")
    assert (await there.get("/staff/queue")).headers["Location"].startswith("/staff/login")


async def test_an_admin_ends_somebody_elses_sessions(log_in: LogIn) -> None:
    one, admin = await log_in(), await log_in("root", Role.ADMIN)
    assert (await admin.post("/staff/people/ada/end-sessions")).status == 303
    assert (await one.get("/staff/queue")).status == 303
    assert (await admin.get("/staff/queue")).status == 200
    assert (await admin.post("/staff/people/root/disable")).status == 409


async def test_the_cookie_is_kept_from_scripts_and_other_sites(browser: NewBrowser) -> None:
    answer = await (await browser()).get("/staff/login")
    cookie, *flags = answer.headers["Set-Cookie"].split("; ")
    assert cookie.startswith(f"{COOKIE}=")
    assert set(flags) == {"HttpOnly", "SameSite=Strict", "Path=/"}
    assert "Strict-Transport-Security" not in answer.headers


async def test_behind_tls_cookies_and_browsers_insist_on_it(services: Services) -> None:
    services.settings = replace(services.settings, public_url="https://chat.clinic.example")
    async with TestClient(TestServer(make_app(services))) as client:
        answer = await client.get("/staff/login")
        cookie, *flags = answer.headers["Set-Cookie"].split("; ")
        assert cookie.startswith("__Host-harborline-staff=")
        assert set(flags) == {"HttpOnly", "SameSite=Strict", "Path=/", "Secure"}
        assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


async def test_pages_are_not_kept_and_run_nothing_but_our_files(log_in: LogIn) -> None:
    answer = await (await log_in()).get("/staff/queue")
    assert answer.headers["Cache-Control"] == "no-store"
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    text = await answer.text()
    assert " style=" not in text
    assert "<script>" not in text
    assert " onclick" not in text


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/staff/",
        "//evil.example/staff/",
        "/\\evil.example/staff/",
        "/staff/../../evil",
        "/staff/..%2f..%2fevil",
        "javascript:alert(1)",
        "/staff/login?next=/staff/login",
        "/staff/live",
        "\t//evil.example",
        "/elsewhere",
        "http:///staff/x",
        "/staff\n/x",
        "",
    ],
)
def test_nobody_is_led_out_of_the_desk(asked: str) -> None:
    assert safe_next(asked).startswith("/staff/")
    assert "evil" not in safe_next(asked) or safe_next(asked).startswith("/staff/")
    assert safe_next(asked) == HOME or not safe_next(asked).startswith(("//", "/\\"))


def test_a_page_of_ours_is_gone_back_to() -> None:
    assert safe_next("/staff/cases/1?before=3") == "/staff/cases/1?before=3"


async def test_after_logging_in_one_is_where_one_wanted_to_go(browser: NewBrowser, log_in: LogIn) -> None:
    stranger = await browser()
    answer = await stranger.get("/staff/closed?start=100")
    assert answer.headers["Location"] == "/staff/login?next=/staff/closed?start%3D100"
    page = await (await stranger.get(answer.headers["Location"])).text()
    assert 'name="next" value="/staff/closed?start=100"' in page


async def test_a_link_in_a_mail_does_not_log_anybody_out(log_in: LogIn) -> None:
    """A strict cookie is not sent along from another site: the page asks again for itself."""
    one = await log_in()
    mail = {"Sec-Fetch-Site": "cross-site"}
    before = one.cookie
    one.client.session.cookie_jar.clear()
    answer = await one.get("/staff/login?next=/staff/closed", headers=mail)
    assert "Set-Cookie" not in answer.headers
    assert 'http-equiv="refresh"' in await answer.text()
    one.client.session.cookie_jar.update_cookies({COOKIE: before})
    again = await one.get("/staff/login?next=/staff/closed&here=1")
    assert again.headers["Location"] == "/staff/closed"


async def test_brute_force_is_slowed_down(browser: NewBrowser, log_in: LogIn) -> None:
    await log_in()
    guesser = await browser()
    await guesser.get("/staff/login")
    texts = []
    for _ in range(6):
        answer = await guesser.post("/staff/login", login="ada", password="wrong", code="000000")
        assert answer.status == 403
        texts.append(await answer.text())
    assert "did not fit" in texts[0]
    assert "Too many attempts" in texts[-1]


async def test_after_fifteen_minutes_words_are_hidden_and_alarms_go_on(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    one = await log_in()
    said = await write(services.database, services.ring, clock.now(), "quartz")
    clock.advance(minutes=16)
    for path in (f"/staff/conversations/{said.conversation}", "/staff/queue", "/staff/account"):
        assert (await one.get(path)).headers["Location"].startswith("/staff/locked?next=")
    htmx = await one.get("/staff/queue/list", headers={"HX-Request": "true", "X-Background": "1"})
    assert (htmx.status, htmx.headers["HX-Redirect"].split("?")[0]) == (401, "/staff/locked")
    assert (await one.get("/staff/locked")).status == 200
    live = await one.client.get("/staff/live")
    heard = b""
    while b"event: queue" not in heard:
        heard += await live.content.readany()
    assert b"event: locked" in heard
    assert b"quartz" not in heard
    live.close()


async def test_what_a_page_fetches_by_itself_does_not_keep_a_session(log_in: LogIn, clock: HandClock) -> None:
    one = await log_in()
    for _ in range(4):
        clock.advance(minutes=4)
        await one.get("/staff/queue/list", headers={"X-Background": "1"})
    assert (await one.get("/staff/queue")).status == 303
    one = await log_in()
    for _ in range(4):
        clock.advance(minutes=4)
        assert (await one.get("/staff/here")).status == 204
    assert (await one.get("/staff/queue")).status == 200


async def test_errors_say_nothing_of_what_was_sent(log_in: LogIn) -> None:
    one = await log_in()
    for path in (
        "/staff/quartz",
        "/staff/cases/quartz",
        f"/staff/cases/{uuid4()}",
        "/staff/queue?start=quartz",
    ):
        answer = await one.get(path)
        assert answer.status in (200, 404)
        assert "quartz" not in await answer.text()
