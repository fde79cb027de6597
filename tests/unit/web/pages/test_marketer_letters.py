"""Dead letters are played again by who may mend, once they have said so."""

import httpx
import pytest

from stamgast.users.rights import Role
from stamgast.users.tokens import read_token
from stamgast.web.access.forms import page_token
from tests.fakes.house import MERCHANT, ORIGIN, PAGE
from tests.fakes.marketed import Marketed

LETTER = "purchases.v1-3-1207"


async def ask(method: str, path: str, role: Role = Role.MARKETER, form: dict[str, str] | None = None) -> httpx.Response:
    app, token = await Marketed().app(role)
    read = read_token(token)
    assert read is not None
    headers = {"Cookie": f"__Host-stamgast={token}", "Origin": ORIGIN, **PAGE}
    data = form and form | {"csrf": page_token(read.secret, MERCHANT)}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=headers) as http:
        return await http.request(method, path, data=data)


async def test_who_may_mend_is_asked_first_and_told_what_it_is_about() -> None:
    page = await ask("GET", f"/app/connections/replay?letter={LETTER}&lang=en")
    assert page.status_code == 200
    assert "Play 1 record again" in page.text
    assert "is no moment" in page.text
    assert f'name="letter" value="{LETTER}"' in page.text
    assert "/app/connections/replay?letter=" in (await ask("GET", "/app/connections")).text


async def test_who_may_only_look_is_shown_no_way_to_it_and_has_none() -> None:
    assert "/app/connections/replay" not in (await ask("GET", "/app/connections", Role.VIEWER)).text
    with pytest.raises(Exception, match="mend"):
        await ask("GET", "/app/connections/replay", Role.VIEWER)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_letter_of_somebody_else_is_none(method: str) -> None:
    other = "purchases.v1-0-1"
    form = {"letter": other} if method == "POST" else None
    with pytest.raises(Exception, match="no dead letter 'purchases.v1-0-1'"):
        await ask(method, f"/app/connections/replay?letter={other}", form=form)


async def test_what_is_no_number_in_the_address_says_nothing() -> None:
    page = (await ask("GET", "/app/connections?played=x&left=99999999&lang=en")).text
    assert "played again." not in page.partition("letters")[0]
    assert (await ask("GET", "/app/connections?played=2&left=1&lang=en")).text.count(
        "2 records were played again."
    ) == 1
