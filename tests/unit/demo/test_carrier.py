from rules.loader import load_merchant
from stamgast.demo.carrier import whatsapp_text


def test_a_whatsapp_text_has_the_numbered_places_of_its_variables():
    program = load_merchant("config/merchants/bakkerij-noord").program
    text = whatsapp_text(program, program.templates["free_loaf"], "fr")
    assert text.startswith("Bakkerij Noord: votre carte est pleine! {{1}} vous attend")
    assert all(place in text for place in ("{{1}}", "{{2}}", "{{3}}"))
    assert "{%" not in text
    assert "first_name" not in text
