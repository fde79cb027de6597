"""A shop's drawing becomes pixels; one that is made to break what draws it ends a child and nothing else."""

import io
import re
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from rules.program.drawings import DrawingError, redraw
from stamgast.domain.look import Look
from stamgast.rasters import drawing
from stamgast.rasters.drawing import drawn, fitted, stands_out
from stamgast.wallet.images import apple_images, google_logo, pictured_as

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
LOGO = f"""{HEAD}
  <defs>
    <linearGradient id="crust" x1="0" y1="0" x2="1" y2="0">
      <stop offset="0" stop-color="#ff0000"/><stop offset="1" stop-color="#0000ff"/>
    </linearGradient>
    <clipPath id="round"><circle cx="12" cy="12" r="10"/></clipPath>
  </defs>
  <g clip-path="url(#round)"><rect width="24" height="24" fill="url(#crust)"/></g>
</svg>"""
MARK = f'{HEAD}<path d="M4 4h16v16H4z"/></svg>'


@pytest.fixture(autouse=True)
def forgotten() -> None:
    drawing._drawn.cache_clear()


def test_a_logo_of_a_gradient_in_a_clipped_round_is_drawn_as_browsers_draw_it() -> None:
    image = drawn(redraw(LOGO))
    assert image is not None
    side = drawing.LONGEST_SIDE
    assert image.size == (side, side)
    left, right = image.getpixel((side // 8, side // 2)), image.getpixel((side * 7 // 8, side // 2))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert (left[0] > 200, left[2] < 60) == (True, True), "red on the left"
    assert (right[2] > 200, right[0] < 60) == (True, True), "blue on the right"
    assert image.getpixel((4, 4)) == (0, 0, 0, 0), "what is outside the round is clipped"


def test_a_mark_takes_the_ink_where_it_has_no_colour_of_its_own() -> None:
    image = fitted(redraw(MARK), (60, 40), "#0b6e4f")
    assert image is not None
    assert (image.size, image.getpixel((20, 20))) == ((40, 40), (0x0B, 0x6E, 0x4F, 255))
    own = fitted(redraw(MARK.replace("<path", '<path fill="#ff0000"')), (40, 40), "#0b6e4f")
    assert own is not None
    assert own.getpixel((20, 20)) == (255, 0, 0, 255)


def test_a_drawing_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = drawn(redraw(LOGO))
    monkeypatch.setattr(sys, "executable", "/nowhere")
    assert drawn(redraw(LOGO)) is first


_GROUPS = 380
BREAKS = {
    "groups in groups": HEAD
    + '<g opacity=".9">' * _GROUPS
    + '<rect width="24" height="24"/>'
    + "</g>" * _GROUPS
    + "</svg>",
    "far away": HEAD + '<path d="M-1e9 -1e9L1e9 1e9" stroke="red" stroke-dasharray="1 1"/></svg>',
    "dashes without end": HEAD
    + "".join(f'<path d="M0 0L24 24L0 {n}L24 0" stroke="red" stroke-dasharray=".0004 .0004"/>' for n in range(60))
    + "</svg>",
}


@pytest.mark.parametrize("svg", BREAKS.values(), ids=list(BREAKS))
def test_what_breaks_the_library_ends_a_child_in_time_and_nothing_else(svg: str) -> None:
    began = time.monotonic()
    image = drawn(redraw(svg))
    assert image is None or image.width == drawing.LONGEST_SIDE
    assert time.monotonic() - began < 30, "it had six seconds, on a machine that had time for it"


@pytest.mark.parametrize(
    "inside",
    [
        '<image href="{file}" width="24" height="24"/>',
        '<image xlink:href="http://127.0.0.1:1/a.png" xmlns:xlink="http://www.w3.org/1999/xlink"/>',
        '<a id="a"><use href="#a"/></a>',
        '<rect width="9" height="9" fill="url(http://127.0.0.1:1/a.svg#b)"/>',
        "<style>@import url(/etc/passwd);</style>",
        "<script>1</script>",
    ],
)
def test_what_loads_runs_or_repeats_is_refused_at_the_door_and_again_before_it_is_drawn(
    inside: str, tmp_path: Path
) -> None:
    file = tmp_path / "secret.png"
    Image.new("RGB", (24, 24), "red").save(file)
    svg = f"{HEAD}{inside.replace('{file}', str(file))}</svg>"
    with pytest.raises(DrawingError):
        redraw(svg)
    assert drawn(svg) is None


def test_a_child_opens_no_file_even_if_it_were_let_come_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret.png"
    Image.new("RGB", (24, 24), "red").save(file)
    monkeypatch.setattr(drawing, "_NO_SHAPE", re.compile("nothing is refused"))
    image = drawn(f'{HEAD}<image href="{file}" width="24" height="24"/></svg>')
    assert image is None or image.getbbox() is None, "nothing of the file is seen"


def test_entities_and_a_file_without_end_are_refused_before_anything_reads_them() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE svg [<!ENTITY l0 "ha">{laughs}]>{HEAD}<title>&l9;</title></svg>'
    endless = HEAD + '<path d="' + "M0 0L24 24" * 10_000_000 + '"/></svg>'
    for svg in (bomb, endless):
        with pytest.raises(DrawingError):
            redraw(svg)
        assert drawn(svg) is None


@pytest.mark.parametrize("box", ["0 0 0 0", "0 0 24", "0 0 1e999 3", "0 0 9.9.9 3"])
def test_a_drawing_without_a_size_is_none(box: str) -> None:
    assert drawn(MARK.replace("0 0 24 24", box)) is None


def test_a_drawing_as_wide_as_a_street_is_no_larger_than_others() -> None:
    image = drawn(redraw(MARK.replace("0 0 24 24", "0 0 100000 1")))
    assert image is not None
    assert image.size == (drawing.LONGEST_SIDE, 1)


def test_a_logo_that_would_not_be_seen_lies_on_a_plate() -> None:
    white = redraw(MARK.replace("<path", '<path fill="#fff"'))
    image = drawn(white)
    assert image is not None
    assert not stands_out(image, "#ffffff")
    assert stands_out(image, "#0b6e4f")
    on_green = _opened(apple_images("#0b6e4f", 1, 3, Look(logo=white))["logo.png"])
    on_white = _opened(apple_images("#fefefe", 1, 3, Look(logo=white))["logo.png"])
    assert on_green.getpixel((1, 1)) == (0, 0, 0, 0), "the pass itself is its ground"
    assert on_white.getpixel((on_white.width // 2, 2)) == (0, 0, 0, 255), "a black plate"


def test_wallets_show_the_shops_own_logo_and_mark() -> None:
    look = Look(logo=redraw(LOGO), stamp=redraw(MARK))
    own, ours = apple_images("#0b6e4f", 3, 7, look), apple_images("#0b6e4f", 3, 7)
    assert all(own[name] != ours[name] for name in own), "icon, logo and strip in each size"
    assert max(_opened(own["logo@3x.png"]).size) <= 480
    assert google_logo("#0b6e4f", look) != google_logo("#0b6e4f", Look(stamp=look.stamp)) != google_logo("#0b6e4f")
    assert pictured_as("#0b6e4f", look) != pictured_as("#0b6e4f", Look(stamp=look.stamp))
    assert pictured_as("#0b6e4f", Look(colour="#0b6e4f")) == ""


def test_what_cannot_be_drawn_is_ours() -> None:
    broken = Look(logo=redraw(BREAKS["groups in groups"]), stamp=redraw(BREAKS["groups in groups"]))
    assert apple_images("#0b6e4f", 3, 7, broken) == apple_images("#0b6e4f", 3, 7)


def _opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGBA")
