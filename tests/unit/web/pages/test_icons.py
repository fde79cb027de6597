"""What a launcher asks before it puts a card or the till on a screen."""

import io

import httpx
import pytest
from PIL import Image

from stamgast.domain.contrast import contrast
from stamgast.web.app import create_app
from stamgast.web.pages.icons import SIZES
from stamgast.web.pages.looks import OURS
from tests.fakes.house import House


@pytest.fixture
async def http():
    house = await House().open()
    async with house.client(create_app(house.deps)) as client:
        yield client


def _of(answer: httpx.Response) -> Image.Image:
    return Image.open(io.BytesIO(answer.content)).convert("RGB")


def _colour(drawn: Image.Image, x: float, y: float) -> str:
    found = drawn.getpixel((round(x), round(y)))
    assert isinstance(found, tuple)
    return f"#{bytes(map(int, found)).hex()}"


@pytest.mark.parametrize("size", SIZES)
async def test_an_icon_is_the_shops_colour_to_its_edges_and_its_mark_can_be_seen(http, size):
    answer = await http.get(f"/look/0b6e4f-{size}.png")
    drawn = _of(answer)
    assert drawn.size == (size, size)
    edge, mark = _colour(drawn, 1, 1), _colour(drawn, size * 0.44, size * 0.66)
    assert edge == "#0b6e4f"
    assert contrast(edge, mark) >= 3
    assert "immutable" in answer.headers["cache-control"]


async def test_there_is_an_icon_of_a_colour_and_a_size_and_none_else(http):
    assert (await http.get("/look/0b6e4f-4096.png")).status_code == 404
    assert (await http.get("/look/brown-192.png")).status_code == 404


async def test_the_till_can_be_put_on_a_screen(http):
    answer = await http.get("/till/app.webmanifest?colour=0b6e4f", headers={"Accept-Language": "nl"})
    assert answer.headers["content-type"] == "application/manifest+json"
    told = answer.json()
    assert (told["name"], told["start_url"], told["scope"], told["display"]) == (
        "Kassa",
        "/till",
        "/till",
        "standalone",
    )
    assert {(each["sizes"], each["purpose"]) for each in told["icons"]} >= {("192x192", "any"), ("512x512", "maskable")}
    for each in told["icons"]:
        assert (await http.get(each["src"])).status_code == 200
    assert (await http.get("/till/app.webmanifest?colour=%3Cscript")).json()["theme_color"] == OURS
