"""How a shop looks: its colour, and drawings that are made anew of shapes alone."""

import pytest

from rules.loader import LoadedMerchant, load_bundle
from rules.program.drawings import DrawingError, redraw
from tests.unit.rules.small_shop import PROGRAM, RULE, files_of

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 8 8">{}</svg>'
CIRCLE = SVG.format('<circle cx="4" cy="4" r="3"/>')


def load(look: str, **drawings: str) -> LoadedMerchant:
    files = {f"look/{name}.svg": text for name, text in drawings.items()}
    return load_bundle(files_of(RULE, PROGRAM + f"look: {look}\n") | files)


def test_a_shop_has_its_colour_and_its_mark():
    loaded = load('{colour: "#0B6E4F", stamp: look/loaf.svg, privacy: https://shop.example/p}', loaf=CIRCLE)

    assert [each.render() for each in loaded.problems] == []
    assert (loaded.program.look.colour, loaded.program.look.privacy) == ("#0b6e4f", "https://shop.example/p")
    assert "<circle" in loaded.program.look.stamp
    assert loaded.program.look.logo == ""
    assert "look/loaf.svg" in loaded.files


@pytest.mark.parametrize(
    ("look", "said", "hint"),
    [
        ('{colour: "#0b6"}', "is no colour", "#00bb66"),
        ("{colour: green}", "is no colour", "#0b6e4f"),
        ("{stamp: look/loef.svg}", "loef", "loaf"),
        ("{stamp: ../loaf.svg}", "is no drawing of look/", "look/stamp.svg"),
        ("{logo: look/logo.png}", "is no drawing of look/", "look/logo.svg"),
        ("{privacy: http://shop.example}", "is no https address", "https://"),
        ('{coulour: "#0b6e4f"}', "coulour", "colour"),
    ],
)
def test_what_is_no_look_is_told_with_what_to_write(look: str, said: str, hint: str):
    (problem,) = load(look, loaf=CIRCLE).problems

    assert said in problem.render()
    assert hint in problem.render()
    assert "program.yaml:" in problem.render()


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("<script>alert(1)</script>", "<script>"),
        ('<circle r="1" onclick="alert(1)"/>', "onclick"),
        ('<a xlink:href="https://evil.example"><circle r="1"/></a>', "<a>"),
        ('<path d="M0 0" href="x"/>', "href"),
        ("<foreignObject><p>hello</p></foreignObject>", "<foreignObject>"),
        ('<image width="4" xlink:href="https://evil.example/pixel.png"/>', "<image>"),
        ("<style>@import url(https://evil.example/x.css)</style>", "<style>"),
        ('<rect fill="url(https://evil.example/x)"/>', "fill"),
        ("<rect style=\"fill: url( '//evil.example' )\"/>", "fill"),
        ("<circle/>" * 500, "400"),
        (f'<path d="{"M0 0" * 10_000}"/>', "characters"),
    ],
)
def test_a_drawing_that_runs_or_loads_is_refused(inside: str, said: str):
    with pytest.raises(DrawingError, match=said):
        redraw(SVG.format(inside))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "logo",
        "<svg></svg>",
        "<html/>",
        '<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">&a;</svg>',
        '<svg xmlns="http://www.w3.org/2000/svg"><circle r="1"/></svg>',
    ],
)
def test_what_is_no_drawing_is_refused(text: str):
    with pytest.raises(DrawingError):
        redraw(text)


def test_what_drawing_programmes_leave_behind_is_left_out_and_shapes_stay():
    drawn = redraw(
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/1.dtd">'
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://inkscape.org" width="24px" height="12" version="1.1">'
        "<!-- a note --><metadata><x/></metadata><inkscape:grid/>"
        '<defs><linearGradient id="g"><stop offset="0" stop-color="#fff"/></linearGradient></defs>'
        '<path style="fill:url(#g); stroke: #123456; -inkscape-x: 1" class="a" d="M0 0L1 1"/></svg>'
    )

    assert 'viewBox="0 0 24 12"' in drawn
    assert 'fill="url(#g)"' in drawn
    assert 'stroke="#123456"' in drawn
    assert "style" not in drawn
    assert "inkscape" not in drawn
    assert "metadata" not in drawn
    assert redraw(drawn) == drawn
