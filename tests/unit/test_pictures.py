"""The README's pictures are those that `make screenshots` makes, and small."""

import re
from pathlib import Path

from PIL import Image

from tests.script_files import script

ROOT = Path(__file__).parents[2]
screenshots = script("screenshots")


def test_every_picture_of_the_readme_is_made_by_the_script_and_every_one_that_it_makes_is_shown():
    shown = re.findall(r"docs/pictures/([\w-]+)\.png", (ROOT / "README.md").read_text())
    assert set(shown) == set(screenshots.PICTURES)
    assert {path.stem for path in screenshots.FOLDER.iterdir()} == set(screenshots.PICTURES)


def test_pictures_are_small_and_as_large_as_the_script_says():
    for name, picture in screenshots.PICTURES.items():
        path = screenshots.FOLDER / f"{name}.png"
        assert path.stat().st_size <= screenshots.MOST_BYTES
        with Image.open(path) as drawn:
            assert drawn.size == (picture.width, picture.height)
