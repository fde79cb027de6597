"""What is kept of a picture: how it looks, and nothing else of the file that was sent."""

import io

import pytest
from PIL import Image

from stamgast.media.pictures import NoPictureError, clean
from stamgast.sandbox.samples import Sample, picture_of


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


@pytest.mark.parametrize("sample", Sample)
def test_where_a_photo_was_taken_is_not_kept(sample):
    sent = picture_of(sample)
    assert Image.open(io.BytesIO(sent)).getexif()
    kept = clean(sent)
    assert not Image.open(io.BytesIO(kept.jpeg)).getexif()
    assert b"Sandbox phone" in sent
    assert b"Sandbox phone" not in kept.jpeg
    assert (kept.width, kept.height) == (960, 720)


def test_what_stands_behind_a_picture_in_its_file_is_not_kept():
    sent = picture_of(Sample.LOAF) + b"<script>alert(1)</script>PK\x03\x04"
    kept = clean(sent).jpeg
    assert b"<script>" not in kept
    assert b"PK\x03\x04" not in kept


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "JPEG"])
def test_every_kind_becomes_a_jpeg(kind):
    kept = clean(encoded(Image.new("RGB", (40, 30), "red"), kind))
    assert Image.open(io.BytesIO(kept.jpeg)).format == "JPEG"
    assert (kept.width, kept.height) == (40, 30)


def test_a_see_through_ground_becomes_white():
    kept = clean(encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "PNG"))
    assert Image.open(io.BytesIO(kept.jpeg)).getpixel((4, 4)) == (255, 255, 255)


def test_a_photo_that_lies_on_its_side_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter to the right
    kept = clean(encoded(Image.new("RGB", (40, 20), "blue"), "JPEG", exif=exif))
    assert (kept.width, kept.height) == (20, 40)


def test_a_large_photo_is_made_smaller_and_keeps_its_shape():
    kept = clean(encoded(Image.new("RGB", (6000, 3000), "green"), "JPEG"))
    assert (kept.width, kept.height) == (2048, 1024)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("nothing", b""),
        ("a text", b"hallo"),
        ("a page", b"<html><body>hallo</body></html>"),
        ("an archive", b"PK\x03\x04" + b"\0" * 200),
        ("a document", b"%PDF-1.7\n" + b"\0" * 200),
        ("a drawing with a script", b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'),
        ("a sound", b"OggS" + b"\0" * 200),
        ("postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
        ("half a photo", picture_of(Sample.CAKE)[:2000]),
        ("the head of one", picture_of(Sample.CAKE)[:20]),
        ("what says that it is one", b"\xff\xd8\xff\xe0" + b"\0" * 500),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_is_no_picture_is_refused(name, raw):
    with pytest.raises(NoPictureError):
        clean(raw)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_a_small_file_that_says_it_is_as_wide_as_a_house_is_refused(kind):
    size = (6_000, 4_200)
    sent = encoded(Image.new("1" if kind == "PNG" else "L" if kind == "GIF" else "RGB", size), kind)
    assert len(sent) < 5_000_000
    with pytest.raises(NoPictureError):
        clean(sent)


@pytest.mark.parametrize("at", range(0, 4000, 97))
def test_a_broken_byte_anywhere_is_a_picture_or_none(at):
    sent = bytearray(picture_of(Sample.RECEIPT)[:4096])
    sent[at % len(sent)] ^= 0xFF
    try:
        kept = clean(bytes(sent))
    except NoPictureError:
        return
    assert Image.open(io.BytesIO(kept.jpeg)).format == "JPEG"
