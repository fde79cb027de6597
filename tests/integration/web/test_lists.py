"""What is refused of lists, and whose they are."""

import pytest

from stamgast.web.openapi.story import PERSON
from tests.integration.web.conftest import MERCHANT
from tests.integration.web.shop import problem

SOMEBODY = "c" + "a" * 24


@pytest.mark.parametrize("path", ["/customers?phone=0612345678", f"/customers/{SOMEBODY}/purchases"])
@pytest.mark.parametrize("limit", ["0", "201", "-1", "ten", "", "9" * 5_000, "\u0661"])
async def test_a_limit_is_a_number_within_bounds(web, path, limit):
    where = f"{path}{'&' if '?' in path else '?'}limit={limit}"
    assert "from 1 to 200" in problem(await web.get(where), 422)["detail"]


async def test_a_word_that_is_mistyped_is_refused_with_the_one_that_was_meant(web):
    assert '"phone"' in problem(await web.get("/customers?fone=0612345678"), 422)["detail"]
    assert '"cursor"' in problem(await web.get(f"/customers/{SOMEBODY}/vouchers?curser=x"), 422)["detail"]
    wrong = problem(await web.get("/customers?phone=12"), 422)
    assert wrong["errors"][0]["pointer"] == "/phone"


async def test_lists_are_of_somebody_and_only_for_who_may_read(web):
    for what in ("purchases", "vouchers"):
        assert problem(await web.get(f"/customers/{SOMEBODY}/{what}"), 404)["type"].endswith("no-customer")
        problem(await web.get(f"/customers/hello/{what}"), 404)
    taking = {"Authorization": f"Bearer {await web.new_key('intake')}"}
    for path in ("?phone=0612345678", f"/{SOMEBODY}/purchases", f"/{SOMEBODY}/vouchers"):
        problem(await web.client.get(f"/v1/merchants/{MERCHANT}/customers{path}", headers=taking), 403)
    assert (await web.get("/customers?phone=0612345678")).json() == {"customers": [], "next": None}
    assert (await web.post("/customers", PERSON)).status_code == 201
