"""Pages as they are answered: language, policy, JSON for scripts, and refusals that people can read."""

import re
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stamgast.web.hosts import Hosts
from stamgast.web.pages.rendering import CONNECTS, PageRoute, answer, page
from stamgast.web.pages.routes import page_routes
from stamgast.web.pages.static_files import url_of
from stamgast.web.problem import Problem

HTML = {"Accept": "text/html,application/xhtml+xml"}


@dataclass
class Figure:
    stamps: int


async def get_figure(request: Request) -> Response:
    return answer(request, "problem.html", Figure(3), code=404)


async def get_refused(_request: Request) -> Response:
    raise Problem(429, "too-many", "Too many requests.", headers={"Retry-After": "7"})


@pytest.mark.parametrize(
    ("query", "cookie", "header", "spoken"),
    [
        ("", "", "", "en"),
        ("", "", "nl-BE,nl;q=0.9,en;q=0.8", "nl"),
        ("", "", "en;q=0.4, de-CH;q=0.7, fr;q=0.6", "de"),
        ("", "", "xx;q=x, ,;;, *, nl;q=0", "en"),
        ("", "language=fr", "de", "fr"),
        ("?lang=nl", "language=fr", "de", "nl"),
        ("?lang=xx", "language=zz", "tlh", "en"),
    ],
)
async def test_a_page_speaks_what_was_chosen_last_else_what_the_browser_likes(
    open_site, query: str, cookie: str, header: str, spoken: str
):
    async with open_site() as client:
        shown = await client.get(f"/design{query}", headers={"Cookie": cookie, "Accept-Language": header})

    assert f'<html lang="{spoken}">' in shown.text
    assert shown.headers["Content-Language"] == spoken


async def test_a_language_that_was_chosen_is_remembered(open_site):
    async with open_site() as client:
        await client.get("/design?lang=fr")
        shown = await client.get("/design")

    assert '<html lang="fr">' in shown.text


async def test_nothing_foreign_loads_and_nothing_within_a_page_runs_or_styles(open_site):
    async with open_site() as client:
        shown = await client.get("/design", headers=HTML)

    policy = shown.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'")
    assert "noindex" in shown.headers["X-Robots-Tag"]
    assert shown.headers["Referrer-Policy"] == "same-origin"
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script>", shown.text)


async def test_a_page_whose_script_asks_the_server_may_and_no_other(open_site):
    async def get_live(request: Request) -> Response:
        return page(request, "problem.html", code=404, allow=[CONNECTS])

    async with open_site(PageRoute("/live", get_live)) as client:
        live, other = await client.get("/live"), await client.get("/design")

    assert "connect-src 'self'" in live.headers["Content-Security-Policy"]
    assert "connect-src" not in other.headers["Content-Security-Policy"]


async def test_what_a_page_names_is_there_and_is_kept_for_ever(open_site):
    async with open_site() as client:
        shown = await client.get("/design?colour=0b6e4f")
        named = re.findall(r'(?:href|src)="(/(?:static|look)/[^"]+)"', shown.text)
        found = [await client.get(each) for each in named]
        again = [await client.get(each.url, headers={"If-None-Match": each.headers["ETag"]}) for each in found]
        other = await client.get(re.sub("[0-9a-f]{16}", "0" * 16, named[0]))

    assert "/look/0b6e4f.css" in named
    assert {each.status_code for each in found} == {200}
    assert all("immutable" in each.headers["Cache-Control"] for each in found)
    assert {each.status_code for each in again} == {304}
    assert other.status_code == 404


async def test_behind_the_door_files_are_kept_for_ever_and_nothing_else_is():
    app = Hosts(Starlette(routes=[*page_routes(), Route("/plain", lambda _: Response("plain"))]), ["shop.example"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop.example") as client:
        kept = [
            (await client.get(each)).headers["Cache-Control"] for each in (url_of("pages.css"), "/design", "/plain")
        ]

    assert kept == ["public, max-age=31536000, immutable", "private, no-store", "no-store"]


@pytest.mark.parametrize("colour", ["A4471C", "red", "a4471c;}", "a4471", "..%2f..%2f"])
async def test_a_colour_that_is_none_is_refused(open_site, colour: str):
    async with open_site() as client:
        assert (await client.get(f"/look/{colour}.css")).status_code == 404


async def test_scripts_get_what_a_page_shows_as_json(open_site):
    async with open_site(PageRoute("/figure", get_figure)) as client:
        shown, read = (
            await client.get("/figure", headers=HTML),
            await client.get("/figure", headers={"Accept": "application/json"}),
        )

    assert shown.headers["Content-Type"].startswith("text/html")
    assert read.json() == {"stamps": 3}
    assert "Accept" in shown.headers["Vary"]


async def test_people_read_of_a_refusal_on_a_page_and_programs_as_a_problem(open_site):
    async with open_site(PageRoute("/page", get_refused), Route("/v1/api", get_refused)) as client:
        read = await client.get("/page?lang=nl")
        of_page = await client.get("/page", headers={"Accept": "application/json"})
        of_api = await client.get("/v1/api")
        nothing = await client.get("/nothing?lang=de", headers=HTML)

    assert (read.status_code, read.headers["Retry-After"]) == (429, "7")
    assert "Dat ging iets te snel" in read.text
    assert of_page.json()["type"] == of_api.json()["type"] == "urn:stamgast:problem:too-many"
    assert nothing.status_code == 404
    assert "Hier ist nichts" in nothing.text


async def test_what_a_page_shows_of_others_stays_text(open_site):
    async def get_named(request: Request) -> Response:
        return page(request, "problem.html", code="<script>alert(1)</script>" if request.query_params else 404)

    async with open_site(PageRoute("/named", get_named)) as client:
        shown = await client.get("/design?lang=%22%3E%3Cscript%3E&x=%3Cscript%3E")

    assert "<script" not in shown.text
